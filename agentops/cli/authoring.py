"""The verbs for people who write specs: validate, and what helps them write."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentops import __version__
from agentops.cli.options import EnvironmentOption, ProjectOption
from agentops.diagnostics import Diagnostic, Severity, has_errors
from agentops.errors import ExitCode, SpecError
from agentops.settings import read_settings
from agentops.spec import find_root, load_project


class DiagnosticFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


FormatOption = Annotated[DiagnosticFormat, typer.Option("--format", help="How to print what was found.")]


def validate(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    output_format: FormatOption = DiagnosticFormat.TEXT,
) -> int:
    """Check every spec in one environment and report all problems with their places. Needs no secret's value."""
    try:
        loaded = load_project(find_root(project), environ=read_settings().environ, environment=environment)
    except SpecError as error:
        return report(error.diagnostics, output_format, "")
    count = len(loaded.agents)
    found = f"{count} agent{'s' if count != 1 else ''} in {loaded.environment.name}"
    return report(loaded.diagnostics, output_format, found)


def report(diagnostics: tuple[Diagnostic, ...], output_format: DiagnosticFormat, found: str) -> int:
    """Prints diagnostics in the asked form, and a summary for people; returns the exit code."""
    from agentops.render.diagnostics import diagnostics_text
    from agentops.render.diagnostics_formats import diagnostics_github, diagnostics_json, diagnostics_sarif

    match output_format:
        case DiagnosticFormat.TEXT:
            text = diagnostics_text(diagnostics)
        case DiagnosticFormat.JSON:
            text = diagnostics_json(diagnostics)
        case DiagnosticFormat.SARIF:
            text = diagnostics_sarif(diagnostics, __version__, {})
        case DiagnosticFormat.GITHUB:
            text = diagnostics_github(diagnostics)
    if text:
        print(text)
    print(_summary(diagnostics, found), file=sys.stderr)
    return ExitCode.FAILED if has_errors(diagnostics) else ExitCode.DONE


def _summary(diagnostics: tuple[Diagnostic, ...], found: str) -> str:
    errors = sum(each.severity is Severity.ERROR for each in diagnostics)
    warnings = sum(each.severity is Severity.WARNING for each in diagnostics)
    told = [f"{n} {word}{'s' if n != 1 else ''}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return f"{found}: {', '.join(told) or 'all valid'}" if found else f"{', '.join(told)} in the project's files"
