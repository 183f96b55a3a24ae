"""Call records over HTTP: listing, searching, reading, recordings, cancelling.

Realtime calls are written by the WebSocket side, other kinds are started in `placing`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from agentops.emulator.rest.agents.agent import AGENT, show_agent
from agentops.emulator.rest.calls.analysis import analyse
from agentops.emulator.rest.calls.traffic import catch_up
from agentops.emulator.rest.campaigns.dialling import advance_all
from agentops.emulator.rest.schema import (
    COUNT,
    FLAG,
    ID,
    NUMBER,
    OBJECT,
    STAMP,
    TEXT,
    array,
    maybe,
    number,
    obj,
    one_of,
    problems,
)
from agentops.emulator.rest.shapes import CALL_EVENT, CALL_ID, METRIC_TEMPLATE, VARIABLES
from agentops.emulator.rest.versioning import versions
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data, succeeded, success
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ENDED, Store, from_iso

RINGS_FOR_S = 30.0  # after that an outbound call counts as not answered
STATUSES = (
    *("pending", "in_progress", "in_queue", "processing", "active", "completed", "failed", "no_answer", "cancelled"),
)
TYPES = ("telephony_inbound", "telephony_outbound", "webcall", "chat")
_RECORDINGS = "/_emulator/recordings"


# -- reading


def list_conversations(store: Store, request: Request) -> Answer:
    """Newest change first. Rows carry `versionId`, so a client can check that `versionFilter` was honoured."""
    ignored = "versionFilter" if store.options.choices.version_filter == "ignored" else ""
    rows = [row for row in current_calls(store) if _is_wanted(row, request, ignored)]
    # An unknown field is ignored, not refused.
    key = {"createdAt": "createdAt", "callDuration": "duration"}.get(request.query.get("sortBy", ""), "updatedAt")
    latency = request.query.get("sortBy") == "avgLatency"
    rows.sort(
        key=lambda row: (row.get("turnLatencyMetrics") or {}).get("avgLatency", 0) if latency else row.get(key) or 0,
        reverse=request.query.get("sortOrder", "desc") != "asc",
    )
    page, limit = request.whole("page", 1), request.whole("limit", 5, most=500)
    pagination = {
        "total": len(rows),
        "page": page,
        "limit": limit,
        "hasMore": page * limit < len(rows),
        "totalPages": -(-len(rows) // limit),
    }
    shown = [show_row(store, row, request) for row in rows[(page - 1) * limit : page * limit]]
    return answer({"logs": shown, "pagination": pagination, "dispositionMetricsConfig": []})


def _is_wanted(row: Body, request: Request, ignored: str) -> bool:
    """Whether the request's filters let a call through; `ignored` names one that has no effect."""
    # Only first calls are listed, unless somebody asks for the others.
    wanted_attempts = request.query.get("callAttemptFilter", "initial")
    if wanted_attempts != "all" and (row.get("retryAttemptNumber", 0) > 0) != (wanted_attempts == "retry"):
        return False
    wanted = {
        "agentIds": row["agentId"],
        "callTypes": row["type"],
        "statusFilter": row["status"],
        "versionFilter": row.get("versionId"),
        "disconnectReasonFilter": row.get("disconnectionReason"),
        "campaignIds": row.get("campaignId"),
    }
    for name, value in wanted.items():
        if name != ignored and request.query.get(name) and value not in request.listed(name):
            return False
    search = request.query.get("search", "")
    if search and not any(search in str(row.get(name) or "") for name in ("callId", "from", "to")):
        return False
    if (start := request.query.get("dateFrom")) and row["createdAt"] < start:
        return False
    if (end := request.query.get("dateTo")) and row["createdAt"] > end:
        return False
    seconds = row.get("duration") or 0
    duration_class = "0-30" if seconds < 30 else "30-60" if seconds < 60 else "1-5" if seconds < 300 else "5+"
    return not request.query.get("durationFilter") or duration_class in request.listed("durationFilter")


