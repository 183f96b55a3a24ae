"""Builds the plan: desired and observed in, the value that apply executes out. Reads nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agentops.commands import in_environment
from agentops.diagnostics import Diagnostic, Severity
from agentops.document import (
    CLEARED,
    DesiredAgent,
    Environment,
    Generation,
    ObservedAgent,
    Path,
    Revision,
    path_text,
    read_mark,
)
from agentops.fields import is_clearable
from agentops.plan.approval import digest_of, target_name
from agentops.plan.canonical import Canonical, Flag, canonical, fingerprint_of, holds
from agentops.plan.changes import Describer, place_in_source
from agentops.plan.codes import CODES
from agentops.plan.compare import (
    Comparison,
    active_rules,
    compare_config,
    compare_metadata,
    is_expired,
    new_metadata,
    unmanaged_paths,
)
from agentops.plan.concealment import Concealer, KnownSecrets, known_secrets
from agentops.plan.diff import ABSENT, Difference, value_at
from agentops.plan.drafts import foreign_draft
from agentops.plan.drift import DriftStatus, classify
from agentops.plan.graph import in_order
from agentops.plan.holdings import ResourcePlan
from agentops.plan.identity import Match, Matching
from agentops.plan.impact import impact_of
from agentops.plan.merge import merge
from agentops.plan.model import Action, AgentChange, Drift, FieldChange, Impact, Operation, Plan, Refusal
from agentops.plan.names import hide_names
from agentops.plan.notes import (
    INBOUND,
    NUMBERS,
    has_stale_note,
    is_inbound_pending,
    uncalled_since,
    undone_fingerprints,
)
from agentops.plan.policy import refuse_by_rules
from agentops.plan.safety import refuse_agent, refuse_excess, refuse_protected, refuse_shared_numbers

_CONTAINERS = (dict, list)


@dataclass(frozen=True, slots=True)
class World:
    """What was read of the account.

    orphans:  agents with our mark that no spec means any more, by the key in their mark; read only for `--prune`
    agent_count: agents that the account has now, archived ones not counted
    leftover: names, by key, of other agents with our mark that no spec means
    unseen:   how many agents that no spec means were not looked at
    numbers:  the account's phone numbers by product; read only where a spec names one by its digits
    """

    generation: Generation
    target: str
    matching: Matching
    orphans: Mapping[str, ObservedAgent]
    agent_count: int
    leftover: Mapping[str, str] = field(default_factory=dict)
    unseen: int = 0
    numbers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the caller decided. `today` is an ISO date, for rules that expire."""

    acknowledged: frozenset[str] = frozenset()
    overwrites_drift: bool = False
    discards_draft: bool = False
    lists_unmanaged: bool = False
    today: str = ""


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """One agent's part of a plan: what to do, what speaks against it, what is worth knowing."""

    change: AgentChange
    refusals: list[Refusal]
    diagnostics: list[Diagnostic]


