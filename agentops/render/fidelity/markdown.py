"""A fidelity report as Markdown: one table per grade and agent, nothing left out but defaults and bookkeeping."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.importers.fidelity import SHOWN, AgentFidelity, FidelityReport, Grade, Item
from agentops.render.fidelity.text import counts_text, target_text, value_text

_HEADINGS = {
    Grade.CHOICE: "Needs a choice",
    Grade.UNSUPPORTED: "Unsupported",
    Grade.APPROXIMATED: "Approximated",
    Grade.EXACT: "Exact",
}


def fidelity_markdown(report: FidelityReport) -> str:
    """The whole report, for a repository or a pull request."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: FidelityReport) -> Iterator[str]:
    yield "# Fidelity report"
    yield ""
    yield f"Imported from {_cell(report.source)}: {len(report.agents)} agent(s); {counts_text(report)}."
    yield ""
    if report.open_choices:
        yield "## Still to choose, in `agents/_choices.yaml`"
        yield ""
        for choice in report.open_choices:
            yield f"- `{choice.agent}`, {choice.name}: {_cell(choice.question)}"
            yield from (f"  - `{_cell(value)}`: {_cell(reason)}" for value, reason in choice.proposals)
        yield ""
    for agent in report.agents:
        yield from _agent(agent)
    if report.refused or report.remarks:
        yield "## Not imported, and remarks"
        yield ""
        yield from (f"- `{_cell(refused.origin)}`: {_cell(refused.reason)}" for refused in report.refused)
        yield from (f"- {_cell(remark)}" for remark in report.remarks)


def _agent(agent: AgentFidelity) -> Iterator[str]:
    yield f"## {_cell(agent.name)} (`{agent.key}`)"
    yield ""
    yield f"From {_cell(agent.origin)}. {agent.leaves} values: {counts_text(agent)}."
    yield ""
    for grade in SHOWN:
        yield from _table(grade, agent.of(grade))
    if agent.additions:
        yield "### Written although the source does not say so"
        yield ""
        yield "| field | value | why |"
        yield "|---|---|---|"
        for addition in agent.additions:
            yield f"| `{_cell(addition.target)}` | {_code(value_text(addition.value))} | {_cell(addition.why)} |"
        yield ""


def _table(grade: Grade, items: tuple[Item, ...]) -> Iterator[str]:
    if not items:
        return
    yield f"### {_HEADINGS[grade]}"
    yield ""
    yield "| code | source | value | target | why | what to do |"
    yield "|---|---|---|---|---|---|"
    for item in items:
        value = _code(value_text(item.value)) if item.is_leaf else ""
        cells = (item.code, _code(item.source), value, _code(target_text(item)), _cell(item.why), _cell(item.todo))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _code(text: str) -> str:
    """Text as code inside a table: no bar may end the cell, no backtick the code."""
    clean = " ".join(text.split()).replace("|", "\\|").replace("`", "'")
    return f"`{clean}`" if clean else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
