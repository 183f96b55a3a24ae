"""A plan as text for a terminal: every field change, every refusal, nothing cut. Reads the plan and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.document import path_text
from agentops.plan.model import Action, AgentChange, Drift, FieldChange, Plan
from agentops.plan.sharing import Sharing, share
from agentops.render.diagnostics.text import diagnostics_text
from agentops.render.plan.parts import joined
from agentops.render.plan.resources import resource_counts, resource_text, shown_resources
from agentops.render.plan.text_fields import ROLES, change_lines, field_lines, new_field_lines
from agentops.render.plan.values import (
    ACTION_WORDS,
    DRIFT_WORDS,
    SYMBOLS,
    agent_counts,
    calls_text,
    change_text,
    create_text,
    shown_plan,
    uncalled_text,
)
from agentops.render.style import PLAIN, Style, plural

_UNCHANGED_LISTED = 12  # an unchanged agent is worth a line, but hundreds of them aren't worth hundreds of lines


def plan_text(plan: Plan, style: Style = PLAIN, *, is_verbose: bool = False) -> str:
    """The whole plan, ending in a newline. What several agents have in common stands once, before them; new agents are
    summed up, unless it `is_verbose`."""
    plan = shown_plan(plan)
    sharing = share(plan.changes)
    title = f"Plan for {plan.project}, environment {plan.environment}"
    head = style.wrap(f"{title}  ({plan.target}, {plan.generation.value})", "", "    ")
    lines = [*(line.replace(title, style.paint(title, "strong"), 1) for line in head), ""]
    for resource in shown_resources(plan):
        fields = (line for field in joined(resource.fields) for line in field_lines(field, style))
        lines += [*resource_text(resource, style), *fields, ""]
    for shared in sharing.shared:
        reach = f"{shared.reach}: {', '.join(shared.agents)}"
        lines += [line for change in joined(shared.changes) for line in field_lines(change, style, "", reach)]
        lines.append("")
    alike = [change for change in plan.changes if sharing.is_all_of(change)]
    for change in plan.changes:
        if not sharing.is_all_of(change) and (change.is_change or change.unmanaged or change.drift_fields):
            lines += [*_agent(change, sharing, style, is_verbose=is_verbose), ""]
    lines += [*_alike(alike, style), ""] if alike else []
    lines += _unchanged(plan, style)
    if plan.refusals:
        lines.append(style.paint("Refused:", "bad"))
        for refusal in plan.refusals:
            lines += style.wrap(f"{refusal.code}: {refusal.summary}", "  ", "    ")
            lines += style.next_step(refusal.hint, "    ")
        lines.append("")
    for line in diagnostics_text(plan.diagnostics).splitlines():
        lines += style.wrap(style.pasteable(line), "", "    ")
    lines += [""] if plan.diagnostics else []
    return "\n".join([*lines, *_summary(plan, style)]) + "\n"


def _agent(change: AgentChange, sharing: Sharing, style: Style, *, is_verbose: bool) -> Iterator[str]:
    symbol = SYMBOLS[change.action]
    title = f"{symbol} {change.key}"
    about = f"{title}  {change.name!r}  {ACTION_WORDS[change.action]}: {change.reason}"
    for number, line in enumerate(style.wrap(about, "", "    ")):
        yield line.replace(title, style.paint(title, ROLES[symbol]), 1) if number == 0 else line
    if change.drift is not Drift.NONE:
        detail = f": {change.drift_detail}" if change.drift_detail else ""
        for line in style.wrap(f"! {DRIFT_WORDS[change.drift]}{detail}", "    ", "      "):
            yield style.paint(line, "bad" if change.drift_fields else "change")
    if change.uncalled_since is not None:
        for line in style.wrap(f"! {uncalled_text(change)}", "    ", "      "):
            yield style.paint(line, "change")
    for field in joined(change.drift_fields):
        yield from _moved(field, style)
    if change.action is Action.CREATE:
        more = "" if is_verbose else f" ({plural(len(change.fields), 'field')}, shown with `-v`)"
        yield from style.wrap(f"{create_text(change)}{more}", "    ", "      ")
        for field in change.fields if is_verbose else ():
            yield from new_field_lines(field, style)
    else:
        if count := sharing.count.get(change.key):
            yield from style.wrap(f"{plural(count, 'change')} above, with other agents", "    ", "      ")
        for field in joined(sharing.own.get(change.key, change.fields)):
            yield from field_lines(field, style)
        if change.impact:
            yield from style.wrap(str(change.impact), "    ", "      ")
    if change.calls:
        yield from style.wrap(str(change.calls), "    ", "      ")
    if change.unverifiable:
        yield from style.wrap(
            f"can't be read back, so not compared: {', '.join(change.unverifiable)}", "    ", "      "
        )
    if change.unmanaged:
        names = ", ".join(path_text(path) for path in change.unmanaged)
        yield from style.wrap(f"not managed by the spec: {names}", "    ", "      ")


def _alike(changes: list[AgentChange], style: Style) -> Iterator[str]:
    """The agents whose changes are all shared with others: one line for all of them."""
    symbol = SYMBOLS[changes[0].action]
    title = f"{symbol} {plural(len(changes), 'agent')}"
    keys = ", ".join(change.key for change in changes)
    head, *rest = style.wrap(f"{title}  the changes above and nothing else: {keys}", "", "    ")
    yield from (head.replace(title, style.paint(title, ROLES[symbol]), 1), *rest)
    if calls := calls_text(changes):
        yield from style.wrap(calls, "    ", "      ")


def _moved(field: FieldChange, style: Style) -> Iterator[str]:
    """A change of a field outside git, starting from the value that we put live."""
    if (moved := change_text(field)) is not None:
        yield from style.wrap(f"{path_text(field.path)}: {moved}, outside git", "      ", "        ")
    else:
        renamed = f", renamed from {field.renamed}" if field.renamed else ""
        yield from style.wrap(f"{path_text(field.path)}{renamed}, outside git:", "      ", "        ")
        yield from change_lines(field, style, "        ")


def _unchanged(plan: Plan, style: Style) -> Iterator[str]:
    same = [change for change in plan.changes if not change.is_change]
    if not same or plan.is_empty:
        return
    for change in same[:_UNCHANGED_LISTED]:
        for line in style.wrap(f"= {change.key}  unchanged: {change.reason}", "", "    "):
            yield style.paint(line, "faint")
    if more := same[_UNCHANGED_LISTED:]:
        yield style.paint(f"= {plural(len(more), 'more agent')} unchanged", "faint")
    yield ""


def _summary(plan: Plan, style: Style) -> Iterator[str]:
    agents = plural(len(plan.changes), "agent")
    if plan.is_empty and not plan.refusals:
        verb = "serves what its spec asks for" if len(plan.changes) == 1 else "serve what their specs ask for"
        text = f"No changes. {agents.capitalize()} of {plan.environment} {verb}."
        text = text if plan.changes else "No changes. No agent was selected."
        if plan.resources:
            text += f" {plural(len(plan.resources), 'shared resource').capitalize()} as described."
        yield from (style.paint(line, "good") for line in style.wrap(text, ""))
    else:
        text = f"{agents.capitalize()}: {agent_counts(plan) or 'nothing to do'}."
        if plan.resources:
            text += f" {plural(len(plan.resources), 'shared resource').capitalize()}: {resource_counts(plan)}."
        yield from (style.paint(line, "strong") for line in style.wrap(text, ""))
    if plan.call_costs:
        yield from style.wrap(f"Calls: {plan.call_costs}.", "", "  ")
    if plan.acknowledged:
        yield from style.wrap(f"Acknowledged: {', '.join(plan.acknowledged)}.", "", "  ")
    if plan.refusals:
        yield style.paint(f"This plan can't be applied: {plural(len(plan.refusals), 'refusal')} above.", "bad")
    yield f"Digest: {plan.digest}"
