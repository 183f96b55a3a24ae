"""A comparison of two revisions as Markdown."""

from __future__ import annotations

from agentops.compare.comparison import Comparison
from agentops.render.compare.text import HEAD, cells, notes, sides, title


def comparison_markdown(found: Comparison) -> str:
    """A heading, one table, and the notes as a list."""
    table = [HEAD, ("---",) * len(HEAD), *(cells(each) for each in found.measures)]
    rows = (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in table)
    listed = (f"- {line}" for line in (*sides(found), *notes(found)))
    return "\n".join([f"### {title(found)}", "", *rows, "", *listed]) + "\n"
