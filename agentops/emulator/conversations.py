"""Call records over HTTP: listing, searching, reading, recordings, cancelling, and starting calls of other kinds.

Realtime calls are written by the WebSocket side. A call on the phone is never answered here, and a LiveKit room has
nobody in it: those answers have the platform's shape so that a client can go on, and that is all.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import Any

from agentops.emulator import versions
from agentops.emulator.agents import AGENT, show_agent
from agentops.emulator.analysis import analyse
from agentops.emulator.database import Body
from agentops.emulator.drafts import read_draft
from agentops.emulator.fields import E164
from agentops.emulator.schema import COUNT, FLAG, ID, NUMBER, OBJECT, STAMP, TEXT, array, maybe, obj, one_of, problems
from agentops.emulator.shapes import CALL_ID, TEST_CALL, VARIABLES
from agentops.emulator.store import ENDED, Store, from_iso
from agentops.emulator.wire import Answer, Refusal, Request, Route, answer, data

RINGS_FOR_S = 30.0  # then an outbound call counts as not answered
LIVEKIT_HOST = "wss://emulated.livekit.cloud"
STATUSES = (
    *("pending", "in_progress", "in_queue", "processing", "active", "completed", "failed", "no_answer", "cancelled"),
)
TYPES = ("telephony_inbound", "telephony_outbound", "webcall", "chat")
_RECORDINGS = "/_emulator/recordings"


# -- reading


def list_conversations(store: Store, request: Request) -> Answer:
    """Newest change first. Rows carry `versionId`, so a client can check that `versionFilter` was honoured."""
    rows = [row for row in _calls(store) if _fits(row, request)]
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


def _fits(row: Body, request: Request) -> bool:
    wanted = {
        "agentIds": row["agentId"],
        "callTypes": row["type"],
        "statusFilter": row["status"],
        "versionFilter": row.get("versionId"),
        "disconnectReasonFilter": row.get("disconnectionReason"),
        "campaignIds": row.get("campaignId"),
    }
    for name, value in wanted.items():
        if request.query.get(name) and value not in request.listed(name):
            return False
    search = request.query.get("search", "")
    if search and not any(search in str(row.get(name) or "") for name in ("callId", "from", "to")):
        return False
    if (start := request.query.get("dateFrom")) and row["createdAt"] < start:
        return False
    if (end := request.query.get("dateTo")) and row["createdAt"] > end:
        return False
    return not request.query.get("durationFilter") or _duration_class(row) in request.listed("durationFilter")


def _duration_class(row: Body) -> str:
    seconds = row.get("duration") or 0
    return "0-30" if seconds < 30 else "30-60" if seconds < 60 else "1-5" if seconds < 300 else "5+"


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
    hidden = ("transcript", "variables", "events", "voiceConfigUsed", "slmModelUsed")
    row = {name: value for name, value in record.items() if name not in hidden}
    links = {"recordingUrl": False, "recordingDualUrl": True}
    for name, stereo in links.items():
        has_one = record["type"] != "chat" and store.recording(record["callId"], stereo=stereo) is not None
        row[name] = _recording_url(request, record["callId"], stereo) if has_one else None
    analytics = analyse(store, record)
    row["postCallAnalytics"] = analytics
    row["dispositionMetrics"] = {
        metric["identifier"]: metric["value"] for metric in (analytics or {}).get("dispositionMetrics", [])
    }
    row["agentDispositionConfig"] = []
    return {"turnLatencyMetrics": None, "retryCallId": None, "retryAttemptNumber": 0, **row}


def _recording_url(request: Request, call_id: str, stereo: bool) -> str:
    return f"{request.base_url}{_RECORDINGS}/{call_id}{'-stereo' if stereo else ''}.wav"


def _calls(store: Store) -> list[Body]:
    return [_settled(store, row) for row in store.database.all("call")]


def _settled(store: Store, record: Body) -> Body:
    """An outbound call that rang long enough was not answered."""
    if record["status"] == "in_queue":
        until = from_iso(record["createdAt"]) + timedelta(seconds=RINGS_FOR_S)
        if until <= store.clock.now():
            store.update_call(record["callId"], {"status": "no_answer"})
            return {**record, "status": "no_answer"}
    return record


def _read(store: Store, request: Request) -> Body:
    call_id = request.params["call_id"]
    record = store.call(call_id)
    if record is None and re.fullmatch(r"[a-f0-9]{24}", call_id):
        record = next((each for each in store.database.all("call") if each["_id"] == call_id), None)
    if record is None:
        raise Refusal(404, "Conversation not found")
    return _settled(store, record)


def recording_download(store: Store, request: Request) -> Answer:
    if problems(CALL_ID, request.params["call_id"]):
        raise Refusal(400, "Invalid call ID format")
    record = _read(store, request)
    if store.recording(record["callId"]) is None:
        raise Refusal(404, "No recording found for this call")
    return answer({"presignedUrl": _recording_url(request, record["callId"], stereo=True)})


def list_retries(store: Store, request: Request) -> Answer:
    return answer({"retries": [show_row(store, _read(store, request), request)]})


# -- cancelling


def cancel(store: Store, request: Request) -> Answer:
    record = _read(store, Request("POST", request.path, {"call_id": request.body["callId"]}))
    if record["status"] in ENDED:
        raise Refusal(400, f"Call is already {record['status']}")
    changes = {"status": "cancelled", "disconnectionReason": request.body.get("reason")}
    store.update_call(record["callId"], changes)
    store.add_call_event(record["callId"], {"event_type": "call_cancelled"})
    cancelled = {"callId": record["callId"], "status": "cancelled", "previousStatus": record["status"]}
    return answer(cancelled)


def cancel_queued(store: Store, request: Request) -> Answer:
    record = store.call(request.params["call_id"])
    if record is None:
        raise Refusal(404, "No conversation found")
    record = _settled(store, record)
    if record["status"] != "in_queue":
        raise Refusal(400, f"Conversation with ID {record['callId']} is not in queue and cannot be cancelled")
    store.update_call(record["callId"], {"status": "cancelled"})
    return answer({"callId": record["callId"], "status": "cancelled"})


# -- starting


def call_out(store: Store, request: Request) -> Answer:
    """Queues a call on the phone; the conversation id is the call id here."""
    agent = store.database.get("agent", request.body["agentId"])
    if agent is None:
        raise Refusal(400, "Agent not found")
    if agent["archived"]:
        raise Refusal(400, "Agent is archived and cannot initiate calls")
    if problems(E164, request.body["phoneNumber"]):
        raise Refusal(400, "Invalid phone number")
    product = request.body.get("fromProductId")
    if product is not None and store.database.get("product", product) is None:
        raise Refusal(400, "Invalid product id")
    revision = None
    if version := request.body.get("versionId"):
        revision = versions.read_revision(store, agent["_id"], version)
    extra = {"to": request.body["phoneNumber"], "variables": request.body.get("variables", {})}
    call_id = _queue(store, agent, "telephony_outbound", "in_queue", revision, **extra)
    return answer({"conversationId": call_id})


def open_webcall(store: Store, request: Request) -> Answer:
    return _open_room(store, request, "webcall")


def open_chat(store: Store, request: Request) -> Answer:
    return _open_room(store, request, "chat")


def _open_room(store: Store, request: Request, mode: str) -> Answer:
    agent = versions.read_agent(store, request.body["agentId"])
    return answer(_room(store, agent, mode, versions.live_revision(store, agent), is_test=False))


def test_branch(store: Store, request: Request) -> Answer:
    """A test call of a branch's head, of one of its revisions, or of its open draft."""
    agent = versions.read_agent(store, request.params["agent_id"])
    branch = versions.read_branch(store, agent["_id"], request.params["branch_id"])
    body = request.body or {}
    if body.get("includeDraft") and body.get("revisionId"):
        raise Refusal(400, "includeDraft and revisionId are mutually exclusive")
    revision = None
    if body.get("includeDraft"):
        if not branch["openDraftId"]:
            raise Refusal(404, "No open draft on this branch")
    else:
        wanted = body.get("revisionId") or branch["headRevisionId"]
        if wanted is None:
            raise Refusal(409, "The branch has no committed revision", error_type="no_committed_revision")
        revision = versions.read_revision(store, agent["_id"], wanted)
        if revision["branch"] != branch["_id"]:
            raise Refusal(400, "Revision does not belong to this branch")
    return answer(_test_call(store, agent, body, revision))


