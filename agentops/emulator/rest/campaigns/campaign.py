"""Campaigns over HTTP: made, started, paused and exported. What they do meanwhile is in `dialling`."""

from __future__ import annotations

import csv
import io
from typing import Any

from agentops.emulator.rest.calls.conversations import show_row
from agentops.emulator.rest.campaigns.dialling import advance, move, outcomes
from agentops.emulator.rest.schema import COUNT, ID, OBJECT, STAMP, TEXT, array, maybe, number, obj, one_of, text
from agentops.emulator.rest.shapes import CAMPAIGN_STATUS, NUMBERED_PAGE
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data, done
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ORGANIZATION_ID, USER_ID, Store

_HIDDEN = ("events", "dialledS")  # of the stored document, in its answers


def create_campaign(store: Store, request: Request) -> Answer:
    body = request.body
    if store.database.get("agent", body["agentId"]) is None:
        raise ApiError(400, "Agent not found")
    if store.database.get("audience", body["audienceId"]) is None:
        raise ApiError(400, "Audience not found")
    campaign_id = store.new_id()
    campaign = {
        "_id": campaign_id,
        "name": body["name"],
        "description": body.get("description", ""),
        "agentId": body["agentId"],
        "audienceId": body["audienceId"],
        "maxRetries": body.get("maxRetries", 3),
        "retryDelay": body.get("retryDelay", 15),  # minutes
        "scheduledAt": body.get("scheduledAt"),
        "status": "scheduled" if body.get("scheduledAt") else "draft",
        "startedAt": None,
        "dialledS": 0.0,
        "organization": ORGANIZATION_ID,
        "createdBy": USER_ID,
        **store.stamps(),
        "events": [],
    }
    store.database.put("campaign", campaign_id, campaign)
    # Agent and audience as ids here, as objects in every read.
    return answer({name: value for name, value in campaign.items() if name not in _HIDDEN}, 201)


def list_campaigns(store: Store, request: Request) -> Answer:
    campaigns = [advance(store, each) for each in store.database.all("campaign")[::-1]]
    page, size = request.whole("page", 1), request.whole("offset", 5)
    pagination = {
        "total": len(campaigns),
        "page": page,
        "offset": size,
        "hasMore": page * size < len(campaigns),
        "totalPages": -(-len(campaigns) // size),
    }
    shown = [_show_campaign(store, each) for each in campaigns[(page - 1) * size : page * size]]
    return answer({"campaigns": shown, "pagination": pagination, "totalCampaignCount": len(campaigns)})


def get_campaign(store: Store, request: Request) -> Answer:
    campaign = advance(store, _read(store, request))
    total = store.database.count("member", owner=campaign["audienceId"])
    called = outcomes(store, campaign)
    reached = sum(each["is_reached"] for each in called.values())
    metrics = {"total_participants": total, "contacts_called": len(called), "contacts_connected": reached}
    return answer({"campaign": _show_campaign(store, campaign), "events": campaign["events"], "metrics": metrics})


def _show_campaign(store: Store, campaign: Body) -> Body:
    agent = store.database.get("agent", campaign["agentId"]) or {}
    audience = store.database.get("audience", campaign["audienceId"]) or {}
    return {
        **{name: value for name, value in campaign.items() if name not in (*_HIDDEN, "agentId", "audienceId")},
        "agent": {name: agent.get(name) for name in ("_id", "name", "workflowType")},
        "audience": {name: audience.get(name) for name in ("_id", "name")},
        "error": None,
        "failedAt": None,
    }


def start_campaign(store: Store, request: Request) -> Answer:
    """Starts a campaign, or goes on with a paused one. Accepted only: it runs a moment later."""
    campaign = advance(store, _read(store, request))
    if campaign["status"] in ("processing", "running", "completed"):
        raise ApiError(400, f"Campaign is already {campaign['status']}")
    move(store, campaign, "processing", "user")
    started = {"message": "Campaign started", "taskId": store.new_uuid(), "campaignId": campaign["_id"]}
    return answer(started, 202)


def pause_campaign(store: Store, request: Request) -> Answer:
    campaign = advance(store, _read(store, request))
    if campaign["status"] not in ("scheduled", "processing", "running"):
        raise ApiError(400, f"Campaign is {campaign['status']} and cannot be paused")
    move(store, campaign, "paused", "user")
    return answer({})


def delete_campaign(store: Store, request: Request) -> Answer:
    campaign = _read(store, request)
    store.database.drop("campaign", campaign["_id"])
    store.database.drop("dialling", campaign["_id"])
    return done()


def export_members(store: Store, request: Request) -> Answer:
    """The audience with what became of each member, as JSON or CSV."""
    campaign = advance(store, _read(store, request))
    members = store.database.all("member", owner=campaign["audienceId"])
    called = outcomes(store, campaign)
    rows = []
    for member in members:
        call = called.get(member["_id"])
        outcome = {"status": call["does"] if call else "pending", "attempts": call["attempt"] + 1 if call else 0}
        rows.append({**member["data"], **outcome})
    if request.query.get("format", "json") == "csv":
        return _csv_answer(rows)
    return answer(rows)


def export_logs(store: Store, request: Request) -> Answer:
    campaign = advance(store, _read(store, request))
    calls = [each for each in store.database.all("call") if each.get("campaignId") == campaign["_id"]]
    rows = [show_row(store, each, request) for each in calls]
    return _csv_answer([{name: row[name] for name in ("callId", "status", "to", "duration")} for row in rows])


def _csv_answer(rows: list[Body]) -> Answer:
    target = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row)) or ["callId", "status"]
    writer = csv.DictWriter(target, columns)
    writer.writeheader()
    writer.writerows(rows)
    return Answer(200, content=target.getvalue().encode(), content_type="text/csv; charset=utf-8")


