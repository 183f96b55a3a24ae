"""What one agent's change asks to be written and to be found afterwards. Pure: documents in, documents out.

Equality is the plan's own (`plan.canonical`); fields that the plan leaves alone, because a rule ignores their drift,
keep the value that serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentops.document import Document, LeafDifference, Path, Revision, path_text
from agentops.plan.canonical import canonical, plain, without
from agentops.plan.changes import expand
from agentops.plan.diff import Difference, apply_differences, diff
from agentops.plan.merge import merge
from agentops.plan.model import Action, AgentChange


def wanted_config(change: AgentChange, live: Revision | None) -> Document:
    """The versioned document to arrive at: the desired one, with what the plan leaves alone as it serves."""
    if change.desired is None:
        return {}
    config = change.desired.config
    if live is None or live.document is None or change.action is Action.CREATE:
        return config
    compared = without(config, live.unverifiable)
    differences = list(expand(diff(canonical(live.document, compared), canonical(compared, compared))))
    planned = {field.path for field in change.fields if not field.is_immediate}
    kept = [d for d in differences if d.path not in planned]
    if not kept:
        return config
    back = [Difference(d.path, d.after, d.before) for d in kept]
    form = apply_differences(canonical(compared, compared), back)
    names = {d.path[0] for d in kept}
    return {name: plain(form[name]) if name in names and name in form else value for name, value in config.items()}


def body_to_write(change: AgentChange, live: Revision | None) -> Document:
    """The one write of the draft: every top-level field that changes, whole."""
    wanted = wanted_config(change, live)
    names = _changed_names(change, wanted)
    return merge(live.document if live else None, {name: wanted[name] for name in wanted if name in names})


def _changed_names(change: AgentChange, wanted: Mapping[str, Any]) -> frozenset[str]:
    if change.action is Action.CREATE:
        return frozenset(wanted)
    return frozenset(str(field.path[0]) for field in change.fields if not field.is_immediate)


def metadata_to_write(change: AgentChange) -> Document:
    """The unversioned fields that differ, with the display name; for a new agent all but the name it was given."""
    if change.desired is None:
        return {}
    names = {str(field.path[0]) for field in change.fields if field.is_immediate}
    wanted = {"name": change.desired.name, **change.desired.metadata}
    return merge(None, {name: value for name, value in wanted.items() if name in names})


def metadata_before(change: AgentChange) -> Document:
    """What the fields of `metadata_to_write` held before, as far as that is known."""
    if change.observed is None:
        return {}
    listing = change.observed.listing
    held = {**listing.metadata, "name": listing.name}
    return {name: held[name] for name in metadata_to_write(change) if name in held}


def differing_paths(wanted: Document, found: Revision) -> tuple[Path, ...]:
    """Where a revision does not hold what was wanted, over the managed fields that can be compared."""
    compared = without(wanted, found.unverifiable)
    held = canonical(found.document or {}, compared)
    return tuple(d.path for d in expand(diff(held, canonical(compared, compared))))


def is_same_document(one: Revision, other: Revision) -> bool:
    """Two revisions hold the same configuration in every field that can be read."""
    dropped = one.unverifiable | other.unverifiable
    held, found = without(one.document or {}, dropped), without(other.document or {}, dropped)
    return canonical(held) == canonical(found)


def unplanned_leaves(
    change: AgentChange, body: Document, leaves: Iterable[tuple[LeafDifference, Path | None]], known: frozenset[str]
) -> tuple[list[str], list[str]]:
    """(leaves of the platform's comparison that nobody planned, names of it that mean nothing to us), as texts.

    A value that appears inside an object we wrote is the server's own default, not somebody's edit.
    """
    foreign, unknown = [], []
    planned = _planned_paths(change, body)
    for leaf, path in leaves:
        if path is None or (path[0] not in known and path[0] not in body):
            unknown.append(f"{leaf.section}.{leaf.path}")
        elif not _is_planned(path, planned) and not (path[0] in body and leaf.before is None):
            foreign.append(path_text(path))
    return foreign, unknown


def _planned_paths(change: AgentChange, body: Document) -> list[Path]:
    if change.action is Action.CREATE or not change.fields:
        return [(name,) for name in body]
    return [field.path for field in change.fields if not field.is_immediate]


def _is_planned(path: Path, planned: Sequence[Path]) -> bool:
    """The leaf lies on a planned path or above or below one; inside a list the positions say nothing."""
    index = next((at for at, part in enumerate(path) if isinstance(part, int)), len(path))
    outside = path[:index]
    return any(outside[: len(each)] == each[: len(outside)] for each in planned)
