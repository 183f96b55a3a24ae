"""`agentops calls`: the calls that callers had, as the platform remembers them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli import completion
from agentops.cli.options import ApiOption, EnvironmentOption, ProjectOption, TextOrJson, VerboseOption
from agentops.cli.output import stdout_style
from agentops.cli.session import opened, run_async, scope_of
from agentops.errors import ExitCode, UsageError
from agentops.render.calls.past import past_call_json, past_call_text, past_calls_json, past_calls_text

if TYPE_CHECKING:
    from agentops.calls.call_history import PastCall, PastConversation

calls = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The calls that callers had. They are read on request and never stored.",
)

FormatOption = Annotated[TextOrJson, typer.Option("--format", help="How to print it.")]


@calls.command("list")
def list_(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's key.", autocompletion=completion.agents)],
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=500, metavar="N", help="How many of the latest calls.")
    ] = 20,
    call_type: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="Calls of this type; repeatable; default: all.")
    ] = None,
    api: ApiOption = None,
    output_format: FormatOption = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """List an agent's last calls: id, when, how long, under which revision, how it ended. No phone numbers."""
    known = workflow.comparing.CALL_TYPES
    if unknown := [each for each in call_type or () if each not in known]:
        raise UsageError(f"there is no call type {unknown[0]!r}", hint=f"the types are {', '.join(known)}")
    scope = scope_of(project, environment, api, [agent], is_verbose=verbose)

    async def main() -> tuple[str, Sequence[PastCall]]:
        async with opened(scope, needs_specs=False) as deployment:
            return await workflow.past_calls.list_past_calls(deployment, tuple(call_type or ()), limit)

    key, found = run_async(main)
    is_json = output_format is TextOrJson.JSON
    sys.stdout.write(past_calls_json(key, found) if is_json else past_calls_text(key, found, stdout_style()))
    return ExitCode.DONE


@calls.command("show")
def show(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="The call, as `calls list` and reports name it.")],
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    output_format: FormatOption = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Show one call: what was said, the tools, how fast the agent answered, and where its recording is."""
    scope = scope_of(project, environment, api, is_verbose=verbose)

    async def main() -> PastConversation:
        async with opened(scope, needs_specs=False) as deployment:
            return await workflow.past_calls.read_past_call(deployment, call_id)

    found = run_async(main)
    is_json = output_format is TextOrJson.JSON
    sys.stdout.write(past_call_json(found) if is_json else past_call_text(found, stdout_style()))
    return ExitCode.DONE
