"""What speaks against applying: drift, adoption, foreign drafts, redeploys, protected agents, limits.

Each refusal has a code, says what to do, and names the acknowledgement that would allow it, if there is one. The
project's own deny rules are in `policy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import floor

from agentops.diagnostics import Diagnostic
from agentops.document import Environment, path_text
from agentops.plan.drift import DriftStatus
from agentops.plan.model import (
    Action,
    AgentChange,
    CallCosts,
    Drift,
    Refusal,
    ResourceAction,
    ResourceChange,
)
from agentops.plan.notes import NUMBERS
from agentops.timing import Closed

_KEYS_NAMED = 20
UNFINISHED = ("scheduled", "processing", "running", "paused")  # statuses of campaigns that keep an agent from archiving
SHARE_COUNTS_FROM = 10  # agents; below that one agent is already a large share


def refuse_agent(
    change: AgentChange, status: DriftStatus, *, overwrites_drift: bool, discards_draft: bool
) -> list[Refusal]:
    """Everything that speaks against one agent's change. An agent that stays as it is refuses nothing."""
    if not change.is_change:
        return []
    found = [_adoption(change, status), _redeploy(change, status), _archived(change)]
    found.append(None if overwrites_drift else _drift(change))
    found.append(None if discards_draft else _draft(change))
    return [refusal for refusal in found if refusal is not None]


def refuse_in_use(key: str, campaign: str, status: str) -> Refusal:
    """An agent that a campaign holds: the platform would refuse to archive it, halfway through."""
    return Refusal(
        code="CAMPAIGN_USES_AGENT",
        summary=f'{key} is associated with the {status} campaign "{campaign}", so the platform does not archive it',
        hint="complete or remove the campaign before archiving",
        agent=key,
    )


def refuse_protected(environment: Environment, changes: Iterable[AgentChange]) -> list[Refusal]:
    """Agents that the environment protects."""
    return [
        _protected(environment, change.key, "would be changed")
        for change in changes
        if change.is_change and change.key in environment.protected_agents
    ]


def refuse_protected_reach(environment: Environment, change: ResourceChange) -> list[Refusal]:
    """Agents that the environment protects and a change of something shared would reach."""
    how = f"would be changed through {change.address}"
    return [_protected(environment, key, how) for key in change.reaches if key in environment.protected_agents]


def _protected(environment: Environment, key: str, how: str) -> Refusal:
    return Refusal(
        code="PROTECTED_AGENT",
        summary=f"{key} is protected in {environment.name} and {how}",
        hint=f"have it reviewed, then pass `--ack PROTECTED_AGENT:{key}`",
        agent=key,
        acknowledgement="PROTECTED_AGENT",
    )


def refuse_excess(
    environment: Environment, changes: Sequence[AgentChange], resources: Sequence[ResourceChange] = ()
) -> list[Refusal]:
    """More agents changed or archived than the limits allow. New agents don't count as changed.

    A resource that takes effect at once counts like an agent that is changed, one that is pruned like one that is
    archived; one that is replaced counts by the agents that move to the new one.
    """
    limits = environment.limits
    existing: list[AgentChange | ResourceChange] = [each for each in changes if each.action is not Action.CREATE]
    existing += [each for each in resources if each.action is ResourceAction.UPDATE or each.is_pruned]
    archived = [each for each in existing if each.action in (Action.ARCHIVE, ResourceAction.DELETE)]
    changed = [each for each in existing if each.is_change and each not in archived]
    found = []
    for what, affected, count, share in (
        ("changed", changed, limits.max_changed, limits.max_changed_share),
        ("archived", archived, limits.max_archived, limits.max_archived_share),
    ):
        allowed = _allowed(count, share, len(existing))
        if allowed is not None and len(affected) > allowed:
            found.append(_excess(what, affected, existing, allowed))
    return found


