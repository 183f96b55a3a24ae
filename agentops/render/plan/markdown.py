"""A plan as Markdown for a pull request: a summary first, then each agent folded, within a size that a comment takes.

The hidden marker lets a later run find and replace its own comment. What does not fit is named, never dropped silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentops.document import path_text
from agentops.fields import Risk
from agentops.plan.model import Action, AgentChange, Drift, Plan
from agentops.plan.sharing import Shared, Sharing, share
from agentops.render.markdown import in_html, inline, table_lines
from agentops.render.plan.markdown_fields import field_lines, moved_lines
from agentops.render.plan.parts import joined
from agentops.render.plan.resources import HEAD as RESOURCE_HEAD
from agentops.render.plan.resources import changing, looked_at, resource_details, resource_markdown, shown_resources
from agentops.render.plan.values import (
    ACTION_WORDS,
    DRIFT_WORDS,
    agent_counts,
    apply_command,
    calls_text,
    create_text,
    shown_plan,
    uncalled_text,
)
from agentops.render.style import plural

_HEAD = ("", "agent", "what", "fields", "risk")
_TEXTS = 2  # the column of each table that holds sentences
_KEYS_LISTED = 4_000  # characters
COMMENT_LIMIT = 60_000  # characters; GitHub takes 65,536 in a comment
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
    plan = shown_plan(plan)
    sharing = share(plan.changes)
    head = "\n".join(_head(plan, sharing, limit // 4))
    foot = "\n".join(_foot(plan, limit // 8))
    room = limit - len(head) - len(foot) - limit // 8  # kept for the sentence that names what was left out
    sections: list[str] = []
    left_out: list[str] = []
    alike = [change for change in plan.changes if sharing.is_all_of(change)]
    detailed = [each for each in plan.changes if (each.is_change or each.drift_fields) and not sharing.is_all_of(each)]
    made = [(str(each.address), resource_details(each)) for each in shown_resources(plan) if each.fields]
    made += [(path_text(each.changes[-1].path), _shared(each)) for each in sharing.shared]
    made += [(change.key, _agent(change, sharing)) for change in detailed]
    written = ["\n".join(lines) for _, lines in made]
    kept: set[int] = set()
    for index in sorted(range(len(made)), key=lambda index: len(written[index])):
        # The shortest first: one long prompt does not cost every other agent its details.
        if len(written[index]) <= room:
            kept.add(index)
            room -= len(written[index]) + 1
    sections += [section for index, section in enumerate(written) if index in kept]
    left_out += [name for index, (name, _) in enumerate(made) if index not in kept]
    if left_out:
        names = ", ".join(_as_fits([f"`{key}`" for key in left_out], limit // 16, "{} more"))
        sections.append(
            f"_Too long for one comment; the details of {names} are in the plan's text, JSON and HTML forms._\n"
        )
    calls = [f"{calls_text(alike)} that share all of their changes.\n"] if calls_text(alike) else []
    return "\n".join([head, *sections, *calls, foot]) + "\n"


def _head(plan: Plan, sharing: Sharing, room: int) -> Iterator[str]:
    yield plan_marker(plan)
    yield f"### agentops plan for `{plan.environment}` at `{plan.target}`"
    yield ""
    if plan.is_empty and not plan.refusals:
        compared = f"{plural(len(plan.changes), 'agent')} compared" if plan.changes else "No agent was selected"
        yield f"**No changes.** {compared}{looked_at(plan)}."
        yield ""
        return
    yield f"**{agent_counts(plan) or 'No agents'}**{changing(plan)}"
    yield ""
    if plan.refusals:
        yield f"> [!CAUTION]\n> This plan can't be applied: {plural(len(plan.refusals), 'refusal')}."
        lines = [f"> - **{r.code}**: {inline(r.summary)}. Next: {inline(r.hint)}" for r in plan.refusals]
        yield from _as_fits(lines, room, "> - and {} more")
        yield ""
    yield from _as_fits(list(resource_markdown(shown_resources(plan))), room, _more(RESOURCE_HEAD))
    if plan.call_costs:
        yield f"Calls: {inline(str(plan.call_costs))}."
        yield ""
    alike = [change for change in plan.changes if sharing.is_all_of(change)]
    others = [change for change in plan.changes if not sharing.is_all_of(change)]
    rows = [_cells(change) for change in sorted(others, key=lambda change: not change.is_change)]
    head, rule, *lines = table_lines(_HEAD, [*_cells_of_all(alike), *rows])
    yield from (head, rule, *_as_fits(lines, room, _more(_HEAD)))
    yield ""


def _as_fits(lines: list[str], room: int, more: str) -> Iterator[str]:
    """As many lines as fit into `room` characters; `more` says how many did not."""
    for shown, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            yield more.format(len(lines) - shown)
            return
        yield line


def _more(head: Sequence[str]) -> str:
    """The row of a table that says how many rows it had no room for."""
    return f"| {' | '.join('and {} more' if n == _TEXTS else '' for n in range(len(head)))} |"


def _cells(change: AgentChange) -> tuple[str, ...]:
    drift = f"; {DRIFT_WORDS[change.drift]}" if change.drift is not Drift.NONE else ""
    kinds = ", ".join(sorted(category.value for category in change.categories))
    fields = f"{len(joined(change.fields))} ({kinds})" if change.fields else "-"
    what = f"{ACTION_WORDS[change.action]}: {inline(change.reason)}{drift}"
    return _ICONS[change.action], f"`{change.key}`", what, fields, _risk([change])


def _cells_of_all(alike: Sequence[AgentChange]) -> Iterator[tuple[str, ...]]:
    """One row for the agents that have nothing but what several have in common."""
    if alike:
        kinds = ", ".join(sorted({category.value for change in alike for category in change.categories}))
        what = "the changes that they have in common and nothing else"
        yield _ICONS[alike[0].action], plural(len(alike), "agent"), what, f"({kinds})", _risk(alike)


def _risk(changes: Sequence[AgentChange]) -> str:
    risks = [risk for risk in reversed(Risk) if any(each.risk is risk for c in changes for each in c.fields)]
    return risks[0].value if risks else "-"


def _shared(shared: Shared) -> Iterator[str]:
    """A change that several agents have, with those that it reaches."""
    names = ", ".join(f"<code>{in_html(path_text(each.path))}</code>" for each in joined(shared.changes))
    yield f"<details><summary>🔗 {names} {shared.reach}</summary>"
    yield ""
    yield ", ".join(_as_fits([f"`{key}`" for key in shared.agents], _KEYS_LISTED, "and {} more"))
    yield ""
    for change in joined(shared.changes):
        yield from field_lines(change)
    yield from ("", "</details>", "")


def _agent(change: AgentChange, sharing: Sharing) -> Iterator[str]:
    yield f"<details><summary>{_ICONS[change.action]} <code>{change.key}</code> {in_html(change.name)}</summary>"
    yield ""
    if change.drift is not Drift.NONE:
        detail = f": {inline(change.drift_detail)}" if change.drift_detail else ""
        yield f"**{DRIFT_WORDS[change.drift]}**{detail}"
        yield ""
    if change.uncalled_since is not None:
        yield f"**{uncalled_text(change)}**"
        yield ""
    if change.drift_fields:
        yield "Changed outside git:"
        yield ""
        for field in joined(change.drift_fields):
            yield from moved_lines(field)
        yield ""
    if change.action is Action.CREATE:
        yield f"{inline(create_text(change))}."
        yield ""
    if count := sharing.count.get(change.key):
        yield f"{plural(count, 'change')} above, with other agents."
        yield ""
    for field in joined(sharing.own.get(change.key, change.fields)):
        yield from field_lines(field)
    yield ""
    if change.impact and change.action is not Action.CREATE:
        yield inline(str(change.impact))
        yield ""
    if change.calls:
        yield inline(str(change.calls))
        yield ""
    yield "</details>"
    yield ""


def _foot(plan: Plan, room: int) -> Iterator[str]:
    lines = []
    for diagnostic in plan.diagnostics:
        place = f" `{diagnostic.where}`" if diagnostic.where else ""
        lines.append(f"- {diagnostic.severity.value} **{diagnostic.code}**{place}: {inline(diagnostic.summary)}")
    yield from _as_fits(lines, room, "- and {} more")
    yield ""
    command = f": apply exactly this with `{apply_command(plan)}`"
    yield f"Digest `{plan.digest}`{command if plan.is_applyable and not plan.is_empty else ''}."
