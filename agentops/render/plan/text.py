"""A plan as text for a terminal: every field change, every refusal, nothing cut. Reads the plan and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from agentops.document import path_text
from agentops.plan.model import Action, AgentChange, ChangedBy, Drift, FieldChange, Plan
from agentops.render.diagnostics.text import diagnostics_text
from agentops.render.plan.resources import resource_counts, resource_text, shown_resources
from agentops.render.plan.values import (
    ACTION_WORDS,
    CHANGED_BY_WORDS,
    DRIFT_WORDS,
    FIELD_SYMBOLS,
    SYMBOLS,
    first_line_number,
    has_another_value,
    is_long_text,
    uncalled_text,
    value_text,
)
from agentops.render.plan.word_diff import DiffLine, Fold, PieceKind, impact, word_diff
from agentops.render.style import PLAIN, Style, plural
from agentops.render.visible import all_visible

_ROLES = {"+": "add", "-": "remove", "~": "change", ">": "good", "<": "change", "?": "change", "=": "faint"}
_UNCHANGED_LISTED = 12  # an unchanged agent is worth a line, but hundreds of them aren't worth hundreds of lines
_MARKS = {PieceKind.SAME: ("", ""), PieceKind.ADDED: ("{+", "+}"), PieceKind.REMOVED: ("[-", "-]")}


def plan_text(plan: Plan, style: Style = PLAIN) -> str:
    """The whole plan, ending in a newline."""
    plan = all_visible(plan)
    title = f"Plan for {plan.project}, environment {plan.environment}"
    head = style.wrap(f"{title}  ({plan.target}, {plan.generation.value})", "", "    ")
    lines = [*(line.replace(title, style.paint(title, "strong"), 1) for line in head), ""]
    for resource in shown_resources(plan):
        fields = (line for field in resource.fields for line in field_lines(field, style))
        lines += [*resource_text(resource, style), *fields, ""]
    for change in plan.changes:
        if change.is_change or change.unmanaged or change.drift_fields:
            lines += [*_agent(change, style), ""]
    lines += _unchanged(plan, style)
    if plan.refusals:
        lines.append(style.paint("Refused:", "bad"))
        for refusal in plan.refusals:
            lines += style.wrap(f"{refusal.code}: {refusal.summary}", "  ", "    ")
            lines += style.wrap(f"next: {refusal.hint}", "    ", "      ")
        lines.append("")
    for line in diagnostics_text(plan.diagnostics).splitlines():
        lines += style.wrap(line, "", "    ")
    lines += [""] if plan.diagnostics else []
    return "\n".join([*lines, *_summary(plan, style)]) + "\n"


def field_lines(change: FieldChange, style: Style, indent: str = "    ") -> Iterator[str]:
    """One field change: its path and kind, then both values or the words that changed."""
    symbol = FIELD_SYMBOLS[change.operation]
    facts = [change.category.value, f"{change.risk.value} risk"]
    if change.is_immediate:
        facts.append("at once, not versioned")
    if change.changed_by is not ChangedBy.GIT:
        facts.append(f"changed in {CHANGED_BY_WORDS[change.changed_by]}")
    if change.where:
        facts.append(str(change.where))
    head = f"{symbol} {path_text(change.path)}"
    for number, line in enumerate(style.wrap(f"{head}  ({', '.join(facts)})", indent, indent + "    ")):
        yield line.replace(head, style.paint(head, _ROLES[symbol]), 1) if number == 0 else line
    inner = indent + "    "
    if is_long_text(change):
        yield from _long_text(change, style, inner)
    elif change.before is None:
        yield from style.wrap(value_text(change.after), inner, inner)
    elif change.after is None:
        yield from style.wrap(f"{value_text(change.before)} is removed", inner, inner)
    elif has_another_value(change):
        yield from style.wrap(f"{value_text(change.after)} has another value now", inner, inner)
    else:
        yield from style.wrap(f"{value_text(change.before)} -> {value_text(change.after)}", inner, inner)


def _new_field(change: FieldChange, style: Style) -> Iterator[str]:
    """A field of an agent that does not exist yet: its value, without what only a change has."""
    value = _size_of(change) if is_long_text(change) else value_text(change.after)
    head = f"+ {path_text(change.path)}:"
    for number, line in enumerate(style.wrap(f"{head} {value}", "    ", "        ")):
        yield line.replace(head, style.paint(head, "add"), 1) if number == 0 else line


def _size_of(change: FieldChange) -> str:
    """How long a text is that is not shown, and where all of it can be read."""
    text = change.after or change.before or ""
    counts = f"{plural(len(text.splitlines()), 'line')}, {plural(len(text.split()), 'word')}"
    return f"{counts} ({change.where or 'all of it with `--format json`'})"


def _long_text(change: FieldChange, style: Style, indent: str) -> Iterator[str]:
    before, after = change.before or "", change.after or ""
    if not before or not after:
        yield from style.wrap(f"{'new' if after else 'removed'}: {_size_of(change)}", indent, indent)
        return
    yield f"{indent}{impact(before, after)}"
    offset = first_line_number(change) - 1
    for entry in word_diff(before, after):
        if isinstance(entry, Fold):
            yield style.paint(f"{indent}      ... {plural(entry.count, 'unchanged line')}", "faint")
        else:
            yield from _line(entry, offset, style, indent)


def _line(line: DiffLine, offset: int, style: Style, indent: str) -> Iterator[str]:
    sign = {PieceKind.ADDED: "+", PieceKind.REMOVED: "-"}.get(line.kind, "~" if line.is_changed else " ")
    number = "" if line.kind is PieceKind.REMOVED else str(line.number + offset)
    if len(line.pieces) == 1:
        text = line.pieces[0].text
    else:
        text = "".join(piece.text.join(_MARKS[piece.kind]) for piece in line.pieces)
    wrapped = style.wrap(text, f"{indent}{number:>5} {sign} ", f"{indent}{'':>5}   ")
    for part in wrapped:
        yield _painted(part, line, style)


def _painted(text: str, line: DiffLine, style: Style) -> str:
    if not style.is_colored:
        return text
    if line.kind is PieceKind.ADDED:
        return style.paint(text, "add")
    if line.kind is PieceKind.REMOVED:
        return style.paint(text, "remove")
    return (
        text.replace("{+", "\033[32m{+")
        .replace("+}", "+}\033[0m")
        .replace("[-", "\033[31m[-")
        .replace("-]", "-]\033[0m")
    )


def _agent(change: AgentChange, style: Style) -> Iterator[str]:
    symbol = SYMBOLS[change.action]
    title = f"{symbol} {change.key}"
    about = f"{title}  {change.name!r}  {ACTION_WORDS[change.action]}: {change.reason}"
    for number, line in enumerate(style.wrap(about, "", "    ")):
        yield line.replace(title, style.paint(title, _ROLES[symbol]), 1) if number == 0 else line
    if change.drift is not Drift.NONE:
        detail = f": {change.drift_detail}" if change.drift_detail else ""
        for line in style.wrap(f"! {DRIFT_WORDS[change.drift]}{detail}", "    ", "      "):
            yield style.paint(line, "bad" if change.drift_fields else "change")
    if change.uncalled_since is not None:
        for line in style.wrap(f"! {uncalled_text(change)}", "    ", "      "):
            yield style.paint(line, "change")
    for field in change.drift_fields:
        yield from _moved(field, style)
    for field in change.fields:
        yield from _new_field(field, style) if change.action is Action.CREATE else field_lines(field, style)
    if change.calls:
        yield from style.wrap(str(change.calls), "    ", "      ")
    if change.unverifiable:
        yield from style.wrap(
            f"can't be read back, so not compared: {', '.join(change.unverifiable)}", "    ", "      "
        )
    if change.unmanaged:
        names = ", ".join(path_text(path) for path in change.unmanaged)
        yield from style.wrap(f"not managed by the spec: {names}", "    ", "      ")


def _moved(field: FieldChange, style: Style) -> Iterator[str]:
    """What somebody else did to a field, from the value that we put live."""
    if is_long_text(field):
        yield from style.wrap(f"{path_text(field.path)}, outside git:", "      ", "        ")
        yield from _long_text(field, style, "        ")
    else:
        moved = f"{path_text(field.path)}: {value_text(field.before)} -> {value_text(field.after)}, outside git"
        yield from style.wrap(moved, "      ", "        ")


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
        counts = Counter(change.action for change in plan.changes)
        parts = [
            f"{counts[action]} to {ACTION_WORDS[action]}"
            if action is not Action.UNCHANGED
            else f"{counts[action]} unchanged"
            for action in Action
            if counts[action]
        ]
        text = f"{agents.capitalize()}: {', '.join(parts) or 'nothing to do'}."
        if plan.resources:
            text += f" {plural(len(plan.resources), 'shared resource').capitalize()}: {resource_counts(plan)}."
        yield from (style.paint(line, "strong") for line in style.wrap(text, ""))
    if plan.acknowledged:
        yield from style.wrap(f"Acknowledged: {', '.join(plan.acknowledged)}.", "", "  ")
    if plan.refusals:
        yield style.paint(f"This plan can't be applied: {plural(len(plan.refusals), 'refusal')} above.", "bad")
    yield f"Digest: {plan.digest}"
