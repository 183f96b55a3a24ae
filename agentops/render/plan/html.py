"""A plan as one HTML file for people who never saw a terminal: no script, no outside resource, fit to print."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from agentops.document import path_text
from agentops.plan.model import Action, AgentChange, Drift, FieldChange, Plan
from agentops.plan.sharing import Shared, Sharing, share
from agentops.render.plan.html_fields import field_rows, moved_item
from agentops.render.plan.parts import joined
from agentops.render.plan.values import ACTION_WORDS, DRIFT_WORDS, calls_text, create_text, uncalled_text
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
.text tr.part td { border-top: 1px dashed var(--line); }
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
    body = "\n".join([*_summary(plan), *_changes(plan), *_foot(plan)])
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
        yield f"<p><strong>No changes.</strong> {compared}.</p>"
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


def _changes(plan: Plan) -> Iterator[str]:
    """What several agents have in common, then each agent with what is its own."""
    sharing = share(plan.changes)
    alike = [change for change in plan.changes if sharing.is_all_of(change)]
    for shared in sharing.shared:
        yield from _shared(shared)
    for change in plan.changes:
        if change not in alike:
            yield from _agent(change, sharing)
    if alike:
        yield f"<section><h2>{plural(len(alike), 'agent')} with the changes above and nothing else</h2><ul>"
        yield from (f'<li id="{escape(each.key, quote=True)}">{_named(each)}</li>' for each in alike)
        yield "</ul>"
        yield f"<p>Calls: {escape(calls_text(alike))}.</p></section>" if calls_text(alike) else "</section>"


def _named(change: AgentChange) -> str:
    return f'{escape(change.name)} <span class="faint">({escape(change.key)}: {escape(change.reason)})</span>'


def _shared(shared: Shared) -> Iterator[str]:
    changes = joined(shared.changes)
    names = ", ".join(f"<code>{escape(path_text(each.path))}</code>" for each in changes)
    yield f"<section><h2>{names} {escape(shared.reach)}</h2>"
    yield f'<p class="faint">{escape(", ".join(shared.agents))}</p>'
    yield from _table(changes)
    yield "</section>"


def _table(fields: Sequence[FieldChange]) -> Iterator[str]:
    yield "<table><tr><th>Setting</th><th>Before</th><th>After</th><th>Kind</th></tr>"
    for field in fields:
        yield from field_rows(field)
    yield "</table>"


def _agent(change: AgentChange, sharing: Sharing) -> Iterator[str]:
    yield f'<section id="{escape(change.key, quote=True)}">'
    yield f'<h2>{escape(change.name)} <span class="kind">{ACTION_WORDS[change.action]}</span></h2>'
    is_at_once = change.fields and all(field.is_immediate for field in change.fields)
    meaning = _AT_ONCE if is_at_once and change.action is Action.UPDATE else _MEANING[change.action]
    yield f'<p>{meaning} <span class="faint">({escape(change.key)}: {escape(change.reason)})</span></p>'
    if change.drift is not Drift.NONE:
        yield f'<div class="box drift"><strong>{DRIFT_WORDS[change.drift].capitalize()}.</strong> '
        yield f"{escape(change.drift_detail)}"
        if change.drift_fields:
            yield f"<ul>{''.join(map(moved_item, joined(change.drift_fields)))}</ul>"
        yield "</div>"
    if change.uncalled_since is not None:
        yield f'<div class="box drift"><strong>{escape(uncalled_text(change))}.</strong></div>'
    own = joined(sharing.own.get(change.key, change.fields))
    if change.action is Action.CREATE:
        yield f"<p>It has {escape(create_text(change))}.</p>"
        yield f"<details><summary>{plural(len(own), 'setting')}</summary>"
    if count := sharing.count.get(change.key):
        yield f"<p>{plural(count, 'change')} above, with other agents.</p>"
    if own:
        yield from _table(own)
    if change.action is Action.CREATE:
        yield "</details>"
    elif change.impact:
        yield f"<p>{escape(str(change.impact)).capitalize()}.</p>"
    if change.calls:
        yield f"<p>Calls: {escape(str(change.calls))}.</p>"
    yield "</section>"


def _foot(plan: Plan) -> Iterator[str]:
    if plan.diagnostics:
        yield '<div class="box"><h2>Worth knowing</h2><ul>'
        for diagnostic in plan.diagnostics:
            place = f'<span class="faint">{escape(str(diagnostic.where))}</span> ' if diagnostic.where else ""
            yield f"<li>{place}{diagnostic.severity.value}: {escape(diagnostic.summary)}</li>"
        yield "</ul></div>"
    yield f'<p class="faint">Digest of this plan: <code>{escape(plan.digest)}</code></p>'
