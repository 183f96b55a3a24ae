"""Agents over HTTP: creating, listing, reading, unversioned metadata, archiving, duplicating, templates."""

from __future__ import annotations

import itertools
from typing import Any

from agentops.emulator.rest.library import voices
from agentops.emulator.rest.schema import COUNT, FLAG, ID, OBJECT, STAMP, TEXT, array, maybe, obj, one_of, opened, text
from agentops.emulator.rest.shapes import MESSAGE, PAGE_QUERY
from agentops.emulator.rest.versioning import configuration, versions
from agentops.emulator.rest.versioning.configuration import Config
from agentops.emulator.rest.versioning.fields import CONFIG, NOT_AT_CREATION
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ORGANIZATION_ID, USER_ID, Store

WORKFLOW_TYPES = ("single_prompt", "workflow_graph", "multi_agents")
METADATA = {
    "name": text(least=1),
    "description": TEXT,
    "avatarUrl": TEXT,
    "telephonyProductId": array(ID),
    "allowInboundCall": FLAG,
    "visibleToEveryone": FLAG,
}
VERSIONED = "Agent has versioning enabled. Config changes must be made through drafts."
SORTABLE = ("createdAt", "updatedAt", "totalCalls", "name", "workflowType")


# -- creating


def create_agent(store: Store, request: Request) -> Answer:
    """A new agent has a live Main branch with a published first revision: the defaults and the create-time fields."""
    body = request.body
    configuration.check(
        body, store.options.choices, knows_voice=lambda voice_id: voices.accepts(store, voice_id), at_creation=True
    )
    workflow_type = body.get("workflowType", "single_prompt")
    if workflow_type == "multi_agents" and not store.options.multi_agents:
        raise ApiError(403, "Multi-Agent agents are not available for your account.")
    if workflow_type == "workflow_graph":
        raise ApiError(403, "workflow_graph is not available for your organization")
    metadata = {name: body[name] for name in METADATA if name in body}
    if store.options.choices.duplicate_name == "renamed":
        # Names are not unique; but there is a report that a second one silently becomes "name (2)".
        taken = {agent["name"] for agent in store.database.all("agent")}
        numbered = (f"{body['name']} ({number})" for number in itertools.count(2))
        metadata["name"] = next(name for name in itertools.chain([body["name"]], numbered) if name not in taken)
    config = configuration.new_config(body, store.options.choices)
    agent = add_agent(store, metadata, config, workflow_type=workflow_type)
    as_object = store.options.choices.created_data == "object"
    return answer({"_id": agent["_id"]} if as_object else agent["_id"], 201)


def add_agent(store: Store, metadata: Body, config: Config, *, workflow_type: str = "single_prompt") -> Body:
    """Stores a new agent whose first revision is already live. Raises ApiError at the plan's limit of agents."""
    limit = store.database.get("setting", "agent_limit")
    if limit and len(_agents(store, archived=False)) >= limit["value"]:
        raise ApiError(400, "You have reached the maximum number of agents for your plan, please upgrade your plan.")
    _bind_numbers(store, None, metadata.get("telephonyProductId", []))  # checks them, before anything is stored
    agent_id = store.new_id()
    agent = {
        "_id": agent_id,
        "description": "",
        "avatarUrl": "",
        "telephonyProductId": [],
        "allowInboundCall": True,
        "visibleToEveryone": True,
        **metadata,
        "organization": ORGANIZATION_ID,
        "workflowId": store.new_id(),
        "workflowType": workflow_type,
        "createdBy": USER_ID,
        **store.stamps(),
        "totalCalls": 0,
        "archived": False,
        "archivedAt": None,
        "isLocked": False,
        "createdConfig": config,
    }
    branch = versions.add_branch(store, agent_id, versions.MAIN)
    versions.commit(
        store, branch, config, activatedBy=USER_ID, activatedAt=agent["createdAt"], publishedAt=agent["createdAt"]
    )
    agent["liveBranchId"] = branch["_id"]
    store.database.put("agent", agent_id, agent)
    _bind_numbers(store, agent_id, agent["telephonyProductId"])
    return agent


