"""Smaller resources over HTTP: call actions, concurrency, tool and secret registries, prompt scoring, DNC."""

from __future__ import annotations

from typing import Any

from agentops.emulator.rest.schema import (
    ANY,
    COUNT,
    ID,
    OBJECT,
    STAMP,
    TEXT,
    Schema,
    array,
    maybe,
    obj,
    one_of,
    problems,
    text,
)
from agentops.emulator.rest.shapes import MESSAGE, METRIC_TEMPLATE, NUMBERED_PAGE, PROMPT_SCORE
from agentops.emulator.rest.versioning import configuration, versions
from agentops.emulator.rest.versioning.fields import TOOL_TYPES
from agentops.emulator.rest.wire import (
    RATE_LIMITED,
    Answer,
    Refusal,
    Request,
    Route,
    answer,
    data,
    done,
    succeeded,
    success,
)
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ORGANIZATION_ID, Store

ORGANIZATION_SLOTS = 100
CALL_TYPES = ("webcall", "outbound", "inbound", "chat")
OPERATORS = (
    *("eq", "neq", "gt", "gte", "lt", "lte", "in", "nin", "contains", "notContains", "startsWith", "endsWith"),
)


# -- call actions


def create_action(store: Store, request: Request) -> Answer:
    body = request.body
    if store.database.get("agent", body["agentId"]) is None:
        raise Refusal(400, "Agent not found")
    _check_action(body)
    key = store.new_id()
    action = {"_id": key, "organization": ORGANIZATION_ID, **body, "createdAt": store.now(), "updatedAt": store.now()}
    store.database.put("call_action", key, action, owner=body["agentId"])
    return succeeded(action, 201)


def _check_action(action: Body) -> None:
    if action["category"] == "trigger" and not action["config"].get("phoneNumberFieldName"):
        raise Refusal(400, "config.phoneNumberFieldName: Required")


def list_actions(store: Store, request: Request) -> Answer:
    agent_id = request.query.get("agentId")
    if not agent_id:
        raise Refusal(400, "agentId: Required")
    actions = store.database.all("call_action", owner=agent_id)
    if category := request.query.get("category"):
        actions = [each for each in actions if each["category"] == category]
    page, limit = request.whole("page", 1), request.whole("limit", 10)
    shown = actions[(page - 1) * limit : page * limit]
    return succeeded({"callActions": shown, "totalCount": len(actions), "page": page, "limit": limit})


def get_action(store: Store, request: Request) -> Answer:
    return succeeded(_read(store, "call_action", request.params["action_id"], "Call action not found"))


def update_action(store: Store, request: Request) -> Answer:
    action = _read(store, "call_action", request.params["action_id"], "Call action not found")
    action |= {**request.body, "updatedAt": store.now()}
    _check_action(action)
    store.database.put("call_action", action["_id"], action)
    return succeeded(action)


def delete_action(store: Store, request: Request) -> Answer:
    action = _read(store, "call_action", request.params["action_id"], "Call action not found")
    store.database.drop("call_action", action["_id"])
    return succeeded({"message": "Call action deleted"})


def _read(store: Store, kind: str, key: str, missing: str) -> Body:
    found = store.database.get(kind, key)
    if found is None:
        raise Refusal(404, missing)
    return found


# -- concurrency


def get_concurrency(store: Store, request: Request) -> Answer:
    reserved = store.database.all("reservation")
    total = sum(each[kind] for each in reserved for kind in CALL_TYPES)
    agents = [
        {**each, "agentName": (store.database.get("agent", each["agentId"]) or {}).get("name")} for each in reserved
    ]
    overview = {"orgLimit": ORGANIZATION_SLOTS, "totalReserved": total, "unreservedPool": ORGANIZATION_SLOTS - total}
    return succeeded({**overview, "agents": agents})