class Planner:
    """Plans agent by agent, in any order: each can be planned as soon as it has been read, and be forgotten then."""

    def __init__(self, environment: Environment, world: World, options: PlanOptions) -> None:
        self._environment, self._world, self._options = environment, world, options
        self._secrets = KnownSecrets(known_secrets(environment, (match.desired for match in world.matching.matches)))

    def plan_agent(self, match: Match, observed: ObservedAgent | None) -> AgentPlan:
        """`observed` is None where the account has no such agent yet."""
        desired, options = match.desired, self._options
        describer = Describer(desired, Concealer(self._secrets, desired.config, desired.metadata))
        form = canonical(desired.config)
        diagnostics = _unclearable(desired)
        if observed is None:
            return AgentPlan(_create(describer, form), [], diagnostics)
        status = classify(self._environment, self._world.generation, match, observed)
        # What was taken back for no fault of its own may be deployed again without an acknowledgement.
        status = replace(status, rolled_back=status.rolled_back - undone_fingerprints(observed))
        rules = active_rules(self._environment, desired.key, options.today)
        compared = compare_config(describer, form, observed.live, status.base, rules)
        change = _existing(describer, form, observed, status, compared)
        if options.lists_unmanaged:
            change = replace(change, unmanaged=unmanaged_paths(desired, observed.live))
        refusals = refuse_agent(
            change, status, overwrites_drift=options.overwrites_drift, discards_draft=options.discards_draft
        )
        return AgentPlan(change, refusals, diagnostics + _notes(change, status, compared))

    def conclude(
        self,
        parts: Iterable[AgentPlan],
        diagnostics: Iterable[Diagnostic] = (),
        resource_plan: ResourcePlan | None = None,
    ) -> Plan:
        """The plan, from a part for every match in their order. Rules about several agents at once apply here.

        `resource_plan` is what becomes of tools, knowledge bases and webhooks.
        """
        environment, world = self._environment, self._world
        refusals = list(world.matching.refusals)
        notes = [*diagnostics, *_expired_rules(environment, self._options.today), *_leftover(world)]
        changes: list[AgentChange] = []
        for part in parts:
            changes.append(part.change)
            refusals += part.refusals
            notes += part.diagnostics
        changes += [_archive(key, orphan) for key, orphan in sorted(world.orphans.items())]
        resource_plan = resource_plan or ResourcePlan()
        resources, circles = in_order(resource_plan.changes)
        notes += [*resource_plan.diagnostics, *circles]
        refusals += resource_plan.refusals
        refusals += refuse_protected(environment, changes) + refuse_excess(environment, changes, resources)
        refusals += refuse_shared_numbers(changes, world.numbers)
        refusals += refuse_by_rules(environment, changes)
        remaining, acknowledged = acknowledge(refusals, self._options.acknowledged, environment.name)
        plan = Plan(
            project=environment.project,
            environment=environment.name,
            target=target_name(environment, world.target),
            generation=world.generation,
            changes=tuple(changes),
            digest=digest_of(environment, world.target, changes, resources),
            diagnostics=tuple(
                replace(note, hint=in_environment(note.hint, environment.name)) if note.hint else note for note in notes
            ),
            refusals=remaining,
            acknowledged=acknowledged,
            resources=resources,
            references=resource_plan.references,
        )
        return hide_names(plan, self._secrets)


def _create(describer: Describer, form: Canonical) -> AgentChange:
    desired = describer.desired
    return AgentChange(
        key=desired.key,
        name=desired.name,
        action=Action.CREATE,
        reason=f"the account has no agent called {desired.name!r}",
        fingerprint=fingerprint_of(form),
        fields=compare_config(describer, form, None, None, ()).fields + new_metadata(describer),
        impact=impact_of(None, desired.config),
        numbers=_numbers(desired, None),
        desired=desired,
    )


def _existing(
    describer: Describer, form: Canonical, observed: ObservedAgent, status: DriftStatus, compared: Comparison
) -> AgentChange:
    desired, live = describer.desired, observed.live
    wanted = fingerprint_of(form)
    unverifiable = tuple(sorted(n for n in live.unverifiable if holds(desired.config, n))) if live else ()
    unread = _unverifiable_fields(describer, form, unverifiable, status, wanted)
    immediate = compare_metadata(describer, observed)
    if is_inbound_pending(desired, observed):
        pending = Difference((INBOUND,), Flag.FALSE, Flag.TRUE)
        reason = "off since it was created, until its calls have passed"
        immediate += (describer.describe(pending, reason=reason, is_immediate=True),)
    fields = compared.fields + unread + immediate
    action, reason = _decide(observed, status, fields, wanted)
    return AgentChange(
        key=desired.key,
        name=desired.name,
        action=action,
        reason=reason,
        agent_id=observed.agent_id,
        base_revision_id=live.revision_id if live else None,
        base_number=live.number if live else None,
        fingerprint=wanted,
        fields=fields,
        drift=status.drift,
        drift_fields=compared.drifted,
        drift_detail=status.detail,
        unverifiable=unverifiable,
        foreign_draft=foreign_draft(desired, observed),
        uncalled_since=uncalled_since(observed),
        impact=_impact(desired, live) if action is not Action.UNCHANGED else None,
        numbers=_numbers(desired, observed),
        desired=desired,
        observed=None if action is Action.UNCHANGED and not compared.drifted else observed,
        restore_to=status.never_live if action is Action.GO_LIVE else None,
    )


