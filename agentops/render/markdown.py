"""Markdown that shows what others wrote as they wrote it: as text, as code, inside HTML, in a table. Pure.

Prompts, names, answers of agents and errors of the platform are somebody else's. In a pull request they must not
become markup, call people, or end the line or the cell that they stand in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from agentops.render.visible import visible

_AT = "@&#8203;"  # with a zero-width space, so that GitHub notifies nobody
_MARKUP = re.compile(r"[\\`*_\[\]<>~]|^#")  # the number of a pull request may become a link
_CODE = re.compile(r"(`[^`]+`)")
_TICKS = re.compile("`+")


def inline(text: str) -> str:
    """Text on one line. Only what stands in backticks stays code, so that commands can be copied."""
    flat = visible(" ".join(text.split()))
    parts = _CODE.split(flat)
    return "".join(part if n % 2 else _escaped(part) for n, part in enumerate(parts))


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text.replace("&", "&amp;")).replace("@", _AT)


def code_span(text: str) -> str:
    """Text as code, between more backticks than it holds."""
    ticks = "`" * (longest_ticks(text) + 1)
    gap = " " if "`" in text else ""
    return f"{ticks}{gap}{text}{gap}{ticks}"


def longest_ticks(text: str) -> int:
    """The length of the longest row of backticks in `text`."""
    return max((len(found) for found in _TICKS.findall(text)), default=0)


def in_html(text: str) -> str:
    """Text inside an element of HTML, such as a summary, where backslashes escape nothing."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", _AT)


def table_lines(head: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table. Its cells are Markdown already; bars in them are taken care of."""
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
