"""Chooses the diagnostics that GitHub shows on the lines of changed files. Pure.

GitHub shows at most ten errors, ten warnings and ten notices of a step. `render` knows how such commands are written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.render.diagnostics.github import diagnostics_github, escape_command

PER_LEVEL = 10


def annotation_commands(
    diagnostics: Sequence[Diagnostic], *, folder: str = "", changed: Collection[str] = ()
) -> list[str]:
    """One command for each diagnostic that has a place, at most ten of each level, those in `changed` files first.

    `folder` is the project's folder in the repository: our places are relative to the project, GitHub's to the
    repository.
    """
    placed = [in_repository(d, folder) for d in diagnostics if d.where]
    placed.sort(key=lambda d: (d.where is not None and d.where.file not in changed, d.where))
    return [
        diagnostics_github([diagnostic])
        for severity in Severity
        for diagnostic in [d for d in placed if d.severity is severity][:PER_LEVEL]
    ]


def message_command(level: str, title: str, text: str) -> str:
    """A message on the run's page that belongs to no file; `level` is error, warning or notice."""
    return f"::{level} title={escape_command(title, ':,')}::{escape_command(text, '')}"


def in_repository(diagnostic: Diagnostic, folder: str) -> Diagnostic:
    """The diagnostic with its place relative to the top of the repository."""
    where = diagnostic.where
    if where is None or not folder.strip("/."):
        return diagnostic
    return replace(diagnostic, where=Where(f"{folder.strip('/')}/{where.file}", where.line, where.column))
