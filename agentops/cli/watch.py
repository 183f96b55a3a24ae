"""`agentops watch`: whether callers fare well enough since the last deploy, and the way back when they don't."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.compare import CallTypeOption, call_types
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
from agentops.cli.output import call_hooks, stdout_style, tell_event
from agentops.cli.session import opened, run_async, scope_of, talk
from agentops.render.style import plural
from agentops.render.watch.json import watched_json
from agentops.render.watch.markdown import watched_markdown
from agentops.render.watch.text import watched_text

if TYPE_CHECKING:
    from agentops.compare.watch_result import WatchResult


def watch(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="Look once and end, as watch always does: run it again from cron.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is found, and restore nothing.")] = False,
    call_type: CallTypeOption = None,
    api: ApiOption = None,
    output_format: Annotated[PageFormat, typer.Option("--format", help="How to print it.")] = PageFormat.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Hold callers' calls since the last deploy against the rules of `deploy.watch`; restore what broke one."""
    scope = scope_of(project, environment, api, agent, exclude, select, is_verbose=verbose)
    watching = workflow.watching
    request = watching.WatchRequest(call_types(call_type), datetime.now(UTC), is_dry=dry_run)
    hooks = watching.WatchHooks(_tell, tell_event, call_hooks(scope.start))

    async def main() -> WatchResult:
        async with opened(scope, needs_specs=False) as deployment:
            return await watching.watch(deployment, request, hooks)

    found = run_async(main)
    sys.stdout.write(_output(found, output_format))
    return found.exit_code


def _tell(key: str, count: int) -> None:
    talk(f"  {key}: {plural(count, 'call')} read")


def _output(found: WatchResult, output_format: PageFormat) -> str:
    match output_format:
        case PageFormat.TEXT:
            return watched_text(found, stdout_style())
        case PageFormat.MARKDOWN:
            return watched_markdown(found)
        case PageFormat.JSON:
            return watched_json(found)
