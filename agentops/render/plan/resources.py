"""The tools, knowledge bases and webhooks of a plan, as text, Markdown and HTML: one short section each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from agentops.document import path_text
from agentops.plan.model import Plan, ResourceAction, ResourceChange
from agentops.render.markdown import code_span, inline, table_lines
from agentops.render.page import table
from agentops.render.plan.html_fields import COLUMNS, field_row
from agentops.render.plan.markdown_fields import field_lines
from agentops.render.plan.parts import joined
from agentops.render.plan.values import FIELD_SYMBOLS
from agentops.render.style import Style, plural

HEAD = ("", "shared", "what", "used by")
RESOURCE_WORDS = {
    ResourceAction.CREATE: "create",
    ResourceAction.REPLACE: "make anew",
    ResourceAction.UPDATE: "update at once",
    ResourceAction.DELETE: "delete",
    ResourceAction.UNCHANGED: "unchanged",
}
_SYMBOLS = {
    ResourceAction.CREATE: "+",
    ResourceAction.REPLACE: "~",
    ResourceAction.UPDATE: "!",
    ResourceAction.DELETE: "-",
    ResourceAction.UNCHANGED: "=",
}
_ROLES = {"+": "add", "-": "remove", "~": "change", "!": "change", "=": "faint"}


def shown_resources(plan: Plan) -> list[ResourceChange]:
    """Those worth a line: what changes, and what drifted."""
    return [each for each in plan.resources if each.is_change or each.is_drifted]


def resource_counts(plan: Plan) -> str:
    """`1 to create, 2 unchanged`; "" for a plan without any."""
    counts = Counter(each.action for each in plan.resources)
    parts = [
        f"{counts[action]} unchanged"
        if action is ResourceAction.UNCHANGED
        else f"{counts[action]} to {RESOURCE_WORDS[action]}"
        for action in ResourceAction
        if counts[action]
    ]
    return ", ".join(parts)


def resource_text(change: ResourceChange, style: Style) -> Iterator[str]:
    """One resource with its fields."""
    symbol = _SYMBOLS[change.action]
    title = f"{symbol} {change.address}"
    reached = f"; used by {', '.join(change.reaches)}" if change.reaches else ""
    about = f"{title}  {change.name!r}  {RESOURCE_WORDS[change.action]}: {change.reason}{reached}"
    for number, line in enumerate(style.wrap(about, "", "    ")):
        yield line.replace(title, style.paint(title, _ROLES[symbol]), 1) if number == 0 else line
    if change.is_drifted:
        for line in style.wrap(f"! {change.drift_detail}", "    ", "      "):
            yield style.paint(line, "bad")


def resource_markdown(changes: Sequence[ResourceChange]) -> Iterator[str]:
    """A table; nothing where there is nothing to show."""
    if not changes:
        return
    yield from table_lines(HEAD, map(_cells, changes))
    yield ""


def _cells(change: ResourceChange) -> tuple[str, ...]:
    fields = "; ".join(code_span(f"{FIELD_SYMBOLS[each.operation]} {path_text(each.path)}") for each in change.fields)
    drift = f" **{inline(change.drift_detail)}**" if change.is_drifted else ""
    what = f"{RESOURCE_WORDS[change.action]}: {inline(change.reason)}{drift}"
    details = f"<br>{fields}" if fields else ""
    reached = ", ".join(f"`{key}`" for key in change.reaches) or "-"
    return f"`{_SYMBOLS[change.action]}`", f"`{change.address}`", what + details, reached


def resource_details(change: ResourceChange) -> Iterator[str]:
    """What differs in a resource, folded as it is for an agent."""
    yield f"<details><summary>{_SYMBOLS[change.action]} <code>{escape(str(change.address))}</code></summary>"
    yield ""
    for field in joined(change.fields):
        yield from field_lines(field)
    yield from ("", "</details>", "")


def resource_html(change: ResourceChange) -> Iterator[str]:
    yield "<section>"
    yield f'<h2>{escape(str(change.address))} <span class="kind">{RESOURCE_WORDS[change.action]}</span></h2>'
    reached = f" Used by {escape(', '.join(change.reaches))}." if change.reaches else ""
    yield f"<p>{escape(change.name)}: {escape(change.reason)}.{reached}</p>"
    if change.is_drifted:
        yield f'<div class="box drift"><strong>{escape(change.drift_detail)}</strong></div>'
    if change.fields:
        yield table(COLUMNS, map(field_row, joined(change.fields)))
    yield "</section>"


def changing(plan: Plan) -> str:
    """What a head adds about resources where any changes; "" where none does."""
    is_changed = any(each.is_change for each in plan.resources)
    return f"; {plural(len(plan.resources), 'shared resource')}: {resource_counts(plan)}" if is_changed else ""


def looked_at(plan: Plan) -> str:
    """How many resources a plan looked at, in words; "" for none."""
    return f" and {plural(len(plan.resources), 'shared resource')}" if plan.resources else ""
