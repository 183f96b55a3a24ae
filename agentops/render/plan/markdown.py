"""A plan as Markdown for a pull request: a summary first, then each agent folded, within a size that a comment takes.

The hidden marker lets a later run find and replace its own comment. What does not fit is named, never dropped silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from agentops.document import path_text
from agentops.plan.model import Action, AgentChange, Drift, FieldChange, Plan
from agentops.render.plan.values import (
    ACTION_WORDS,
    CHANGED_BY_WORDS,
    DRIFT_WORDS,
    apply_command,
    first_line_number,
    has_another_value,
    is_long_text,
    uncalled_text,
    value_text,
)
from agentops.render.plan.word_diff import DiffLine, Fold, PieceKind, impact, word_diff
from agentops.render.style import plural
from agentops.render.visible import all_visible

COMMENT_LIMIT = 60_000  # characters; GitHub takes 65,536 in a comment
_AT = "@&#8203;"  # with a zero-width space, so that GitHub notifies nobody
_ICONS = {
    Action.CREATE: "🆕",
    Action.UPDATE: "✏️",
    Action.GO_LIVE: "🚀",
    Action.RESTORE: "⏪",
    Action.ARCHIVE: "🗄️",
    Action.CALL: "📞",
    Action.UNCHANGED: "➖",
}


def plan_marker(plan: Plan) -> str:
    """The hidden line that names whose comment this is: one per project and environment."""
    return f"<!-- agentops:plan:{plan.project}:{plan.environment} -->"


def plan_markdown(plan: Plan, *, limit: int = COMMENT_LIMIT) -> str:
    """The plan in at most `limit` characters (2,000 at the least); what doesn't fit is counted or listed by name."""
    plan = all_visible(plan)
    head = "\n".join(_head(plan, limit // 4))
    foot = "\n".join(_foot(plan, limit // 8))
    room = limit - len(head) - len(foot) - limit // 8
    sections: list[str] = []
    left_out: list[str] = []
    for change in plan.changes:
        if not change.is_change and not change.drift_fields:
            continue
        section = "\n".join(_agent(change))
        if len(section) <= room:
            sections.append(section)
            room -= len(section) + 1
        else:
            left_out.append(change.key)
    if left_out:
        names = ", ".join(_as_fits([f"`{key}`" for key in left_out], limit // 16, "{} more"))
        sections.append(
            f"_Too long for one comment; the details of {names} are in the plan's text, JSON and HTML forms._\n"
        )
    return "\n".join([head, *sections, foot]) + "\n"


def _head(plan: Plan, room: int) -> Iterator[str]:
    yield plan_marker(plan)
    yield f"### agentops plan for `{plan.environment}` at `{plan.target}`"
    yield ""
    if plan.is_empty and not plan.refusals:
        compared = f"{plural(len(plan.changes), 'agent')} compared" if plan.changes else "No agent was selected"
        yield f"**No changes.** {compared}."
        yield ""
        return
    counts = Counter(change.action for change in plan.changes)
    yield "**" + ", ".join(f"{counts[a]} {ACTION_WORDS[a]}" for a in Action if counts[a]) + "**"
    yield ""
    if plan.refusals:
        yield f"> [!CAUTION]\n> This plan can't be applied: {plural(len(plan.refusals), 'refusal')}."
        lines = [f"> - **{r.code}**: {quoted(r.summary)}. Next: {' '.join(r.hint.split())}" for r in plan.refusals]
        yield from _as_fits(lines, room, "> - and {} more")
        yield ""
    yield "| | agent | what | fields | risk |"
    yield "|---|---|---|---|---|"
    rows = [_row(change) for change in sorted(plan.changes, key=lambda change: not change.is_change)]
    yield from _as_fits(rows, room, "| | | and {} more | | |")
    yield ""


def _as_fits(lines: list[str], room: int, more: str) -> Iterator[str]:
    """As many lines as fit into `room` characters; `more` says how many did not."""
    for shown, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            yield more.format(len(lines) - shown)
            return
        yield line


def _row(change: AgentChange) -> str:
    kinds = ", ".join(sorted(category.value for category in change.categories))
    risks = [risk for risk in ("high", "medium", "low") if any(f.risk.value == risk for f in change.fields)]
    drift = f"; {DRIFT_WORDS[change.drift]}" if change.drift is not Drift.NONE else ""
    fields = f"{len(change.fields)} ({kinds})" if change.fields else "-"
    return (
        f"| {_ICONS[change.action]} | `{change.key}` | {ACTION_WORDS[change.action]}: {quoted(change.reason)}{drift} "
        f"| {fields} | {risks[0] if risks else '-'} |"
    )


def _agent(change: AgentChange) -> Iterator[str]:
    yield f"<details><summary>{_ICONS[change.action]} <code>{change.key}</code> {_html(change.name)}</summary>"
    yield ""
    if change.drift is not Drift.NONE:
        yield f"**{DRIFT_WORDS[change.drift]}**: {quoted(change.drift_detail)}"
        yield ""
    if change.uncalled_since is not None:
        yield f"**{uncalled_text(change)}**"
        yield ""
    if change.drift_fields:
        yield "Changed outside git:"
        yield ""
        for field in change.drift_fields:
            yield from moved_lines(field)
        yield ""
    for field in change.fields:
        yield from _field(field)
    yield ""
    if change.calls:
        yield f"{quoted(str(change.calls))}"
        yield ""
    yield "</details>"
    yield ""


def moved_lines(field: FieldChange) -> Iterator[str]:
    """What somebody else did to a field, from the value that we put live, and by which revision where that is known."""
    since = f", since {quoted(field.reason)}" if field.reason.startswith("revision") else ""
    if is_long_text(field):
        yield f"- {_span(path_text(field.path))}{since}:"
        yield from _long_text(field)
    else:
        yield f"- {_span(path_text(field.path))}: {_code(field.before)} → {_code(field.after)}{since}"


def _field(field: FieldChange) -> Iterator[str]:
    facts = [field.category.value, f"{field.risk.value} risk"]
    if field.is_immediate:
        facts.append("at once, not versioned")
    if field.changed_by.value != "git":
        facts.append(f"changed in {CHANGED_BY_WORDS[field.changed_by]}")
    where = f" `{field.where.file}:{field.where.line}`" if field.where else ""
    head = f"- **{_span(path_text(field.path))}** ({', '.join(facts)}){where}"
    if is_long_text(field):
        yield head
        yield from _long_text(field)
    elif field.before is None:
        yield f"{head}: {_code(field.after)}"
    elif field.after is None:
        yield f"{head}: {_code(field.before)} is removed"
    elif has_another_value(field):
        yield f"{head}: {_code(field.after)} has another value now"
    else:
        yield f"{head}: {_code(field.before)} → {_code(field.after)}"


def _long_text(field: FieldChange) -> Iterator[str]:
    before, after = field.before or "", field.after or ""
    if before and after:
        yield f"  {impact(before, after)}"
    lines = [_diff_line(entry, first_line_number(field) - 1) for entry in word_diff(before, after)]
    fence = "`" * max(3, _longest_fence("\n".join(lines)) + 1)
    yield ""
    yield f"  {fence}diff"
    yield from (f"  {line}" for text in lines for line in text.split("\n"))
    yield f"  {fence}"


def _diff_line(entry: DiffLine | Fold, offset: int) -> str:
    """A diff block colours whole lines, so a line whose words changed is shown as it was and as it is."""
    if isinstance(entry, Fold):
        return f"@@ {plural(entry.count, 'unchanged line')} @@"
    number = entry.number + offset
    if entry.kind is PieceKind.SAME and entry.is_changed:
        return f"- {number}: {_side(entry, PieceKind.ADDED)}\n+ {number}: {_side(entry, PieceKind.REMOVED)}"
    sign = {PieceKind.ADDED: "+", PieceKind.REMOVED: "-", PieceKind.SAME: " "}[entry.kind]
    return f"{sign} {number}: {''.join(piece.text for piece in entry.pieces)}"


def _side(line: DiffLine, hidden: PieceKind) -> str:
    return "".join(piece.text for piece in line.pieces if piece.kind is not hidden)


def _foot(plan: Plan, room: int) -> Iterator[str]:
    lines = []
    for diagnostic in plan.diagnostics:
        place = f" `{diagnostic.where}`" if diagnostic.where else ""
        lines.append(f"- {diagnostic.severity.value} **{diagnostic.code}**{place}: {quoted(diagnostic.summary)}")
    yield from _as_fits(lines, room, "- and {} more")
    yield ""
    command = f": apply exactly this with `{apply_command(plan)}`"
    yield f"Digest `{plan.digest}`{command if plan.is_applyable and not plan.is_empty else ''}."


def _code(value: object) -> str:
    """A value as inline code, fenced by more backticks than it holds."""
    return _span(value_text(value))


def _span(text: str) -> str:
    ticks = "`" * (_longest_fence(text) + 1)
    gap = " " if "`" in text else ""
    return f"{ticks}{gap}{text}{gap}{ticks}"


def _longest_fence(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest


def quoted(text: str) -> str:
    """Free text in Markdown: no markup, no mention of anybody, on one line."""
    flat = " ".join(text.split())
    for character in "\\`*_[]<>|":
        flat = flat.replace(character, f"\\{character}")
    return flat.replace("@", _AT)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", _AT)
