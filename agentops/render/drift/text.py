"""What was changed outside git, for people, with the way out of each case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agentops.document import path_text
from agentops.plan.model import Action, AgentChange, ChangedBy, Drift, Plan
from agentops.render.diagnostics.text import diagnostics_text
from agentops.render.drift.advice import advice
from agentops.render.plan.parts import joined
from agentops.render.plan.resources import looked_at
from agentops.render.plan.text_fields import field_lines
from agentops.render.plan.values import DRIFT_WORDS, value_text
from agentops.render.style import PLAIN, Style, plural
from agentops.render.visible import all_visible


def drift_text(plan: Plan, style: Style = PLAIN) -> str:
    """Every agent that is not as we deployed it, with its fields and what to do; the others on one line each."""
    plan = all_visible(plan)
    title = f"Drift in {plan.project}, environment {plan.environment}"
    lines = [style.paint(title, "strong"), ""]
    for change in plan.changes:
        lines += _agent(change, plan.environment, style)
    for resource in plan.resources:
        if resource.is_drifted:
            head = f"! {resource.address}"
            first, *rest = style.wrap(f"{head}  {resource.name!r}  {resource.drift_detail}", "", "    ")
            lines += [first.replace(head, style.paint(head, "bad"), 1), *rest]
    if plan.diagnostics:
        lines.append("")
    for line in diagnostics_text(plan.diagnostics).splitlines():
        lines += style.wrap(line, "", "    ")
    drifted = [change.key for change in plan.changes if change.is_drifted]
    drifted += [change.key for change in plan.resources if change.is_drifted]
    total = plural(len(plan.changes), "agent") + looked_at(plan)
    if drifted:
        lines += ["", style.paint(f"{len(drifted)} of {total} changed outside git: {', '.join(drifted)}", "bad")]
    else:
        lines += ["", style.paint(f"No drift: {total} looked at.", "good")]
    return "\n".join(lines) + "\n"


def _agent(change: AgentChange, environment: str, style: Style) -> Iterator[str]:
    if change.action is Action.CREATE:
        yield style.paint(f"= {change.key}  not on the platform yet", "faint")
        return
    notes = list(_notes(change))
    if not change.is_drifted and change.drift is Drift.NONE and not notes:
        yield style.paint(f"= {change.key}  no drift", "faint")
        return
    sign = "!" if change.is_drifted else "="
    detail = f": {change.drift_detail}" if change.drift_detail else ""
    head = f"{sign} {change.key}"
    first, *rest = style.wrap(f"{head}  {change.name!r}  {DRIFT_WORDS[change.drift]}{detail}", "", "    ")
    yield first.replace(head, style.paint(head, "bad" if change.is_drifted else "change"), 1)
    yield from rest
    for field in joined(change.drift_fields):
        # The change did not come from the spec, so its place there says nothing; git is named only in a conflict.
        by = field.changed_by if field.changed_by is ChangedBy.BOTH else ChangedBy.GIT
        yield from field_lines(replace(field, where=None, changed_by=by), style)
        if field.reason:
            yield style.paint(f"        since {field.reason}", "faint")
    for note in notes:
        yield from style.wrap(note, "    ", "      ")
    if change.drift is not Drift.NONE:
        yield from style.next_step(advice(change, environment), "    ")


def _notes(change: AgentChange) -> Iterator[str]:
    """What is not drift but worth knowing beside it."""
    if change.drift is Drift.EDITED and not change.drift_fields:
        yield "every field that the spec manages still is as deployed"
    if change.foreign_draft:
        yield f"open draft, not ours: {change.foreign_draft}"
    for field in change.fields:
        if field.is_immediate and change.drift is not Drift.RENAMED:
            yield (
                f"{path_text(field.path)} is {value_text(field.before)}, the spec has {value_text(field.after)} "
                "(unversioned: who changed it is not recorded)"
            )