def _impact(desired: DesiredAgent, live: Revision | None) -> Impact | None:
    served = (live.document if live else None) or {}
    try:
        impact = impact_of(served, {**served, **merge(served, desired.config)})
    except LookupError:  # a field that can't be emptied, which is an error of its own (`_unclearable`)
        return None
    return impact if impact.words_before != impact.words_after else None


def _numbers(desired: DesiredAgent, observed: ObservedAgent | None) -> tuple[str, ...]:
    """The phone numbers that an agent has or gets."""
    held = observed.listing.metadata if observed else {}
    return tuple(dict.fromkeys((*held.get(NUMBERS, ()), *desired.metadata.get(NUMBERS, ()))))


def _decide(
    observed: ObservedAgent, status: DriftStatus, fields: Sequence[FieldChange], wanted: str
) -> tuple[Action, str]:
    live = observed.live
    if observed.listing.is_archived:
        return Action.UPDATE, "it was archived in the console"
    if live is None:
        return Action.UPDATE, "nothing was ever published"
    serving = f"revision {live.name}"
    if not fields and uncalled_since(observed) is not None:
        return Action.CALL, f"{serving} serves what the spec asks for and has not passed its calls"
    if not fields and has_stale_note(observed):
        return Action.UPDATE, "the note of a deploy that never went live is taken off its description"
    if not fields:
        return Action.UNCHANGED, f"{serving} serves what the spec asks for"
    waiting = status.never_live
    mark = read_mark(waiting.label) if waiting else None
    if waiting is not None and mark is not None and mark.fingerprint == wanted:
        return Action.GO_LIVE, f"revision {waiting.name} is published and not live yet"
    if all(change.is_immediate for change in fields):
        return Action.UPDATE, "only unversioned fields differ"
    return Action.UPDATE, f"{serving} differs from the spec"


def _unverifiable_fields(
    describer: Describer, form: Canonical, unverifiable: Sequence[str], status: DriftStatus, wanted: str
) -> tuple[FieldChange, ...]:
    """Fields that can't be read back: they are written whenever the spec is not the one that we last put live."""
    if status.mark is not None and status.mark.fingerprint == wanted:
        return ()
    paths = [tuple(name.split(".")) for name in unverifiable]
    reason = "cannot be read back, so it is written whenever the spec changes"
    found = (describer.describe(Difference(path, ABSENT, value_at(form, path)), reason=reason) for path in paths)
    return tuple(replace(change, operation=Operation.REPLACE) for change in found)


def _archive(key: str, orphan: ObservedAgent) -> AgentChange:
    reason = "deployed from this project, and no spec describes it any more"
    if numbers := orphan.listing.metadata.get(NUMBERS):
        reason += f"; detached first from phone number {', '.join(numbers)}"
    return AgentChange(
        key=key,
        name=orphan.listing.name,
        action=Action.ARCHIVE,
        reason=reason,
        agent_id=orphan.agent_id,
        base_revision_id=orphan.live.revision_id if orphan.live else None,
        base_number=orphan.live.number if orphan.live else None,
        observed=orphan,
    )


def acknowledge(
    refusals: Iterable[Refusal], acknowledged: frozenset[str], environment: str
) -> tuple[tuple[Refusal, ...], tuple[str, ...]]:
    """The refusals that remain, and the acknowledgements that were used. `CODE:key` acknowledges for one agent only.

    environment: where the commands that a refusal names are to be run
    """
    remaining: list[Refusal] = []
    used: set[str] = set()
    for refusal in refusals:
        names = names_for(refusal) & acknowledged
        used |= names
        if not names:
            remaining.append(replace(refusal, hint=in_environment(refusal.hint, environment)))
    return tuple(remaining), tuple(sorted(used))


def names_for(refusal: Refusal) -> frozenset[str]:
    """What `--ack` takes for a refusal; nothing where it can't be acknowledged."""
    name = refusal.acknowledgement
    if name is None:
        return frozenset()
    return frozenset((name,) if refusal.agent is None else (name, f"{name}:{refusal.agent}"))


