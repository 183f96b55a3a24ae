"""`agentops plan`: what an apply would change, why, and what it risks."""

from __future__ import annotations

import shlex
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
    PlanFormat,
    ProjectOption,
    SelectOption,
    VerboseOption,
)
from agentops.cli.output import plan_output
from agentops.cli.session import Scope, opened, run_async, scope_of, talk, today
from agentops.clock import SystemClock
from agentops.errors import ExitCode
from agentops.plan.build import PlanOptions
from agentops.render.plan.html import UNKNOWN, Made
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
    prune: Annotated[bool, typer.Option("--prune", help="Plan to archive agents of ours without a spec.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Save the plan for `apply FILE`.")] = None,
    output_format: Annotated[PlanFormat, typer.Option("--format", help="How to print it.")] = PlanFormat.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Show what apply would change, why, and what it risks. Writes nothing; exit 4 or 5 when it is refused."""
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since, is_verbose=verbose)
    options = PlanOptions(acknowledged=acknowledged(ack), lists_unmanaged=unmanaged, today=today())

    async def main() -> Plan:
        async with opened(scope) as deployment:
            return await workflow.planning.plan_deployment(deployment, options, prune=prune)

    made = run_async(main)
    if out is not None:
        workflow.plan_file.save_plan(made, out)
    page = _origin(made, scope) if output_format is PlanFormat.HTML else UNKNOWN
    sys.stdout.write(plan_output(made, output_format, made=page))
    if out is not None:
        way = (
            f"To apply exactly this: `agentops apply {shlex.quote(str(out))}`"
            if made.is_applyable
            else "It can't be applied as it is."
        )
        talk(f"Saved to {out}. {way}")
    if made.blocked_code is not None:
        return made.blocked_code
    return ExitCode.CHANGES if detailed_exitcode and not made.is_empty else ExitCode.DONE


def _origin(plan: Plan, scope: Scope) -> Made:
    """When a plan was made, of which commit, and what applies it."""
    git = workflow.git.read_git_facts(scope.start)
    commit = f"{git.short_sha} {git.subject}" if git else ""
    if git and git.is_dirty:
        commit += " (and changes that are not committed)"
    keys = [change.key for change in plan.changes] if scope.is_selecting else []
    return Made(f"{SystemClock().now():%Y-%m-%d %H:%M} UTC", commit, apply_command(plan, keys))
