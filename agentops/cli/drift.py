"""`agentops drift`: what was changed outside git."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.options import (
    AgentOption,
    ApiOption,
    ChangedSinceOption,
    EnvironmentOption,
    ExcludeOption,
    ProjectOption,
    SelectOption,
    TextOrJson,
    VerboseOption,
)
from agentops.cli.output import stdout_style
from agentops.cli.session import opened, run_async, scope_of, today
from agentops.errors import ExitCode
from agentops.plan.build import PlanOptions
from agentops.render.drift.json import drift_json
from agentops.render.drift.text import drift_text

if TYPE_CHECKING:
    from agentops.plan.model import Plan


def drift(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    changed_since: ChangedSinceOption = None,
    api: ApiOption = None,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Show what was changed outside git: which field, by which revision, by whom. Reads only; exit 2 on drift."""
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since, is_verbose=verbose)

    async def main() -> Plan:
        async with opened(scope, needs_specs=False) as deployment:
            return await workflow.drift.read_drift(deployment, PlanOptions(today=today()))

    found = run_async(main)
    is_json = output_format is TextOrJson.JSON
    sys.stdout.write(drift_json(found) if is_json else drift_text(found, stdout_style()))
    is_drifted = any(each.is_drifted for each in found.changes) or any(each.is_drifted for each in found.resources)
    return ExitCode.CHANGES if is_drifted else ExitCode.DONE
