"""A fidelity report as one HTML file for people who never saw a terminal: no script, no outside resource."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from agentops.importers.fidelity import SHOWN, AgentFidelity, FidelityReport, Grade, Item
from agentops.render.fidelity.text import counts_text, listed_text, shortened, target_text, tasks_text
from agentops.render.page import code, html_page, table
from agentops.render.style import plural

_STYLE = """
h2 { margin-top: 2rem; } summary { cursor: pointer; margin: .5rem 0; }
.choice, .lost, .near, .exact { border-left: .3rem solid; padding-left: .8rem; }
.choice { border-color: #9a6700; } .lost { border-color: #cf222e; } .near { border-color: #0969da; }
.exact { border-color: #1a7f37; }
"""
_ITEMS = {"value in the source": 25, "code": 9, "value": 18, "written to": 22, "why, and what to do": 26}
_ADDITIONS = {"written to": 30, "value": 25, "why": 45}
_CLASSES = {Grade.CHOICE: "choice", Grade.UNSUPPORTED: "lost", Grade.APPROXIMATED: "near", Grade.EXACT: "exact"}
_MEANING = {
    Grade.CHOICE: "Needs a choice by a person",
    Grade.UNSUPPORTED: "Unsupported: has no counterpart and is lost",
    Grade.APPROXIMATED: "Approximated: works, but not quite the same way",
    Grade.EXACT: "Exact: arrived unchanged in meaning",
}


def fidelity_html(report: FidelityReport) -> str:
    """The whole report as a complete document."""
    return html_page("Fidelity report", _body(report), _STYLE)


def _body(report: FidelityReport) -> Iterator[str]:
    yield "<h1>What became of every value</h1>"
    agents = plural(len(report.agents), "agent")
    yield f"<p>Imported from {escape(report.source)}: {agents}. {counts_text(report)}.</p>"
    if report.tasks:
        yield '<section class="lost"><h2>To do first, by what it means for callers</h2><ol>'
        for what, how in tasks_text(report):
            yield f"<li><strong>{escape(what)}.</strong> {escape(how)}</li>"
        yield "</ol></section>"
    if report.open_choices:
        yield '<section class="choice"><h2>Still to choose</h2><ul>'
        for choice in report.open_choices:
            proposals = "".join(f"<li>{code(v)}: {escape(r)}</li>" for v, r in choice.proposals)
            yield f"<li><strong>{escape(choice.agent)}</strong>: {escape(choice.question)}<ul>{proposals}</ul></li>"
        yield "</ul></section>"
    for agent in report.agents:
        yield from _agent(agent)
    if report.refused or report.remarks:
        yield "<h2>Not imported, and remarks</h2><ul>"
        yield from (f"<li>{code(r.origin)}: {escape(r.reason)}</li>" for r in report.refused)
        yield from (f"<li>{escape(remark)}</li>" for remark in report.remarks)
        yield "</ul>"


def _agent(agent: AgentFidelity) -> Iterator[str]:
    yield f"<h2>{escape(agent.name)} <code>{escape(agent.key)}</code></h2>"
    yield f'<p class="faint">From {escape(agent.origin)}. {plural(agent.leaves, "value")}: {counts_text(agent)}.</p>'
    for grade in SHOWN:
        if items := agent.of(grade):
            opened = " open" if grade is Grade.CHOICE else ""
            summary = f"{_MEANING[grade]} ({listed_text(items)})"
            yield f'<details class="{_CLASSES[grade]}"{opened}><summary>{summary}</summary>'
            yield table(_ITEMS, map(_row, items)) + "</details>"
    if agent.additions:
        yield "<details><summary>Written although the source does not say so</summary>"
        rows = ((code(a.target), code(shortened(a.value)), escape(a.why)) for a in agent.additions)
        yield table(_ADDITIONS, rows) + "</details>"


def _row(item: Item) -> tuple[str, ...]:
    value = code(shortened(item.value)) if item.is_leaf else ""
    reason = escape(item.why) + (f"<br><strong>{escape(item.todo)}</strong>" if item.todo else "")
    return code(item.source), escape(item.code), value, code(target_text(item)) if item.target else "", reason
