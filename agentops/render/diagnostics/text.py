"""Diagnostics as text for people, one block each."""

from __future__ import annotations

from collections.abc import Iterable

from agentops.diagnostics import Diagnostic


def diagnostics_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Every diagnostic with its place, what was expected and the next step."""
    lines = []
    for each in diagnostics:
        place = f"{each.where}: " if each.where else f"{each.agent}: " if each.agent else ""
        lines.append(f"{place}{each.severity}[{each.code}]: {each.summary}")
        lines += _source(each)
        if each.expected:
            lines.append(f"  expected: {each.expected}")
        if each.hint:
            lines.append(f"  next: {each.hint}")
    return "\n".join(lines)


_WIDTH = 100  # characters of a source line, with a third of them before the place


def _source(diagnostic: Diagnostic) -> list[str]:
    """The line that it is about, with a caret under the place; characters that show nothing are dots."""
    if diagnostic.source is None or diagnostic.where is None or not diagnostic.source.strip():
        return []
    column = min(diagnostic.where.column - 1, len(diagnostic.source))
    start = max(0, column - _WIDTH // 3) if len(diagnostic.source) > _WIDTH else 0
    shown = "".join(c if c.isprintable() else "\N{MIDDLE DOT}" for c in diagnostic.source[start : start + _WIDTH])
    return [f"  | {shown}", f"  | {' ' * (column - start)}^"]


def message(diagnostic: Diagnostic) -> str:
    """A diagnostic without its place, in one text."""
    parts = [diagnostic.summary]
    if diagnostic.expected:
        parts.append(f"expected: {diagnostic.expected}")
    if diagnostic.hint:
        parts.append(f"next: {diagnostic.hint}")
    return "; ".join(parts)
