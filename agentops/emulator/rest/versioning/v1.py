"""Versioning v1 over HTTP: drafts, config patches, published versions, activation; and the reads that v2 has kept."""

from __future__ import annotations

from typing import Any

from agentops.emulator.rest.calls.traffic import catch_up_agent
from agentops.emulator.rest.schema import COUNT, FLAG, ID, STAMP, TEXT, array, maybe, obj, problems, text
from agentops.emulator.rest.shapes import DIFF, RESOLVED, REVISION, SLICE_QUERY
from agentops.emulator.rest.versioning import configuration, publishing, versions
from agentops.emulator.rest.versioning.fields import CONFIG
from agentops.emulator.rest.versioning.revisions import diff as diff_references
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import USER_ID, USER_NAME, Store

UNRECOGNISED = "No recognized config fields"


# -- drafts


def create_draft(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    body = request.body or {}
    if not body.get("sourceVersionId") and not body.get("sourceDraftId"):
        raise ApiError(400, "Either sourceVersionId or sourceDraftId is required")
    if body.get("sourceDraftId"):
        source = read_draft(store, agent, body["sourceDraftId"])
    else:
        source = versions.read_revision(store, agent["_id"], body["sourceVersionId"])
    branch = versions.default_branch(store, agent["_id"])
    # Any number of drafts can be open at once, unlike on a branch.
    draft = versions.open_draft(store, branch, source, name=body.get("draftName", "Untitled draft"))
    return answer(versions.show_draft(store, agent, draft), 201)


def read_draft(store: Store, agent: Body, draft_id: str) -> Body:
    """By `draftId` only: the row's `_id` is not the routing id. Raises ApiError 404."""
    draft = store.database.get("draft", draft_id)
    if draft is None or draft["agent"] != agent["_id"]:
        raise ApiError(404, "Draft not found")
    return draft


def list_drafts(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    drafts = store.database.all("draft", owner=agent["_id"])
    return answer([{**versions.show_draft(store, agent, draft), "lastEditorName": USER_NAME} for draft in drafts])


def get_draft(store: Store, request: Request) -> Answer:
    agent, draft = _read(store, request)
    edits = versions.edits_of(store, draft)
    history = [
        {
            "revision": edit["draftRevision"],
            "changedSections": edit["changedSections"],
            "editorName": USER_NAME,
            "editorId": USER_ID,
            "timestamp": edit["updatedAt"],
        }
        for edit in edits[: request.whole("limit", 20, most=100)]
    ]
    latest = versions.show_draft(store, agent, draft)
    return answer({"latest": latest, "editHistory": history, "editCount": len(edits)})


def rename_draft(store: Store, request: Request) -> Answer:
    _, draft = _read(store, request)
    versions.save_draft(store, {**draft, "draftName": request.body["draftName"], "updatedAt": store.now()})
    return answer({"draftName": request.body["draftName"]})


def discard_draft(store: Store, request: Request) -> Answer:
    _, draft = _read(store, request)
    versions.drop_draft(store, draft)
    return answer(None)  # `data: null`, where v2 answers an object


def patch_config(store: Store, request: Request) -> Answer:
    agent, draft = _read(store, request)
    patch = publishing.check_write(store, request.body, UNRECOGNISED)
    merged = configuration.merge(draft["config"], patch, store.options.choices)
    return answer(versions.show_draft(store, agent, versions.edit_draft(store, draft, merged)))


def diff_draft(store: Store, request: Request) -> Answer:
    agent, draft = _read(store, request)
    base = draft["baseConfig"]
    # The parameter has two names in the platform's documentation.
    if other := request.query.get("compareTo") or request.query.get("versionId"):
        base = versions.read_revision(store, agent["_id"], other)["config"]
    sides = (versions.sections(store, each) for each in (base, draft["config"]))
    return answer(configuration.diff_result(*sides))


def publish_draft(store: Store, request: Request) -> Answer:
    """Makes a version that does not serve: the flag `activate` is documented, and ignored by the platform."""
    agent, draft = _read(store, request)
    label = publishing.check_label(request.body)
    publishing.check_publishable(draft["config"], agent["workflowType"])
    branch = versions.default_branch(store, agent["_id"])
    queued = {"status": "queued", "reason": None, "triggeredAt": store.now(), "completedAt": None}
    version = versions.new_revision(
        store,
        branch,
        draft["config"],
        label=label,
        description=(request.body or {}).get("description"),
        securityCheck=queued,
        sourceDraftId=draft["draftId"],
        sourceVersionId=draft["sourceVersionId"],
    )
    # The version exists before its scan has passed: the scan stands only before its activation.
    versions.drop_draft(store, draft)
    versions.start_scan(store, "version", version)
    return answer(versions.show_revision(store, agent, version), 201)


# -- versions


def list_versions(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    rows = versions.revisions_of(store, agent["_id"])[::-1]
    total = len(rows)  # the platform's total ignores the filter
    if "isPinned" in request.query:
        rows = [row for row in rows if row["isPinned"] == (request.query["isPinned"] == "true")]
    limit, skip = request.whole("limit", 20, most=100), request.whole("skip", 0, least=0)
    shown = [versions.show_revision(store, agent, row) for row in rows[skip : skip + limit]]
    return answer({"versions": shown, "total": total})


def get_version(store: Store, request: Request) -> Answer:
    agent, version = _read_version(store, request)
    resolved = versions.sections(store, version["config"])
    return answer({"version": versions.show_revision(store, agent, version), "resolvedConfig": resolved})


def patch_version(store: Store, request: Request) -> Answer:
    agent, version = _read_version(store, request)
    changes = {name: request.body[name] for name in ("label", "description", "isPinned") if name in request.body}
    if not changes:
        raise ApiError(400, "At least one of label, description or isPinned is required")
    publishing.check_label(changes)
    version |= {**changes, "updatedAt": store.now()}
    versions.save_revision(store, version)
    return answer(versions.show_revision(store, agent, version))


def activate_version(store: Store, request: Request) -> Answer:
    agent, version = _read_version(store, request)
    status = version["securityCheck"]["status"]
    if status == "queued":
        raise ApiError(400, "Security check is pending for this version. Wait until it has passed.")
    if status != "passed":
        raise ApiError(400, f"Security check {status} for this version. It cannot be activated.")
    branch = versions.default_branch(store, agent["_id"])
    if branch["headRevisionId"] != version["_id"]:  # activating what serves is no error and changes nothing
        catch_up_agent(store, agent)  # calls until now belong to the version that served until now
        version |= {"activatedBy": USER_ID, "activatedAt": store.now(), "updatedAt": store.now()}
        versions.save_revision(store, version)
        versions.save_branch(store, {**branch, "headRevisionId": version["_id"], "updatedAt": store.now()})
    return answer(versions.show_revision(store, agent, version))


def diff_versions(store: Store, request: Request) -> Answer:
    sides = {"a": request.query.get("versionA", ""), "b": request.query.get("versionB", "")}
    for name, side in (("versionA", sides["a"]), ("versionB", sides["b"])):
        if not side:
            raise ApiError(400, f"{name}: Required")
    return diff_references(store, Request("GET", request.path, request.params, sides))


def _read(store: Store, request: Request) -> tuple[Body, Body]:
    agent = versions.read_agent(store, request.params["agent_id"])
    return agent, read_draft(store, agent, request.params["draft_id"])


def _read_version(store: Store, request: Request) -> tuple[Body, Body]:
    agent = versions.read_agent(store, request.params["agent_id"])
    if problems(ID, request.params["version_id"]):
        raise ApiError(400, "Invalid version id")
    version = store.database.get("revision", request.params["version_id"])
    if version is None or version["agent"] != agent["_id"]:
        raise ApiError(404, "Version not found")
    return agent, version


_DRAFTS = "/atoms/v1/agent/{agent_id}/drafts"
_DRAFT = _DRAFTS + "/{draft_id}"
_VERSIONS = "/atoms/v1/agent/{agent_id}/versions"
_VERSION = _VERSIONS + "/{version_id}"
_EDIT = obj(
    {"revision": COUNT, "changedSections": array(TEXT), "editorName": TEXT, "editorId": ID, "timestamp": STAMP},
    required=("revision", "changedSections", "timestamp"),
)
_DETAIL = obj(
    {
        "latest": REVISION,
        "editCount": COUNT,
        "editHistory": array(_EDIT),
    },
    required=("latest", "editHistory", "editCount"),
)
_LISTED = obj({**REVISION["properties"], "lastEditorName": TEXT}, required=REVISION["required"])
_PUBLISH_BODY = obj({"label": maybe(text(most=200)), "description": text(most=2000), "activate": FLAG})
_RENAME_BODY = obj({"draftName": text(least=1, most=100)}, required=("draftName",))
_PATCH_BODY = obj({"label": text(most=200), "description": text(most=2000), "isPinned": FLAG})


def _kept(path: str, handler: Any, summary: str, answers: dict[int, Any], **more: Any) -> Route:
    """A v1 read that today's platform still has."""
    return Route("GET", path, handler, summary, answers, refuses=(400, 404), **more)


def _retired(method: str, path: str, handler: Any, summary: str, answers: dict[int, Any], **more: Any) -> Route:
    """A v1 operation that today's platform answers with 409 and `Deprecation: true`."""
    freezes = method != "GET"
    refuses = (400, 404, 409, 423) if freezes else (400, 404, 409)
    return Route(
        *(method, path, handler, summary, answers),
        refuses=refuses,
        is_retired=True,
        is_versioning_write=freezes,
        **more,
    )


ROUTES = (
    _retired(
        "POST",
        _DRAFTS,
        create_draft,
        "Fork a draft from a version or another draft",
        {201: data(REVISION)},
        body=obj({"sourceVersionId": ID, "sourceDraftId": TEXT, "draftName": text(least=1, most=100)}),
        is_body_required=False,
    ),
    _retired("GET", _DRAFTS, list_drafts, "List open drafts", {200: data(array(_LISTED))}),
    _kept(_DRAFT, get_draft, "Read a draft and its edits", {200: data(_DETAIL)}, query={"limit": SLICE_QUERY["limit"]}),
    _retired(
        "PATCH",
        _DRAFT,
        rename_draft,
        "Rename a draft",
        {200: data(obj({"draftName": TEXT}, required=("draftName",)))},
        body=_RENAME_BODY,
    ),
    _retired("DELETE", _DRAFT, discard_draft, "Throw a draft away", {200: data({"type": "null"})}),
    _retired(
        "PATCH", _DRAFT + "/config", patch_config, "Write configuration fields", {200: data(REVISION)}, body=obj(CONFIG)
    ),
    _kept(
        _DRAFT + "/diff",
        diff_draft,
        "Compare a draft with its source or another version",
        {200: data(DIFF)},
        query={"compareTo": ID, "versionId": ID},
    ),
    _retired(
        "POST",
        _DRAFT + "/publish",
        publish_draft,
        "Publish a draft as a version that does not serve yet",
        {201: data(REVISION)},
        body=_PUBLISH_BODY,
        is_body_required=False,
    ),
    _retired(
        "GET",
        _VERSIONS,
        list_versions,
        "List versions, newest first",
        {200: data(obj({"versions": array(REVISION), "total": COUNT}, required=("versions", "total")))},
        query={**SLICE_QUERY, "isPinned": FLAG},
    ),
    _kept(
        _VERSIONS + "/diff",
        diff_versions,
        "Compare two versions",
        {200: data(DIFF)},
        query={"versionA": ID, "versionB": ID},
    ),
    _kept(
        _VERSION,
        get_version,
        "Read a version and its configuration by section",
        {200: data(obj({"version": REVISION, "resolvedConfig": RESOLVED}, required=("version", "resolvedConfig")))},
    ),
    _retired(
        "PATCH", _VERSION, patch_version, "Change a version's label or pin", {200: data(REVISION)}, body=_PATCH_BODY
    ),
    _retired(
        "PATCH",
        _VERSION + "/activate",
        activate_version,
        "Let this version serve calls",
        {200: data(REVISION)},
        body=obj({}),
        is_body_required=False,
    ),
)
