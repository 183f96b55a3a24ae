"""The verbs that compare: drift, what was changed outside git, and diff, any two sides of an agent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from agentops.cli.output import stdout_style, today
from agentops.cli.session import Scope, opened, read_project, run_async, scope_of
from agentops.errors import ExitCode, SpecError

if TYPE_CHECKING:
    from agentops.plan.model import Plan
    from agentops.plan.sides import Contrast, Side
    from agentops.spec import Project

KeysArgument = Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Agents by key or glob.")]
FormatOption = Annotated[TextOrJson, typer.Option("--format", help="How to print it.")]


def drift(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    changed_since: ChangedSinceOption = None,
    api: ApiOption = None,
    output_format: FormatOption = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Show what was changed outside git: which field, by which revision, by whom. Reads only; exit 2 on drift."""
    from agentops.plan.build import PlanOptions
    from agentops.workflow.drift import read_drift

    scope = scope_of(project, environment, api, agent, exclude, select, changed_since, is_verbose=verbose)

    async def main() -> Plan:
        async with opened(scope) as deployment:
            return await read_drift(deployment, PlanOptions(today=today()))

    found = run_async(main)
    from agentops.render.drift.json import drift_json
    from agentops.render.drift.text import drift_text

    is_json = output_format is TextOrJson.JSON
    sys.stdout.write(drift_json(found) if is_json else drift_text(found, stdout_style()))
    return ExitCode.CHANGES if any(change.is_drifted for change in found.changes) else ExitCode.DONE


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
    output_format: FormatOption = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Compare two sides of agents: the spec, what serves, any revision, another environment's spec."""
    from agentops.plan.sides import read_side

    scope = scope_of(project, environment, api, key, None, select, is_verbose=verbose)
    found = _contrasts(scope, read_side(before), read_side(after))
    from agentops.render.diff.json import contrast_json
    from agentops.render.diff.text import contrast_text

    is_json = output_format is TextOrJson.JSON
    sys.stdout.write(contrast_json(found) if is_json else contrast_text(found, stdout_style()))
    return ExitCode.CHANGES if detailed_exitcode and any(each.fields for each in found) else ExitCode.DONE


def _contrasts(scope: Scope, before: Side, after: Side) -> tuple[Contrast, ...]:
    from agentops.plan.selection import Selection, select_agents
    from agentops.plan.sides import SideKind
    from agentops.workflow.contrast import Contrasts

    names = {side.name for side in (before, after) if side.kind is SideKind.ENVIRONMENT}
    contrasts = Contrasts(before, after, {name: _valid_project(scope, name) for name in names})
    if not (before.needs_account or after.needs_account):
        agents = _valid_project(scope, scope.environment or next(iter(names), None)).agents
        return contrasts.of_specs(select_agents(agents, Selection(scope.agents, (), scope.tags)))

    async def main() -> tuple[Contrast, ...]:
        async with opened(scope) as deployment:
            return await contrasts.of_account(deployment)

    return run_async(main)


def _valid_project(scope: Scope, environment: str | None) -> Project:
    """The project in an environment; its secrets stay names. Raises SpecError when it has errors."""
    project = read_project(Scope(scope.start, environment), needs_secrets=False)
    if any(diagnostic.is_error for diagnostic in project.diagnostics):
        raise SpecError(project.diagnostics)
    return project
