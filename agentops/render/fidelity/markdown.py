"""A fidelity report as Markdown: one table per grade and agent, nothing left out but defaults and bookkeeping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentops.importers.fidelity import SHOWN, AgentFidelity, FidelityReport, Grade, Item
from agentops.render.fidelity.text import counts_text, listed_text, shortened, target_text, tasks_text
from agentops.render.markdown import code_span, inline, table_lines
from agentops.render.style import plural

_HEADINGS = {
    Grade.CHOICE: "Needs a choice",
    Grade.UNSUPPORTED: "Unsupported",
    Grade.APPROXIMATED: "Approximated",
    Grade.EXACT: "Exact",
    Grade.BOOKKEEPING: "Bookkeeping",
    Grade.DEFAULT: "Untouched defaults",
}


def fidelity_markdown(report: FidelityReport) -> str:
    """The whole report, for a repository or a pull request."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: FidelityReport) -> Iterator[str]:
    yield "# Fidelity report"
    yield ""
    yield f"Imported from {inline(report.source)}: {plural(len(report.agents), 'agent')}; {counts_text(report)}."
    yield ""
    if report.tasks:
        yield "## To do first, by what it means for callers"
        yield ""
        yield from (f"{n}. **{inline(what)}.** {inline(how)}" for n, (what, how) in enumerate(tasks_text(report), 1))
        yield ""
    if report.open_choices:
        yield "## Still to choose, in `agents/_choices.yaml`"
        yield ""
        for choice in report.open_choices:
            yield f"- `{choice.agent}`, {choice.name}: {inline(choice.question)}"
            yield from (f"  - {_code(value)}: {inline(reason)}" for value, reason in choice.proposals)
        yield ""
    for agent in report.agents:
        yield from agent_lines(agent)
    if report.refused or report.remarks:
        yield "## Not imported, and remarks"
        yield ""
        yield from (f"- {_code(refused.origin)}: {inline(refused.reason)}" for refused in report.refused)
        yield from (f"- {inline(remark)}" for remark in report.remarks)


def agent_lines(agent: AgentFidelity, *, is_whole: bool = False) -> Iterator[str]:
    """One agent: what needs a person stands open, the long rest is folded. The whole has defaults and ids, too."""
    yield f"## {inline(agent.name)} (`{agent.key}`)"
    yield ""
    yield f"From {inline(agent.origin)}. {plural(agent.leaves, 'value')}: {counts_text(agent)}."
    yield ""
    for grade in (*SHOWN, Grade.BOOKKEEPING, Grade.DEFAULT) if is_whole else SHOWN:
        yield from _table(grade, agent.of(grade))
    if agent.additions:
        yield from _folded(
            f"Written although the source does not say so: {len(agent.additions)}",
            ("field", "value", "why"),
            ((code_span(a.target), _code(shortened(a.value)), inline(a.why)) for a in agent.additions),
        )


def _table(grade: Grade, items: tuple[Item, ...]) -> Iterator[str]:
    if not items:
        return
    rows = [
        (
            item.code,
            _code(item.source),
            _code(shortened(item.value)) if item.is_leaf else "",
            _code(target_text(item)),
            inline(item.why),
            inline(item.todo),
        )
        for item in items
    ]
    head = ("code", "source", "value", "target", "why", "what to do")
    if grade is not Grade.CHOICE:
        yield from _folded(f"{_HEADINGS[grade]}: {listed_text(items)}", head, rows)
        return
    yield f"### {_HEADINGS[grade]}"
    yield ""
    yield from table_lines(head, rows)
    yield ""


def _folded(heading: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"<details><summary>{heading}</summary>"
    yield ""
    yield from table_lines(head, rows)
    yield ""
    yield "</details>"
    yield ""


def _code(text: str) -> str:
    clean = " ".join(text.split())
    return code_span(clean) if clean else ""
