"""Ties an approval to what is applied: a plan's digest, its refusals, and what has moved since it was approved."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import urlsplit

from agentops.diagnostics import has_errors
from agentops.document import Environment, path_text, short_digest
from agentops.errors import AgentopsError, RefusedError, SpecError, StaleError
from agentops.plan.canonical import fingerprint
from agentops.plan.model import FORMAT_VERSION, AgentChange, Plan, Refusal, ResourceAction, ResourceChange

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def target_name(environment: Environment, target: str) -> str:
    """The account's address as a plan names it: a local emulator is one place, whatever port it listens on."""
    is_local = environment.is_emulator or (urlsplit(target).hostname or target) in _LOOPBACK
    return "local emulator" if is_local else target


def digest_of(
    environment: Environment, target: str, changes: Iterable[AgentChange], resources: Iterable[ResourceChange] = ()
) -> str:
    """16 hex characters over the intention and the world it meets: environment, agents, base revisions, fingerprints.

    The label's text, the commit, the clock and the port of a local emulator are outside it.
    """
    head = [FORMAT_VERSION, environment.project, environment.name, target_name(environment, target)]
    parts = [_facts(change) for change in sorted(changes, key=lambda change: change.key)]
    shared = sorted(resource_facts(resource) for resource in resources)
    return short_digest(json.dumps([head, parts, *([shared] if shared else [])], separators=(",", ":")))


def resource_facts(change: ResourceChange) -> list[str]:
    """The facts of a resource's change, the same on every machine. An update in place has no base revision: what is
    there now takes its place."""
    address = change.address
    base = {path_text(field.path): field.before for field in change.fields if field.before is not None}
    return [
        address.kind.value,
        address.key,
        change.resource_id or "",
        change.action.value,
        change.fingerprint,
        *([fingerprint(base)] if change.action is ResourceAction.UPDATE else []),
    ]


def require_applyable(plan: Plan) -> None:
    """Raises for what speaks against the plan: StaleError where the world is in the way, RefusedError for a rule,
    SpecError for a mistake in a spec that only the comparison shows."""
    if plan.refusals:
        order = sorted(plan.refusals, key=lambda refusal: not refusal.is_stale)
        raise _error_of(order[0], len(order) - 1, plan.environment)
    if has_errors(plan.diagnostics):
        raise SpecError(plan.diagnostics)


def _error_of(refusal: Refusal, others: int, environment: str) -> AgentopsError:
    more = f" (and {others} more: see `agentops plan -e {environment}`)" if others else ""
    if refusal.is_stale:
        return StaleError(refusal.summary + more, hint=refusal.hint, code=refusal.code)
    return RefusedError(
        refusal.summary + more, hint=refusal.hint, code=refusal.code, acknowledgement=refusal.acknowledgement
    )


def require_same(approved: Plan, fresh: Plan) -> None:
    """Raises StaleError, saying what moved, unless a plan made now is the one that was approved."""
    moved = what_moved(approved, fresh)
    if approved.digest == fresh.digest and not moved:
        return
    raise StaleError(
        "the approved plan no longer holds: " + ("; ".join(moved) or "its digest does not fit its content"),
        hint="make a new plan, review it and apply that one",
        code="PLAN_STALE",
    )


def require_digest(given: str, fresh: Plan) -> None:
    """Raises StaleError unless `given` is the digest of a plan made now."""
    if given.lower() != fresh.digest:
        raise StaleError(
            f"the plan made now has the digest {fresh.digest}, approved was {given}: "
            "a spec, an agent on the platform or the selection has changed since",
            hint=f"run `agentops plan -e {fresh.environment}` again, review it and apply its digest; "
            "a saved plan file says what moved",
            code="PLAN_STALE",
        )


def is_carried_out(approved: Plan, fresh: Plan) -> bool:
    """Whether everything approved is in place already: the same specs, and nothing left to change."""
    return (
        fresh.is_empty
        and (approved.project, approved.environment) == (fresh.project, fresh.environment)
        and {c.key: c.fingerprint for c in approved.changes} == {c.key: c.fingerprint for c in fresh.changes}
        and _wanted(approved) == _wanted(fresh)
    )


def _wanted(plan: Plan) -> dict[str, str]:
    return {each.key: each.fingerprint for each in plan.resources if each.fingerprint}


def what_moved(approved: Plan, fresh: Plan) -> list[str]:
    """Every fact of the digest that is not what it was, in words: agents in the order of the plans."""
    moved = []
    for name, was, now in (
        ("format version", approved.format_version, fresh.format_version),
        ("project", approved.project, fresh.project),
        ("environment", approved.environment, fresh.environment),
        ("account", approved.target, fresh.target),
    ):
        if was != now:
            moved.append(f"{name} {was!r} is now {now!r}")
    before = {change.key: change for change in approved.changes}
    after = {change.key: change for change in fresh.changes}
    moved += [f"{key}: no longer part of it" for key in before if key not in after]
    moved += [f"{key}: not part of the approved plan" for key in after if key not in before]
    for key in before:
        if key in after:
            moved += [f"{key}: {what}" for what in _moved(before[key], after[key])]
    return [*moved, *_moved_resources(approved, fresh)]


def _moved_resources(approved: Plan, fresh: Plan) -> Iterable[str]:
    before = {(each.address, each.resource_id): each for each in approved.resources}
    after = {(each.address, each.resource_id): each for each in fresh.resources}
    for part in sorted(before.keys() | after.keys(), key=lambda part: (part[0], part[1] or "")):
        was, now = before.get(part), after.get(part)
        if was is None or now is None or resource_facts(was) != resource_facts(now):
            old, new = (
                f"{each.action} {each.fingerprint}".strip() if each else "not part of it" for each in (was, now)
            )
            # Where both read alike, only what is there now differs, which an update in place is approved for.
            edited = "it was changed after the plan was approved"
            yield f"{part[0]}: {edited if old == new else f'{old} is now {new}'}"


def _moved(was: AgentChange, now: AgentChange) -> list[str]:
    moved = []
    if was.agent_id != now.agent_id:
        moved.append(f"agent {was.agent_id or '(new)'} is now {now.agent_id or '(new)'}")
    if was.base_revision_id != now.base_revision_id:
        moved.append(f"{_revision(was)} served when it was approved, {_revision(now)} serves now")
    if was.fingerprint != now.fingerprint:
        moved.append(f"the spec changed (fingerprint {was.fingerprint} is now {now.fingerprint})")
    if was.action is not now.action:
        moved.append(f"{was.action} is now {now.action}")
    if not moved and _leaves(was) != _leaves(now):
        moved.append("its field changes are not the approved ones")
    return moved


def _leaves(change: AgentChange) -> list[tuple[object, ...]]:
    return [(field.path, field.operation, field.before, field.after) for field in change.fields]


def _revision(change: AgentChange) -> str:
    return f"revision {change.base_name}" if change.base_name else "nothing"


def _facts(change: AgentChange) -> list[str]:
    """The facts of a change: the same on every machine, and different whenever apply would do something else."""
    immediate = {path_text(field.path): field.after for field in change.fields if field.is_immediate}
    return [
        change.key,
        change.agent_id or "",
        change.action.value,
        change.base_revision_id or "",
        change.fingerprint,
        change.name,
        fingerprint(immediate),
        change.restore_to.revision_id if change.restore_to else "",
    ]