def search_conversations(store: Store, request: Request) -> Answer:
    wanted = request.body["callIds"]
    found = [store.call(call_id) for call_id in dict.fromkeys(wanted)]
    hidden = ("dispositionMetrics", "agentDispositionConfig", "versionNumber")
    logs = [
        {name: value for name, value in show_row(store, row, request).items() if name not in hidden}
        for row in found
        if row is not None
    ]
    return answer({"logs": logs, "total": len(logs), "requestedCount": len(wanted)})


def get_conversation(store: Store, request: Request) -> Answer:
    """One call whole: its agent, transcript, events. It has no `versionId`: the list and the search do."""
    record = _read(store, request)
    agent = store.database.get("agent", record["agentId"])
    hidden = ("agentId", "versionId", "versionNumber", "campaignId")
    shown = {name: value for name, value in show_row(store, record, request).items() if name not in hidden}
    shown |= {
        "transcript": record["transcript"],
        "variables": record.get("variables", {}),
        "events": store.call_events(record["callId"]),
        "voiceConfigUsed": record.get("voiceConfigUsed"),
        "slmModelUsed": record.get("slmModelUsed"),
        "agent": show_agent(store, agent) if agent else None,
    }
    return answer(shown)


def show_row(store: Store, record: Body, request: Request) -> Body:
    """A call as lists show it: links to its recording, and analytics once they are ready."""
    # Only the read of a single call has these; the last is the emulator's own.
    hidden = ("transcript", "variables", "events", "voiceConfigUsed", "slmModelUsed", "isHelped")
    row = {name: value for name, value in record.items() if name not in hidden}
    has_recording = record["type"] != "chat" and store.has_recording(record["callId"])
    for name, stereo in (("recordingUrl", False), ("recordingDualUrl", True)):
        row[name] = recording_url(request, record["callId"], stereo) if has_recording else None
    analytics = analyse(store, record)
    row["postCallAnalytics"] = analytics
    row["dispositionMetrics"] = {
        metric["identifier"]: metric["value"] for metric in (analytics or {}).get("dispositionMetrics", [])
    }
    row["agentDispositionConfig"] = []
    return {"turnLatencyMetrics": None, "retryCallId": None, "retryAttemptNumber": 0, **row}


def recording_url(request: Request, call_id: str, stereo: bool) -> str:
    return f"{request.base_url}{_RECORDINGS}/{call_id}{'-stereo' if stereo else ''}.wav"


def current_calls(store: Store) -> list[Body]:
    """All calls, once everything that has happened by now is written down; oldest first."""
    advance_all(store)
    catch_up(store)
    return [end_unanswered(store, row) for row in store.database.all("call")]


def end_unanswered(store: Store, record: Body) -> Body:
    """The call's record; an outbound call that rang long enough becomes `no_answer`."""
    if record["status"] == "in_queue":
        until = from_iso(record["createdAt"]) + timedelta(seconds=RINGS_FOR_S)
        if until <= store.clock.now():
            store.update_call(record["callId"], {"status": "no_answer"})
            return {**record, "status": "no_answer"}
    return record


def _read(store: Store, request: Request) -> Body:
    call_id = request.params["call_id"]
    record = store.call(call_id)
    if record is None and re.fullmatch(r"[a-f0-9]{24}", call_id):  # a record's `_id` is taken as well
        record = next((each for each in store.database.all("call") if each["_id"] == call_id), None)
    if record is None:
        raise ApiError(404, "Conversation not found")
    return end_unanswered(store, record)


def recording_download(store: Store, request: Request) -> Answer:
    if problems(CALL_ID, request.params["call_id"]):
        raise ApiError(400, "Invalid call ID format")
    record = _read(store, request)
    if not store.has_recording(record["callId"]):
        raise ApiError(404, "No recording found for this call")
    return answer({"presignedUrl": recording_url(request, record["callId"], stereo=True)})


def list_retries(store: Store, request: Request) -> Answer:
    return answer({"retries": [show_row(store, _read(store, request), request)]})


# -- cancelling


