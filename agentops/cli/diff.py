"""`agentops diff`: two sides of agents, of specs, environments, what serves, and revisions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.options import (
    ApiOption,
    EnvironmentOption,
    KeysArgument,
    ProjectOption,
    SelectOption,
    TextOrJson,
    VerboseOption,
)
from agentops.cli.output import stdout_style
from agentops.cli.session import Scope, opened, run_async, scope_of
from agentops.errors import ExitCode
from agentops.plan.agent_diff import Side, SideKind, read_side
from agentops.render.diff.json import diff_json
from agentops.render.diff.text import diff_text
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.plan.agent_diff import AgentDiff
    from agentops.spec import Project


def diff(
    key: KeysArgument = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    before: Annotated[
        str, typer.Option("--from", metavar="SIDE", help="spec, live, a revision (number, id, label), or env:NAME.")
    ] = "live",
    after: Annotated[str, typer.Option("--to", metavar="SIDE", help="The other side; default: spec.")] = "spec",
    select: SelectOption = None,
    api: ApiOption = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there is a difference.")
    ] = False,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Compare two sides of agents: the spec, what serves, any revision, another environment's spec."""
    scope = scope_of(project, environment, api, key, None, select, is_verbose=verbose)
    found = _read(scope, read_side(before), read_side(after))
    is_json = output_format is TextOrJson.JSON
    sys.stdout.write(diff_json(found) if is_json else diff_text(found, stdout_style()))
    return ExitCode.CHANGES if detailed_exitcode and any(each.fields for each in found) else ExitCode.DONE


def _read(scope: Scope, before: Side, after: Side) -> tuple[AgentDiff, ...]:
    """Connects to the account only where a side needs it."""
    names = {side.name for side in (before, after) if side.kind is SideKind.ENVIRONMENT}
    sides = workflow.diff.Sides(before, after, {name: _valid_project(scope, name) for name in names})
    if not (before.needs_account or after.needs_account):
        project = _valid_project(scope, scope.environment or next(iter(names), None))
        return workflow.diff.diff_specs(sides, workflow.selecting.agents_of(project, scope.selection))

    async def main() -> tuple[AgentDiff, ...]:
        async with opened(scope) as deployment:
            return await workflow.diff.diff_account(sides, deployment)

    return run_async(main)


def _valid_project(scope: Scope, environment: str | None) -> Project:
    return workflow.projects.read_valid_project(scope.start, environment, read_settings())
