"""Branches, drafts and revisions: how they are created, scanned, committed and shown.

Both generations stand on the same documents: v1's versions are revisions on the Main branch and its active version
is that branch's head, as they are after the platform's own migration. The HTTP rules are in `branches` and `drafts`.

A scan is a due time in the store and is finished when its agent is next looked at, so it survives a restart and needs
no timer.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from agentops.emulator.rest.versioning import configuration
from agentops.emulator.rest.versioning.configuration import Config, Sections
from agentops.emulator.rest.wire import ApiError
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import USER_ID, USER_NAME, Store, from_iso, to_iso

MAIN = "Main"


# -- agents and branches


def read_agent(store: Store, agent_id: str) -> Body:
    """The agent, its due scans finished. Raises ApiError 400: the platform has no 404 for an unknown agent."""
    agent = store.database.get("agent", agent_id)
    if agent is None:
        raise ApiError(400, "No agent found")
    finish_scans(store, agent_id)
    return agent


def read_branch(store: Store, agent_id: str, branch_id: str) -> Body:
    branch = store.database.get("branch", branch_id)
    if branch is None or branch["agent"] != agent_id:
        raise ApiError(404, "Branch not found")
    return branch


def add_branch(store: Store, agent_id: str, name: str, source: Body | None = None) -> Body:
    """A new branch; forked from the head of `source`, or the default one of a new agent."""
    branch = {
        "_id": store.new_id(),
        "agent": agent_id,
        "name": name,
        "isDefault": source is None,  # only Main, which comes with the agent
        "sourceBranchId": source and source["_id"],
        "sourceRevisionId": source and source["headRevisionId"],
        "headRevisionId": None,
        "openDraftId": None,
        "status": "active",
        "createdBy": USER_ID,
        "updatedBy": USER_ID,
        **store.stamps(),
        "revisionsCount": 0,
        "draftCounter": 0,
    }
    save_branch(store, branch)
    return branch


def save_branch(store: Store, branch: Body) -> None:
    store.database.put("branch", branch["_id"], branch, owner=branch["agent"])


def branches_of(store: Store, agent_id: str) -> list[Body]:
    return store.database.all("branch", owner=agent_id)


def default_branch(store: Store, agent_id: str) -> Body:
    return next(branch for branch in branches_of(store, agent_id) if branch["isDefault"])


def live_revision(store: Store, agent: Body) -> Body | None:
    """The revision that serves calls: the head of the live branch."""
    branch = store.database.get("branch", agent["liveBranchId"])
    head = branch and branch["headRevisionId"]
    return store.database.get("revision", head) if head else None


def live_config(store: Store, agent_id: str) -> Config | None:
    """What serves calls now, in the write vocabulary with all defaults; None for an unknown or archived agent."""
    agent = store.database.get("agent", agent_id)
    if agent is None or agent["archived"]:
        return None
    with store.transaction():
        finish_scans(store, agent_id)
    revision = live_revision(store, agent)
    return revision and revision["config"]


# -- revisions


def read_revision(store: Store, agent_id: str, revision_id: str) -> Body:
    revision = store.database.get("revision", revision_id)
    if revision is None or revision["agent"] != agent_id:
        raise ApiError(404, "Revision not found")
    return revision


def revisions_of(store: Store, agent_id: str) -> list[Body]:
    return store.database.all("revision", owner=agent_id)


def commit(store: Store, branch: Body, config: Config, **fields: Any) -> Body:
    """Adds a published revision at the head of `branch`; `fields` (label, securityCheck, ...) replace the defaults."""
    revision = new_revision(store, branch, config, **fields)
    branch["headRevisionId"] = revision["_id"]
    branch["updatedAt"] = revision["publishedAt"]
    save_branch(store, branch)
    return revision


def new_revision(store: Store, branch: Body, config: Config, **fields: Any) -> Body:
    """Adds a published revision to `branch` without moving its head, and counts it."""
    branch["revisionsCount"] += 1
    at = fields.pop("publishedAt", None) or store.now()
    parent_id = branch["headRevisionId"] or branch["sourceRevisionId"]
    parent = store.database.get("revision", parent_id) if parent_id else None
    changes = configuration.changed_leaves(sections(store, parent["config"]), sections(store, config)) if parent else {}
    revision = {
        "_id": store.new_id(),
        "agent": branch["agent"],
        "branch": branch["_id"],
        "revisionNumber": branch["revisionsCount"],
        "versionNumber": branch["revisionsCount"] if store.options.api == "v1" else None,  # null on v2's new rows
        "label": None,
        "description": None,
        "isPinned": False,
        "publishedBy": USER_ID,
        "publishedAt": at,
        "activatedBy": None,
        "activatedAt": None,
        "sourceVersionId": parent_id,
        "sourceDraftId": None,
        "restoredFromRevisionId": None,
        "restoredFromLabel": None,
        "securityCheck": passed_check(at),
        "changedSections": list(changes),
        "config": config,
        "createdAt": at,
        "updatedAt": at,
        "listedFrom": to_iso(from_iso(at) + timedelta(seconds=store.options.late_listing_s)),
        **fields,
    }
    save_revision(store, revision)
    save_branch(store, branch)
    return revision


def save_revision(store: Store, revision: Body) -> None:
    store.database.put("revision", revision["_id"], revision, owner=revision["agent"])


def passed_check(at: str) -> Body:
    return {"status": "passed", "reason": None, "triggeredAt": at, "completedAt": at}


# -- drafts


def open_draft(store: Store, branch: Body, source: Body, *, name: str | None = None) -> Body:
    """A draft of `branch` that starts as a copy of the revision or draft `source`."""
    first = first_draft_revision(store, branch["_id"])
    draft = {
        "draftId": store.new_uuid(),  # what addresses a draft; its `_id` doesn't
        "_id": store.new_id(),
        "agent": branch["agent"],
        "branch": branch["_id"],
        "draftName": name,
        "draftRevision": first,
        "firstRevision": first,
        "sourceVersionId": source.get("sourceVersionId") if "draftId" in source else source["_id"],
        "baseConfig": source["config"],
        "config": source["config"],
        "securityCheck": None,
        "pendingPublish": None,
        "createdBy": USER_ID,
        **store.stamps(),
    }
    save_draft(store, draft)
    return draft


def first_draft_revision(store: Store, branch_id: str) -> int:
    """The number that a branch's next draft has before its first write."""
    continues = store.options.choices.draft_counter == "continues" and store.options.api == "v2"
    branch = store.database.get("branch", branch_id)
    return int(branch["draftCounter"]) if continues and branch else 0