def cancel(store: Store, request: Request) -> Answer:
    record = _read(store, Request("POST", request.path, {"call_id": request.body["callId"]}))
    if record["status"] in ENDED:
        raise ApiError(400, f"Call is already {record['status']}")
    changes = {"status": "cancelled", "disconnectionReason": request.body.get("reason")}
    store.update_call(record["callId"], changes)
    store.add_call_event(record["callId"], {"event_type": "call_cancelled"})
    cancelled = {"callId": record["callId"], "status": "cancelled", "previousStatus": record["status"]}
    return answer(cancelled)


def cancel_queued(store: Store, request: Request) -> Answer:
    record = store.call(request.params["call_id"])
    if record is None:
        raise ApiError(404, "No conversation found")
    record = end_unanswered(store, record)
    if record["status"] != "in_queue":
        raise ApiError(400, f"Conversation with ID {record['callId']} is not in queue and cannot be cancelled")
    store.update_call(record["callId"], {"status": "cancelled"})
    return answer({"callId": record["callId"], "status": "cancelled"})


def call_logs(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    rows = store.database.all("call", owner=agent["_id"])[::-1]
    page, size = request.whole("page", 1), request.whole("offset", 10)
    shown = [
        {
            "callId": row["callId"],
            "callStatus": row["status"],
            "callType": row["type"],
            "fromNumber": row.get("from"),
            "toNumber": row.get("to"),
            "createdAt": row["createdAt"],
            "callDuration": row.get("duration") or 0,
        }
        for row in rows[(page - 1) * size : page * size]
    ]
    listed = {"callLogs": shown, "totalCount": len(rows), "page": page, "offset": size}
    return succeeded(listed)


_LINE = obj({"role": one_of("agent", "user"), "content": TEXT, "timestamp": TEXT}, required=("role", "content"))
_LATENCIES = obj(
    {
        **dict.fromkeys(("avgLatency", "medianLatency", "minLatency", "maxLatency"), NUMBER),
        "turns": COUNT,
        "latencies": array(NUMBER),
        "transitions": array(obj({"turn": COUNT, "user_end": STAMP, "bot_start": STAMP, "latency": NUMBER})),
        "processedAt": STAMP,
    },
    required=("avgLatency", "turns", "latencies"),
)
_METRIC = obj(
    {**METRIC_TEMPLATE["properties"], "value": TEXT, "confidence": number(0, 1), "reasoning": TEXT},
    required=("identifier", "value", "confidence"),
)
_ANALYTICS = obj(
    {"summary": TEXT, "dispositionMetrics": array(_METRIC), "successMetrics": array(OBJECT)},
    required=("summary", "dispositionMetrics"),
)
_LOG = obj(
    {
        "callId": CALL_ID,
        "callStatus": one_of(*STATUSES),
        "callType": one_of(*TYPES),
        "fromNumber": maybe(TEXT),
        "toNumber": maybe(TEXT),
        "createdAt": STAMP,
        "callDuration": NUMBER,
    },
    required=("callId", "callStatus", "callType", "createdAt"),
)
_LOGS = obj(
    {"callLogs": array(_LOG), "totalCount": COUNT, "page": COUNT, "offset": COUNT},
    required=("callLogs", "totalCount", "page", "offset"),
)
_ROW = {
    "_id": ID,
    "callId": CALL_ID,
    "status": one_of(*STATUSES),
    "type": one_of(*TYPES),
    "duration": maybe(NUMBER),
    "from": maybe(TEXT),
    "to": maybe(TEXT),
    "agentId": ID,
    "campaignId": ID,
    "versionId": maybe(ID),
    "versionNumber": maybe(COUNT),
    "isTest": FLAG,
    "callCost": NUMBER,
    "callFailureReason": maybe(TEXT),
    "disconnectionReason": maybe(TEXT),
    "retryCount": COUNT,
    "retryCallId": maybe(TEXT),
    "retryAttemptNumber": COUNT,
    "recordingUrl": maybe(TEXT),
    "recordingDualUrl": maybe(TEXT),
    "createdAt": STAMP,
    "updatedAt": STAMP,
    "turnLatencyMetrics": maybe(_LATENCIES),
    "postCallAnalytics": maybe(_ANALYTICS),
    "dispositionMetrics": OBJECT,
    "agentDispositionConfig": array(OBJECT),
}
ROW = obj(_ROW, required=("_id", "callId", "status", "type", "createdAt"))
_WHOLE = obj(
    {
        **_ROW,
        "agent": maybe(AGENT),
        "transcript": array(_LINE),
        "variables": VARIABLES,
        "events": array(CALL_EVENT),
        "voiceConfigUsed": maybe(obj(dict.fromkeys(("model", "voiceId", "gender"), maybe(TEXT)))),
        "slmModelUsed": maybe(TEXT),
    },
    required=("_id", "callId", "status", "type", "transcript", "events"),
)
_CONVERSATION = "/atoms/v1/conversation"
_AGENT = "/atoms/v1/agent/{agent_id}"
_PAGINATION = obj(
    {"total": COUNT, "page": COUNT, "limit": COUNT, "hasMore": FLAG, "totalPages": COUNT},
    required=("total", "page", "hasMore"),
)
_FILTERS = (
    *("agentIds", "campaignIds", "callTypes", "search", "statusFilter", "disconnectReasonFilter", "durationFilter"),
    *("dateFrom", "dateTo", "versionFilter", "callAttemptFilter"),
)


def _post(path: str, handler: Any, summary: str, schema: Any, body: Any, **more: Any) -> Route:
    return Route("POST", path, handler, summary, {200: data(schema)}, body=body, **more)


ROUTES = (
    Route(
        "GET",
        _CONVERSATION,
        list_conversations,
        "List calls, with filters",
        {
            200: data(
                obj(
                    {"logs": array(ROW), "pagination": _PAGINATION, "dispositionMetricsConfig": array(OBJECT)},
                    required=("logs", "pagination"),
                )
            )
        },
        query={
            "page": {"type": "integer", "minimum": 1, "default": 1},
            "limit": {"type": "integer", "minimum": 1, "maximum": 500, "default": 5},
            "sortBy": one_of("createdAt", "updatedAt", "callDuration", "avgLatency"),
            "sortOrder": one_of("asc", "desc"),
            **dict.fromkeys(_FILTERS, TEXT),
        },
        refuses=(),
    ),
    _post(
        _CONVERSATION + "/search",
        search_conversations,
        "Read several calls by their ids",
        obj({"logs": array(ROW), "total": COUNT, "requestedCount": COUNT}, required=("logs", "total")),
        obj({"callIds": array(TEXT, least=1, most=100)}, required=("callIds",)),
    ),
    _post(
        _CONVERSATION + "/cancel",
        cancel,
        "Cancel a call that has not ended",
        obj({"callId": TEXT, "status": TEXT, "previousStatus": TEXT}, required=("callId", "status")),
        obj({"callId": TEXT, "reason": TEXT}, required=("callId",)),
        refuses=(400, 404),
    ),
    Route(
        "POST",
        _CONVERSATION + "/{call_id}/cancel",
        cancel_queued,
        "Cancel a call that is still queued",
        {200: data(obj({"callId": TEXT, "status": TEXT}, required=("callId", "status")))},
        refuses=(400, 404),
    ),
    Route(
        "GET",
        _CONVERSATION + "/{call_id}/recording/download-url",
        recording_download,
        "Get a link to a call's recording",
        {200: data(obj({"presignedUrl": TEXT}, required=("presignedUrl",)))},
        refuses=(400, 404),
    ),
    Route(
        "GET",
        _CONVERSATION + "/{call_id}/retries",
        list_retries,
        "List a call and its retries",
        {200: data(obj({"retries": array(ROW)}, required=("retries",)))},
        refuses=(404,),
    ),
    Route(
        "GET",
        _CONVERSATION + "/{call_id}",
        get_conversation,
        "Read a call with its transcript and events",
        {200: data(_WHOLE)},
        refuses=(404,),
    ),
    Route(
        "GET",
        _AGENT + "/call-logs",
        call_logs,
        "List an agent's calls",
        {200: success(_LOGS)},
        query={"page": COUNT, "offset": COUNT},
    ),
)
