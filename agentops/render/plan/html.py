"""A plan as one HTML file for people who never saw a terminal: no script, no outside resource, fit to print."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import escape

from agentops.document import path_text
from agentops.plan.model import Action, AgentChange, Drift, FieldChange, Plan
from agentops.render.plan.resources import counted, resource_html, shown_resources
from agentops.render.plan.values import (
    ACTION_WORDS,
    CHANGED_BY_WORDS,
    DRIFT_WORDS,
    first_line_number,
    has_another_value,
    is_long_text,
    uncalled_text,
    value_text,
)
from agentops.render.plan.word_diff import DiffLine, Fold, PieceKind, impact, word_diff
from agentops.render.style import plural
from agentops.render.visible import all_visible

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --add: #1a7f3722; --gone: #cf222e22; --warn: #9a670022; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 0; }
section, .box { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
.box.refused { background: var(--gone); } .box.drift { background: var(--warn); }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem .3rem 0;
  border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
.kind { display: inline-block; border: 1px solid var(--line); border-radius: 1rem; padding: 0 .6rem;
  font-size: .85rem; }
.text { font: 14px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; }
.text td { border: 0; padding: 0 .6rem 0 0; } .number { color: #888; text-align: right; width: 3rem; }
ins { background: var(--add); text-decoration: none; } del { background: var(--gone); }
.faint { color: #888; } code { overflow-wrap: anywhere; }
"""

_MEANING = {
    Action.CREATE: "This agent does not exist yet. It will be created.",
    Action.UPDATE: "Callers will be served by a new version of this agent.",
    Action.GO_LIVE: "A version that is already published will start to serve callers.",
    Action.RESTORE: "An earlier version of this agent will serve callers again.",
    Action.ARCHIVE: "This agent will be archived: it stops taking calls.",
    Action.CALL: "What serves callers has not passed its calls. They are made again.",
    Action.UNCHANGED: "Nothing changes for this agent.",
}

_AT_ONCE = "Settings of this agent change at once; what it says to callers stays as it is."


def plan_html(plan: Plan) -> str:
    """The whole plan as a complete HTML document."""
    plan = all_visible(plan)
    shared = (part for change in shown_resources(plan) for part in resource_html(change))
    agents = (part for change in plan.changes for part in _agent(change))
    body = "\n".join([*_summary(plan), *shared, *agents, *_foot(plan)])
    title = escape(f"Plan for {plan.project}, {plan.environment}")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _summary(plan: Plan) -> Iterator[str]:
    yield f"<h1>What will change in {escape(plan.environment)}</h1>"
    yield f'<p class="faint">Project {escape(plan.project)}, account at {escape(plan.target)}.</p>'
    if plan.is_empty and not plan.refusals:
        compared = (
            f"{plural(len(plan.changes), 'agent')} compared, all as wanted" if plan.changes else "No agent was selected"
        )
        yield f"<p><strong>No changes.</strong> {compared}{counted(plan)}.</p>"
        return
    counts = Counter(change.action for change in plan.changes)
    yield "<p><strong>" + ", ".join(f"{counts[a]} {ACTION_WORDS[a]}" for a in Action if counts[a]) + "</strong></p>"
    if plan.refusals:
        yield '<div class="box refused"><h2>This plan can not be applied as it is</h2><ul>'
        for refusal in plan.refusals:
            hint = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(refusal.hint))  # commands stand in backticks
            what = f"<code>{escape(refusal.code)}</code> {escape(refusal.summary)}"
            yield f'<li>{what}<br><span class="faint">Next: {hint}</span></li>'
        yield "</ul></div>"


