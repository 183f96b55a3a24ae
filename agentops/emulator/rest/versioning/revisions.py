"""Versioning v2 over HTTP: listing a branch's revisions, their history, restoring one, and comparing them."""

from __future__ import annotations

from agentops.emulator.rest.schema import COUNT, ID, TEXT, array, maybe, obj, problems, text
from agentops.emulator.rest.shapes import DIFF, RESOLVED, REVISION, SLICE_QUERY
from agentops.emulator.rest.versioning import configuration, versions
from agentops.emulator.rest.versioning.branches import (
    BRANCH_PATH,
    PUBLISHED,
    branch_route,
    draft_being_published,
    read_addressed,
    refuse_archived,
    refuse_while_publishing,
    require_draft,
)
from agentops.emulator.rest.wire import Answer, ApiError, Request, answer, data
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import USER_NAME, Store, from_iso


def list_revisions(store: Store, request: Request) -> Answer:
    agent, branch = read_addressed(store, request)
    now = store.clock.now()
    rows = [
        versions.show_revision(store, agent, revision)
        for revision in versions.revisions_of(store, agent["_id"])
        # A new revision can be missing from the list for a while after its commit, as clients report.
        if revision["branch"] == branch["_id"] and from_iso(revision["listedFrom"]) <= now
    ]
    if store.options.choices.scanning_row == "listed" and (draft := draft_being_published(store, branch)):
        rows.append(versions.show_draft(store, agent, draft))
    limit, skip = request.whole("limit", 20, most=100), request.whole("skip", 0, least=0)
    return answer({"revisions": rows[::-1][skip : skip + limit], "total": len(rows)})


def get_revision(store: Store, request: Request) -> Answer:
    agent, _, revision = _read_revision(store, request)
    resolved = versions.sections(store, revision["config"])
    return answer({"revision": versions.show_revision(store, agent, revision), "resolvedConfig": resolved})


def get_history(store: Store, request: Request) -> Answer:
    agent, _, revision = _read_revision(store, request)
    shown = versions.show_revision(store, agent, revision)
    trail = [{"revision": shown, "changedSections": revision["changedSections"]}]
    return answer({"revision": shown, "publishedBy": USER_NAME, "trail": trail})


def restore_revision(store: Store, request: Request) -> Answer:
    agent, branch, revision = _read_revision(store, request)
    refuse_archived(branch)
    refuse_while_publishing(store, branch)
    if revision["_id"] == branch["headRevisionId"]:
        raise ApiError(409, "This revision is already the head of the branch")
    if revision["securityCheck"]["status"] != "passed":
        raise ApiError(403, "Only a revision that passed the security check can be restored")
    # A copy at the head, which serves at once on the live branch; the open draft stays as it is.
    restored = versions.commit(
        store,
        branch,
        revision["config"],
        restoredFromRevisionId=revision["_id"],
        restoredFromLabel=revision["label"],
    )
    return answer({"state": "committed", "revision": versions.show_revision(store, agent, restored)})


def diff(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    sides = []
    for name in ("a", "b"):
        if not request.query.get(name):
            raise ApiError(400, f"{name}: Required")
        sides.append(versions.sections(store, _config_of(store, agent["_id"], request.query[name])))
    return answer(configuration.diff_result(*sides))


def _config_of(store: Store, agent_id: str, reference: str) -> Body:
    """The configuration a diff reference means: `<revisionId>` or `<branchId>:draft`."""
    key, _, suffix = reference.partition(":")
    if problems(ID, key) or suffix not in ("", "draft"):
        raise ApiError(400, f"Invalid reference: {reference[:64]}")
    if suffix:
        return dict(require_draft(store, versions.read_branch(store, agent_id, key))["config"])
    return dict(versions.read_revision(store, agent_id, key)["config"])


def _read_revision(store: Store, request: Request) -> tuple[Body, Body, Body]:
    agent, branch = read_addressed(store, request)
    revision = versions.read_revision(store, agent["_id"], request.params["revision_id"])
    if revision["branch"] != branch["_id"]:
        raise ApiError(400, "Revision does not belong to this branch")  # 400 on the platform, not 404
    return agent, branch, revision


_REVISION = BRANCH_PATH + "/revisions/{revision_id}"
_HISTORY = obj(
    {
        "revision": REVISION,
        "publishedBy": maybe(TEXT),
        "trail": array(obj({"revision": REVISION, "changedSections": array(TEXT)}, required=("revision",))),
    },
    required=("revision", "trail"),
)

ROUTES = (
    branch_route(
        "GET",
        BRANCH_PATH + "/revisions",
        list_revisions,
        "List revisions, newest first",
        {200: data(obj({"revisions": array(REVISION), "total": COUNT}, required=("revisions", "total")))},
        query=SLICE_QUERY,
    ),
    branch_route(
        "GET",
        _REVISION,
        get_revision,
        "Read a revision and its configuration by section",
        {200: data(obj({"revision": REVISION, "resolvedConfig": RESOLVED}, required=("revision", "resolvedConfig")))},
    ),
    branch_route(
        "GET",
        _REVISION + "/history",
        get_history,
        "Read how a revision came to be",
        {200: data(_HISTORY)},
    ),
    branch_route(
        "POST",
        _REVISION + "/restore",
        restore_revision,
        "Copy an older revision to the head of its branch",
        {200: data(PUBLISHED)},
    ),
    branch_route(
        "GET",
        "/atoms/v1/agent/{agent_id}/diff",
        diff,
        "Compare two revisions, or a revision and a branch's draft",
        {200: data(DIFF)},
        query={"a": text(least=1, most=64), "b": text(least=1, most=64)},
    ),
)
