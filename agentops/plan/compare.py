"""One agent compared three ways, field by field: what git wants, what serves, and what we last put live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from agentops.document import DesiredAgent, Environment, IgnoredDrift, ObservedAgent, Path, Revision, path_text
from agentops.plan.canonical import Canonical, canonical, holds, without
from agentops.plan.changes import Describer, expand, three_way
from agentops.plan.diff import ABSENT, Difference, diff, leaves, value_at
from agentops.plan.model import ChangedBy, FieldChange

_REASONS: Mapping[ChangedBy, str] = {
    ChangedBy.GIT: "changed in git",
    ChangedBy.CONSOLE: "changed outside git; git still has the value from before",
    ChangedBy.BOTH: "changed in git and outside it",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one agent differs.

    fields:  what apply would change
    drifted: what was changed outside git, from the value that we put live
    ignored: fields that differ and are left alone, with the rule that says so
    """

    fields: tuple[FieldChange, ...] = ()
    drifted: tuple[FieldChange, ...] = ()
    ignored: tuple[tuple[Path, IgnoredDrift], ...] = ()


def compare_config(
    describer: Describer, form: Canonical, live: Revision | None, base: Revision | None, ignored: Iterable[IgnoredDrift]
) -> Comparison:
    """The versioned part: desired, whose canonical form is `form`, against live; `base` shows who moved what."""
    if live is None or live.document is None:
        new = (Difference(path, ABSENT, value) for path, value in leaves(form))
        return Comparison(tuple(describer.describe(each, reason="new agent") for each in new))
    wanted, desired = describer.desired.config, form
    if unverifiable := [name for name in live.unverifiable if holds(wanted, name)]:
        wanted = without(wanted, unverifiable)
        desired = canonical(wanted)
    serving = canonical(live.document, wanted)
    if serving == desired:
        return Comparison()
    before = _base_form(base, live, wanted, serving)
    rules = tuple(ignored)
    pairs = list(three_way(diff(serving, desired), before))
    left_alone = tuple((d.path, rule) for d, _ in pairs if (rule := _rule_for(d.path, rules)) is not None)
    kept = {path for path, _ in left_alone}
    # Without a base it can't be known who changed a field.
    reasons = _REASONS if base else dict.fromkeys(ChangedBy, "differs from what serves")
    fields = describer.describe_all([pair for pair in pairs if pair[0].path not in kept], reasons)
    drifted = () if before is None else _drifted(describer, before, serving, desired, kept)
    return Comparison(fields, drifted, left_alone)


def compare_documents(
    describer: Describer, before: Mapping[str, Any], after: Mapping[str, Any], managed: Mapping[str, Any] | None
) -> tuple[FieldChange, ...]:
    """Two documents against each other over what `managed` has (None: all of both); neither counts as the base."""
    found = expand(diff(canonical(before, managed), canonical(after, managed)))
    return describer.describe_all(((each, ChangedBy.GIT) for each in found), dict.fromkeys(ChangedBy, ""))


def compare_metadata(describer: Describer, observed: ObservedAgent) -> tuple[FieldChange, ...]:
    """The unversioned part: name and metadata, which take effect at once."""
    desired = describer.desired
    wanted = {"name": desired.name, **desired.metadata}
    held = canonical({**observed.listing.metadata, "name": observed.listing.name}, wanted)
    found = expand(diff(held, canonical(wanted, wanted)))
    return tuple(describer.describe(d, reason="changed in git", is_immediate=True) for d in found)


def new_metadata(describer: Describer) -> tuple[FieldChange, ...]:
    form = canonical(describer.desired.metadata)
    return tuple(
        describer.describe(Difference(path, ABSENT, value), reason="new agent", is_immediate=True)
        for path, value in leaves(form)
    )


def unmanaged_paths(desired: DesiredAgent, live: Revision | None) -> tuple[Path, ...]:
    """Every field that serves and that the spec says nothing about."""
    if live is None or live.document is None:
        return ()
    everything = canonical(live.document)
    managed = canonical(live.document, without(desired.config, live.unverifiable))
    return tuple(d.path for d in expand(diff(managed, everything)) if d.before is ABSENT)


def active_rules(environment: Environment, key: str, today: str) -> tuple[IgnoredDrift, ...]:
    """The ignore rules that hold for an agent on `today` (ISO date; an empty one means that no rule expires)."""
    ours = (rule for rule in environment.ignore_drift if rule.agent is None or fnmatchcase(key, rule.agent))
    return tuple(rule for rule in ours if not is_expired(rule, today))


def is_expired(rule: IgnoredDrift, today: str) -> bool:
    return bool(rule.until and today and rule.until < today)


def _rule_for(path: Path, rules: Iterable[IgnoredDrift]) -> IgnoredDrift | None:
    """A rule names a field, anything below it, or a glob over dotted paths."""
    text = path_text(path)
    for rule in rules:
        if text == rule.path or text.startswith((f"{rule.path}.", f"{rule.path}[")) or fnmatchcase(text, rule.path):
            return rule
    return None


def _base_form(
    base: Revision | None, live: Revision, wanted: Mapping[str, Any], serving: Canonical
) -> Canonical | None:
    if base is None or base.document is None:
        return None
    return serving if base.revision_id == live.revision_id else canonical(base.document, wanted)


def _drifted(
    describer: Describer, base: Canonical, serving: Canonical, desired: Canonical, kept: set[Path]
) -> tuple[FieldChange, ...]:
    """What no longer has the value that we put live, unless it has the desired one: then both sides agree."""
    moved = [d for d in expand(diff(base, serving)) if value_at(desired, d.path) != d.after and d.path not in kept]
    movers = [ChangedBy.CONSOLE if value_at(desired, d.path) == d.before else ChangedBy.BOTH for d in moved]
    return describer.describe_all(zip(moved, movers, strict=True), dict.fromkeys(ChangedBy, "changed outside git"))