def test_draft(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    read_draft(store, agent, request.params["draft_id"])
    return answer(_test_call(store, agent, request.body or {}, None))


def test_version(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    version = versions.read_revision(store, agent["_id"], request.params["version_id"])
    return answer(_test_call(store, agent, request.body or {}, version))


def _test_call(store: Store, agent: Body, body: Body, revision: Body | None) -> Body:
    mode = body.get("mode", "webcall")
    if mode != "telephony":
        return _room(store, agent, mode, revision, is_test=True)
    if problems(E164, body.get("toPhone", "")):
        raise Refusal(400, "toPhone: Required")
    call_id = _queue(store, agent, "telephony_outbound", "in_queue", revision, to=body["toPhone"], isTest=True)
    return {"conversationId": _conversation_id(store), "callId": call_id}


def _room(store: Store, agent: Body, mode: str, revision: Body | None, *, is_test: bool) -> Body:
    call_id, room = _queue(store, agent, mode, "pending", revision, isTest=is_test), store.new_uuid()
    claims = {"video": {"roomJoin": True, "room": room}, "exp": int(store.clock.now().timestamp()) + 60}
    return {
        "conversationId": _conversation_id(store),
        "callId": call_id,
        "token": ".".join(map(_base64url, ({"alg": "none", "typ": "JWT"}, claims, "emulated"))),
        "roomName": room,
        "host": LIVEKIT_HOST,
    }


def _queue(store: Store, agent: Body, kind: str, status: str, revision: Body | None, **extra: Any) -> str:
    call_id = store.new_call_id()
    record = {
        "callId": call_id,
        "agentId": agent["_id"],
        "type": kind,
        "status": status,
        "duration": 0,
        "from": None,
        "to": None,
        "isTest": False,
        "callCost": 0,
        "versionId": revision and revision["_id"],
        "versionNumber": revision and revision["versionNumber"],
        **extra,
    }
    store.add_call(record)
    return call_id


def _conversation_id(store: Store) -> str:
    """22 characters of base64url, as these answers have."""
    return _base64url(bytes.fromhex(store.new_uuid().replace("-", "")))


def _base64url(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


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
    return Answer(200, {"success": True, "data": listed})


_LINE = obj({"role": one_of("agent", "user"), "content": TEXT, "timestamp": TEXT}, required=("role", "content"))
_ROW = {
    "_id": ID,
    "callId": CALL_ID,
    "status": one_of(*STATUSES),
    "type": one_of(*TYPES),
    "duration": maybe(NUMBER),
    "agentId": ID,
    "versionId": maybe(ID),
    "isTest": FLAG,
    "recordingUrl": maybe(TEXT),
    "recordingDualUrl": maybe(TEXT),
    "createdAt": STAMP,
    "turnLatencyMetrics": maybe(OBJECT),
    "postCallAnalytics": maybe(OBJECT),
}
ROW = obj(_ROW, required=("_id", "callId", "status", "type", "createdAt"))
_WHOLE = obj(
    {**_ROW, "agent": maybe(AGENT), "transcript": array(_LINE), "variables": OBJECT, "events": array(OBJECT)},
    required=("_id", "callId", "status", "type", "transcript", "events"),
)
_TEST_BODY = obj({"mode": one_of("webcall", "chat", "telephony"), "toPhone": TEXT})
_BRANCH_TEST = obj(
    {"includeDraft": FLAG, "revisionId": ID, "mode": one_of("webcall", "chat", "telephony"), "toPhone": TEXT}
)
_ROOM = obj({"agentId": TEXT, "variables": VARIABLES}, required=("agentId",))
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
        _CONVERSATION + "/outbound",
        call_out,
        "Queue a call on the phone",
        obj({"conversationId": CALL_ID}, required=("conversationId",)),
        obj(
            {"agentId": TEXT, "phoneNumber": TEXT, "variables": VARIABLES, "fromProductId": TEXT, "versionId": ID},
            required=("agentId", "phoneNumber"),
        ),
        refuses=(400, 404),
    ),
    _post(_CONVERSATION + "/webcall", open_webcall, "Open a LiveKit room for a voice call", TEST_CALL, _ROOM),
    _post(_CONVERSATION + "/chat", open_chat, "Open a LiveKit room for a chat", TEST_CALL, _ROOM),
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
        {200: obj({"success": one_of(True), "data": OBJECT}, required=("success", "data"))},
        query={"page": COUNT, "offset": COUNT},
    ),
    _post(
        _AGENT + "/branches/{branch_id}/test-call",
        test_branch,
        "Open a test call of a branch, a revision or a draft",
        TEST_CALL,
        _BRANCH_TEST,
        is_body_required=False,
        refuses=(400, 404, 409),
        generation="v2",
    ),
    _post(
        _AGENT + "/drafts/{draft_id}/test-call",
        test_draft,
        "Open a test call of a draft",
        TEST_CALL,
        _TEST_BODY,
        is_body_required=False,
        refuses=(400, 404),
    ),
    _post(
        _AGENT + "/versions/{version_id}/test-call",
        test_version,
        "Open a test call of a version",
        TEST_CALL,
        _TEST_BODY,
        is_body_required=False,
        refuses=(400, 404),
    ),
)
