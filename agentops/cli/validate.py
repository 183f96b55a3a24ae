"""`agentops validate`: every problem of the project's files, with its place."""

from __future__ import annotations

from pathlib import Path

from agentops import workflow
from agentops.cli.collector import frozen_collector
from agentops.cli.findings import DiagnosticFormat, FormatOption, print_findings
from agentops.cli.options import EnvironmentOption, ProjectOption
from agentops.settings import read_settings


def validate(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    output_format: FormatOption = DiagnosticFormat.TEXT,
) -> int:
    """Check every spec and call script, in every environment, and report all problems. Needs no secret's value."""
    # Start-up time: this loads the emulator's models, which the help of the verb doesn't need.
    from agentops.cli.behaviours import with_behaviours

    with frozen_collector():
        found = with_behaviours(workflow.validating.validate_project(project, environment, read_settings()), project)
    return print_findings(found, output_format)
