"""The result of an apply, and its events while it runs, as text for a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from agentops.apply.model import (
    AgentFinished,
    AgentResult,
    ApplyResult,
    Event,
    Outcome,
    ResourceFinished,
    ResourceResult,
    ResourceWaiting,
    RunFinished,
    RunStarted,
    ScanWaiting,
    StageFinished,
    StageStarted,
    Verdict,
    Warned,
)
from agentops.plan.model import ResourceAction
from agentops.render.style import PLAIN, Style, plural
from agentops.render.visible import all_visible

OUTCOME_WORDS = {
    Outcome.APPLIED: "applied",
    Outcome.UNCHANGED: "unchanged",
    Outcome.SKIPPED: "skipped",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "unknown",
    Outcome.ROLLED_BACK: "rolled back",
    Outcome.NOT_ATTEMPTED: "not attempted",
}
OUTCOME_ROLES = {
    Outcome.APPLIED: "good",
    Outcome.UNCHANGED: "faint",
    Outcome.SKIPPED: "faint",
    Outcome.FAILED: "bad",
    Outcome.UNKNOWN: "bad",
    Outcome.ROLLED_BACK: "bad",
    Outcome.NOT_ATTEMPTED: "change",
}


def apply_text(result: ApplyResult, style: Style = PLAIN, again: str = "") -> str:
    """Every agent with its outcome, then the counts of all outcomes. `again`: the command that goes on with an
    interrupted run; "" is the apply of its environment."""
    result = all_visible(result)
    moved = [each for each in result.resources if each.outcome is not Outcome.UNCHANGED]
    lines = [line for resource in moved for line in _resource(resource, style)]
    lines += [line for agent in result.agents for line in _agent(agent, style)]
    counts = ", ".join(f"{count} {OUTCOME_WORDS[outcome]}" for outcome, count in result.counts.items() if count)
    lines += ["", style.paint(f"{plural(len(result.agents), 'agent')}: {counts or 'nothing to do'}.", "strong")]
    lines.append(f"Run: {result.run_id}")
    if result.is_interrupted:
        lines += [style.paint(line, "bad") for line in style.wrap(_interrupted(result), "", "  ")]
        where = shlex.quote(result.environment)
        lines.append(f"next: {style.pasteable(f'`{again}`' if again else f'`agentops apply -e {where}`')}")
    return "\n".join(lines) + "\n"


def _interrupted(result: ApplyResult) -> str:
    """Of a run that was cut short: what serves, and whether it was called."""
    live = [agent for agent in result.agents if agent.outcome is Outcome.APPLIED]
    called = [agent.key for agent in live if agent.verdict and agent.verdict.verdict is Verdict.PASSED]
    uncalled = [agent.key for agent in live if agent.key not in called]
    left = sum(agent.outcome is Outcome.NOT_ATTEMPTED for agent in result.agents)
    unclear = [agent.key for agent in result.agents if agent.outcome is Outcome.UNKNOWN]
    parts = [
        f"what was planned serves, and passed its calls: {', '.join(called)}" if called else "",
        f"what was planned serves, not called to the end: {', '.join(uncalled)}" if uncalled else "",
        f"not known what serves: {', '.join(unclear)}" if unclear else "",
        f"as before: {plural(left, 'agent')}" if left else "",
    ]
    return f"Interrupted. {'; '.join(part for part in parts if part) or 'Nothing was under way'}."


def event_text(event: Event, style: Style = PLAIN) -> str | None:
    """One line of progress, None for events that are worth none."""
    event = all_visible(event)
    match event:
        case RunStarted():
            return f"Applying to {event.environment}: {plural(len(event.keys), 'agent')}"
        case StageFinished():
            return f"  {event.key}: {event.stage.value}{': ' + event.detail if event.detail else ''}"
        case ScanWaiting():
            return f"  {event.key}: waiting for the security scan ({event.waited_s:.0f} s)"
        case Warned():
            return style.paint(f"  {event.key}: warning: {event.text}", "change")
        case AgentFinished():
            outcome = event.result.outcome
            return f"  {event.result.key}: " + style.paint(OUTCOME_WORDS[outcome], OUTCOME_ROLES[outcome])
        case ResourceWaiting():
            return f"  {event.address}: waiting for the platform to process it ({event.waited_s:.0f} s)"
        case ResourceFinished():
            outcome = event.result.outcome
            return f"  {event.result.address}: " + style.paint(_resource_word(event.result), OUTCOME_ROLES[outcome])
        case StageStarted() | RunFinished():
            return None


def _agent(agent: AgentResult, style: Style) -> Iterator[str]:
    word = OUTCOME_WORDS[agent.outcome]
    stage = f" at {agent.stage.value}" if agent.stage and agent.outcome in (Outcome.FAILED, Outcome.UNKNOWN) else ""
    detail = f": {agent.detail}" if agent.detail else ""
    first, *rest = style.wrap(f"{agent.key}  {word}{stage}{detail}", "", "    ")
    yield first.replace(f"  {word}", "  " + style.paint(word, OUTCOME_ROLES[agent.outcome]), 1)
    yield from rest
    if agent.problem:
        yield from style.wrap(f"{agent.problem.code}: {agent.problem.summary}", "    ", "      ")
        if agent.problem.hint:
            yield from style.next_step(agent.problem.hint, "    ")
    if agent.calls and not agent.verdict and agent.outcome is Outcome.APPLIED:
        yield from style.wrap(agent.calls, "    ", "      ")
    if agent.verdict:
        role = "good" if agent.verdict.verdict is Verdict.PASSED else "bad"
        yield "    call " + style.paint(agent.verdict.verdict.value, role)
        for line in agent.verdict.text.splitlines():
            yield from style.wrap(line, "      ", "      ")
        if agent.verdict.report:
            yield f"      report: {agent.verdict.report}"
    if agent.outcome is not Outcome.UNCHANGED and (serving := _serving(agent)):
        yield f"    {serving}"
    for warning in agent.warnings:
        yield from style.wrap(f"warning: {warning}", "    ", "      ")


_RESOURCE_WORDS = {
    ResourceAction.CREATE: "made",
    ResourceAction.REPLACE: "made anew",
    ResourceAction.UPDATE: "updated",
    ResourceAction.DELETE: "deleted",
    ResourceAction.UNCHANGED: "unchanged",
}


def _resource_word(resource: ResourceResult) -> str:
    is_done = resource.outcome is Outcome.APPLIED
    return _RESOURCE_WORDS[resource.action] if is_done else OUTCOME_WORDS[resource.outcome]


def _resource(resource: ResourceResult, style: Style) -> Iterator[str]:
    word = _resource_word(resource)
    head = f"{resource.address}  {word}"
    detail = f": {resource.detail}" if resource.detail else ""
    named = f" ({resource.resource_id})" if resource.resource_id and resource.outcome is Outcome.APPLIED else ""
    first, *rest = style.wrap(f"{head}{named}{detail}", "", "    ")
    yield first.replace(head, f"{resource.address}  {style.paint(word, OUTCOME_ROLES[resource.outcome])}", 1)
    yield from rest
    if resource.problem:
        yield from style.wrap(f"{resource.problem.code}: {resource.problem.summary}", "    ", "      ")
        if resource.problem.hint:
            yield from style.next_step(resource.problem.hint, "    ")


def _serving(agent: AgentResult) -> str | None:
    if agent.serving_revision_id is None:
        return None
    now = f"revision {agent.serving_name} serves now"
    if agent.previous_revision_id is None or agent.previous_revision_id == agent.serving_revision_id:
        return now
    if agent.outcome is Outcome.ROLLED_BACK:
        return f"{now}, with what revision {agent.previous_name} had"
    return f"{now}, revision {agent.previous_name} served before"
