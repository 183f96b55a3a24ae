"""A fidelity report as text: what to do first, then agent by agent what needs a person, was lost, or merely differs.

Exact values, defaults and bookkeeping are counted only; the Markdown, HTML and JSON forms list them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from agentops.importers.fidelity import MOST_TASKS, AgentFidelity, FidelityReport, Grade, Item
from agentops.render.style import PLAIN, Style, plural

_ROLES = {Grade.CHOICE: "change", Grade.UNSUPPORTED: "remove", Grade.APPROXIMATED: "strong", Grade.EXACT: "add"}
_LISTED = (Grade.CHOICE, Grade.UNSUPPORTED, Grade.APPROXIMATED)
_MOST = 120
_MOST_NAMED = 4
_MOST_REFUSED = 10


def fidelity_text(report: FidelityReport, style: Style = PLAIN) -> str:
    """The whole report."""
    lines = [*_summary(report, style)]
    for agent in report.agents:
        lines += ["", *_agent(agent, style)]
    for refused in report.refused:
        lines += ["", *style.wrap(f"refused {refused.origin}: {refused.reason}", "", "  ")]
    for remark in report.remarks:
        lines += ["", *style.wrap(remark, "", "  ")]
    return "\n".join(lines) + "\n"


def fidelity_summary(report: FidelityReport, style: Style = PLAIN) -> str:
    """What a person must know at once: what came in, what did not, and what to do first."""
    lines = [*_summary(report, style)]
    for refused in report.refused[:_MOST_REFUSED]:
        lines += style.wrap(f"refused {refused.origin}: {refused.reason}", "", "  ")
    if len(report.refused) > _MOST_REFUSED:
        lines.append(f"{plural(len(report.refused) - _MOST_REFUSED, 'more file')} refused; the report names them")
    return "\n".join(lines) + "\n"


def counts_text(counted: AgentFidelity | FidelityReport) -> str:
    """`12 exact, 3 approximated, ...; 2 choices, 1 still open`, without what is zero.

    A value keeps its grade when its choice is made, so only the second part says what is left to do.
    """
    words = {grade: grade.value for grade in Grade}
    if counted.counts[Grade.CHOICE] != 1:
        words[Grade.CHOICE] = "need a choice"
    counts = ", ".join(f"{number} {words[grade]}" for grade, number in counted.counts.items() if number) or "nothing"
    asked, left = len(counted.choices), len(counted.open_choices)
    return f"{counts}; {plural(asked, 'choice')}, {left or 'none'} still open" if asked else counts


def listed_text(items: Sequence[Item]) -> str:
    """How much a list holds: `3 values`, as they are counted above it, and `1 remark` that belongs to no value."""
    values = sum(item.is_leaf for item in items)
    numbers = ((values, "value"), (len(items) - values, "remark"))
    return " and ".join(plural(number, noun) for number, noun in numbers if number)


def shortened(value: Any) -> str:
    """One value on one line, long ones shortened with their length."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _MOST else f"{text[: _MOST - 20]}... ({len(text)} characters)"


def target_text(item: Item) -> str:
    """Where a value went, and what it became there when that differs and is short."""
    value = item.target_value
    if value is None or value == item.value or (isinstance(value, str) and value.startswith("(")):
        return item.target or ""
    return f"{item.target} = {shortened(value)}"


def tasks_text(report: FidelityReport) -> Iterator[tuple[str, str]]:
    """What to do first, as (what it is about and for whom, how), the worst for callers first."""
    for task in report.tasks[:MOST_TASKS]:
        named = ", ".join(task.agents[:_MOST_NAMED])
        more = f" and {len(task.agents) - _MOST_NAMED} more" if len(task.agents) > _MOST_NAMED else ""
        yield f"{task.risk} ({named}{more})", " ".join(task.todos[:2])


def _summary(report: FidelityReport, style: Style) -> Iterator[str]:
    yield style.paint(f"{plural(len(report.agents), 'agent')} imported from {report.source}", "strong")
    yield f"values: {counts_text(report)}"
    if open_choices := len(report.open_choices):
        what = "choices are" if open_choices > 1 else "choice is"
        yield f"{open_choices} {what} still yours to make, in agents/_choices.yaml"
    if report.tasks:
        yield style.paint("to do first, by what it means for callers:", "strong")
    for number, (what, how) in enumerate(tasks_text(report), 1):
        yield from style.wrap(f"{number}. {what}", "  ", "     ")
        yield from style.wrap(how, "     ")


def _agent(agent: AgentFidelity, style: Style) -> Iterator[str]:
    yield style.paint(f"{agent.key}  ({agent.name}; {agent.origin})", "strong")
    yield f"  {plural(agent.leaves, 'value')}: {counts_text(agent)}"
    for grade in _LISTED:
        items = agent.of(grade)
        if items:
            yield f"  {style.paint(grade.value, _ROLES[grade])}:"
            for _, alike in groupby(items, key=lambda item: (item.code, item.why, item.todo)):
                yield from _items(list(alike), style)
    for addition in agent.additions:
        yield from style.wrap(f"written: {addition.target} = {shortened(addition.value)}: {addition.why}", "  ", "    ")


def _items(alike: list[Item], style: Style) -> Iterator[str]:
    """Neighbouring values with one reason, which stands below them once."""
    for item in alike:
        where = item.source or "(the file)"
        value = f" = {shortened(item.value)}" if item.is_leaf and item.value is not None else ""
        target = f" -> {target_text(item)}" if item.target else ""
        yield from style.wrap(f"{item.code} {where}{value}{target}", "    ", "      ")
    reason = ". ".join(filter(None, (alike[0].why, alike[0].todo)))
    if reason:
        yield from style.wrap(reason, "      ")