def _agent(change: AgentChange) -> Iterator[str]:
    yield f'<section id="{escape(change.key, quote=True)}">'
    yield f'<h2>{escape(change.name)} <span class="kind">{ACTION_WORDS[change.action]}</span></h2>'
    is_at_once = change.fields and all(field.is_immediate for field in change.fields)
    meaning = _AT_ONCE if is_at_once and change.action is Action.UPDATE else _MEANING[change.action]
    yield f'<p>{meaning} <span class="faint">({escape(change.key)}: {escape(change.reason)})</span></p>'
    if change.drift is not Drift.NONE:
        yield f'<div class="box drift"><strong>{DRIFT_WORDS[change.drift].capitalize()}.</strong> '
        yield f"{escape(change.drift_detail)}"
        yield from _drifted(change)
        yield "</div>"
    if change.uncalled_since is not None:
        yield f'<div class="box drift"><strong>{escape(uncalled_text(change))}.</strong></div>'
    if change.fields:
        yield "<table><tr><th>Setting</th><th>Before</th><th>After</th><th>Kind</th></tr>"
        for field in change.fields:
            yield from _field(field)
        yield "</table>"
    if change.calls:
        yield f"<p>Calls: {escape(str(change.calls))}.</p>"
    yield "</section>"


def _drifted(change: AgentChange) -> Iterator[str]:
    if change.drift_fields:
        yield "<ul>"
        for field in change.drift_fields:
            moved = f"{escape(value_text(field.before))} became {escape(value_text(field.after))}"
            text = _long_text(field) if is_long_text(field) else moved
            yield f"<li><code>{escape(path_text(field.path))}</code>: {text}</li>"
        yield "</ul>"


def _field(field: FieldChange) -> Iterator[str]:
    kind = f'{field.category.value}<br><span class="faint">{field.risk.value} risk'
    if field.is_immediate:
        kind += ", at once"
    if field.changed_by.value != "git":
        kind += f", changed in {CHANGED_BY_WORDS[field.changed_by]}"
    where = f'<br><span class="faint">{escape(str(field.where))}</span>' if field.where else ""
    name = f"<code>{escape(path_text(field.path))}</code>{where}"
    if is_long_text(field):
        yield f'<tr><td>{name}</td><td colspan="2">{_long_text(field)}</td><td>{kind}</span></td></tr>'
        return
    before, after = escape(value_text(field.before)), escape(value_text(field.after))
    if has_another_value(field):
        before = "another value"
    yield f"<tr><td>{name}</td><td>{before}</td><td>{after}</td><td>{kind}</span></td></tr>"


def _long_text(field: FieldChange) -> str:
    before, after = field.before or "", field.after or ""
    head = f"<p>{escape(str(impact(before, after)))}</p>" if before and after else ""
    offset = first_line_number(field) - 1
    rows = "".join(_row(entry, offset) for entry in word_diff(before, after))
    return f'{head}<table class="text">{rows}</table>'


def _row(entry: DiffLine | Fold, offset: int) -> str:
    if isinstance(entry, Fold):
        return f'<tr><td></td><td class="faint">{plural(entry.count, "unchanged line")}</td></tr>'
    tags = {PieceKind.ADDED: "ins", PieceKind.REMOVED: "del"}
    words = "".join(
        f"<{tags[piece.kind]}>{escape(piece.text)}</{tags[piece.kind]}>" if piece.kind in tags else escape(piece.text)
        for piece in entry.pieces
    )
    number = "" if entry.kind is PieceKind.REMOVED else str(entry.number + offset)
    return f'<tr><td class="number">{number}</td><td>{words}</td></tr>'


def _foot(plan: Plan) -> Iterator[str]:
    if plan.diagnostics:
        yield '<div class="box"><h2>Worth knowing</h2><ul>'
        for diagnostic in plan.diagnostics:
            place = f'<span class="faint">{escape(str(diagnostic.where))}</span> ' if diagnostic.where else ""
            yield f"<li>{place}{diagnostic.severity.value}: {escape(diagnostic.summary)}</li>"
        yield "</ul></div>"
    yield f'<p class="faint">Digest of this plan: <code>{escape(plan.digest)}</code></p>'
