"""`agentops validate`: every problem of the project's files, with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli.collector import frozen_collector
from agentops.cli.findings import DiagnosticFormat, FormatOption, print_findings
from agentops.cli.options import EnvironmentOption, ProjectOption
from agentops.settings import read_settings


def validate(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    all_environments: Annotated[
        bool, typer.Option("--all-environments", help="Check all environments, not only one; says each problem once.")
    ] = False,
    output_format: FormatOption = DiagnosticFormat.TEXT,
) -> int:
    """Check every spec and call script and report all problems with their places. Needs no secret's value."""
    with frozen_collector():
        found = workflow.validating.validate_project(project, environment, read_settings(), everywhere=all_environments)
    return print_findings(found, output_format)
