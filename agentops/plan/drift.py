"""Compares what serves with what we last put live, by the marks in labels alone: there is no state file.

The status is about whole versions: edited, rolled back, restored, foreign, never ours. `compare` finds the fields that
differ, and `safety` what is refused because of drift.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agentops.diagnostics import Diagnostic, Severity
from agentops.document import DesiredAgent, Environment, Generation, Mark, ObservedAgent, Revision, read_mark
from agentops.plan.drafts import foreign_draft
from agentops.plan.identity import FoundBy, Match, is_mark_of
from agentops.plan.model import Drift


@dataclass(frozen=True, slots=True)
class DriftStatus:
    """What serves, against what we last put live.

    base:         what we last put live; live itself when that is ours; None when nothing ever was
    mark:         the mark of `base`
    rolled_back:  fingerprints of ours that were live after what serves now: they were taken back
    never_live:   a newer revision of ours that is published and never went live (v1)
    is_pristine:  nothing but what creating the agent left behind
    """

    drift: Drift
    detail: str = ""
    base: Revision | None = None
    mark: Mark | None = None
    rolled_back: frozenset[str] = frozenset()
    never_live: Revision | None = None
    is_pristine: bool = False


def classify(environment: Environment, generation: Generation, match: Match, observed: ObservedAgent) -> DriftStatus:
    """The status of one agent that exists."""
    status = _by_marks(environment, generation, match.desired, observed)
    if observed.listing.is_archived:
        return replace(status, drift=Drift.ARCHIVED, detail="archived in the console")
    if match.found_by is FoundBy.MARK and status.drift is Drift.NONE:
        detail = f"called {observed.listing.name!r} on the platform, {match.desired.name!r} in the spec"
        return replace(status, drift=Drift.RENAMED, detail=detail)
    return status


def serves_base(observed: ObservedAgent) -> bool:
    """Whether what serves is what we last put live, or a copy of it."""
    live, base = observed.live, observed.base
    return live is not None and base is not None and base.revision_id in (live.revision_id, live.restored_from)


def spec_unread(key: str) -> Diagnostic:
    """The note for an agent that is looked at without its spec."""
    return Diagnostic(
        code="spec-unread",
        severity=Severity.NOTE,
        summary=f"{key}: its spec can't be used, so what serves is compared with what was deployed last",
        hint="see `agentops validate`",
        agent=key,
    )


def tags_unread(key: str) -> Diagnostic:
    """The warning for an agent that a selection by tags may have meant."""
    return Diagnostic(
        code="tags-unread",
        severity=Severity.WARNING,
        summary=f"{key} is left out: its spec can't be used, so nobody knows which tags it has",
        hint="name it by its key, or mend its spec: `agentops validate`",
        agent=key,
    )


def _by_marks(
    environment: Environment, generation: Generation, desired: DesiredAgent, observed: ObservedAgent
) -> DriftStatus:
    live = observed.live
    if live is None:
        return DriftStatus(Drift.NONE)
    # A copy that was restored may have no label: what it is a copy of says whose it is.
    mark = read_mark(origin_of(live, observed.history).label)
    if is_mark_of(mark, environment, desired):
        assert mark is not None
        return _ours(environment, generation, desired, observed, mark)
    if mark is not None:
        detail = (
            f"revision {live.name} is marked as {mark.key} of project {mark.project}, environment {mark.environment}"
        )
        return DriftStatus(Drift.FOREIGN, detail)
    base_mark = read_mark(observed.base.label) if observed.base else None
    if observed.base is None or not is_mark_of(base_mark, environment, desired):
        ours = [r for r in observed.history if is_mark_of(read_mark(r.label), environment, desired)]
        return DriftStatus(
            Drift.UNMANAGED,
            "no revision was published by agentops",
            never_live=next((r for r in ours if r.is_published), None),
            is_pristine=_is_pristine(desired, observed, besides=len(ours)),
        )
    taken_back = _taken_back(environment, generation, desired, observed)
    return taken_back or DriftStatus(_foreign_hand(observed), _by_whom(live), observed.base, base_mark)


def _taken_back(
    environment: Environment, generation: Generation, desired: DesiredAgent, observed: ObservedAgent
) -> DriftStatus | None:
    """A rollback onto a revision that was never ours, such as an imported one or an edit that was pulled: what serves
    is, or copies, what served before our newest deploy. It does not matter who took that deploy back."""
    live, history = observed.live, observed.history
    assert live is not None
    # On v2 publishing is going live; v1 says when a version went live, if it ever did.
    served = [r for r in history if r.is_published and (generation is Generation.V2 or r.activated_at is not None)]
    ours = [i for i, r in enumerate(served) if is_mark_of(read_mark(r.label), environment, desired)]
    before = [r for r in served[ours[0] + 1 :] if r.branch_id == live.branch_id] if ours else []
    origin = origin_of(live, history)
    if not before or origin_of(before[0], history).revision_id != origin.revision_id:
        return None
    newest = served[ours[0]]
    newer = [read_mark(r.label) for r in _newer(live, history) if r in served]
    fingerprints = frozenset(mark.fingerprint for mark in newer if is_mark_of(mark, environment, desired) and mark)
    detail = f"revision {newest.name} was rolled back; revision {live.name} serves, as before that deploy"
    return DriftStatus(Drift.ROLLED_BACK, detail, live, None, fingerprints)


def _ours(
    environment: Environment, generation: Generation, desired: DesiredAgent, observed: ObservedAgent, mark: Mark
) -> DriftStatus:
    assert observed.live is not None
    newer = _newer(observed.live, observed.history)
    ours = [r for r in newer if is_mark_of(read_mark(r.label), environment, desired)]
    were_live = [r for r in ours if generation is Generation.V2 or r.activated_at is not None]
    never_live = next((r for r in ours if r not in were_live and r.is_published), None)
    if not were_live:
        return DriftStatus(Drift.NONE, "", observed.live, mark, never_live=never_live)
    fingerprints = frozenset(m.fingerprint for r in were_live if (m := read_mark(r.label)))
    # Without the fingerprint that serves: deploying it once more would not bring back what was taken back.
    detail = f"revision {were_live[0].name} was rolled back; revision {observed.live.name} serves"
    return DriftStatus(Drift.ROLLED_BACK, detail, observed.live, mark, fingerprints - {mark.fingerprint}, never_live)


def origin_of(live: Revision, history: tuple[Revision, ...]) -> Revision:
    """The revision that `live` is a copy of, through any number of restores; itself when it is not a copy."""
    by_id = {revision.revision_id: revision for revision in history}
    seen = {live.revision_id}
    while live.restored_from in by_id and live.restored_from not in seen:
        seen.add(live.restored_from)
        live = by_id[live.restored_from]
    return live


def _newer(live: Revision, history: tuple[Revision, ...]) -> list[Revision]:
    """Revisions newer than what serves (for a restored one: newer than its source), newest first."""
    origin = origin_of(live, history)
    ids = [revision.revision_id for revision in history]
    if origin.revision_id not in ids:
        return []
    return [r for r in history[: ids.index(origin.revision_id)] if r.revision_id != live.revision_id]


def _is_pristine(desired: DesiredAgent, observed: ObservedAgent, *, besides: int) -> bool:
    """What a create that was cut off leaves behind: the platform's own first revision, no label, no draft but ours.

    `besides` counts the revisions that we published and that never went live.
    """
    live = observed.live
    is_only = len(observed.history) <= 1 + besides and live is not None and live.number in (None, 1)
    return is_only and live is not None and not live.label and foreign_draft(desired, observed) is None


def _foreign_hand(observed: ObservedAgent) -> Drift:
    live, base = observed.live, observed.base
    assert live is not None
    assert base is not None
    if live.restored_from is not None:
        return Drift.RESTORED
    if live.branch_id and base.branch_id and live.branch_id != base.branch_id:
        return Drift.BRANCH_SWITCHED
    return Drift.EDITED


def _by_whom(live: Revision) -> str:
    who = f" by {live.published_by}" if live.published_by else ""
    when = f" at {live.published_at}" if live.published_at else ""
    label = f" ({live.label})" if live.label else ""
    return f"revision {live.name}{label} was published{who}{when} outside agentops"