def save_draft(store: Store, draft: Body) -> None:
    store.database.put("draft", draft["draftId"], draft, owner=draft["agent"])


def drop_draft(store: Store, draft: Body) -> None:
    store.database.drop("draft", draft["draftId"])
    store.database.drop_owned("edit", draft["draftId"])
    branch = store.database.get("branch", draft["branch"])
    if branch and branch["openDraftId"] == draft["draftId"]:
        # The counter is for the switch `draft_counter`: the next draft may go on from there.
        save_branch(store, {**branch, "openDraftId": None, "draftCounter": draft["draftRevision"]})


def edit_draft(store: Store, draft: Body, config: Config) -> Body:
    """Saves a new state of the draft under the next draft revision and forgets what a scan found in the old one."""
    before, after = sections(store, draft["config"]), sections(store, config)
    edited = {
        **draft,
        "_id": store.new_id(),  # each state is a row of its own on the platform; `draftId` stays
        "draftRevision": draft["draftRevision"] + 1,
        "config": config,
        "securityCheck": None,
        "pendingPublish": None,
        "updatedAt": store.now(),
    }
    edit = {
        **{name: edited[name] for name in ("_id", "draftRevision", "config", "updatedAt")},
        "changedSections": list(configuration.changed_leaves(before, after)),
    }
    save_draft(store, edited)
    store.database.put("edit", f"{draft['draftId']}:{edited['draftRevision']}", edit, owner=draft["draftId"])
    return edited


def config_at(store: Store, draft: Body, draft_revision: int) -> Config | None:
    """What the draft held at an earlier revision; None when it never had that revision."""
    if draft_revision == draft["firstRevision"]:
        return dict(draft["baseConfig"])
    edit = store.database.get("edit", f"{draft['draftId']}:{draft_revision}")
    return edit and edit["config"]


def edits_of(store: Store, draft: Body) -> list[Body]:
    """The draft's edits, newest first."""
    return store.database.all("edit", owner=draft["draftId"])[::-1]


# -- scans


def start_scan(store: Store, kind: str, document: Body, **extra: Any) -> None:
    """Starts the security scan of a draft (v2) or a version (v1); `finish_scans` ends it when it is due."""
    due = to_iso(store.clock.now() + timedelta(seconds=store.options.scan_delay_s))
    key = document["draftId"] if kind == "draft" else document["_id"]
    scan = {"kind": kind, "id": key, "due": due, **extra}
    store.database.put("scan", key, scan, owner=document["agent"])


def stop_scan(store: Store, key: str) -> bool:
    return store.database.drop("scan", key)


