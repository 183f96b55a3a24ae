"""Diagnostics as the commands of a GitHub workflow, which shows them at their lines."""

from __future__ import annotations

from collections.abc import Iterable

from agentops.diagnostics import Diagnostic, Severity
from agentops.render.diagnostics.text import message

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def diagnostics_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command per diagnostic, which GitHub shows at the line in the pull request."""
    return "\n".join(_line(each) for each in diagnostics)


def _line(diagnostic: Diagnostic) -> str:
    properties = {"title": f"{diagnostic.code}"}
    if where := diagnostic.where:
        properties = {"file": where.file, "line": str(where.line), "col": str(where.column), **properties}
    written = ",".join(f"{name}={escape_command(value, ':,')}" for name, value in properties.items())
    return f"::{_COMMAND[diagnostic.severity]} {written}::{escape_command(message(diagnostic), '')}"


def escape_command(text: str, also: str) -> str:
    """Percent-encoding as the runner undoes it: `%` and line ends everywhere, `:` and `,` in properties."""
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