def refuse_shared_numbers(changes: Sequence[AgentChange], numbers: Mapping[str, str]) -> list[Refusal]:
    """Phone numbers that several specs claim: each apply would take them from the other agent.

    numbers: each product's number as people write it, where the account was asked for them
    """
    claimants: dict[str, list[str]] = {}
    for change in changes:
        for number in change.desired.metadata.get(NUMBERS, ()) if change.desired else ():
            claimants.setdefault(number, []).append(change.key)
    return [
        Refusal(
            code="PHONE_NUMBER_SHARED",
            summary=f"{key}: phone number {numbers.get(number, number)} is claimed by "
            f"{', '.join(other for other in keys if other != key)} too",
            hint="leave the number in one spec",
            agent=key,
        )
        for number, keys in claimants.items()
        if len(keys) > 1
        for key in keys
    ]


def refuse_closed(
    environment: Environment,
    changes: Iterable[AgentChange],
    resources: Iterable[ResourceChange],
    closed: Iterable[Closed],
) -> list[Refusal]:
    """Refuses a plan that deploys at a time when nothing may be deployed. `rollback` is always allowed."""
    deploys = any(change.is_change and change.action is not Action.CALL for change in changes)
    if not deploys and not any(change.is_change for change in resources):
        return []
    return [
        Refusal(
            code=each.code,
            summary=f"{environment.name}: {each.summary}",
            hint=f"apply after {each.until}; if it can't wait, pass `--ack {_override(each)}`",
            acknowledgement=_override(each),
        )
        for each in closed
    ]


def _override(closed: Closed) -> str:
    """A freeze is overridden by its name, so that another one that nobody thought of still holds."""
    return f"{closed.code}:{closed.name}" if closed.name else closed.code


def refuse_lint(errors: Iterable[Diagnostic]) -> list[Refusal]:
    """The errors of lint in the specs of agents that would be deployed, under lint's own codes."""
    return [
        Refusal(
            code=error.code,
            summary=f"{error.agent}: {error.summary}" + (f" ({error.where})" if error.where else ""),
            hint=f"{error.hint or 'see `agentops lint`'}; if it is meant, pass `--ack {error.code}:{error.agent}`",
            agent=error.agent,
            acknowledgement=error.code,
        )
        for error in errors
    ]


def refuse_uncalled(changes: Sequence[AgentChange], budget_min: float | None) -> list[Refusal]:
    """Agents that nobody would call although the environment makes calls and their spec doesn't say why; and calls that
    take longer than the environment allows one apply."""
    found = [
        Refusal(
            code="NO_CALLS",
            summary=f"{change.key}: agents are called here, and its spec names no call script",
            hint="name one under `calls:`, or say why there is none with `calls: {none: reason}`",
            agent=change.key,
            acknowledgement="NO_CALLS",
        )
        for change in changes
        if change.calls is not None and not change.calls.scripts and not change.calls.reason
    ]
    minutes = sum(change.calls.minutes for change in changes if change.calls)
    if budget_min is not None and minutes > budget_min:
        what = f"the calls would take about {minutes:.1f} minutes, deploy.call_minutes is {budget_min:g}"
        hint = "apply fewer agents at a time with `--agent`, or raise deploy.call_minutes"
        found.append(Refusal(code="CALL_MINUTES", summary=what, hint=hint))
    return found


def refuse_costs(costs: CallCosts) -> list[Refusal]:
    """Calls that the account can't pay for, as far as both are known."""
    left = costs.credits_left
    if left is None or (left > 0 and (costs.cost is None or costs.cost <= left)):
        return []
    needed = "" if costs.cost is None else f" and cost about {costs.cost:.2f} by the last calls"
    what = f"the calls take about {costs.minutes:.1f} minutes{needed}, the account has {left:.2f} credits left"
    hint = "buy credits, or apply fewer agents at a time with `--agent`; if it is meant, pass `--ack CREDITS`"
    return [Refusal(code="CREDITS", summary=what, hint=hint, acknowledgement="CREDITS")]


def _allowed(count: int | None, share: float | None, total: int) -> int | None:
    bounds = [] if count is None else [count]
    if share is not None and total >= SHARE_COUNTS_FROM:
        # 0.29 * 100 is 28.999999999999996 in floating point: without a little more, 29 % of 100 would be 28.
        bounds.append(floor(share * total + 1e-9))
    return min(bounds) if bounds else None


