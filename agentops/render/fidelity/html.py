"""A fidelity report as one HTML file for people who never saw a terminal: no script, no outside resource."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from agentops.importers.fidelity import SHOWN, AgentFidelity, FidelityReport, Grade, Item
from agentops.render.fidelity.text import counted, counts_text, target_text, tasks_text, value_text

_STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } summary { cursor: pointer; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td, th { text-align: left; padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
code { font: .85rem ui-monospace, monospace; overflow-wrap: anywhere; }
.choice { border-left: .3rem solid #9a6700; padding-left: .8rem; } .lost { border-left: .3rem solid #cf222e;
  padding-left: .8rem; } .near { border-left: .3rem solid #0969da; padding-left: .8rem; }
.exact { border-left: .3rem solid #1a7f37; padding-left: .8rem; } .faint { color: #777; }
"""
_CLASSES = {Grade.CHOICE: "choice", Grade.UNSUPPORTED: "lost", Grade.APPROXIMATED: "near", Grade.EXACT: "exact"}
_MEANING = {
    Grade.CHOICE: "needs a choice by a person",
    Grade.UNSUPPORTED: "has no counterpart and is lost",
    Grade.APPROXIMATED: "works, but not quite the same way",
    Grade.EXACT: "arrived unchanged in meaning",
}


def fidelity_html(report: FidelityReport) -> str:
    """The whole report as a complete document."""
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Fidelity report</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _body(report: FidelityReport) -> Iterator[str]:
    yield "<h1>What became of every value</h1>"
    agents = counted(len(report.agents), "agent")
    yield f"<p>Imported from {escape(report.source)}: {agents}. {counts_text(report)}.</p>"
    if report.tasks:
        yield '<section class="lost"><h2>To do first, by what it means for callers</h2><ol>'
        for what, how in tasks_text(report):
            yield f"<li><strong>{escape(what)}.</strong> {escape(how)}</li>"
        yield "</ol></section>"
    if report.open_choices:
        yield '<section class="choice"><h2>Still to choose</h2><ul>'
        for choice in report.open_choices:
            proposals = "".join(f"<li><code>{escape(v)}</code>: {escape(r)}</li>" for v, r in choice.proposals)
            yield f"<li><strong>{escape(choice.agent)}</strong>: {escape(choice.question)}<ul>{proposals}</ul></li>"
        yield "</ul></section>"
    for agent in report.agents:
        yield from _agent(agent)
    if report.refused or report.remarks:
        yield "<h2>Not imported, and remarks</h2><ul>"
        yield from (f"<li><code>{escape(r.origin)}</code>: {escape(r.reason)}</li>" for r in report.refused)
        yield from (f"<li>{escape(remark)}</li>" for remark in report.remarks)
        yield "</ul>"


def _agent(agent: AgentFidelity) -> Iterator[str]:
    yield f"<h2>{escape(agent.name)} <code>{escape(agent.key)}</code></h2>"
    yield f'<p class="faint">From {escape(agent.origin)}. {agent.leaves} values: {counts_text(agent)}.</p>'
    for grade in SHOWN:
        yield from _grade(grade, agent.of(grade))
    if agent.additions:
        yield "<details><summary>Written although the source does not say so</summary><table>"
        for addition in agent.additions:
            value = escape(value_text(addition.value))
            yield f"<tr><td><code>{escape(addition.target)}</code></td><td><code>{value}</code></td>"
            yield f"<td>{escape(addition.why)}</td></tr>"
        yield "</table></details>"


def _grade(grade: Grade, items: tuple[Item, ...]) -> Iterator[str]:
    if not items:
        return
    opened = " open" if grade is Grade.CHOICE else ""
    yield f'<details class="{_CLASSES[grade]}"{opened}><summary>{len(items)} {_MEANING[grade]}</summary><table>'
    yield "<tr><th>code</th><th>source</th><th>value</th><th>target</th><th>why, and what to do</th></tr>"
    for item in items:
        value = f"<code>{escape(value_text(item.value))}</code>" if item.is_leaf else ""
        target = f"<code>{escape(target_text(item))}</code>" if item.target else ""
        reason = escape(item.why) + (f"<br><strong>{escape(item.todo)}</strong>" if item.todo else "")
        yield (
            f"<tr><td>{item.code}</td><td><code>{escape(item.source)}</code></td>"
            f"<td>{value}</td><td>{target}</td><td>{reason}</td></tr>"
        )
    yield "</table></details>"
