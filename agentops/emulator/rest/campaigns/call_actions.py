"""Call actions over HTTP: what another system is to do before or after a call. None is performed here."""

from __future__ import annotations

from agentops.emulator.rest.schema import (
    ANY,
    COUNT,
    ID,
    STAMP,
    TEXT,
    Schema,
    array,
    obj,
    one_of,
    text,
)
from agentops.emulator.rest.shapes import MESSAGE
from agentops.emulator.rest.wire import (
    Answer,
    ApiError,
    Request,
    Route,
    succeeded,
    success,
)
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ORGANIZATION_ID, Store

OPERATORS = (
    *("eq", "neq", "gt", "gte", "lt", "lte", "in", "nin", "contains", "notContains", "startsWith", "endsWith"),
)


def create_action(store: Store, request: Request) -> Answer:
    body = request.body
    if store.database.get("agent", body["agentId"]) is None:
        raise ApiError(400, "Agent not found")
    _check_action(body)
    key = store.new_id()
    action = {"_id": key, "organization": ORGANIZATION_ID, **body, **store.stamps()}
    store.database.put("call_action", key, action, owner=body["agentId"])
    return succeeded(action, 201)


def _check_action(action: Body) -> None:
    if action["category"] == "trigger" and not action["config"].get("phoneNumberFieldName"):
        raise ApiError(400, "config.phoneNumberFieldName: Required")


def list_actions(store: Store, request: Request) -> Answer:
    agent_id = request.query.get("agentId")
    if not agent_id:
        raise ApiError(400, "agentId: Required")
    actions = store.database.all("call_action", owner=agent_id)
    if category := request.query.get("category"):
        actions = [each for each in actions if each["category"] == category]
    page, limit = request.whole("page", 1), request.whole("limit", 10)
    shown = actions[(page - 1) * limit : page * limit]
    return succeeded({"callActions": shown, "totalCount": len(actions), "page": page, "limit": limit})


def get_action(store: Store, request: Request) -> Answer:
    return succeeded(_read_action(store, request))


def update_action(store: Store, request: Request) -> Answer:
    action = _read_action(store, request)
    action |= {**request.body, "updatedAt": store.now()}
    _check_action(action)
    store.database.put("call_action", action["_id"], action)
    return succeeded(action)


def delete_action(store: Store, request: Request) -> Answer:
    action = _read_action(store, request)
    store.database.drop("call_action", action["_id"])
    return succeeded({"message": "Call action deleted"})


def _read_action(store: Store, request: Request) -> Body:
    action = store.database.get("call_action", request.params["action_id"])
    if action is None:
        raise ApiError(404, "Call action not found")
    return action


_ACTIONS = "/atoms/v1/call-actions"
_CONDITION = obj({"field": TEXT, "operator": one_of(*OPERATORS), "value": ANY}, required=("field", "operator", "value"))
_ACTION_FIELDS: dict[str, Schema] = {
    "category": one_of("trigger", "post-call"),
    "provider": text(least=1),
    "action_type": one_of("create", "update"),
    "object": TEXT,
    "config": obj({"phoneNumberFieldName": TEXT, "conditions": array(_CONDITION), "body": TEXT}),
}
_ACTION = obj(
    {"_id": ID, "organization": ID, "agentId": TEXT, **_ACTION_FIELDS, "createdAt": STAMP, "updatedAt": STAMP},
    required=("_id", "agentId", "category", "config"),
)
_ACTIONS_PAGE = obj(
    {"callActions": array(_ACTION), "totalCount": COUNT, "page": COUNT, "limit": COUNT},
    required=("callActions", "totalCount", "page", "limit"),
)

ROUTES = (
    Route(
        "POST",
        _ACTIONS,
        create_action,
        "Create a call action",
        {201: success(_ACTION)},
        body=obj({"agentId": TEXT, **_ACTION_FIELDS}, required=("agentId", "category", "provider", "config")),
        refuses=(400,),
    ),
    Route(
        "GET",
        _ACTIONS,
        list_actions,
        "List an agent's call actions",
        {200: success(_ACTIONS_PAGE)},
        query={"agentId": TEXT, "category": one_of("trigger", "post-call"), "page": COUNT, "limit": COUNT},
        refuses=(400,),
    ),
    Route("GET", _ACTIONS + "/{action_id}", get_action, "Read a call action", {200: success(_ACTION)}, refuses=(404,)),
    Route(
        "PUT",
        _ACTIONS + "/{action_id}",
        update_action,
        "Change a call action",
        {200: success(_ACTION)},
        body=obj(_ACTION_FIELDS),
        refuses=(400, 404),
    ),
    Route(
        "DELETE",
        _ACTIONS + "/{action_id}",
        delete_action,
        "Delete a call action",
        {200: success(MESSAGE)},
        refuses=(400, 404),
    ),
)
