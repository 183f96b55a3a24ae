"""Diagnostics as the commands of a GitHub workflow, which shows them at their lines."""

from __future__ import annotations

from collections.abc import Iterable

from agentops.diagnostics import Diagnostic, Severity
from agentops.render.diagnostics.text import message

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def diagnostics_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command per diagnostic, which GitHub shows at the line in the pull request."""
    lines = []
    for each in diagnostics:
        properties = {"title": each.code}
        if where := each.where:
            properties = {"file": where.file, "line": str(where.line), "col": str(where.column), **properties}
        written = ",".join(f"{name}={escape_command(value, ':,')}" for name, value in properties.items())
        lines.append(f"::{_COMMAND[each.severity]} {written}::{escape_command(message(each), '')}")
    return "\n".join(lines)


def escape_command(text: str, also: str) -> str:
    """Percent-encoding as the runner undoes it: `%` and line ends everywhere, `:` and `,` in properties."""
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