def reserve(store: Store, request: Request) -> Answer:
    """Sets the named agents' reservations; the others keep theirs, zeros release."""
    reserved = {each["agentId"]: each for each in store.database.all("reservation")}
    for wanted in request.body["reservations"]:
        if store.database.get("agent", wanted["agentId"]) is None:
            raise Refusal(400, "Agent not found")
        reserved[wanted["agentId"]] = {name: wanted[name] for name in ("agentId", *CALL_TYPES)}
    if sum(each[kind] for each in reserved.values() for kind in CALL_TYPES) > ORGANIZATION_SLOTS:
        raise Refusal(400, f"Reservations exceed the organization limit of {ORGANIZATION_SLOTS}")
    for agent_id, reservation in reserved.items():
        if any(reservation[kind] for kind in CALL_TYPES):
            store.database.put("reservation", agent_id, reservation)
        else:
            store.database.drop("reservation", agent_id)
    return succeeded({"updated": len(request.body["reservations"])})


# -- the registries that the vendor's SDK knows


def list_tools(store: Store, request: Request) -> Answer:
    return answer(store.database.all("tool"))


def create_tool(store: Store, request: Request) -> Answer:
    return answer(_keep_tool(store, f"tool_{store.new_id()[-12:]}", request.body["definition"]), 201)


def update_tool(store: Store, request: Request) -> Answer:
    """Takes effect on every agent that refers to the tool, at once and without a version."""
    tool = _read(store, "tool", request.params["tool_id"], "Tool not found")
    return answer(_keep_tool(store, tool["toolId"], request.body["definition"]))


def duplicate_tool(store: Store, request: Request) -> Answer:
    tool = _read(store, "tool", request.params["tool_id"], "Tool not found")
    definition = {**tool["definition"], "name": f"{tool['definition']['name']}_copy"}
    return answer(_keep_tool(store, f"tool_{store.new_id()[-12:]}", definition), 201)


def _keep_tool(store: Store, tool_id: str, definition: Body) -> Body:
    kind = definition.get("type")
    if kind not in ("api_call", "client_tool"):
        raise Refusal(400, "definition.type: Invalid enum value. Expected 'api_call' | 'client_tool'")
    if wrong := problems(TOOL_TYPES[kind], definition, "definition"):
        raise Refusal(400, *wrong)
    created = (store.database.get("tool", tool_id) or {}).get("createdAt", store.now())
    tool = {"toolId": tool_id, "definition": definition, "createdAt": created, "updatedAt": store.now()}
    store.database.put("tool", tool_id, tool)
    return tool


def delete_tool(store: Store, request: Request) -> Answer:
    tool = _read(store, "tool", request.params["tool_id"], "Tool not found")
    for agent in store.database.all("agent"):
        live = versions.live_revision(store, agent)
        if live and tool["toolId"] in live["config"]["singlePromptConfig"].get("toolRefs", []):
            raise Refusal(400, "This tool is referenced by an agent and cannot be deleted")
    store.database.drop("tool", tool["toolId"])
    return done()


def list_secrets(store: Store, request: Request) -> Answer:
    return answer(store.database.all("secret"))


def create_secret(store: Store, request: Request) -> Answer:
    """Keeps the name only: the emulator has no use for the value."""
    name = request.body["name"]
    if any(each["name"] == name for each in store.database.all("secret")):
        raise Refusal(400, "A secret with this name already exists")
    key = store.new_id()
    secret = {"_id": key, "name": name, "createdAt": store.now()}
    store.database.put("secret", key, secret)
    return answer(secret, 201)


def delete_secret(store: Store, request: Request) -> Answer:
    secret = _read(store, "secret", request.params["secret_id"], "Secret not found")
    store.database.drop("secret", secret["_id"])
    return done()


# -- prompt scoring and read-only lists

DIMENSIONS = (
    *("Role and goal", "Tone", "Scope", "Structure", "Examples", "Error handling", "Escalation", "Privacy"),
    *("Tool use", "Length", "Variables"),
)
SCORES_PER_MINUTE = 10


