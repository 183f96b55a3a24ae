"""How `validate` and `lint` print what they found."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import __version__, workflow
from agentops.cli.streams import trusted
from agentops.diagnostics import Severity, has_errors
from agentops.errors import ExitCode
from agentops.render.diagnostics.github import diagnostics_github
from agentops.render.diagnostics.json import diagnostics_json
from agentops.render.diagnostics.sarif import diagnostics_sarif
from agentops.render.diagnostics.text import diagnostics_text
from agentops.render.visible import visible

if TYPE_CHECKING:
    from agentops.workflow.validating import Validation


class DiagnosticFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


FormatOption = Annotated[DiagnosticFormat, typer.Option("--format", help="How to print what was found.")]


def print_findings(findings: Validation, output_format: DiagnosticFormat) -> ExitCode:
    """Prints the diagnostics as asked, and a summary for people; returns the exit code."""
    diagnostics = findings.diagnostics
    match output_format:
        case DiagnosticFormat.TEXT:
            text = diagnostics_text(diagnostics)
        case DiagnosticFormat.JSON:
            text = diagnostics_json(diagnostics)
        case DiagnosticFormat.SARIF:
            text = diagnostics_sarif(diagnostics, __version__, workflow.validating.code_titles())
        case DiagnosticFormat.GITHUB:
            print(visible(diagnostics_github(diagnostics)), file=trusted(sys.stdout), end="\n" if diagnostics else "")
            text = ""
    if text:
        print(text)
    counts = [(severity.value, sum(each.severity is severity for each in diagnostics)) for severity in Severity]
    counted = ", ".join(f"{count} {word}{'s' if count != 1 else ''}" for word, count in counts if count)
    subject = findings.subject
    print(f"{subject}: {counted or 'all valid'}" if subject else f"{counted} in the project's files", file=sys.stderr)
    return ExitCode.FAILED if has_errors(diagnostics) else ExitCode.DONE