def with_acknowledged(plan: Plan, acknowledged: frozenset[str]) -> Plan:
    """`plan` without the refusals that were acknowledged after it was made. Its digest stays."""
    return with_refusals(replace(plan, refusals=()), plan.refusals, acknowledged)


def with_refusals(plan: Plan, found: Iterable[Refusal], acknowledged: frozenset[str]) -> Plan:
    """`plan` with further refusals. The digest stays: it is about the intention."""
    remaining, used = acknowledge(found, acknowledged, plan.environment)
    return replace(
        plan,
        refusals=plan.refusals + remaining,
        acknowledged=tuple(sorted({*plan.acknowledged, *used})),
    )


def _unclearable(desired: DesiredAgent) -> list[Diagnostic]:
    return [
        Diagnostic(
            code="clear-unknown",
            severity=Severity.ERROR,
            summary=f"{path_text(path)} can't be emptied: no value is known that means empty there",
            hint="write the value you want instead of `{$clear: true}`",
            where=place_in_source(desired, path),
            agent=desired.key,
            path=path_text(path),
        )
        for path in _cleared(desired.config, ())
        if not is_clearable(path)
    ]


def _cleared(value: dict[str, Any] | list[Any], path: Path) -> Iterable[Path]:
    for part, item in value.items() if isinstance(value, dict) else enumerate(value):
        if item is CLEARED:
            yield (*path, part)
        elif isinstance(item, _CONTAINERS) and item:
            yield from _cleared(item, (*path, part))


def _expired_rules(environment: Environment, today: str) -> list[Diagnostic]:
    return [
        Diagnostic(
            code="ignore-expired",
            severity=Severity.WARNING,
            summary=f"the rule that ignores {rule.path} ({rule.reason}) ended on {rule.until} and no longer holds",
            hint="remove it from agentops.yaml, or give it a new date",
            agent=rule.agent,
            path=rule.path,
        )
        for rule in environment.ignore_drift
        if is_expired(rule, today)
    ]


def _leftover(world: World) -> Iterable[Diagnostic]:
    """Agents that go on taking calls although no spec describes them any more."""
    for key, name in sorted(world.leftover.items()):
        yield Diagnostic(
            code="no-spec",
            severity=Severity.WARNING,
            summary=f"{name!r} ({key}) was deployed from here and still serves, and no spec describes it any more",
            hint=f"`agentops apply --prune` archives it, `agentops forget {key}` leaves it alone for good",
            agent=key,
        )
    if world.unseen:
        yield Diagnostic(
            code="not-looked-at",
            severity=Severity.NOTE,
            summary=f"{world.unseen} more agents of the account have no spec here and were not looked at",
            hint="`agentops plan --prune` looks at every one of them",
        )


def _notes(change: AgentChange, status: DriftStatus, compared: Comparison) -> list[Diagnostic]:
    """What is worth knowing about an agent but refuses nothing."""
    notes = [
        _note(change, "drift-ignored", f"{path_text(path)} differs and is left alone: {rule.reason}", path)
        for path, rule in compared.ignored
    ]
    if change.unverifiable:
        names = ", ".join(change.unverifiable)
        notes.append(_note(change, "unverifiable", f"written but never compared, since it can't be read back: {names}"))
    if change.drift is Drift.ROLLED_BACK and not change.is_change:
        notes.append(_note(change, "rolled-back", status.detail))
    is_respecified = status.mark is not None and status.mark.fingerprint != change.fingerprint
    # A spec that took over a console edit (`pull`) has changed as well, and names what it did.
    is_pulled = change.drift is Drift.EDITED
    if not change.is_change and is_respecified and not is_pulled and not compared.ignored:
        text = "the spec changed without changing the agent; fields that it no longer names keep their live value"
        notes.append(_note(change, "spec-narrowed", text))
    return notes


def _note(change: AgentChange, code: str, summary: str, path: Path = ()) -> Diagnostic:
    severity = Severity.WARNING if code == "unverifiable" else Severity.NOTE
    way_out = CODES[code].way_out
    return Diagnostic(
        code=code,
        severity=severity,
        summary=summary,
        hint=(way_out[:1].lower() + way_out[1:]).removesuffix("."),
        agent=change.key,
        path=path_text(path) or None,
    )
