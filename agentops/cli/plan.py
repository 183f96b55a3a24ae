"""`agentops plan`: what an apply would change, why, and what it risks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.acknowledging import acknowledged
from agentops.cli.options import (
    AckOption,
    AgentOption,
    ApiOption,
    ChangedSinceOption,
    EnvironmentOption,
    ExcludeOption,
    ProjectOption,
    ReportFormat,
    SelectOption,
    VerboseOption,
)
from agentops.cli.output import made_now, plan_output
from agentops.cli.session import opened, run_async, scope_of, talk, today
from agentops.commands import quoted_path
from agentops.errors import ExitCode
from agentops.plan.build import PlanOptions
from agentops.render.plan.html import UNKNOWN
from agentops.render.plan.values import apply_command

if TYPE_CHECKING:
    from agentops.plan.model import Plan


def plan(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    changed_since: ChangedSinceOption = None,
    api: ApiOption = None,
    ack: AckOption = None,
    unmanaged: Annotated[bool, typer.Option("--unmanaged", help="List live fields that no spec manages.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Plan to archive agents that agentops deployed and that have no spec now.")
    ] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Save the plan for `apply FILE`.")] = None,
    output_format: Annotated[ReportFormat, typer.Option("--format", help="How to print it.")] = ReportFormat.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Show what apply would change, why, and what it risks. Writes nothing; exit 4 or 5 when it is refused."""
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since, is_verbose=verbose)
    options = PlanOptions(acknowledged=acknowledged(ack, project), lists_unmanaged=unmanaged, today=today())

    async def main() -> Plan:
        async with opened(scope) as deployment:
            return await workflow.planning.plan_deployment(deployment, options, prune=prune)

    made = run_async(main)
    if out is not None:
        workflow.plan_file.save_plan(made, out)
    keys = [change.key for change in made.changes] if scope.is_selecting else []
    is_page = output_format is ReportFormat.HTML
    origin = made_now(scope.start, apply_command(made, keys)) if is_page else UNKNOWN
    sys.stdout.write(plan_output(made, output_format, made=origin, is_verbose=verbose))
    if out is not None:
        way = (
            f"To apply exactly this: `agentops apply {quoted_path(str(out))}`"
            if made.is_applyable
            else "It can't be applied as it is."
        )
        talk(f"Saved to {out}. {way}")
    if made.blocked_code is not None:
        return made.blocked_code
    return ExitCode.CHANGES if detailed_exitcode and not made.is_empty else ExitCode.DONE
