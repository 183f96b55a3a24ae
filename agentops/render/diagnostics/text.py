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
    if diagnostic.expected:
        lines.append(f"  expected: {diagnostic.expected}")
    if diagnostic.hint:
        lines.append(f"  next: {diagnostic.hint}")
    return "\n".join(lines)


def message(diagnostic: Diagnostic) -> str:
    """Everything a diagnostic says but its place, in one text."""
    parts = [diagnostic.summary]
    if diagnostic.expected:
        parts.append(f"expected: {diagnostic.expected}")
    if diagnostic.hint:
        parts.append(f"next: {diagnostic.hint}")
    return "; ".join(parts)
