"""Which revision brought a drifted field: the last one, between what we put live and what serves, that moved it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agentops.document import Path, Revision
from agentops.plan.canonical import canonical, without
from agentops.plan.diff import value_at
from agentops.plan.model import AgentChange, FieldChange


def blame(change: AgentChange, trail: Sequence[Revision]) -> AgentChange:
    """`change` with the reason of every drifted field naming its revision, its author and its time.

    `trail` goes from what we last put live to what serves, oldest first, with documents; a revision without one is
    passed over.
    """
    if change.desired is None or len(trail) < 2:
        return change
    dropped = frozenset().union(*(revision.unverifiable for revision in trail))
    managed = without(change.desired.config, dropped)
    forms = [(r, canonical(r.document, managed)) for r in trail if r.document is not None]
    fields = tuple(_blamed(field, _mover(field.exact_path, forms)) for field in change.drift_fields)
    return replace(change, drift_fields=fields)


def _mover(path: Path, forms: Sequence[tuple[Revision, object]]) -> Revision | None:
    values = [value_at(form, path) for _, form in forms]
    moved = [index for index in range(1, len(values)) if values[index] != values[index - 1]]
    return forms[moved[-1]][0] if moved else None


def _blamed(field: FieldChange, revision: Revision | None) -> FieldChange:
    if revision is None:
        return field
    by = f" by {revision.published_by}" if revision.published_by else ""
    at = f" at {revision.published_at}" if revision.published_at else ""
    return replace(field, reason=f"revision {revision.name}{by}{at}")