def _excess(
    what: str,
    affected: Sequence[AgentChange | ResourceChange],
    existing: Sequence[AgentChange | ResourceChange],
    allowed: int,
) -> Refusal:
    code = f"LIMIT_{what.upper()}"
    keys = ", ".join(change.key for change in affected[:_KEYS_NAMED])
    keys += f" and {len(affected) - _KEYS_NAMED} more" if len(affected) > _KEYS_NAMED else ""
    of_all = f"{len(existing)} agent{'s' if len(existing) != 1 else ''}"
    if any(isinstance(each, ResourceChange) for each in existing):
        of_all = f"{len(existing)} agents and shared resources"
    return Refusal(
        code=code,
        summary=f"{len(affected)} of {of_all} would be {what}, the limit is {allowed}: {keys}",
        hint=f"narrow it down with `--agent`, or pass `--ack {code}` after a look at every change",
        acknowledgement=code,
    )


def _adoption(change: AgentChange, status: DriftStatus) -> Refusal | None:
    if status.drift is Drift.FOREIGN:
        return Refusal(
            code="FOREIGN_AGENT",
            summary=f"{change.key}: {status.detail}",
            hint="two projects or environments must not deploy to one agent: rename it in one of them; "
            "to take it over pass `--ack FOREIGN_AGENT`",
            agent=change.key,
            acknowledgement="FOREIGN_AGENT",
        )
    if status.drift is Drift.UNMANAGED and not status.is_pristine:
        return Refusal(
            code="ADOPT",
            summary=f"{change.key}: agent {change.agent_id} already exists and was never deployed by agentops",
            hint=f"take its configuration into the spec with `agentops pull --agent {change.key}`, "
            "or pass `--ack ADOPT` to overwrite it",
            agent=change.key,
            acknowledgement="ADOPT",
        )
    return None


def _redeploy(change: AgentChange, status: DriftStatus) -> Refusal | None:
    if change.fingerprint not in status.rolled_back:
        return None
    return Refusal(
        code="REDEPLOY",
        summary=f"{change.key}: exactly this configuration was rolled back ({status.detail})",
        hint="fix what made it fail and commit, or revert the commit; to deploy it once more pass `--ack REDEPLOY`",
        agent=change.key,
        acknowledgement="REDEPLOY",
    )


def _archived(change: AgentChange) -> Refusal | None:
    if change.drift is not Drift.ARCHIVED:
        return None
    return Refusal(
        code="ARCHIVED",
        summary=f"{change.key}: agent {change.agent_id} was archived in the console",
        hint="unarchive it in the console, or remove its spec",
        agent=change.key,
        is_stale=True,
    )


def _drift(change: AgentChange) -> Refusal | None:
    match change.drift:
        case Drift.RENAMED:
            hint = (
                "rename it in the spec too, or pass `--overwrite-drift` to give it the spec's name again; "
                "`previous_names` documents a rename made in git"
            )
            return Refusal(
                code="RENAMED",
                summary=f"{change.key}: {change.drift_detail}",
                hint=hint,
                agent=change.key,
                is_stale=True,
            )
        case _ if change.drift_fields:
            fields = ", ".join(path_text(field.path) for field in change.drift_fields)
            return Refusal(
                code="DRIFT",
                summary=f"{change.key}: changed outside git: {fields} ({change.drift_detail})",
                hint=f"bring it into the spec with `agentops pull --agent {change.key}`, "
                "or pass `--overwrite-drift` to discard it",
                agent=change.key,
                is_stale=True,
            )
        case _:
            return None


def _draft(change: AgentChange) -> Refusal | None:
    if change.foreign_draft is None:
        return None
    return Refusal(
        code="FOREIGN_DRAFT",
        summary=f"{change.key}: somebody else's draft is open: {change.foreign_draft}",
        hint="publish or discard it in the console, or pass `--discard-draft` to throw it away",
        agent=change.key,
        is_stale=True,
    )
