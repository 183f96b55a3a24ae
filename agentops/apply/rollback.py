"""Which revision a rollback goes back to. Reads the platform and chooses; `plan.rollback` turns that into a plan."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentops.document import DesiredAgent, Environment, ObservedAgent, Revision, label_text, read_mark
from agentops.errors import RefusedError, UsageError
from agentops.plan.build import PlanOptions
from agentops.plan.drift import origin_of
from agentops.plan.model import Action, Plan
from agentops.plan.rollback import Rollback, build_rollback, is_platforms_own
from agentops.remote.port import Reader

PREVIOUS = "previous"
_HISTORY = 100
_COMMIT = re.compile(r"\b[0-9a-f]{7,40}\b")


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """One agent to take back. `to` is "previous", a version number, a revision id or (part of) a label."""

    desired: DesiredAgent
    observed: ObservedAgent
    to: str = PREVIOUS


async def plan_rollback(
    reader: Reader, environment: Environment, targets: Sequence[RollbackTarget], options: PlanOptions
) -> Plan:
    """The plan that puts each target back in service.

    Raises RefusedError where there is nothing to go back to, UsageError where `to` means no revision or several.
    """
    rollbacks = await asyncio.gather(*(_rollback(reader, target) for target in targets))
    return build_rollback(environment, reader.generation, reader.base_url, rollbacks, options)


async def _rollback(reader: Reader, target: RollbackTarget) -> Rollback:
    agent_id = target.observed.agent_id
    revisions = await reader.list_revisions(agent_id, limit=_HISTORY)
    chosen = choose_revision(target.desired.key, target.observed.live, revisions, target.to)
    found = await reader.read_revision(agent_id, chosen.revision_id, branch_id=chosen.branch_id)
    return Rollback(target.desired, target.observed, replace(found, label=found.label or chosen.label))


def choose_revision(key: str, live: Revision | None, revisions: Sequence[Revision], to: str) -> Revision:
    """The revision that `to` means among `revisions` (newest first)."""
    if to == PREVIOUS:
        return _previous(key, live, revisions)
    found = [r for r in revisions if r.revision_id == to or (to.isdigit() and r.number == int(to))]
    found = found or [r for r in revisions if r.label and _is_labelled(r.label, to)]
    # Numbers count per branch, so the same one may stand on another branch as well.
    on_live_branch = [r for r in found if live is None or r.branch_id == live.branch_id]
    found = on_live_branch or found
    if not found:
        hint = f"`agentops history {key}` lists them"
        raise UsageError(f"{key}: no revision is called {to!r}", hint=hint, code="no_revision")
    if len(found) > 1:
        names = ", ".join(r.name for r in found)
        hint = "name one by its number or id"
        raise UsageError(f"{key}: {to!r} could be any of revisions {names}", hint=hint, code="ambiguous_revision")
    return found[0]


def _is_labelled(label: str, to: str) -> bool:
    """Whether `to` is part of the user's label text, or the fingerprint in our mark."""
    mark = read_mark(label)
    return to in label_text(label) or (mark is not None and mark.fingerprint == to)


def _previous(key: str, live: Revision | None, revisions: Sequence[Revision]) -> Revision:
    """What served before what serves now; a restored revision counts as the one that it copies."""
    origin = origin_of(live, tuple(revisions)) if live is not None else None
    ids = [revision.revision_id for revision in revisions]
    older = list(revisions[ids.index(origin.revision_id) + 1 :]) if origin and origin.revision_id in ids else []
    # v1 copies nothing: a version that was put back in service says so by when it went live.
    older.sort(key=lambda revision: revision.activated_at or "", reverse=True)
    for revision in (origin_of(each, tuple(revisions)) for each in older if _has_served(each, revisions)):
        if not is_platforms_own(revision):
            return revision
    raise RefusedError(
        f"{key}: this is its first deploy, there is nothing to go back to",
        hint="to take it out of service, detach its phone number or archive it",
        code="nothing_to_go_back_to",
    )


def _has_served(revision: Revision, revisions: Sequence[Revision]) -> bool:
    """v1 says when a version went live; where no revision says so, publishing was going live."""
    says = any(r.activated_at is not None for r in revisions)
    return revision.activated_at is not None if says else revision.is_published


def commit_in(label: str | None) -> str | None:
    """The commit in a label's text: whatever looks like one, which is seven or more hex digits."""
    match = _COMMIT.search(label_text(label))
    return match.group() if match else None


def good_commits(plan: Plan) -> dict[str, str | None]:
    """By key: the commit of the configuration that was good; None where its label names none.

    For a rollback that is what it restores; for any other change, what served before it.
    """
    found = {}
    for change in plan.changes:
        live = change.observed.live if change.observed else None
        served = change.restore_to if change.action is Action.RESTORE else live
        if served is not None:
            history = change.observed.history if change.observed else ()
            found[change.key] = commit_in(origin_of(served, history).label)
    return found


def commits_to_revert(plan: Plan) -> dict[str, str]:
    """By key: the commit in the label of what a rollback takes back. Git is ahead of what serves until its revert."""
    found = {}
    for change in plan.changes:
        live = change.observed.live if change.observed else None
        commit = commit_in(live.label if live else None)
        if change.action is Action.RESTORE and commit is not None:
            found[change.key] = commit
    return found