def duplicate_agent(store: Store, request: Request) -> Answer:
    """A copy of what serves now, without knowledge base tools and with blank default variables."""
    # Not by `read_agent`: the platform answers 404 to an unknown agent here.
    agent = store.database.get("agent", request.params["agent_id"])
    if agent is None:
        raise ApiError(404, "Agent not found")
    versions.finish_scans(store, agent["_id"])
    if agent["archived"]:
        raise ApiError(400, "Cannot duplicate an archived agent")
    if request.body["targetOrganizationId"] != ORGANIZATION_ID:
        raise ApiError(404, "Target organization not found")
    live = versions.live_revision(store, agent)
    if live is None:
        raise ApiError(400, "This agent has no active version and cannot be duplicated")
    config = dict(live["config"])
    single = config["singlePromptConfig"]
    kept = [tool for tool in single["tools"] if tool["type"] != "knowledge_base_search"]
    config["singlePromptConfig"] = {**single, "tools": kept}
    config["defaultVariables"] = dict.fromkeys(config.get("defaultVariables", {}), "")
    metadata = {"name": f"{agent['name']} (copy)", "description": agent["description"]}
    copy = add_agent(store, metadata, config, workflow_type=agent["workflowType"])
    return answer({"_id": copy["_id"]}, 201)


# -- listing and reading


