"""The status of an environment as a Markdown table."""

from __future__ import annotations

from agentops.plan.status import Status
from agentops.render.markdown import inline, table_lines
from agentops.render.status.text import HEADINGS, status_row, status_summary


def status_markdown(status: Status) -> str:
    """The same cells as on a terminal."""
    rows = ([inline(cell) for cell in status_row(agent)] for agent in status.agents)
    lines = [f"### {inline(status.project)}: {inline(status.environment)}", "", *table_lines(HEADINGS, rows)]
    notes = [f"- {each.severity.value} **{each.code}**: {inline(each.summary)}" for each in status.diagnostics]
    return "\n".join([*lines, "", inline(status_summary(status)), *([""] if notes else []), *notes]) + "\n"
