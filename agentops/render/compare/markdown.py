"""A comparison of two revisions as Markdown."""

from __future__ import annotations

from agentops.compare.comparison import RevisionComparison
from agentops.render.compare.text import HEAD, comparison_notes, comparison_title, measure_cells, sides
from agentops.render.markdown import inline, table_lines


def comparison_markdown(found: RevisionComparison) -> str:
    """A heading, one table, and the notes as a list."""
    rows = table_lines(HEAD, (map(inline, measure_cells(each)) for each in found.measures))
    listed = (f"- {inline(line)}" for line in (*sides(found), *comparison_notes(found)))
    return "\n".join([f"### {comparison_title(found)}", "", *rows, "", *listed]) + "\n"