def list_agents(store: Store, request: Request) -> Answer:
    """Pages of agents without `_resolvedConfig`; `offset` is the size of a page."""
    rows = _agents(store, archived=request.query.get("archived") == "true")
    search = request.query.get("search", "").lower()
    if search:
        rows = [row for row in rows if search in row["name"].lower() or search in row["description"].lower()]
    if request.query.get("type"):
        rows = [row for row in rows if row["workflowType"] == request.query["type"]]
    field = request.query.get("sortField", "createdAt")
    field = field if field in SORTABLE else "createdAt"  # an unknown field is ignored, not refused
    rows.sort(key=lambda row: row[field], reverse=request.query.get("sortOrder", "desc") != "asc")
    page, size = request.whole("page", 1), request.whole("offset", 10)
    shown = [show_agent(store, row) for row in rows[(page - 1) * size : page * size]]
    counted = {
        "hasMore": page * size < len(rows),
        "isSearchResults": bool(search),
        "totalCount": len(rows),
        "totalPages": -(-len(rows) // size),
    }
    return answer({"agents": shown, **counted})


def _agents(store: Store, *, archived: bool) -> list[Body]:
    return [row for row in store.database.all("agent")[::-1] if row["archived"] == archived]


def get_agent(store: Store, request: Request) -> Answer:
    """The agent with `_resolvedConfig`: of what serves, of a version, or of a draft."""
    agent = versions.read_agent(store, request.params["agent_id"])
    shown = show_agent(store, agent)
    config, source, next_write = _chosen_config(store, agent, request)
    if store.options.choices.config_revision == "given" and store.options.api == "v2":
        shown["_configRevision"] = next_write
    if config is not None:
        flat = configuration.to_flat(versions.sections(store, config))
        workflow = {name: flat.get(name) for name in ("prompt", "tools")}
        shown |= {"_resolvedConfig": flat, "_configSource": source, "_versionedWorkflow": workflow}
    return answer(shown)


def get_workflow(store: Store, request: Request) -> Answer:
    """The prompt and the tools that serve; `versionId` has no effect."""
    agent = versions.read_agent(store, request.params["agent_id"])
    live = versions.live_revision(store, agent)
    single = live["config"]["singlePromptConfig"] if live else {}
    return answer({"prompt": single.get("prompt", ""), "tools": single.get("tools", [])})


def update_workflow(store: Store, request: Request) -> Answer:
    """The way around versioning that the platform has closed: refused whatever is written."""
    if not any(agent["workflowId"] == request.params["workflow_id"] for agent in store.database.all("agent")):
        raise ApiError(404, "Workflow not found")
    raise ApiError(400, VERSIONED)


def _chosen_config(store: Store, agent: Body, request: Request) -> tuple[Config | None, str, int]:
    """The configuration that was asked for, where it is from, and the draft revision that the next write may expect."""
    if version_id := request.query.get("versionId"):
        revision = versions.read_revision(store, agent["_id"], version_id)
        return revision["config"], "version", versions.first_draft_revision(store, revision["branch"])
    if draft_id := request.query.get("draftId"):
        draft = store.database.get("draft", draft_id)
        if draft is None or draft["agent"] != agent["_id"]:
            raise ApiError(404, "Draft not found")
        return draft["config"], "draft", draft["draftRevision"]
    live = versions.live_revision(store, agent)
    return live and live["config"], "active", versions.first_draft_revision(store, agent["liveBranchId"])


def show_agent(store: Store, agent: Body) -> Body:
    """The agent document; its config mirrors are those of what serves, or of the creation where that is chosen."""
    live = versions.live_revision(store, agent)
    # `mirrors` set to "creation": they lag behind, since they belong to the agent's document and not to a revision.
    lagging = store.options.choices.mirrors == "creation" or live is None
    config = agent["createdConfig"] if lagging else live["config"]  # type: ignore[index]
    mirrors = {name: value for name, value in config.items() if name in _MIRRORS}
    hidden = ("createdConfig", "liveBranchId", "telephonyProductId")
    metadata = {name: value for name, value in agent.items() if name not in hidden}
    # After a publish on branches `activeVersionId` is reported to stay null on the live platform.
    shows_active = store.options.api == "v1" or store.options.choices.active_version_id == "live"
    active = live["_id"] if live and shows_active else None
    products = [store.database.get("product", product_id) for product_id in agent["telephonyProductId"]]
    numbers = [product["attributes"]["phoneNumber"] if product else "" for product in products]
    return {**mirrors, **metadata, "phoneNumber": numbers, "activeVersionId": active, "versionId": active}


# -- metadata


def update_agent(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    if any(name in request.body for name in CONFIG):
        raise ApiError(400, VERSIONED)
    # Not versioned: it takes effect at once, and no restore brings it back.
    changes = {name: request.body[name] for name in METADATA if name in request.body}
    if "telephonyProductId" in changes:
        _bind_numbers(store, agent["_id"], changes["telephonyProductId"])
    agent |= {**changes, "updatedAt": store.now()}
    store.database.put("agent", agent["_id"], agent)
    return answer(agent["_id"])


def _bind_numbers(store: Store, agent_id: str | None, product_ids: list[str]) -> None:
    """Gives the agent exactly these numbers; with None for the agent it only checks that they could be given.

    Raises ApiError 400 when one is unknown, or may not be moved.
    """
    products = {product["_id"]: product for product in store.database.all("product")}
    for product_id in product_ids:
        product = products.get(product_id)
        if product is None:
            raise ApiError(400, "Invalid product id")
        owner = product.get("agentId")
        if owner in (None, agent_id):
            continue
        if store.options.choices.number_move == "refused":
            raise ApiError(400, "This phone number is already assigned to another agent")
        if agent_id is not None and (loser := store.database.get("agent", owner)) is not None:
            kept = [each for each in loser["telephonyProductId"] if each != product_id]
            store.database.put("agent", owner, {**loser, "telephonyProductId": kept})
    if agent_id is None:
        return
    for product in products.values():
        owner = agent_id if product["_id"] in product_ids else None
        if owner != product.get("agentId") and (owner or product.get("agentId") == agent_id):
            changed = {name: value for name, value in product.items() if name != "agentId"}
            store.database.put("product", product["_id"], {**changed, **({"agentId": owner} if owner else {})})


def archive_agent(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    archive = request.query.get("on", "true") != "false"  # DELETE with `on=false` takes an agent out of the archive
    if agent["archived"] == archive:
        raise ApiError(409, f"Agent is already {'archived' if archive else 'active'}")
    for campaign in store.database.all("campaign"):
        if archive and campaign["agentId"] == agent["_id"] and campaign["status"] in ACTIVE_CAMPAIGN:
            raise ApiError(
                409,
                f'Agent is associated with the {campaign["status"]} campaign "{campaign["name"]}".'
                " Complete or remove the campaign before archiving.",
            )
    agent |= {"archived": archive, "archivedAt": store.now() if archive else None, "updatedAt": store.now()}
    store.database.put("agent", agent["_id"], agent)
    return answer({"message": "Agent archived" if archive else "Agent unarchived"})


ACTIVE_CAMPAIGN = ("scheduled", "processing", "running", "paused")

# What was written inside a field comes back as it was written, including keys that the schema doesn't name.
_MIRRORS = {name: opened(schema) for name, schema in CONFIG.items() if name != "singlePromptConfig"}
_AGENT: dict[str, Any] = {
    **_MIRRORS,
    "_id": ID,
    "name": TEXT,
    "description": TEXT,
    "organization": ID,
    "workflowType": one_of(*WORKFLOW_TYPES),
    "archived": FLAG,
    "archivedAt": maybe(STAMP),
    "activeVersionId": maybe(ID),
    "versionId": maybe(ID),
    "allowInboundCall": FLAG,
    "phoneNumber": array(TEXT),
    "totalCalls": COUNT,
    "createdAt": STAMP,
    "updatedAt": STAMP,
    "avatarUrl": TEXT,
    "visibleToEveryone": FLAG,
    "workflowId": ID,
    "createdBy": ID,
    "isLocked": FLAG,
    "_resolvedConfig": OBJECT,
    "_configRevision": COUNT,
    "_versionedWorkflow": obj({"prompt": maybe(TEXT), "tools": maybe(array(OBJECT))}),
    "_configSource": one_of("active", "draft", "version"),
}
AGENT = obj(_AGENT, required=("_id", "name", "workflowType", "archived", "activeVersionId", "createdAt"))
_LIST = obj(
    {
        "agents": array(AGENT),
        "hasMore": FLAG,
        "isSearchResults": FLAG,
        "totalCount": COUNT,
        "totalPages": COUNT,
    },
    required=("agents", "hasMore", "totalCount", "totalPages"),
)
_CREATABLE = {name: schema for name, schema in CONFIG.items() if name not in NOT_AT_CREATION}
_CREATE = obj({**METADATA, "workflowType": one_of(*WORKFLOW_TYPES), **_CREATABLE}, required=("name",))
_ONE = "/atoms/v1/agent/{agent_id}"

ROUTES = (
    Route(
        "POST",
        "/atoms/v1/agent",
        create_agent,
        "Create an agent with a published first version",
        {201: data({"anyOf": [ID, obj({"_id": ID}, required=("_id",))]})},
        body=_CREATE,
        refuses=(400, 403),
    ),
    Route(
        "GET",
        "/atoms/v1/agent",
        list_agents,
        "List agents, a page at a time",
        {200: data(_LIST)},
        query={
            **PAGE_QUERY,
            "search": TEXT,
            "type": one_of("single_prompt", "workflow_graph"),
            "sortField": one_of(*SORTABLE),
            "sortOrder": one_of("asc", "desc"),
            "archived": FLAG,
        },
        refuses=(),
    ),
    Route(
        "GET",
        _ONE,
        get_agent,
        "Read an agent with the configuration that serves, or of a version or draft",
        {200: data(AGENT)},
        query={"draftId": TEXT, "versionId": ID},
        refuses=(400, 404),
    ),
    Route(
        "GET",
        _ONE + "/workflow",
        get_workflow,
        "Read the prompt and the tools that serve",
        {200: data(obj({"prompt": TEXT, "tools": array(OBJECT)}, required=("prompt", "tools")))},
        query={"versionId": TEXT},
    ),
    Route(
        "PATCH",
        "/atoms/v1/workflow/{workflow_id}",
        update_workflow,
        "Write past versioning: always refused",
        {},
        body=obj({"type": TEXT, "workflowGraph": OBJECT, "singlePromptConfig": OBJECT}, required=("type",)),
        refuses=(400, 404),
    ),
    Route("PATCH", _ONE, update_agent, "Change unversioned metadata", {200: data(ID)}, body=obj(METADATA)),
    Route(
        "DELETE",
        _ONE + "/archive",
        archive_agent,
        "Archive or unarchive an agent",
        {200: data(MESSAGE)},
        query={"on": FLAG},
        refuses=(400, 409),
    ),
    Route(
        "POST",
        _ONE + "/duplicate",
        duplicate_agent,
        "Copy an agent's live configuration into a new agent",
        {201: data(obj({"_id": ID}, required=("_id",)))},
        body=obj({"targetOrganizationId": ID}, required=("targetOrganizationId",)),
        refuses=(400, 404),
    ),
)
