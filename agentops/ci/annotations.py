"""Diagnostics as GitHub's workflow commands, which show up on the lines of changed files. Pure.

Facts: a step may show ten errors and ten warnings; `%`, line ends and, in properties, `:` and `,` are escaped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from agentops.diagnostics import Diagnostic, Severity

PER_LEVEL = 10
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def annotation_commands(
    diagnostics: Sequence[Diagnostic], *, folder: str = "", changed: Collection[str] = ()
) -> list[str]:
    """One command per diagnostic that has a place, at most ten per level, those on `changed` files first.

    `folder` is the project's folder in the repository: places are relative to the project, GitHub's to the repository.
    """
    placed = [d for d in diagnostics if d.where]
    placed.sort(key=lambda d: (repository_path(d, folder) not in changed, d.where))
    commands: list[str] = []
    for severity, level in _LEVELS.items():
        commands += [_command(level, d, folder) for d in placed if d.severity is severity][:PER_LEVEL]
    return commands


def message_command(level: str, title: str, text: str) -> str:
    """A message on the run's page that belongs to no file; `level` is error, warning or notice."""
    return f"::{level} title={_property(title)}::{_data(text)}"


def repository_path(diagnostic: Diagnostic, folder: str) -> str:
    file = diagnostic.where.file if diagnostic.where else ""
    return f"{folder.strip('/')}/{file}" if folder.strip("/.") else file


def _command(level: str, diagnostic: Diagnostic, folder: str) -> str:
    where = diagnostic.where
    assert where is not None
    place = f"file={_property(repository_path(diagnostic, folder))},line={where.line},col={where.column}"
    text = "\n".join(filter(None, [diagnostic.summary, _labelled(diagnostic)]))
    return f"::{level} {place},title={_property(diagnostic.code)}::{_data(text)}"


def _labelled(diagnostic: Diagnostic) -> str:
    parts = (("expected", diagnostic.expected), ("next", diagnostic.hint))
    return "\n".join(f"{label}: {value}" for label, value in parts if value)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