def score_prompt(store: Store, request: Request) -> Answer:
    """A repeatable score from the prompt's length and wording; an unchanged prompt is refused, as is haste."""
    body = request.body
    if ("versionId" in body) == ("draftId" in body):
        raise Refusal(400, "Exactly one of versionId or draftId is required")
    kind, key = ("revision", body.get("versionId")) if "versionId" in body else ("draft", body["draftId"])
    document = store.database.get(kind, str(key))
    if document is None:
        raise Refusal(404, "Version not found" if kind == "revision" else "Draft not found")
    minute = int(store.clock.now().timestamp()) // 60
    used = (store.database.get("setting", "scoring") or {}).get(str(minute), 0)
    if used >= SCORES_PER_MINUTE:
        limit = {"routeClass": "prompt-scoring", "limit": SCORES_PER_MINUTE, "retryAfterSec": 60}
        return Answer(429, {"message": "Rate limit exceeded", "rateLimit": limit}, {"Retry-After": "60"})
    prompt = document["config"]["singlePromptConfig"].get("prompt") or document["config"].get("globalPrompt", "")
    fingerprint = configuration.digest(prompt)
    if store.database.get("score", fingerprint) is not None:
        raise Refusal(400, "The prompt has not changed since it was last scored")
    score = build_score(prompt)
    store.database.put("setting", "scoring", {str(minute): used + 1})
    store.database.put("score", fingerprint, score)
    if kind == "revision":
        versions.save_revision(store, {**document, "promptScore": {**score, "scoredAt": store.now()}})
    return answer(score)


