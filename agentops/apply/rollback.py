"""Going back, as a plan: an older revision becomes live again through the same engine as everything else.

Reads the platform, builds a `Plan` of `Action.RESTORE`; applying it is `engine`'s. Git is then ahead of what serves.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agentops.document import DesiredAgent, Environment, ObservedAgent, Revision, label_text, read_mark
from agentops.errors import RefusedError, UsageError
from agentops.plan.approval import digest_of
from agentops.plan.canonical import canonical
from agentops.plan.changes import Describer, expand, secret_values
from agentops.plan.diff import diff
from agentops.plan.model import Action, AgentChange, Plan
from agentops.remote.port import Reader

_HISTORY = 100
_COMMIT = re.compile(r"\b[0-9a-f]{7,40}\b")


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """One agent to take back. `to` is "previous", a version number, a revision id or (part of) a label."""

    desired: DesiredAgent
    observed: ObservedAgent
    to: str = "previous"


async def plan_rollback(reader: Reader, environment: Environment, targets: Sequence[RollbackTarget]) -> Plan:
    """The plan that puts each target back. Raises RefusedError where there is nothing to go back to, UsageError where
    no revision is meant by `to` or several are."""
    changes = await asyncio.gather(*(_change(reader, target) for target in targets))
    return Plan(
        project=environment.project,
        environment=environment.name,
        target=reader.base_url,
        generation=reader.generation,
        changes=tuple(changes),
        digest=digest_of(environment, reader.base_url, changes),
    )


async def _change(reader: Reader, target: RollbackTarget) -> AgentChange:
    desired, observed = target.desired, target.observed
    live = observed.live
    revisions = await reader.list_revisions(observed.agent_id, limit=_HISTORY)
    wanted = choose_revision(desired.key, live, revisions, target.to)
    found = await reader.read_revision(observed.agent_id, wanted.revision_id, branch_id=wanted.branch_id)
    found = replace(found, label=found.label or wanted.label)
    mark = read_mark(found.label)
    describer = Describer(desired, secret_values([desired]))
    differences = diff(canonical((live.document if live else None) or {}), canonical(found.document or {}))
    fields = tuple(describer.describe(each, reason="taken back") for each in expand(differences))
    is_same = live is not None and (live.revision_id == found.revision_id or not fields)
    number = f"revision {found.number}" if found.number is not None else f"revision {found.revision_id}"
    label = label_text(found.label)
    return AgentChange(
        key=desired.key,
        name=desired.name,
        action=Action.UNCHANGED if is_same else Action.RESTORE,
        reason=f"{number}{f' ({label})' if label else ''} {'serves already' if is_same else 'serves again'}",
        agent_id=observed.agent_id,
        base_revision_id=live.revision_id if live else None,
        base_number=live.number if live else None,
        fingerprint=mark.fingerprint if mark else "",
        fields=() if is_same else fields,
        desired=desired,
        observed=observed,
        restore_to=found,
    )


def choose_revision(key: str, live: Revision | None, revisions: Sequence[Revision], to: str) -> Revision:
    """The revision that `to` means among `revisions` (newest first)."""
    if to == "previous":
        return _previous(key, live, revisions)
    found = [r for r in revisions if r.revision_id == to or (to.isdigit() and r.number == int(to))]
    found = found or [r for r in revisions if r.label and (label_text(r.label) == to or read_label_part(r.label, to))]
    if not found:
        raise UsageError(
            f"{key}: no revision is called {to!r}",
            hint=f"`agentops history --agent {key}` lists them",
            code="no_revision",
        )
    if len({r.revision_id for r in found}) > 1 and not (to.isdigit() and live is not None):
        names = ", ".join(str(r.number or r.revision_id) for r in found)
        raise UsageError(
            f"{key}: {to!r} could be any of revisions {names}", hint="name one by its number", code="ambiguous"
        )
    on_live_branch = [r for r in found if live is None or r.branch_id == live.branch_id]
    return (on_live_branch or found)[0]


def read_label_part(label: str, to: str) -> bool:
    """Whether `to` is in the user's part of the label, or is the fingerprint in our mark."""
    mark = read_mark(label)
    return to in label_text(label) or (mark is not None and mark.fingerprint == to)


def _previous(key: str, live: Revision | None, revisions: Sequence[Revision]) -> Revision:
    """What served before what serves now: for a restored revision, what came before its source."""
    by_id = {revision.revision_id: revision for revision in revisions}
    origin = live
    while origin is not None and origin.restored_from in by_id:
        origin = by_id[origin.restored_from or ""]
    ids = list(by_id)
    older = ids[ids.index(origin.revision_id) + 1 :] if origin is not None and origin.revision_id in ids else []
    for revision_id in older:
        revision = by_id[revision_id]
        if revision.restored_from is None and _ever_served(revision, revisions) and not _is_first(revision):
            return revision
    raise RefusedError(
        f"{key}: this is its first deploy, there is nothing to go back to",
        hint="to take it out of service, detach its phone number or archive it",
        code="nothing_to_go_back_to",
    )


def _ever_served(revision: Revision, revisions: Sequence[Revision]) -> bool:
    """v1 says when a version went live; a generation that never says so publishes by going live."""
    says = any(r.activated_at is not None for r in revisions)
    return revision.activated_at is not None if says else revision.is_published


def _is_first(revision: Revision) -> bool:
    """The empty revision that the platform itself publishes when an agent is created."""
    return revision.number == 1 and not revision.label


def commits_to_revert(plan: Plan, live_labels: Mapping[str, str | None]) -> dict[str, str]:
    """By key: the commit that the revision taken back names in its label, which git should revert."""
    found = {}
    for change in plan.changes:
        match = _COMMIT.search(label_text(live_labels.get(change.key)))
        if change.action is Action.RESTORE and match is not None:
            found[change.key] = match.group()
    return found
