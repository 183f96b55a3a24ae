"""A comparison of two revisions as Markdown."""

from __future__ import annotations

import re

from agentops.compare.comparison import RevisionComparison
from agentops.render.compare.text import HEAD, comparison_notes, comparison_title, measure_cells, sides


def comparison_markdown(found: RevisionComparison) -> str:
    """A heading, one table, and the notes as a list."""
    table = [HEAD, ("---",) * len(HEAD), *(measure_cells(each) for each in found.measures)]
    rows = (f"| {' | '.join(without_markup(cell) for cell in row)} |" for row in table)
    listed = (f"- {without_markup(line)}" for line in (*sides(found), *comparison_notes(found)))
    return "\n".join([f"### {comparison_title(found)}", "", *rows, "", *listed]) + "\n"


def without_markup(text: str) -> str:
    """Text that stays text: the names of metrics and of reasons are others' and may hold markup or call people."""
    return re.sub(r"[\\`*\[\]<>@#|&]", lambda found: f"&#{ord(found.group())};", text)
