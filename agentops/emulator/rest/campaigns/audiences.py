"""Audiences over HTTP: the people a campaign calls, from CSV files and one by one."""

from __future__ import annotations

import csv
import io
from typing import Any

from agentops.emulator.rest.campaigns.dialling import advance_all
from agentops.emulator.rest.schema import COUNT, FLAG, ID, OBJECT, STAMP, TEXT, array, obj, one_of, problems
from agentops.emulator.rest.shapes import CAMPAIGN_STATUS, NUMBERED_PAGE
from agentops.emulator.rest.wire import FAILURE, Answer, ApiError, Request, Route, answer, data, succeeded, success
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ORGANIZATION_ID, USER_ID, Store

MEMBER_LIMIT = 10_000
CSV_LIMIT_BYTES = 5 * 1024 * 1024


def list_audiences(store: Store, request: Request) -> Answer:
    return answer([_show_audience(store, audience) for audience in store.database.all("audience")])


def create_audience(store: Store, request: Request) -> Answer:
    """From a CSV file whose `phoneNumberColumnName` column holds the numbers; answers 200, not 201."""
    fields, file = request.fields, request.uploads.get("file")
    missing = [name for name in ("name", "phoneNumberColumnName") if not fields.get(name)]
    if missing or file is None:
        raise ApiError(400, *(f"{name}: Required" for name in [*missing, *([] if file else ["file"])]))
    if len(file.content) > CSV_LIMIT_BYTES:
        raise ApiError(400, "The file is larger than 5 MB")
    column = fields["phoneNumberColumnName"]
    try:
        table = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig", errors="replace"))))
    except csv.Error as failure:
        raise ApiError(400, "The file could not be read as CSV") from failure
    # Cells beyond the header's last column have no name.
    rows = [{name: value for name, value in row.items() if name is not None} for row in table]
    audience_id = store.new_id()
    audience = {
        "_id": audience_id,
        "name": fields["name"],
        "description": fields.get("description", ""),
        "phoneNumberColumnName": column,
        "organization": ORGANIZATION_ID,
        "createdBy": USER_ID,
        **store.stamps(),
    }
    store.database.put("audience", audience_id, audience)
    _add_members(store, audience, rows)
    return answer(_show_audience(store, audience))


def get_audience(store: Store, request: Request) -> Answer:
    return answer(_show_audience(store, _read(store, request)))


def delete_audience(store: Store, request: Request) -> Answer:
    audience = _read(store, request)
    if _campaigns_of(store, audience):
        raise ApiError(400, "This audience is used by a campaign and cannot be deleted")
    store.database.drop_owned("member", audience["_id"])
    store.database.drop("audience", audience["_id"])
    return answer([])  # an empty list, as documented


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
    """A page of members. A malformed id is refused with the status "error", where other failures have false."""
    if problems(ID, request.params["audience_id"]):
        return Answer(400, {"status": "error", "errors": ["Invalid audience id"]})
    audience = _read(store, request)
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
    audience = _read(store, request)
    column = audience["phoneNumberColumnName"]
    if any(not member.get(column) for member in request.body["members"]):
        raise ApiError(400, f"Each member must have a {column} field")
    added = _add_members(store, audience, request.body["members"])
    skipped = len(request.body["members"]) - added
    return answer([{"message": "Members added", "data": {"added": added, "skipped": skipped}}])  # a list of one


def _add_members(store: Store, audience: Body, rows: list[Body]) -> int:
    """Adds the rows whose number is new and returns how many they were. Raises ApiError above the limit."""
    column = audience["phoneNumberColumnName"]
    members = store.database.all("member", owner=audience["_id"])
    known = {member["data"][column] for member in members}
    fresh = {row[column]: row for row in rows if row.get(column) and row[column] not in known}
    if len(known) + len(fresh) > MEMBER_LIMIT:
        raise ApiError(400, f"An audience can have at most {MEMBER_LIMIT} members")
    for row in fresh.values():
        key = store.new_id()
        member = {"_id": key, "data": row, **store.stamps()}
        store.database.put("member", key, member, owner=audience["_id"])
    return len(fresh)


def delete_members(store: Store, request: Request) -> Answer:
    audience = _read(store, request)
    known = {member["_id"] for member in store.database.all("member", owner=audience["_id"])}
    deleted = known & set(request.body["memberIds"])
    for key in deleted:
        store.database.drop("member", key)
    return answer({"deletedCount": len(deleted)})


