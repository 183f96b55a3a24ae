"""The status of an environment as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.plan.model import Action, Drift
from agentops.plan.status import AgentStatus, Status
from agentops.render.diagnostics.text import diagnostics_text
from agentops.render.plan.values import ACTION_WORDS, DRIFT_WORDS
from agentops.render.style import PLAIN, Style, columns, plural

HEADINGS = ("agent", "live", "since", "calls", "plan", "about it")


def status_text(status: Status, style: Style = PLAIN) -> str:
    """One row an agent; what is worth more words is wrapped in the last column, never cut."""
    rows = [status_row(agent) for agent in status.agents]
    widths = [max(columns(row[index]) for row in [HEADINGS, *rows]) for index in range(len(HEADINGS) - 1)]
    title = f"Status of {status.project}, environment {status.environment}"
    lines = [f"{style.paint(title, 'strong')}  ({status.target}, {status.generation.value})", ""]
    for row, role in [(HEADINGS, "faint"), *((row, _role(a)) for row, a in zip(rows, status.agents, strict=True))]:
        head = "  ".join(cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=False))
        indent = " " * (columns(head) + 2)
        first, *rest = style.wrap(row[-1], indent, indent)
        lines += [(style.paint(head, role) + first[len(head) :]).rstrip(), *rest]
    lines += ["", status_summary(status)]
    for line in diagnostics_text(status.diagnostics).splitlines():
        lines += style.wrap(line, "", "    ")
    return "\n".join(lines) + "\n"


def status_row(agent: AgentStatus) -> tuple[str, str, str, str, str, str]:
    """The cells of one agent under HEADINGS."""
    live = agent.live
    number = "-" if live is None else f"revision {live.number}" if live.number is not None else live.revision_id
    since = (live.published_at or "not known")[:16].replace("T", " ") if live else "-"
    calls = (agent.verdict or "not known") if live else "-"
    return (agent.change.key, number, since, calls, _plan(agent), "; ".join(_notes(agent)))


def status_summary(status: Status) -> str:
    """The counts of all agents, and what a plan would be refused for, in one line."""
    to_change = sum(agent.change.is_change for agent in status.agents if agent.is_read)
    drifted = sum(agent.change.is_drifted for agent in status.agents)
    unread = sum(not agent.is_read for agent in status.agents)
    not_known = f", {unread} with a spec that can't be used" if unread else ""
    counts = f"{plural(len(status.agents), 'agent')}: {to_change} to change, {drifted} changed outside git{not_known}."
    return counts + (f" A plan would be refused: {', '.join(status.refused)}." if status.refused else "")


def _plan(agent: AgentStatus) -> str:
    change = agent.change
    if not agent.is_read:
        return "not known"
    if not change.is_change:
        return "nothing"
    count = f" {plural(len(change.fields), 'field')}" if change.action is Action.UPDATE else ""
    return f"{ACTION_WORDS[change.action]}{count}"


def _notes(agent: AgentStatus) -> Iterator[str]:
    change, draft = agent.change, agent.draft
    if agent.label:
        yield agent.label
    if agent.live is not None and agent.live.published_by:
        yield f"by {agent.live.published_by}"
    if change.drift is not Drift.NONE:
        yield DRIFT_WORDS[change.drift] + (
            f" ({plural(len(change.drift_fields), 'field')})" if change.drift_fields else ""
        )
    if draft is not None:
        yield "open draft" + (f" by {draft.editor}" if draft.editor else "")
    if agent.numbers:
        yield ", ".join(agent.numbers)
    elif agent.numbers is None:
        yield "numbers not known"


def _role(agent: AgentStatus) -> str:
    if agent.change.is_drifted or agent.verdict in ("failed", "inconclusive"):
        return "bad"
    return "change" if agent.change.is_change else "good"
