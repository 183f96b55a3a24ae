"""Versioning v2 over HTTP: branches, their one draft, publishing, revisions, restore, live and archive."""

from __future__ import annotations

from typing import Any

from agentops.emulator import configuration, publishing, versions
from agentops.emulator.database import Body
from agentops.emulator.fields import CONFIG
from agentops.emulator.schema import COUNT, FLAG, ID, OBJECT, TEXT, array, maybe, obj, one_of, problems, text
from agentops.emulator.shapes import BRANCH, BRANCH_SUMMARY, DIFF, RESOLVED, REVISION, SLICE_QUERY
from agentops.emulator.store import USER_ID, USER_NAME, Store, from_iso
from agentops.emulator.wire import Answer, Refusal, Request, Route, answer, data

UNRECOGNISED = "No recognized config fields in request body"
NAME_BODY = obj({"name": text(least=1, most=100)}, required=("name",))


# -- branches


def create_branch(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    source = versions.read_branch(store, agent["_id"], request.body["sourceBranchId"])
    name = _free_name(store, agent["_id"], request.body["name"])
    if source["headRevisionId"] is None:
        raise Refusal(409, "The source branch has no committed revision", error_type="source_has_no_commit")
    if _armed_draft(store, source):
        raise Refusal(409, "The source branch is being scanned", error_type="source_scanning")
    branch = versions.add_branch(store, agent["_id"], name, source)
    head = versions.read_revision(store, agent["_id"], source["headRevisionId"])
    facts = {"securityCheck": head["securityCheck"], "sourceVersionId": head["_id"]}
    versions.commit(store, branch, head["config"], **facts)
    return answer(show_branch(branch), 201)


def _free_name(store: Store, agent_id: str, name: str) -> str:
    taken = {each["name"].lower() for each in versions.branches_of(store, agent_id) if each["status"] == "active"}
    if name.strip().lower() in taken | {versions.MAIN.lower()}:
        raise Refusal(409, f'A branch named "{name}" already exists', error_type="branch_name_exists")
    return name


def list_branches(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    active = [branch for branch in versions.branches_of(store, agent["_id"]) if branch["status"] == "active"]
    return answer({"branches": [show_summary(store, agent, branch) for branch in active]})


def get_branch(store: Store, request: Request) -> Answer:
    agent, branch = _read(store, request)
    return answer(show_summary(store, agent, branch))


def rename_branch(store: Store, request: Request) -> Answer:
    agent, branch = _read(store, request)
    if branch["isDefault"]:
        raise Refusal(403, "The default branch cannot be renamed")
    if request.body["name"] != branch["name"]:
        branch["name"] = _free_name(store, agent["_id"], request.body["name"])
    branch["updatedAt"] = store.now()
    versions.save_branch(store, branch)
    return answer(show_branch(branch))


def archive_branch(store: Store, request: Request) -> Answer:
    agent, branch = _read(store, request)
    if branch["isDefault"]:
        raise Refusal(403, "The default branch cannot be archived")
    if branch["_id"] == agent["liveBranchId"]:
        raise Refusal(403, "The live branch cannot be archived")
    _refuse_while_publishing(store, branch)
    if draft := _open_draft(store, branch):
        versions.drop_draft(store, draft)
    versions.save_branch(store, {**branch, "status": "archived", "openDraftId": None, "updatedAt": store.now()})
    return answer({"archived": True})


def make_live(store: Store, request: Request) -> Answer:
    agent, branch = _read(store, request)
    _refuse_archived(branch)
    if branch["headRevisionId"] is None:
        raise Refusal(409, "The branch has no committed revision", error_type="no_committed_revision")
    head = versions.read_revision(store, agent["_id"], branch["headRevisionId"])
    if head["securityCheck"]["status"] != "passed":
        raise Refusal(403, "The head revision has not passed the security check")
    agent["liveBranchId"] = branch["_id"]
    store.database.put("agent", agent["_id"], agent)
    return answer(show_summary(store, agent, branch))


# -- the draft


def put_draft(store: Store, request: Request) -> Answer:
    agent, branch = _read(store, request)
    _refuse_archived(branch)
    patch = publishing.check_write(store, request.body, UNRECOGNISED)
    _refuse_while_publishing(store, branch)
    expected = request.body.get("expectedRevision")
    draft = _open_draft(store, branch)
    if draft is None:
        head = versions.read_revision(store, agent["_id"], branch["headRevisionId"])
        draft = versions.open_draft(store, branch, head)
        versions.save_branch(store, {**branch, "openDraftId": draft["draftId"], "updatedAt": store.now()})
    merged = configuration.merge(draft["config"], patch, store.options.choices)
    if expected is not None:
        _check_expected(store, draft, expected, merged)
    return answer(versions.show_draft(store, agent, versions.edit_draft(store, draft, merged)))


def _check_expected(store: Store, draft: Body, expected: int, merged: Body) -> None:
    """Refuses a write whose leaves were changed by somebody else since the draft revision it was based on."""
    base = versions.config_at(store, draft, expected)
    if base is None:
        raise Refusal(409, "base_revision_unavailable")
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
    raise Refusal(409, *clashes, data={"conflict": conflict} if rich else None)


def get_draft(store: Store, request: Request) -> Answer:
    agent, branch = _read(store, request)
    draft = _need_draft(store, branch)
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
    _, branch = _read(store, request)
    draft = _need_draft(store, branch)
    _refuse_while_publishing(store, branch)
    versions.drop_draft(store, draft)
    return answer({"discarded": True})


def publish_draft(store: Store, request: Request) -> Answer:
    agent, branch = _read(store, request)
    _refuse_archived(branch)
    label = publishing.check_label(request.body)
    draft = _need_draft(store, branch)
    _refuse_while_publishing(store, branch)
    if (draft["securityCheck"] or {}).get("status") in ("failed", "errored"):
        error_type = store.options.choices.failed_publish_error or None
        raise Refusal(409, "The draft failed its security check; change it first", error_type=error_type)
    publishing.check_publishable(draft["config"])
    if versions.already_passed(store, branch, draft["config"]):
        revision = versions.commit_draft(store, draft, label, versions.passed_check(store.now()))
        return answer({"state": "committed", "revision": versions.show_revision(store, agent, revision)})
    draft["pendingPublish"] = {"state": "active", "startedBy": USER_ID, "startedAt": store.now()}
    draft["securityCheck"] = {"status": "queued", "reason": None, "triggeredAt": store.now(), "completedAt": None}
    versions.save_draft(store, draft)
    versions.start_scan(store, "draft", draft, label=label)
    return answer({"state": "scanning"}, 202)


def cancel_publish(store: Store, request: Request) -> Answer:
    _, branch = _read(store, request)
    if (draft := _open_draft(store, branch)) and versions.stop_scan(store, draft["draftId"]):
        pending = {**draft["pendingPublish"], "state": "cancelled"}
        versions.save_draft(store, {**draft, "pendingPublish": pending, "securityCheck": None})
    return answer({"cancelled": True})


# -- revisions


def list_revisions(store: Store, request: Request) -> Answer:
    agent, branch = _read(store, request)
    now = store.clock.now()
    rows = [
        versions.show_revision(store, agent, revision)
        for revision in versions.revisions_of(store, agent["_id"])
        if revision["branch"] == branch["_id"] and from_iso(revision["listedFrom"]) <= now
    ]
    if store.options.choices.scanning_row == "listed" and (draft := _armed_draft(store, branch)):
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
    _refuse_archived(branch)
    _refuse_while_publishing(store, branch)
    if revision["_id"] == branch["headRevisionId"]:
        raise Refusal(409, "This revision is already the head of the branch")
    if revision["securityCheck"]["status"] != "passed":
        raise Refusal(403, "Only a revision that passed the security check can be restored")
    facts = {"restoredFromRevisionId": revision["_id"], "restoredFromLabel": revision["label"]}
    restored = versions.commit(store, branch, revision["config"], **facts)
    return answer({"state": "committed", "revision": versions.show_revision(store, agent, restored)})


def diff(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    sides = []
    for name in ("a", "b"):
        if not request.query.get(name):
            raise Refusal(400, f"{name}: Required")
        sides.append(versions.sections(store, _referenced(store, agent["_id"], request.query[name])))
    return answer(configuration.diff_result(*sides))


def _referenced(store: Store, agent_id: str, reference: str) -> Body:
    """The configuration a diff reference means: `<revisionId>` or `<branchId>:draft`."""
    key, _, suffix = reference.partition(":")
    if problems(ID, key) or suffix not in ("", "draft"):
        raise Refusal(400, f"Invalid reference: {reference[:64]}")
    if suffix:
        return dict(_need_draft(store, versions.read_branch(store, agent_id, key))["config"])
    return dict(versions.read_revision(store, agent_id, key)["config"])


# -- reading and refusing


def _read(store: Store, request: Request) -> tuple[Body, Body]:
    agent = versions.read_agent(store, request.params["agent_id"])
    return agent, versions.read_branch(store, agent["_id"], request.params["branch_id"])


def _read_revision(store: Store, request: Request) -> tuple[Body, Body, Body]:
    agent, branch = _read(store, request)
    revision = versions.read_revision(store, agent["_id"], request.params["revision_id"])
    if revision["branch"] != branch["_id"]:
        raise Refusal(400, "Revision does not belong to this branch")
    return agent, branch, revision


def _open_draft(store: Store, branch: Body) -> Body | None:
    return store.database.get("draft", branch["openDraftId"]) if branch["openDraftId"] else None


def _need_draft(store: Store, branch: Body) -> Body:
    draft = _open_draft(store, branch)
    if draft is None:
        raise Refusal(404, "No open draft on this branch")
    return draft


def _armed_draft(store: Store, branch: Body) -> Body | None:
    draft = _open_draft(store, branch)
    return draft if draft and (draft["pendingPublish"] or {}).get("state") == "active" else None


def _refuse_while_publishing(store: Store, branch: Body) -> None:
    if _armed_draft(store, branch):
        raise Refusal(409, "A publish is already in progress on this branch", error_type="publish_in_progress")


def _refuse_archived(branch: Body) -> None:
    if branch["status"] == "archived":
        raise Refusal(403, "This branch is archived")


# -- how branches are shown


def show_branch(branch: Body) -> Body:
    return {name: value for name, value in branch.items() if name not in ("revisionsCount", "draftCounter")}


def show_summary(store: Store, agent: Body, branch: Body) -> Body:
    branch = store.database.get("branch", branch["_id"]) or branch
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
_BRANCH = _ONE + "/{branch_id}"
_REVISION = _BRANCH + "/revisions/{revision_id}"
_PUBLISHED = obj({"state": one_of("committed", "scanning"), "revision": REVISION}, required=("state",))
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


def _route(method: str, path: str, handler: Any, summary: str, answers: dict[int, Any], **more: Any) -> Route:
    """A route that only v2 has; a write stops at a maintenance freeze."""
    refuses = more.pop("refuses", (400, 404) if method == "GET" else (400, 403, 404, 409, 423))
    freezes = method != "GET"
    return Route(
        method, path, handler, summary, answers, refuses=refuses, generation="v2", is_versioning_write=freezes, **more
    )


ROUTES = (
    _route(
        "POST",
        _ONE,
        create_branch,
        "Fork a branch from the head of another",
        {201: data(BRANCH)},
        body=obj({"sourceBranchId": ID, "name": text(least=1, most=100)}, required=("sourceBranchId", "name")),
    ),
    _route(
        "GET",
        _ONE,
        list_branches,
        "List the branches that are not archived",
        {200: data(obj({"branches": array(BRANCH_SUMMARY)}, required=("branches",)))},
    ),
    _route("GET", _BRANCH, get_branch, "Read one branch", {200: data(BRANCH_SUMMARY)}),
    _route("PATCH", _BRANCH, rename_branch, "Rename a branch", {200: data(BRANCH)}, body=NAME_BODY),
    _route(
        "POST",
        _BRANCH + "/archive",
        archive_branch,
        "Archive a branch with its draft",
        {200: data(obj({"archived": FLAG}, required=("archived",)))},
    ),
    _route(
        "POST",
        _BRANCH + "/live",
        make_live,
        "Let this branch serve calls",
        {200: data(BRANCH_SUMMARY)},
        body=OBJECT,
        is_body_required=False,
    ),
    _route(
        "PUT",
        _BRANCH + "/draft",
        put_draft,
        "Write configuration fields to the branch's draft, opening it first if needed",
        {200: data(REVISION)},
        body=_DRAFT_BODY,
    ),
    _route("GET", _BRANCH + "/draft", get_draft, "Read the open draft and its edits", {200: data(_DETAIL)}),
    _route(
        "DELETE",
        _BRANCH + "/draft",
        discard_draft,
        "Throw the open draft away",
        {200: data(obj({"discarded": FLAG}, required=("discarded",)))},
    ),
    _route(
        "POST",
        _BRANCH + "/draft/publish",
        publish_draft,
        "Publish the draft: committed at once, or after a security scan",
        {200: data(_PUBLISHED), 202: data(_PUBLISHED)},
        body=obj({"label": maybe(text(most=200)), "activate": FLAG}),
        is_body_required=False,
    ),
    _route(
        "POST",
        _BRANCH + "/draft/publish/cancel",
        cancel_publish,
        "Stop a publish that is still being scanned",
        {200: data(obj({"cancelled": FLAG}, required=("cancelled",)))},
    ),
    _route(
        "GET",
        _BRANCH + "/revisions",
        list_revisions,
        "List revisions, newest first",
        {200: data(obj({"revisions": array(REVISION), "total": COUNT}, required=("revisions", "total")))},
        query=SLICE_QUERY,
    ),
    _route(
        "GET",
        _REVISION,
        get_revision,
        "Read a revision and its configuration by section",
        {200: data(obj({"revision": REVISION, "resolvedConfig": RESOLVED}, required=("revision", "resolvedConfig")))},
    ),
    _route(
        "GET",
        _REVISION + "/history",
        get_history,
        "Read how a revision came to be",
        {
            200: data(
                obj(
                    {"revision": REVISION, "publishedBy": maybe(TEXT), "trail": array(OBJECT)},
                    required=("revision", "trail"),
                )
            )
        },
    ),
    _route(
        "POST",
        _REVISION + "/restore",
        restore_revision,
        "Copy an older revision to the head of its branch",
        {200: data(_PUBLISHED)},
    ),
    _route(
        "GET",
        "/atoms/v1/agent/{agent_id}/diff",
        diff,
        "Compare two revisions, or a revision and a branch's draft",
        {200: data(DIFF)},
        query={"a": text(least=1, most=64), "b": text(least=1, most=64)},
    ),
)
