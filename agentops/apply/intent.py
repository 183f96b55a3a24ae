"""What one agent's change asks to be written and to be found afterwards. Pure: documents in, documents out.

Equality is the plan's own (`plan.canonical`); fields that the plan leaves alone, because a rule ignores their drift,
keep the value that serves.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentops.document import Document, ObservedAgent, Path, Revision
from agentops.fields import BY_PATH
from agentops.plan.canonical import canonical, holds, plain, without
from agentops.plan.changes import expand
from agentops.plan.diff import ABSENT, Difference, apply_differences, diff, value_at
from agentops.plan.merge import merge
from agentops.plan.model import Action, AgentChange
from agentops.plan.notes import INBOUND, is_inbound_pending

_KNOWN = frozenset(path[0] for path in BY_PATH)


def wanted_config(change: AgentChange, live: Revision | None) -> Document:
    """The versioned document to arrive at: the desired one, with what the plan leaves alone as it serves."""
    if change.desired is None:
        return {}
    config = change.desired.config
    if live is None or live.document is None or change.action is Action.CREATE:
        return config
    compared = without(config, live.unverifiable)
    differences = list(expand(diff(canonical(live.document, compared), canonical(compared, compared))))
    planned = {field.exact_path for field in change.fields if not field.is_immediate}
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
    if change.action is Action.CREATE:
        return merge(live.document if live else None, wanted)
    names = {field.exact_path[0] for field in change.fields if not field.is_immediate}
    return merge(live.document if live else None, {name: wanted[name] for name in wanted if name in names})


def metadata_to_write(change: AgentChange, observed: ObservedAgent) -> Document:
    """The unversioned fields that differ, with the display name; for a new agent all but the name it was given."""
    if change.desired is None:
        return {}
    names = {str(field.exact_path[0]) for field in change.fields if field.is_immediate}
    wanted = {"name": change.desired.name, **change.desired.metadata}
    if is_inbound_pending(change.desired, observed):
        names, wanted = names | {INBOUND}, wanted | {INBOUND: True}
    return merge(None, {name: value for name, value in wanted.items() if name in names})


def metadata_before(change: AgentChange) -> Document:
    """What the fields of `metadata_to_write` held before, as far as that is known."""
    if change.observed is None:
        return {}
    listing = change.observed.listing
    held = {**listing.metadata, "name": listing.name}
    return {name: held[name] for name in metadata_to_write(change, change.observed) if name in held}


def differing_paths(wanted: Document, found: Revision) -> tuple[Path, ...]:
    """Where a revision does not hold what was wanted, over the managed fields that can be compared."""
    compared = without(wanted, found.unverifiable)
    held = canonical(found.document or {}, compared)
    return tuple(d.path for d in expand(diff(held, canonical(compared, compared))))


def is_same_document(one: Revision, other: Revision) -> bool:
    """Whether two revisions hold the same configuration in every field that can be read."""
    dropped = one.unverifiable | other.unverifiable
    held, found = without(one.document or {}, dropped), without(other.document or {}, dropped)
    return canonical(held) == canonical(found)


def unplanned_differences(
    base: Revision | None, body: Document, found: Document, *, seen: Document | None = None
) -> list[Difference]:
    """What `found`, made by writing `body` over `base`, holds beyond that: somebody else's edits, in canonical form.

    A value that appears inside an object we wrote is the server's own default, unless `seen`, what the draft held right
    after our write, shows that it came later. Where `found` still has the base's value, the platform kept that.
    """
    before = (base.document if base else None) or {}
    dropped = base.unverifiable if base else frozenset()
    expected, found = without({**before, **body}, dropped), without(found, dropped)
    within = canonical(found, expected)
    earlier, later = canonical(before, expected), canonical(seen or {}) if seen is not None else None
    moved = expand(diff(canonical(expected, expected), within))
    changed = [d for d in moved if value_at(earlier, d.path) != d.after]
    added = [d for d in expand(diff(within, canonical(found))) if d.before is ABSENT]
    late = [d for d in added if d.path[0] not in body or (later is not None and value_at(later, d.path) != d.after)]
    # What is written under one name and read back under another, unknown one looks like somebody's edit.
    reads_otherwise = any(holds(body, name) for name in dropped)
    return [d for d in changed + late if d.path[0] in _KNOWN or not reads_otherwise]


def with_edits(base: Revision, edits: Sequence[Difference]) -> Document:
    """The top-level fields that `edits` touch, as they are with the edits over `base`."""
    form = apply_differences(canonical(base.document or {}), edits)
    return {str(name): plain(form[name]) for name in dict.fromkeys(edit.path[0] for edit in edits) if name in form}
