"""The registries of tools and of secrets, which the vendor's SDK knows and its published schema does not."""

from __future__ import annotations

from typing import Any

from agentops.emulator.rest.schema import (
    ID,
    OBJECT,
    STAMP,
    TEXT,
    Schema,
    array,
    obj,
    problems,
    text,
)
from agentops.emulator.rest.versioning import versions
from agentops.emulator.rest.versioning.fields import TOOL_TYPES
from agentops.emulator.rest.wire import (
    Answer,
    ApiError,
    Request,
    Route,
    answer,
    data,
    done,
)
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store


def list_tools(store: Store, request: Request) -> Answer:
    return answer(store.database.all("tool"))


def create_tool(store: Store, request: Request) -> Answer:
    return answer(_put_tool(store, f"tool_{store.new_id()[-12:]}", request.body["definition"]), 201)


def update_tool(store: Store, request: Request) -> Answer:
    """Takes effect on every agent that refers to the tool, at once and without a version."""
    tool = _read(store, "tool", request.params["tool_id"], "Tool not found")
    return answer(_put_tool(store, tool["toolId"], request.body["definition"]))


def duplicate_tool(store: Store, request: Request) -> Answer:
    tool = _read(store, "tool", request.params["tool_id"], "Tool not found")
    definition = {**tool["definition"], "name": f"{tool['definition']['name']}_copy"}
    return answer(_put_tool(store, f"tool_{store.new_id()[-12:]}", definition), 201)


def _put_tool(store: Store, tool_id: str, definition: Body) -> Body:
    kind = definition.get("type")
    if kind not in ("api_call", "client_tool"):
        raise ApiError(400, "definition.type: Invalid enum value. Expected 'api_call' | 'client_tool'")
    if wrong := problems(TOOL_TYPES[kind], definition, "definition"):
        raise ApiError(400, *wrong)
    others = (each["definition"]["name"] for each in store.database.all("tool") if each["toolId"] != tool_id)
    if store.options.choices.tool_name == "refused" and definition["name"] in others:
        raise ApiError(400, "A tool with this name already exists")
    stamps = store.stamps()
    if (before := store.database.get("tool", tool_id)) is not None:
        stamps["createdAt"] = before["createdAt"]
    tool = {"toolId": tool_id, "definition": definition, **stamps}
    store.database.put("tool", tool_id, tool)
    return tool


def delete_tool(store: Store, request: Request) -> Answer:
    tool = _read(store, "tool", request.params["tool_id"], "Tool not found")
    for agent in store.database.all("agent"):
        live = versions.live_revision(store, agent)
        if live and tool["toolId"] in live["config"]["singlePromptConfig"].get("toolRefs", []):
            raise ApiError(400, "This tool is referenced by an agent and cannot be deleted")
    store.database.drop("tool", tool["toolId"])
    return done()


def list_secrets(store: Store, request: Request) -> Answer:
    return answer(store.database.all("secret"))


def create_secret(store: Store, request: Request) -> Answer:
    """Keeps the name only: the emulator has no use for the value."""
    name = request.body["name"]
    if any(each["name"] == name for each in store.database.all("secret")):
        raise ApiError(400, "A secret with this name already exists")
    key = store.new_id()
    secret = {"_id": key, "name": name, "createdAt": store.now()}
    store.database.put("secret", key, secret)
    return answer(secret, 201)


def delete_secret(store: Store, request: Request) -> Answer:
    secret = _read(store, "secret", request.params["secret_id"], "Secret not found")
    store.database.drop("secret", secret["_id"])
    return done()


def _read(store: Store, kind: str, key: str, missing: str) -> Body:
    found = store.database.get(kind, key)
    if found is None:
        raise ApiError(404, missing)
    return found


_DATED: dict[str, Schema] = {"createdAt": STAMP, "updatedAt": STAMP}
_TOOL = obj({"toolId": text(pattern="^tool_"), "definition": OBJECT, **_DATED}, required=("toolId", "definition"))
_TOOL_BODY = obj({"definition": OBJECT}, required=("definition",))
_SECRET = obj({"_id": ID, "name": TEXT, "createdAt": STAMP}, required=("_id", "name"))


def _route(method: str, path: str, handler: Any, summary: str, answers: dict[int, Schema], **more: Any) -> Route:
    refuses = more.pop("refuses", (404,) if method == "GET" else (400, 404))
    return Route(method, path, handler, summary, answers, refuses=refuses, **more)


ROUTES = (
    _route("GET", "/atoms/v1/tool", list_tools, "List registry tools", {200: data(array(_TOOL))}, refuses=()),
    _route("POST", "/atoms/v1/tool", create_tool, "Create a tool", {201: data(_TOOL)}, body=_TOOL_BODY, refuses=(400,)),
    _route("PATCH", "/atoms/v1/tool/{tool_id}", update_tool, "Change a tool", {200: data(_TOOL)}, body=_TOOL_BODY),
    _route("POST", "/atoms/v1/tool/{tool_id}/duplicate", duplicate_tool, "Copy a tool", {201: data(_TOOL)}),
    _route("DELETE", "/atoms/v1/tool/{tool_id}", delete_tool, "Delete a tool", {200: data()}),
    _route("GET", "/atoms/v1/secret", list_secrets, "List secrets by name", {200: data(array(_SECRET))}, refuses=()),
    _route(
        "POST",
        "/atoms/v1/secret",
        create_secret,
        "Keep a secret",
        {201: data(_SECRET)},
        body=obj({"name": text(least=1, pattern="^[A-Za-z0-9_]+$"), "value": TEXT}, required=("name", "value")),
        refuses=(400,),
    ),
    _route("DELETE", "/atoms/v1/secret/{secret_id}", delete_secret, "Delete a secret", {200: data()}),
)