def finish_scans(store: Store, agent_id: str) -> None:
    """Ends every scan of the agent that is due: a passed v2 draft is committed, all others keep the result."""
    now = store.clock.now()
    for scan in store.database.all("scan", owner=agent_id):
        if from_iso(scan["due"]) > now:
            continue
        stop_scan(store, scan["id"])
        document = store.database.get("draft" if scan["kind"] == "draft" else "revision", scan["id"])
        if document is None:
            continue  # it was dropped meanwhile
        check = _scan_result(store, document, scan["due"])
        if scan["kind"] == "version":
            save_revision(store, {**document, "securityCheck": check})
        elif check["status"] == "passed":
            commit_draft(store, document, scan["label"], check)
        else:
            save_draft(store, {**document, "securityCheck": check, "pendingPublish": None})


def commit_draft(store: Store, draft: Body, label: str | None, check: Body) -> Body:
    """Turns a draft into the head of its branch."""
    branch = store.database.get("branch", draft["branch"])
    if branch is None:
        raise LookupError(f"draft {draft['draftId']} has no branch")
    fields = {"label": label, "securityCheck": check, "sourceDraftId": draft["draftId"]}
    # At the end of the scan, not when somebody next looked.
    revision = commit(store, branch, draft["config"], publishedAt=check["completedAt"], **fields)
    drop_draft(store, draft)
    return revision


def _scan_result(store: Store, document: Body, at: str) -> Body:
    """The `securityCheck` of a scan that ends at `at`, by the words that the options name."""
    text = scanned_text(document["config"])
    started = (document["securityCheck"] or {}).get("triggeredAt", at)
    check = {"status": "passed", "reason": None, "triggeredAt": started, "completedAt": at}
    for status, words in (("errored", store.options.scan_errors_on), ("failed", store.options.scan_fails_on)):
        for word in words:
            if word.lower() in text:
                return {**check, "status": status, "reason": f"The security check {status} on {word!r}."}
    return check


def scanned_text(config: Config) -> str:
    """What a scan reads: prompts, first message, tools and playbooks."""
    parts = [config.get("singlePromptConfig"), config.get("globalPrompt"), config.get("firstMessage")]
    return json.dumps([*parts, config.get("playbooks")], ensure_ascii=False).lower()


def already_passed(store: Store, branch: Body, config: Config) -> bool:
    """Whether this content needs no new scan: the same was passed before, or nothing that is scanned has changed."""
    of_everything = store.options.choices.scan_scope == "everything"

    def scanned(each: Config) -> str:
        return configuration.digest(each) if of_everything else scanned_text(each)

    wanted = scanned(config)
    return any(
        scanned(revision["config"]) == wanted
        for revision in revisions_of(store, branch["agent"])
        if revision["securityCheck"]["status"] == "passed"
    )


# -- how they are shown


def sections(store: Store, config: Config) -> Sections:
    return configuration.to_sections(config, store.options.choices)


def show_revision(store: Store, agent: Body, revision: Body) -> Body:
    """A published row in the shape both generations share."""
    live = live_revision(store, agent)
    hidden = ("config", "listedFrom", "changedSections")  # the sections are shown in a revision's history alone
    return {
        **{name: value for name, value in revision.items() if name not in hidden},
        "status": "published",
        "publishedByName": USER_NAME,
        "draftId": None,
        "draftName": None,
        "draftRevision": None,
        "blocks": configuration.block_ids(sections(store, revision["config"])),
        "workflowType": agent["workflowType"],
        "parentVersion": revision["sourceVersionId"],
        "isActive": live is not None and live["_id"] == revision["_id"],
        "pendingPublish": None,
        "promptScore": revision.get("promptScore"),
        "promptScoreStale": False,
    }


def show_draft(store: Store, agent: Body, draft: Body, edit: Body | None = None) -> Body:
    """A draft row; as it was at `edit` when given. Written values are not echoed, only the ids of their blocks."""
    state = edit or draft
    shown = ("agent", "branch", "draftId", "draftName", "sourceVersionId", "createdBy", "createdAt")
    return {
        **{name: draft[name] for name in shown},
        "_id": state["_id"],
        "status": "draft",
        "revisionNumber": None,
        "versionNumber": None,
        "label": None,
        "description": None,
        "isPinned": False,
        "publishedBy": None,
        "publishedAt": None,
        "draftRevision": state["draftRevision"],
        "blocks": configuration.block_ids(sections(store, state["config"])),
        "workflowType": agent["workflowType"],
        "parentVersion": draft["sourceVersionId"],
        "isActive": False,
        "activatedBy": None,
        "activatedAt": None,
        "securityCheck": None if edit else draft["securityCheck"],
        "pendingPublish": None if edit else draft["pendingPublish"],
        "restoredFromRevisionId": None,
        "promptScore": None,
        "promptScoreStale": False,
        "updatedAt": state["updatedAt"],
    }
