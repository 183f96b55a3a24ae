"""`agentops lint`: what is valid and still hurts a phone line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli.collector import frozen_collector
from agentops.cli.findings import DiagnosticFormat, FormatOption, print_findings
from agentops.cli.options import EnvironmentOption, ProjectOption
from agentops.diagnostics import Severity
from agentops.errors import ExitCode
from agentops.settings import read_settings


def lint(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    output_format: FormatOption = DiagnosticFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
) -> int:
    """Look for what is valid and still hurts a phone line, on top of everything that validate finds."""
    # Start-up time: this loads the emulator's models, which the help of the verb doesn't need.
    from agentops.cli.behaviours import with_behaviours

    with frozen_collector():
        found = with_behaviours(workflow.validating.lint(project, environment, read_settings()), project)
    code = print_findings(found, output_format)
    has_warnings = any(each.severity is Severity.WARNING for each in found.diagnostics)
    return ExitCode.FAILED if strict and has_warnings else code
