"""Versioning v2 over HTTP: branches, their one draft, publishing, live and archive."""

from __future__ import annotations

from typing import Any

from agentops.emulator.rest.calls.traffic import catch_up_agent
from agentops.emulator.rest.schema import COUNT, FLAG, ID, OBJECT, TEXT, array, maybe, obj, one_of, text
from agentops.emulator.rest.shapes import BRANCH, BRANCH_SUMMARY, REVISION
from agentops.emulator.rest.versioning import configuration, publishing, versions
from agentops.emulator.rest.versioning.fields import CONFIG
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import USER_ID, USER_NAME, Store

UNRECOGNISED = "No recognized config fields in request body"
NAME_BODY = obj({"name": text(least=1, most=100)}, required=("name",))


# -- branches


def create_branch(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    source = versions.read_branch(store, agent["_id"], request.body["sourceBranchId"])
    name = _free_name(store, agent["_id"], request.body["name"])
    if source["headRevisionId"] is None:
        raise ApiError(409, "The source branch has no committed revision", error_type="source_has_no_commit")
    if draft_being_published(store, source):
        raise ApiError(409, "The source branch is being scanned", error_type="source_scanning")
    branch = versions.add_branch(store, agent["_id"], name, source)
    # As documented, a fork has neither head nor revisions before its first commit; the switch copies the source's head.
    if store.options.choices.fork_head == "source":
        head = versions.read_revision(store, agent["_id"], source["headRevisionId"])
        versions.commit(store, branch, head["config"], securityCheck=head["securityCheck"], sourceVersionId=head["_id"])
    return answer(show_branch(branch), 201)


def _free_name(store: Store, agent_id: str, name: str) -> str:
    # Archived branches free their names; Main's is reserved, in any case.
    taken = {each["name"].lower() for each in versions.branches_of(store, agent_id) if each["status"] == "active"}
    if name.strip().lower() in taken | {versions.MAIN.lower()}:
        raise ApiError(409, f'A branch named "{name}" already exists', error_type="branch_name_exists")
    return name


def list_branches(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    active = [branch for branch in versions.branches_of(store, agent["_id"]) if branch["status"] == "active"]
    return answer({"branches": [show_summary(store, agent, branch) for branch in active]})


def get_branch(store: Store, request: Request) -> Answer:
    agent, branch = read_addressed(store, request)
    return answer(show_summary(store, agent, branch))


def rename_branch(store: Store, request: Request) -> Answer:
    agent, branch = read_addressed(store, request)
    if branch["isDefault"]:
        raise ApiError(403, "The default branch cannot be renamed")
    if request.body["name"] != branch["name"]:
        branch["name"] = _free_name(store, agent["_id"], request.body["name"])
    branch["updatedAt"] = store.now()
    versions.save_branch(store, branch)
    return answer(show_branch(branch))


def archive_branch(store: Store, request: Request) -> Answer:
    agent, branch = read_addressed(store, request)
    if branch["isDefault"]:
        raise ApiError(403, "The default branch cannot be archived")
    if branch["_id"] == agent["liveBranchId"]:
        raise ApiError(403, "The live branch cannot be archived")
    refuse_while_publishing(store, branch)
    if draft := open_draft(store, branch):
        versions.drop_draft(store, draft)
    versions.save_branch(store, {**branch, "status": "archived", "openDraftId": None, "updatedAt": store.now()})
    return answer({"archived": True})


def make_live(store: Store, request: Request) -> Answer:
    agent, branch = read_addressed(store, request)
    refuse_archived(branch)
    if branch["headRevisionId"] is None:
        raise ApiError(409, "The branch has no committed revision", error_type="no_committed_revision")
    head = versions.read_revision(store, agent["_id"], branch["headRevisionId"])
    if head["securityCheck"]["status"] != "passed":
        raise ApiError(403, "The head revision has not passed the security check")
    catch_up_agent(store, agent)  # calls until now belong to the branch that served until now
    agent = {**versions.read_agent(store, agent["_id"]), "liveBranchId": branch["_id"]}
    store.database.put("agent", agent["_id"], agent)
    return answer(show_summary(store, agent, branch))


# -- the draft


def put_draft(store: Store, request: Request) -> Answer:
    agent, branch = read_addressed(store, request)
    refuse_archived(branch)
    patch = publishing.check_write(store, request.body, UNRECOGNISED)
    refuse_while_publishing(store, branch)
    expected = request.body.get("expectedRevision")  # a `draftRevision`; without it the last write wins
    draft = open_draft(store, branch)
    if draft is None:
        # A fork without commits of its own begins where its source was.
        base = versions.read_revision(store, agent["_id"], branch["headRevisionId"] or branch["sourceRevisionId"])
        draft = versions.open_draft(store, branch, base)
        versions.save_branch(store, {**branch, "openDraftId": draft["draftId"], "updatedAt": store.now()})
    merged = configuration.merge(draft["config"], patch, store.options.choices)
    if expected is not None:
        _check_expected(store, draft, expected, merged)
    return answer(versions.show_draft(store, agent, versions.edit_draft(store, draft, merged)))


def _check_expected(store: Store, draft: Body, expected: int, merged: Body) -> None:
    """Refuses a write of leaves that somebody else changed since the draft revision that it was based on.

    A stale base alone is no conflict on the platform, only the same leaf changed twice. Raises ApiError 409.
    """
    base = versions.config_at(store, draft, expected)
    if base is None:
        raise ApiError(409, "base_revision_unavailable")
    before, now, after = (versions.sections(store, each) for each in (base, draft["config"], merged))
    theirs = configuration.leaf_names(configuration.changed_leaves(before, now))
    ours = configuration.leaf_names(configuration.changed_leaves(now, after))
    clashes = sorted(theirs & ours)
    if not clashes:
        return
    conflict = {
        "expectedRevision": expected,
        "latestRevision": draft["draftRevision"],
        "diffs": [{"section": section} for section in dict.fromkeys(name.split(".")[0] for name in clashes)],
    }
    rich = store.options.choices.conflict_body == "rich"
    raise ApiError(409, *clashes, data={"conflict": conflict} if rich else None)


def get_draft(store: Store, request: Request) -> Answer:
    agent, branch = read_addressed(store, request)
    draft = require_draft(store, branch)
    history = [
        {
            "revision": versions.show_draft(store, agent, draft, edit),
            "changedSections": edit["changedSections"],
            "editorName": USER_NAME,
        }
        for edit in versions.edits_of(store, draft)
    ]
    latest = versions.show_draft(store, agent, draft)
    return answer({"latest": latest, "editCount": len(history), "editHistory": history})


def discard_draft(store: Store, request: Request) -> Answer:
    _, branch = read_addressed(store, request)
    draft = require_draft(store, branch)
    refuse_while_publishing(store, branch)
    versions.drop_draft(store, draft)
    return answer({"discarded": True})


def publish_draft(store: Store, request: Request) -> Answer:
    agent, branch = read_addressed(store, request)
    refuse_archived(branch)
    label = publishing.check_label(request.body)
    draft = require_draft(store, branch)
    refuse_while_publishing(store, branch)
    # A draft that failed its scan stays open, and is refused unscanned until it is edited.
    if (draft["securityCheck"] or {}).get("status") in ("failed", "errored"):
        error_type = store.options.choices.failed_publish_error or None
        raise ApiError(409, "The draft failed its security check; change it first", error_type=error_type)
    publishing.check_publishable(draft["config"], agent["workflowType"])
    if versions.already_passed(store, branch, draft["config"]):
        revision = versions.commit_draft(store, draft, label, versions.passed_check(store.now()))
        return answer({"state": "committed", "revision": versions.show_revision(store, agent, revision)})
    # Accepted without a revision id: clients have to find the new revision in the list.
    draft["pendingPublish"] = {"state": "active", "startedBy": USER_ID, "startedAt": store.now()}
    draft["securityCheck"] = {"status": "queued", "reason": None, "triggeredAt": store.now(), "completedAt": None}
    versions.save_draft(store, draft)
    versions.start_scan(store, "draft", draft, label=label)
    return answer({"state": "scanning"}, 202)


def cancel_publish(store: Store, request: Request) -> Answer:
    """Answers the same whether or not a publish was under way."""
    _, branch = read_addressed(store, request)
    if (draft := open_draft(store, branch)) and versions.stop_scan(store, draft["draftId"]):
        pending = {**draft["pendingPublish"], "state": "cancelled"}
        versions.save_draft(store, {**draft, "pendingPublish": pending, "securityCheck": None})
    return answer({"cancelled": True})


# -- reading and refusing


def read_addressed(store: Store, request: Request) -> tuple[Body, Body]:
    """The agent and the branch that the path names."""
    agent = versions.read_agent(store, request.params["agent_id"])
    return agent, versions.read_branch(store, agent["_id"], request.params["branch_id"])


def open_draft(store: Store, branch: Body) -> Body | None:
    return store.database.get("draft", branch["openDraftId"]) if branch["openDraftId"] else None


def require_draft(store: Store, branch: Body) -> Body:
    draft = open_draft(store, branch)
    if draft is None:
        raise ApiError(404, "No open draft on this branch")
    return draft


def draft_being_published(store: Store, branch: Body) -> Body | None:
    draft = open_draft(store, branch)
    return draft if draft and (draft["pendingPublish"] or {}).get("state") == "active" else None


def refuse_while_publishing(store: Store, branch: Body) -> None:
    if draft_being_published(store, branch):
        raise ApiError(409, "A publish is already in progress on this branch", error_type="publish_in_progress")


def refuse_archived(branch: Body) -> None:
    if branch["status"] == "archived":
        raise ApiError(403, "This branch is archived")


# -- how branches are shown


def show_branch(branch: Body) -> Body:
    return {name: value for name, value in branch.items() if name not in ("revisionsCount", "draftCounter")}


def show_summary(store: Store, agent: Body, branch: Body) -> Body:
    branch = store.database.get("branch", branch["_id"]) or branch  # as it is after the operation
    head = branch["headRevisionId"] and store.database.get("revision", branch["headRevisionId"])
    return {
        "branch": show_branch(branch),
        "isLive": branch["_id"] == agent["liveBranchId"],
        "hasOpenDraft": branch["openDraftId"] is not None,
        "revisionsCount": branch["revisionsCount"],
        "headRevisionNumber": head["revisionNumber"] if head else None,
        "createdByName": USER_NAME,
        "updatedByName": USER_NAME,
    }


_ONE = "/atoms/v1/agent/{agent_id}/branches"
BRANCH_PATH = _ONE + "/{branch_id}"
PUBLISHED = obj({"state": one_of("committed", "scanning"), "revision": REVISION}, required=("state",))
_DRAFT_BODY: dict[str, Any] = {**obj({**CONFIG, "expectedRevision": COUNT}), "minProperties": 1}
_DETAIL = obj(
    {
        "latest": REVISION,
        "editCount": COUNT,
        "editHistory": array(
            obj(
                {"revision": REVISION, "changedSections": array(TEXT), "editorName": maybe(TEXT)},
                required=("revision", "changedSections"),
            )
        ),
    },
    required=("latest", "editCount", "editHistory"),
)


def branch_route(method: str, path: str, handler: Any, summary: str, answers: dict[int, Any], **more: Any) -> Route:
    """A route that only v2 has; a maintenance freeze stops its writes."""
    refuses = more.pop("refuses", (400, 404) if method == "GET" else (400, 403, 404, 409, 423))
    freezes = method != "GET"
    return Route(
        method, path, handler, summary, answers, refuses=refuses, generation="v2", is_versioning_write=freezes, **more
    )


ROUTES = (
    branch_route(
        "POST",
        _ONE,
        create_branch,
        "Fork a branch from the head of another",
        {201: data(BRANCH)},
        body=obj({"sourceBranchId": ID, "name": text(least=1, most=100)}, required=("sourceBranchId", "name")),
    ),
    branch_route(
        "GET",
        _ONE,
        list_branches,
        "List the branches that are not archived",
        {200: data(obj({"branches": array(BRANCH_SUMMARY)}, required=("branches",)))},
    ),
    branch_route("GET", BRANCH_PATH, get_branch, "Read one branch", {200: data(BRANCH_SUMMARY)}),
    branch_route("PATCH", BRANCH_PATH, rename_branch, "Rename a branch", {200: data(BRANCH)}, body=NAME_BODY),
    branch_route(
        "POST",
        BRANCH_PATH + "/archive",
        archive_branch,
        "Archive a branch with its draft",
        {200: data(obj({"archived": FLAG}, required=("archived",)))},
    ),
    branch_route(
        "POST",
        BRANCH_PATH + "/live",
        make_live,
        "Let this branch serve calls",
        {200: data(BRANCH_SUMMARY)},
        body=OBJECT,
        is_body_required=False,
    ),
    branch_route(
        "PUT",
        BRANCH_PATH + "/draft",
        put_draft,
        "Write configuration fields to the branch's draft, opening it first if needed",
        {200: data(REVISION)},
        body=_DRAFT_BODY,
    ),
    branch_route("GET", BRANCH_PATH + "/draft", get_draft, "Read the open draft and its edits", {200: data(_DETAIL)}),
    branch_route(
        "DELETE",
        BRANCH_PATH + "/draft",
        discard_draft,
        "Throw the open draft away",
        {200: data(obj({"discarded": FLAG}, required=("discarded",)))},
    ),
    branch_route(
        "POST",
        BRANCH_PATH + "/draft/publish",
        publish_draft,
        "Publish the draft: committed at once, or after a security scan",
        {200: data(PUBLISHED), 202: data(PUBLISHED)},
        body=obj({"label": maybe(text(most=200)), "activate": FLAG}),
        is_body_required=False,
    ),
    branch_route(
        "POST",
        BRANCH_PATH + "/draft/publish/cancel",
        cancel_publish,
        "Stop a publish that is still being scanned",
        {200: data(obj({"cancelled": FLAG}, required=("cancelled",)))},
    ),
)