def _read(store: Store, request: Request) -> Body:
    campaign = store.database.get("campaign", request.params["campaign_id"])
    if campaign is None:
        raise ApiError(404, "Campaign not found")
    return campaign


_CAMPAIGNS = "/atoms/v1/campaign"
_CAMPAIGN = _CAMPAIGNS + "/{campaign_id}"
_COMMON = {
    "_id": ID,
    "name": TEXT,
    "description": TEXT,
    "status": CAMPAIGN_STATUS,
    "maxRetries": number(0, 10),
    "retryDelay": number(1, 1440),
    "scheduledAt": maybe(TEXT),
    "startedAt": maybe(STAMP),
    "organization": ID,
    "createdBy": ID,
    "createdAt": STAMP,
    "updatedAt": STAMP,
}
_CREATED = obj({**_COMMON, "agentId": ID, "audienceId": ID}, required=("_id", "name", "status"))
_SHAPE = obj(
    {
        **_COMMON,
        "agent": obj({"_id": maybe(ID), "name": maybe(TEXT), "workflowType": maybe(TEXT)}),
        "audience": obj({"_id": maybe(ID), "name": maybe(TEXT)}),
        "error": maybe(TEXT),
        "failedAt": maybe(STAMP),
    },
    required=("_id", "name", "status", "agent", "audience"),
)
_EVENT = obj(
    {
        "_id": ID,
        "triggerSource": one_of("user", "schedule", "system"),
        "eventAction": one_of("start", "running", "pause", "complete"),
        "createdAt": STAMP,
    },
    required=("_id", "triggerSource", "eventAction"),
)
_METRICS = obj(dict.fromkeys(("total_participants", "contacts_called", "contacts_connected"), COUNT))


def _route(method: str, path: str, handler: Any, summary: str, answers: dict[int, Any], **more: Any) -> Route:
    refuses = more.pop("refuses", (404,) if method == "GET" else (400, 404))
    return Route(method, path, handler, summary, answers, refuses=refuses, **more)


ROUTES = (
    _route(
        "GET",
        _CAMPAIGNS,
        list_campaigns,
        "List campaigns",
        {
            200: data(
                obj(
                    {"campaigns": array(_SHAPE), "pagination": NUMBERED_PAGE, "totalCampaignCount": COUNT},
                    required=("campaigns", "pagination"),
                )
            )
        },
        query={"page": COUNT, "offset": COUNT},
        refuses=(),
    ),
    _route(
        "POST",
        _CAMPAIGNS,
        create_campaign,
        "Create a campaign",
        {201: data(_CREATED)},
        body=obj(
            {
                "name": text(least=1),
                "audienceId": TEXT,
                "agentId": TEXT,
                "description": TEXT,
                "phoneNumberIds": array(TEXT),  # in no answer
                "scheduledAt": text(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$"),
                "maxRetries": number(0, 10),
                "retryDelay": number(1, 1440),
            },
            required=("name", "audienceId", "agentId"),
        ),
        refuses=(400,),
    ),
    _route(
        "GET",
        _CAMPAIGN,
        get_campaign,
        "Read a campaign with its events and metrics",
        {
            200: data(
                obj(
                    {"campaign": _SHAPE, "events": array(_EVENT), "metrics": _METRICS},
                    required=("campaign", "events", "metrics"),
                )
            )
        },
    ),
    _route(
        "POST",
        _CAMPAIGN + "/start",
        start_campaign,
        "Start or resume a campaign",
        {202: data(obj({"message": TEXT, "taskId": TEXT, "campaignId": ID}, required=("campaignId",)))},
    ),
    _route("POST", _CAMPAIGN + "/pause", pause_campaign, "Pause a campaign", {200: data(OBJECT)}),
    _route("DELETE", _CAMPAIGN, delete_campaign, "Delete a campaign", {200: data()}),
    _route(
        "GET",
        _CAMPAIGN + "/export/by-audience-member",
        export_members,
        "Export a campaign by member",
        {200: data(array(OBJECT))},
        query={"format": one_of("json")},
    ),
    _route("GET", _CAMPAIGN + "/logs/export", export_logs, "Export a campaign's calls", {200: TEXT}, media="text/csv"),
)
