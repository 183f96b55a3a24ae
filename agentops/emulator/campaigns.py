"""Audiences and campaigns over HTTP. A campaign goes through its states by the clock and dials nobody."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

from agentops.emulator.conversations import show_row
from agentops.emulator.database import Body
from agentops.emulator.schema import COUNT, FLAG, ID, OBJECT, STAMP, TEXT, array, maybe, number, obj, one_of, text
from agentops.emulator.store import ORGANIZATION_ID, USER_ID, Store, from_iso
from agentops.emulator.wire import FAILURE, Answer, Refusal, Request, Route, answer, data, done

MEMBER_LIMIT = 10_000
CSV_LIMIT_BYTES = 5 * 1024 * 1024
STARTS_WITHIN_S = 2.0  # a campaign that was started is `processing` this long
CAMPAIGN_STATES = ("draft", "scheduled", "processing", "running", "paused", "completed", "failed")


# -- audiences


def list_audiences(store: Store, request: Request) -> Answer:
    return answer([_show_audience(store, audience) for audience in store.database.all("audience")])


def create_audience(store: Store, request: Request) -> Answer:
    """From a CSV file whose `phoneNumberColumnName` column holds the numbers; answers 200, not 201."""
    fields, file = request.fields, request.uploads.get("file")
    missing = [name for name in ("name", "phoneNumberColumnName") if not fields.get(name)]
    if missing or file is None:
        raise Refusal(400, *(f"{name}: Required" for name in [*missing, *([] if file else ["file"])]))
    if len(file.content) > CSV_LIMIT_BYTES:
        raise Refusal(400, "The file is larger than 5 MB")
    column = fields["phoneNumberColumnName"]
    rows = _read_csv(file.content)
    audience_id = store.new_id()
    audience = {
        "_id": audience_id,
        "name": fields["name"],
        "description": fields.get("description", ""),
        "phoneNumberColumnName": column,
        "organization": ORGANIZATION_ID,
        "createdBy": USER_ID,
        "createdAt": store.now(),
        "updatedAt": store.now(),
    }
    store.database.put("audience", audience_id, audience)
    _add_members(store, audience, rows)
    return answer(_show_audience(store, audience))


def _read_csv(content: bytes) -> list[Body]:
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace"))))
    except csv.Error as failure:
        raise Refusal(400, "The file could not be read as CSV") from failure
    return [{name: value for name, value in row.items() if name is not None} for row in rows]


def get_audience(store: Store, request: Request) -> Answer:
    return answer(_show_audience(store, _read(store, "audience", request)))


def delete_audience(store: Store, request: Request) -> Answer:
    audience = _read(store, "audience", request)
    if _campaigns_of(store, audience):
        raise Refusal(400, "This audience is used by a campaign and cannot be deleted")
    store.database.drop_owned("member", audience["_id"])
    store.database.drop("audience", audience["_id"])
    return answer([])


def _show_audience(store: Store, audience: Body) -> Body:
    campaigns = [
        {name: campaign[name] for name in ("_id", "name", "status", "createdAt")}
        for campaign in _campaigns_of(store, audience)
    ]
    count = store.database.count("member", owner=audience["_id"])
    return {**audience, "memberCount": count, "hasCampaigns": bool(campaigns), "campaigns": campaigns}


def _campaigns_of(store: Store, audience: Body) -> list[Body]:
    return [each for each in store.database.all("campaign") if each["audienceId"] == audience["_id"]]


def list_members(store: Store, request: Request) -> Answer:
    audience = _read(store, "audience", request)
    members = store.database.all("member", owner=audience["_id"])
    page, size = request.whole("page", 1), request.whole("offset", 5)
    return answer(
        {
            "members": members[(page - 1) * size : page * size],
            "totalCount": len(members),
            "totalPages": -(-len(members) // size),
            "hasMore": page * size < len(members),
        }
    )


def add_members(store: Store, request: Request) -> Answer:
    audience = _read(store, "audience", request)
    column = audience["phoneNumberColumnName"]
    if any(not member.get(column) for member in request.body["members"]):
        raise Refusal(400, f"Each member must have a {column} field")
    added = _add_members(store, audience, request.body["members"])
    skipped = len(request.body["members"]) - added
    return answer([{"message": "Members added", "data": {"added": added, "skipped": skipped}}])


def _add_members(store: Store, audience: Body, rows: list[Body]) -> int:
    """Adds the rows whose number is new and says how many they were. Raises Refusal above the limit."""
    column = audience["phoneNumberColumnName"]
    members = store.database.all("member", owner=audience["_id"])
    known = {member["data"][column] for member in members}
    fresh = {row[column]: row for row in rows if row.get(column) and row[column] not in known}
    if len(known) + len(fresh) > MEMBER_LIMIT:
        raise Refusal(400, f"An audience can have at most {MEMBER_LIMIT} members")
    for row in fresh.values():
        key = store.new_id()
        member = {"_id": key, "data": row, "createdAt": store.now(), "updatedAt": store.now()}
        store.database.put("member", key, member, owner=audience["_id"])
    return len(fresh)


def delete_members(store: Store, request: Request) -> Answer:
    audience = _read(store, "audience", request)
    known = {member["_id"] for member in store.database.all("member", owner=audience["_id"])}
    doomed = known & set(request.body["memberIds"])
    for key in doomed:
        store.database.drop("member", key)
    return answer({"deletedCount": len(doomed)})


def search_members(store: Store, request: Request) -> Answer:
    audience = _read(store, "audience", request)
    query = dict(request.query)
    term = query.pop("query", None)
    members = store.database.all("member", owner=audience["_id"])
    if term is not None:
        found = [each for each in members if any(term.lower() in str(value).lower() for value in each["data"].values())]
    else:
        found = [
            each
            for each in members
            if all(value.lower() in str(each["data"].get(name, "")).lower() for name, value in query.items())
        ]
    info = {
        "searchType": "multiple" if term is None else "general",
        "searchTerm": term or "",
        "searchFields": sorted(query),
        "totalResults": len(found),
    }
    return answer({"members": found, "searchInfo": info})


# -- campaigns


def create_campaign(store: Store, request: Request) -> Answer:
    body = request.body
    if store.database.get("agent", body["agentId"]) is None:
        raise Refusal(400, "Agent not found")
    if store.database.get("audience", body["audienceId"]) is None:
        raise Refusal(400, "Audience not found")
    campaign_id = store.new_id()
    campaign = {
        "_id": campaign_id,
        "name": body["name"],
        "description": body.get("description", ""),
        "agentId": body["agentId"],
        "audienceId": body["audienceId"],
        "maxRetries": body.get("maxRetries", 3),
        "retryDelay": body.get("retryDelay", 15),
        "scheduledAt": body.get("scheduledAt"),
        "status": "scheduled" if body.get("scheduledAt") else "draft",
        "startedAt": None,
        "organization": ORGANIZATION_ID,
        "createdBy": USER_ID,
        "createdAt": store.now(),
        "updatedAt": store.now(),
        "events": [],
    }
    store.database.put("campaign", campaign_id, campaign)
    return answer({name: value for name, value in campaign.items() if name != "events"}, 201)


def list_campaigns(store: Store, request: Request) -> Answer:
    campaigns = [_settled(store, each) for each in store.database.all("campaign")[::-1]]
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
    campaign = _settled(store, _read(store, "campaign", request))
    total = store.database.count("member", owner=campaign["audienceId"])
    metrics = {"total_participants": total, "contacts_called": 0, "contacts_connected": 0}
    return answer({"campaign": _show_campaign(store, campaign), "events": campaign["events"], "metrics": metrics})


def _show_campaign(store: Store, campaign: Body) -> Body:
    agent = store.database.get("agent", campaign["agentId"]) or {}
    audience = store.database.get("audience", campaign["audienceId"]) or {}
    return {
        **{name: value for name, value in campaign.items() if name not in ("events", "agentId", "audienceId")},
        "agent": {name: agent.get(name) for name in ("_id", "name", "workflowType")},
        "audience": {name: audience.get(name) for name in ("_id", "name")},
        "error": None,
        "failedAt": None,
    }


def _settled(store: Store, campaign: Body) -> Body:
    """What has become of the campaign by now; nobody is called, so it runs until it is paused or deleted."""
    now = store.clock.now()
    if campaign["status"] == "scheduled" and campaign["scheduledAt"] and from_iso(campaign["scheduledAt"]) <= now:
        return _move(store, campaign, "processing", "schedule")
    started = campaign["startedAt"]
    if campaign["status"] == "processing" and from_iso(started) + timedelta(seconds=STARTS_WITHIN_S) <= now:
        return _move(store, campaign, "running", "system")
    return campaign


def _move(store: Store, campaign: Body, status: str, source: str) -> Body:
    action = {"processing": "start", "running": "running", "paused": "pause"}[status]
    event = {"_id": store.new_id(), "triggerSource": source, "eventAction": action, "createdAt": store.now()}
    started = store.now() if status == "processing" else campaign["startedAt"]
    moved = {**campaign, "status": status, "startedAt": started, "updatedAt": store.now()}
    moved["events"] = [*campaign["events"], event]
    store.database.put("campaign", campaign["_id"], moved)
    return moved


def start_campaign(store: Store, request: Request) -> Answer:
    campaign = _settled(store, _read(store, "campaign", request))
    if campaign["status"] in ("processing", "running", "completed"):
        raise Refusal(400, f"Campaign is already {campaign['status']}")
    _move(store, campaign, "processing", "user")
    started = {"message": "Campaign started", "taskId": store.new_uuid(), "campaignId": campaign["_id"]}
    return answer(started, 202)


def pause_campaign(store: Store, request: Request) -> Answer:
    campaign = _settled(store, _read(store, "campaign", request))
    if campaign["status"] not in ("scheduled", "processing", "running"):
        raise Refusal(400, f"Campaign is {campaign['status']} and cannot be paused")
    _move(store, campaign, "paused", "user")
    return answer({})


def delete_campaign(store: Store, request: Request) -> Answer:
    store.database.drop("campaign", _read(store, "campaign", request)["_id"])
    return done()


def export_members(store: Store, request: Request) -> Answer:
    """The audience with what became of each member, as JSON or CSV."""
    campaign = _read(store, "campaign", request)
    members = store.database.all("member", owner=campaign["audienceId"])
    rows = [{**member["data"], "status": "pending", "attempts": 0} for member in members]
    if request.query.get("format", "json") == "csv":
        return _csv_answer(rows)
    return answer(rows)


def export_logs(store: Store, request: Request) -> Answer:
    campaign = _read(store, "campaign", request)
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


def _read(store: Store, kind: str, request: Request) -> Body:
    found = store.database.get(kind, request.params[f"{kind}_id"])
    if found is None:
        raise Refusal(404, f"{kind.capitalize()} not found")
    return found


_AUDIENCES = "/atoms/v1/audience"
_AUDIENCE = _AUDIENCES + "/{audience_id}"
_CAMPAIGNS = "/atoms/v1/campaign"
_CAMPAIGN = _CAMPAIGNS + "/{campaign_id}"
_AUDIENCE_SHAPE = obj(
    {
        "_id": ID,
        "name": TEXT,
        "phoneNumberColumnName": TEXT,
        "memberCount": COUNT,
        "hasCampaigns": FLAG,
        "campaigns": array(obj({"_id": ID, "name": TEXT, "status": one_of(*CAMPAIGN_STATES)})),
    },
    required=("_id", "name", "phoneNumberColumnName", "memberCount"),
)
_CAMPAIGN_SHAPE = obj(
    {"_id": ID, "name": TEXT, "status": one_of(*CAMPAIGN_STATES), "createdAt": STAMP, "scheduledAt": maybe(TEXT)},
    required=("_id", "name", "status"),
)
_MEMBER = obj({"_id": ID, "data": OBJECT}, required=("_id", "data"))
_MEMBERS = obj({"members": array(_MEMBER), "totalCount": COUNT, "hasMore": FLAG}, required=("members",))
# Members' failures carry the word "error" where others have false.
_MEMBER_FAILURE = {**FAILURE, "properties": {**FAILURE["properties"], "status": one_of(False, "error")}}
_PAGE = {"page": COUNT, "offset": COUNT}


def _route(method: str, path: str, handler: Any, summary: str, answers: dict[int, Any], **more: Any) -> Route:
    refuses = more.pop("refuses", (404,) if method == "GET" else (400, 404))
    return Route(method, path, handler, summary, answers, refuses=refuses, **more)


ROUTES = (
    _route("GET", _AUDIENCES, list_audiences, "List audiences", {200: data(array(_AUDIENCE_SHAPE))}, refuses=()),
    _route(
        "POST",
        _AUDIENCES,
        create_audience,
        "Create an audience from a CSV file",
        {200: data(_AUDIENCE_SHAPE)},
        multipart=obj(
            {
                "name": TEXT,
                "phoneNumberColumnName": TEXT,
                "file": {"type": "string", "format": "binary"},
                "description": TEXT,
                "identifierColumnName": TEXT,
            },
            required=("name", "phoneNumberColumnName", "file"),
        ),
        refuses=(400,),
    ),
    _route("GET", _AUDIENCE, get_audience, "Read an audience", {200: data(_AUDIENCE_SHAPE)}),
    _route("DELETE", _AUDIENCE, delete_audience, "Delete an audience", {200: data(array())}),
    _route(
        "GET",
        _AUDIENCE + "/members",
        list_members,
        "List members",
        {200: data(_MEMBERS)},
        query=_PAGE,
        failure=_MEMBER_FAILURE,
    ),
    _route(
        "POST",
        _AUDIENCE + "/members",
        add_members,
        "Add members",
        {200: data(array(OBJECT))},
        body=obj({"members": array(OBJECT)}, required=("members",)),
    ),
    _route(
        "DELETE",
        _AUDIENCE + "/members",
        delete_members,
        "Delete members",
        {200: data(obj({"deletedCount": COUNT}, required=("deletedCount",)))},
        body=obj({"memberIds": array(TEXT)}, required=("memberIds",)),
    ),
    _route(
        "GET",
        _AUDIENCE + "/members/search",
        search_members,
        "Search members",
        {200: data(_MEMBERS)},
        query={"query": TEXT},
    ),
    _route(
        "GET",
        _CAMPAIGNS,
        list_campaigns,
        "List campaigns",
        {
            200: data(
                obj(
                    {"campaigns": array(_CAMPAIGN_SHAPE), "pagination": OBJECT, "totalCampaignCount": COUNT},
                    required=("campaigns", "pagination"),
                )
            )
        },
        query=_PAGE,
        refuses=(),
    ),
    _route(
        "POST",
        _CAMPAIGNS,
        create_campaign,
        "Create a campaign",
        {201: data(_CAMPAIGN_SHAPE)},
        body=obj(
            {
                "name": text(least=1),
                "audienceId": TEXT,
                "agentId": TEXT,
                "description": TEXT,
                "phoneNumberIds": array(TEXT),
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
                    {"campaign": _CAMPAIGN_SHAPE, "events": array(OBJECT), "metrics": OBJECT},
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
