"""Diagnostics as text for people, one block each."""

from __future__ import annotations

from collections.abc import Iterable

from agentops.diagnostics import Diagnostic


def diagnostics_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Every diagnostic with its place, what was expected and the next step."""
    return "\n".join(_block(diagnostic) for diagnostic in diagnostics)


def _block(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.where}: " if diagnostic.where else f"{diagnostic.agent}: " if diagnostic.agent else ""
    lines = [f"{place}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.summary}"]
    lines += _source(diagnostic)
    if diagnostic.expected:
        lines.append(f"  expected: {diagnostic.expected}")
    if diagnostic.hint:
        lines.append(f"  next: {diagnostic.hint}")
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
