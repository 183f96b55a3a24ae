"""`agentops status`: what serves now, since when, from which commit, and what a plan would do."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.options import (
    AgentOption,
    ApiOption,
    EnvironmentOption,
    ExcludeOption,
    PageFormat,
    ProjectOption,
    SelectOption,
    VerboseOption,
)
from agentops.cli.output import stdout_style
from agentops.cli.session import opened, run_async, scope_of, today
from agentops.cli.streams import trusted
from agentops.errors import ExitCode
from agentops.plan.build import PlanOptions
from agentops.render.status.json import status_json
from agentops.render.status.markdown import status_markdown
from agentops.render.status.text import status_text
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.plan.status import Status

_CLEAR = "\x1b[2J\x1b[H"


def status(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    api: ApiOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh until Ctrl-C.")] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="S", min=1, help="Seconds between two refreshes of --watch.")
    ] = 10.0,
    output_format: Annotated[PageFormat, typer.Option("--format", help="How to print it.")] = PageFormat.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Show what serves: live revision, commit, since when and by whom, calls, drift, drafts, numbers, and the plan."""
    scope = scope_of(project, environment, api, agent, exclude, select, is_verbose=verbose)

    async def look() -> Status:
        async with opened(scope, needs_specs=False) as deployment:
            return await workflow.status.read_status(deployment, PlanOptions(today=today()))

    redraws = watch and sys.stdout.isatty() and read_settings().can_redraw
    while True:
        # Opened anew each time: in between, other commands get at the project's own emulator.
        text = _output(run_async(look), output_format)
        if redraws:
            trusted(sys.stdout).write(_CLEAR)  # ours: as a text of others it would be shown instead of obeyed
        sys.stdout.write(text)
        sys.stdout.flush()
        if not watch:
            return ExitCode.DONE
        time.sleep(every)


def _output(status: Status, output_format: PageFormat) -> str:
    match output_format:
        case PageFormat.TEXT:
            return status_text(status, stdout_style())
        case PageFormat.MARKDOWN:
            return status_markdown(status)
        case PageFormat.JSON:
            return status_json(status)
