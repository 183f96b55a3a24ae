"""A comparison of two revisions as Markdown."""

from __future__ import annotations

import re

from agentops.compare.comparison import RevisionComparison
from agentops.render.compare.text import HEAD, cells, notes, sides, title


def comparison_markdown(found: RevisionComparison) -> str:
    """A heading, one table, and the notes as a list."""
    table = [HEAD, ("---",) * len(HEAD), *(cells(each) for each in found.measures)]
    rows = (f"| {' | '.join(plain(cell) for cell in row)} |" for row in table)
    listed = (f"- {plain(line)}" for line in (*sides(found), *notes(found)))
    return "\n".join([f"### {title(found)}", "", *rows, "", *listed]) + "\n"


def plain(text: str) -> str:
    """Text that stays text: the names of metrics and of reasons are others' and may hold markup or call people."""
    return re.sub(r"[\\`*\[\]<>@#|&]", lambda found: f"&#{ord(found.group())};", text)