def build_score(prompt: str) -> Body:
    words = len(prompt.split())
    bands = ((200, "lean"), (800, "normal"), (2000, "heavy"))
    band = next((name for most, name in bands if words <= most), "overweight")
    overall = min(100, 20 + words // 2 + 5 * prompt.count("\n"))
    grades = ((80, "Excellent"), (60, "Good"), (40, "Needs Work"))
    levels = ("Missing", "Weak", "Adequate", "Strong")
    dimensions = [
        {
            "tier": 1 + index * 3 // len(DIMENSIONS),
            "level": levels[min(3, (words + index * 7) // 60)],
            "evidence_span": prompt[:60],
            "title": title,
            "description": "Scored by the emulator from the prompt's length, not by a model.",
        }
        for index, title in enumerate(DIMENSIONS)
    ]
    return {
        "overall_score": overall,
        "overall_grade": next((grade for least, grade in grades if overall >= least), "Poor"),
        "band": band,
        "estimated_ttft_overhead_ms": words // 4,
        "dimensions": dimensions,
    }


METRIC_TEMPLATES = (
    {
        "identifier": "call_outcome",
        "dispositionMetricPrompt": "How did the call end for the caller?",
        "dispositionMetricType": "STRING",
    },
    {
        "identifier": "wants_callback",
        "dispositionMetricPrompt": "Did the caller ask to be called back?",
        "dispositionMetricType": "BOOLEAN",
    },
)


def list_metric_templates(store: Store, request: Request) -> Answer:
    return succeeded(list(METRIC_TEMPLATES))


def list_dnc(store: Store, request: Request) -> Answer:
    """Nobody is ever put on the do-not-call list here."""
    size = request.whole("offset", 50, most=500)
    pagination = {"page": request.whole("page", 1), "offset": size, "total": 0, "totalPages": 0, "hasMore": False}
    return succeeded({"entries": [], "pagination": pagination})


_ACTIONS = "/atoms/v1/call-actions"
_CONDITION = obj({"field": TEXT, "operator": one_of(*OPERATORS), "value": ANY}, required=("field", "operator", "value"))
_ACTION_FIELDS: dict[str, Schema] = {
    "category": one_of("trigger", "post-call"),
    "provider": text(least=1),
    "action_type": one_of("create", "update"),
    "object": TEXT,
    "config": obj({"phoneNumberFieldName": TEXT, "conditions": array(_CONDITION), "body": TEXT}),
}
_DATED: dict[str, Schema] = {"createdAt": STAMP, "updatedAt": STAMP}
_ACTION = obj(
    {"_id": ID, "organization": ID, "agentId": TEXT, **_ACTION_FIELDS, **_DATED},
    required=("_id", "agentId", "category", "config"),
)
_CLASS_LIMIT = obj({"routeClass": TEXT, "limit": COUNT, "retryAfterSec": COUNT}, required=("limit", "retryAfterSec"))
_SCORED_TOO_OFTEN: Schema = {
    "anyOf": [obj({"message": TEXT, "rateLimit": _CLASS_LIMIT}, required=("message", "rateLimit")), RATE_LIMITED]
}
_DNC = obj({"entries": array(OBJECT), "pagination": NUMBERED_PAGE}, required=("entries", "pagination"))
_ACTIONS_PAGE = obj(
    {"callActions": array(_ACTION), "totalCount": COUNT, "page": COUNT, "limit": COUNT},
    required=("callActions", "totalCount", "page", "limit"),
)
_SLOTS = {"agentId": TEXT, **dict.fromkeys(CALL_TYPES, COUNT)}
_RESERVED = obj({**_SLOTS, "agentName": maybe(TEXT)}, required=tuple(_SLOTS))
_TOOL = obj({"toolId": text(pattern="^tool_"), "definition": OBJECT, **_DATED}, required=("toolId", "definition"))
_TOOL_BODY = obj({"definition": OBJECT}, required=("definition",))
_SECRET = obj({"_id": ID, "name": TEXT, "createdAt": STAMP}, required=("_id", "name"))


def _route(method: str, path: str, handler: Any, summary: str, answers: dict[int, Schema], **more: Any) -> Route:
    refuses = more.pop("refuses", (404,) if method == "GET" else (400, 404))
    return Route(method, path, handler, summary, answers, refuses=refuses, **more)


ROUTES = (
    _route(
        "POST",
        _ACTIONS,
        create_action,
        "Create a call action",
        {201: success(_ACTION)},
        body=obj({"agentId": TEXT, **_ACTION_FIELDS}, required=("agentId", "category", "provider", "config")),
        refuses=(400,),
    ),
    _route(
        "GET",
        _ACTIONS,
        list_actions,
        "List an agent's call actions",
        {200: success(_ACTIONS_PAGE)},
        query={"agentId": TEXT, "category": one_of("trigger", "post-call"), "page": COUNT, "limit": COUNT},
        refuses=(400,),
    ),
    _route("GET", _ACTIONS + "/{action_id}", get_action, "Read a call action", {200: success(_ACTION)}),
    _route(
        "PUT",
        _ACTIONS + "/{action_id}",
        update_action,
        "Change a call action",
        {200: success(_ACTION)},
        body=obj(_ACTION_FIELDS),
    ),
    _route("DELETE", _ACTIONS + "/{action_id}", delete_action, "Delete a call action", {200: success(MESSAGE)}),
    _route(
        "GET",
        "/atoms/v1/concurrency",
        get_concurrency,
        "Read the reservations of call slots",
        {
            200: success(
                obj(
                    {"orgLimit": COUNT, "totalReserved": COUNT, "unreservedPool": COUNT, "agents": array(_RESERVED)},
                    required=("orgLimit", "totalReserved", "unreservedPool", "agents"),
                )
            )
        },
        refuses=(),
    ),
    _route(
        "PUT",
        "/atoms/v1/concurrency/reservations",
        reserve,
        "Reserve call slots",
        {200: success(obj({"updated": COUNT}, required=("updated",)))},
        body=obj({"reservations": array(obj(_SLOTS, required=tuple(_SLOTS)), least=1)}, required=("reservations",)),
        refuses=(400, 403),
    ),
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
    _route(
        "POST",
        "/atoms/v1/prompt-scoring/score",
        score_prompt,
        "Score the prompt of a version or a draft",
        {200: data(PROMPT_SCORE), 429: _SCORED_TOO_OFTEN},
        body=obj({"versionId": ID, "draftId": TEXT}),
    ),
    _route(
        "GET",
        "/atoms/v1/disposition-metric-templates",
        list_metric_templates,
        "List ready-made post-call metrics",
        {200: success(array(METRIC_TEMPLATE))},
        refuses=(),
    ),
    _route(
        "GET",
        "/atoms/v1/dnc",
        list_dnc,
        "List numbers not to call",
        {200: success(_DNC)},
        query={"agentId": TEXT, "search": TEXT, "page": TEXT, "offset": TEXT},
        refuses=(),
    ),
)
