"""A plan as one HTML file for people who never saw a terminal: no script, no outside resource, fit to print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from agentops.document import path_text
from agentops.plan.model import Action, AgentChange, Drift, Plan
from agentops.plan.sharing import Sharing, share
from agentops.render.page import code, html_page, table
from agentops.render.plan.html_fields import COLUMNS, field_row, moved_item
from agentops.render.plan.parts import joined
from agentops.render.plan.resources import changing, looked_at, resource_html, shown_resources
from agentops.render.plan.values import (
    ACTION_WORDS,
    DRIFT_WORDS,
    agent_counts,
    calls_text,
    create_text,
    shown_plan,
    uncalled_text,
)
from agentops.render.style import plural
from agentops.render.visible import all_visible

_STYLE = """
h2 { margin: 0; }
section, .box { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
.box.refused { background: var(--gone); } .box.drift { background: var(--warn); }
.kind { display: inline-block; border: 1px solid var(--line); border-radius: 1rem; padding: 0 .6rem;
  font-size: .85rem; }
.text { border-collapse: collapse; width: 100%; table-layout: fixed; margin: .3rem 0;
  font: 14px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.text td { padding: 0 .6rem 0 0; vertical-align: top; } .text td:first-child { width: 2.5rem; }
.parts td { vertical-align: top; }
.number { color: var(--faint); text-align: right; }
ins { background: var(--add); text-decoration: none; } del { background: var(--gone); }
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


@dataclass(frozen=True, slots=True)
class Made:
    """How a plan came about, as far as it is known.

    at:      when it was made, in UTC
    commit:  what was checked out, in words
    command: what applies exactly this plan
    """

    at: str = ""
    commit: str = ""
    command: str = ""


UNKNOWN = Made()


def plan_html(plan: Plan, made: Made = UNKNOWN) -> str:
    """The whole plan as a complete HTML document."""
    plan, made = shown_plan(plan), all_visible(made)
    resources = (part for change in shown_resources(plan) for part in resource_html(change))
    body = [*_summary(plan, made), *resources, *_changes(plan), *_foot(plan, made)]
    return html_page(f"Plan for {plan.project}, {plan.environment}", body, _STYLE)


def _summary(plan: Plan, made: Made) -> Iterator[str]:
    yield f"<h1>What will change in {escape(plan.environment)}</h1>"
    known = [f"Project {escape(plan.project)}, account at {escape(plan.target)}."]
    known += [f"Planned at {escape(made.at)}."] if made.at else []
    known += [f"Commit: {escape(made.commit)}."] if made.commit else []
    yield f'<p class="faint">{" ".join(known)}</p>'
    if plan.is_empty and not plan.refusals:
        compared = (
            f"{plural(len(plan.changes), 'agent')} compared, all as wanted" if plan.changes else "No agent was selected"
        )
        yield f"<p><strong>No changes.</strong> {compared}{looked_at(plan)}.</p>"
        return
    yield f"<p><strong>{agent_counts(plan) or 'No agents'}</strong>{changing(plan)}</p>"
    if plan.call_costs:
        yield f"<p>Calls: {escape(str(plan.call_costs))}.</p>"
    if plan.refusals:
        yield '<div class="box refused"><h2>This plan can not be applied as it is</h2><ul>'
        for refusal in plan.refusals:
            hint = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(refusal.hint))  # commands stand in backticks
            what = f"{code(refusal.code)} {escape(refusal.summary)}"
            yield f'<li>{what}<br><span class="faint">Next: {hint}</span></li>'
        yield "</ul></div>"


def _changes(plan: Plan) -> Iterator[str]:
    """What several agents have in common, then each agent with what is its own."""
    sharing = share(plan.changes)
    alike = [change for change in plan.changes if sharing.is_all_of(change)]
    for shared in sharing.shared:
        changes = joined(shared.changes)
        names = ", ".join(code(path_text(each.path)) for each in changes)
        yield f"<section><h2>{names} {escape(shared.reach)}</h2>"
        yield f'<p class="faint">{escape(", ".join(shared.agents))}</p>'
        yield table(COLUMNS, (field_row(each) for each in changes))
        yield "</section>"
    for change in plan.changes:
        if not sharing.is_all_of(change):
            yield from _agent(change, sharing)
    if alike:
        yield f"<section><h2>{plural(len(alike), 'agent')} with the changes above and nothing else</h2><ul>"
        for each in alike:
            about = f'<span class="faint">({escape(each.key)}: {escape(each.reason)})</span>'
            yield f'<li id="{escape(each.key, quote=True)}">{escape(each.name)} {about}</li>'
        yield "</ul>"
        yield f"<p>Calls: {escape(calls_text(alike))}.</p></section>" if calls_text(alike) else "</section>"


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
        yield table(COLUMNS, map(field_row, own))
    if change.action is Action.CREATE:
        yield "</details>"
    elif change.impact:
        yield f"<p>{escape(str(change.impact)).capitalize()}.</p>"
    if change.calls:
        yield f"<p>Calls: {escape(str(change.calls))}.</p>"
    yield "</section>"


def _foot(plan: Plan, made: Made) -> Iterator[str]:
    if plan.diagnostics:
        yield '<div class="box"><h2>Worth knowing</h2><ul>'
        for diagnostic in plan.diagnostics:
            place = f'<span class="faint">{escape(str(diagnostic.where))}</span> ' if diagnostic.where else ""
            yield f"<li>{place}{diagnostic.severity.value}: {escape(diagnostic.summary)}</li>"
        yield "</ul></div>"
    yield f'<p class="faint">Digest of this plan: <code>{escape(plan.digest)}</code></p>'
    if made.command and plan.is_applyable and not plan.is_empty:
        yield f"<p>To apply exactly this: <code>{escape(made.command)}</code></p>"