def search_members(store: Store, request: Request) -> Answer:
    audience = _read(store, request)
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


def _read(store: Store, request: Request) -> Body:
    audience = store.database.get("audience", request.params["audience_id"])
    if audience is None:
        raise ApiError(404, "Audience not found")
    return audience


def list_dnc(store: Store, request: Request) -> Answer:
    """The numbers of people who said in a campaign's call that they don't want to be called again."""
    advance_all(store)
    agent, search = request.query.get("agentId"), request.query.get("search", "")
    entries = [
        each for each in store.database.all("dnc") if agent in (None, each["agentId"]) and search in each["phoneNumber"]
    ]
    page, size = request.whole("page", 1), request.whole("offset", 50, most=500)
    pagination = {
        "page": page,
        "offset": size,
        "total": len(entries),
        "totalPages": -(-len(entries) // size),
        "hasMore": page * size < len(entries),
    }
    return succeeded({"entries": entries[(page - 1) * size : page * size], "pagination": pagination})


_DNC = obj({"entries": array(OBJECT), "pagination": NUMBERED_PAGE}, required=("entries", "pagination"))
_AUDIENCES = "/atoms/v1/audience"
_AUDIENCE = _AUDIENCES + "/{audience_id}"
_SHAPE = obj(
    {
        "_id": ID,
        "name": TEXT,
        "description": TEXT,
        "phoneNumberColumnName": TEXT,
        "organization": ID,
        "createdBy": ID,
        "createdAt": STAMP,
        "updatedAt": STAMP,
        "memberCount": COUNT,
        "hasCampaigns": FLAG,
        "campaigns": array(obj({"_id": ID, "name": TEXT, "status": CAMPAIGN_STATUS, "createdAt": STAMP})),
    },
    required=("_id", "name", "phoneNumberColumnName", "memberCount"),
)
_MEMBER = obj({"_id": ID, "data": OBJECT, "createdAt": STAMP, "updatedAt": STAMP}, required=("_id", "data"))
_MEMBERS = obj(
    {"members": array(_MEMBER), "totalCount": COUNT, "totalPages": COUNT, "hasMore": FLAG},
    required=("members", "totalCount", "totalPages", "hasMore"),
)
_SEARCH = obj(
    {
        "searchType": one_of("general", "multiple"),
        "searchTerm": TEXT,
        "searchFields": array(TEXT),
        "totalResults": COUNT,
    }
)
_FOUND = obj({"members": array(_MEMBER), "searchInfo": _SEARCH}, required=("members", "searchInfo"))
_ADDED = obj({"message": TEXT, "data": obj({"added": COUNT, "skipped": COUNT}, required=("added", "skipped"))})
_MEMBER_FAILURE = {**FAILURE, "properties": {**FAILURE["properties"], "status": one_of(False, "error")}}


def _route(method: str, path: str, handler: Any, summary: str, answers: dict[int, Any], **more: Any) -> Route:
    refuses = more.pop("refuses", (404,) if method == "GET" else (400, 404))
    return Route(method, path, handler, summary, answers, refuses=refuses, **more)


ROUTES = (
    _route("GET", _AUDIENCES, list_audiences, "List audiences", {200: data(array(_SHAPE))}, refuses=()),
    _route(
        "POST",
        _AUDIENCES,
        create_audience,
        "Create an audience from a CSV file",
        {200: data(_SHAPE)},
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
    _route("GET", _AUDIENCE, get_audience, "Read an audience", {200: data(_SHAPE)}),
    _route("DELETE", _AUDIENCE, delete_audience, "Delete an audience", {200: data(array())}),
    _route(
        "GET",
        _AUDIENCE + "/members",
        list_members,
        "List members",
        {200: data(_MEMBERS)},
        query={"page": COUNT, "offset": COUNT},
        failure=_MEMBER_FAILURE,
        refuses=(400, 404),
    ),
    _route(
        "POST",
        _AUDIENCE + "/members",
        add_members,
        "Add members",
        {200: data(array(_ADDED))},
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
        {200: data(_FOUND)},
        query={"query": TEXT},
    ),
    Route(
        "GET",
        "/atoms/v1/dnc",
        list_dnc,
        "List numbers not to call",
        {200: success(_DNC)},
        query={"agentId": TEXT, "search": TEXT, "page": TEXT, "offset": TEXT},
        refuses=(),
    ),
)
