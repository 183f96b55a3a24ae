"""`agentops preview`: ephemeral copies of agents, put up, taken down, and swept when forgotten."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.acknowledging import acknowledged
from agentops.cli.options import (
    AckOption,
    AgentOption,
    ApiOption,
    EnvironmentOption,
    ExcludeOption,
    ProjectOption,
    SelectOption,
    TextOrJson,
)
from agentops.cli.output import result_output, watching
from agentops.cli.session import opened, run_async, scope_of, talk
from agentops.commands import in_environment
from agentops.errors import ExitCode
from agentops.render.visible import on_one_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from agentops.apply.model import ApplyResult
    from agentops.cli.session import Scope
    from agentops.workflow.deployment import Deployment
    from agentops.workflow.previewing import Preview, PreviewHooks

preview = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Ephemeral copies of agents, to call before anything goes live.",
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of the preview, such as a branch's.")]
FormatOption = Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")]
HoursOption = Annotated[float, typer.Option("--hours", min=0.1, help="How long a copy may live until `gc` takes it.")]


@preview.command("up")
def up(
    name: NameArgument,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    api: ApiOption = None,
    hours: HoursOption = 4.0,
    ack: AckOption = None,
    output_format: FormatOption = TextOrJson.TEXT,
) -> int:
    """Deploy a copy of the selected agents: inbound off, no phone number, the same configuration. Calls nobody."""
    scope = scope_of(project, environment, api, agent, exclude, select)

    async def main() -> tuple[ApplyResult, Sequence[Preview], str]:
        async with opened(scope, needs_specs=True) as deployment:
            with watching() as on_event:
                hooks = workflow.previewing.PreviewHooks(on_event, acknowledged=acknowledged(ack, project))
                result = await workflow.previewing.preview_up(deployment, name, hooks, ttl=timedelta(hours=hours))
            stands = {each.agent_id for each in result.agents}
            copies = [c for c in await workflow.previewing.list_previews(deployment) if c.listing.agent_id in stands]
            return result, copies, deployment.environment.name

    result, copies, where = run_async(main)
    if output_format is TextOrJson.JSON:
        data = {**json.loads(result_output(result, output_format)), "previews": _rows(copies)}
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
        return result.exit_code
    again = shlex.join(["agentops", "preview", "up", name, "-e", where])
    text = result_output(result, output_format, again)
    sys.stdout.write("" if result.is_interrupted else text)
    for row in _rows(copies):
        sys.stdout.write(on_one_line("{name}: agent {id}, until {until}".format(**row)) + "\n")
    if copies and not result.is_interrupted:
        talk(f"  call it: {in_environment(f'`agentops smoke --preview {name}`', where)}")
    if copies:
        talk(f"  take it down: {in_environment(f'`agentops preview down {name}`', where)}")
    sys.stdout.write(text if result.is_interrupted else "")  # the last line says how to go on
    return result.exit_code


def _rows(previews: Sequence[Preview]) -> list[dict[str, str]]:
    return [
        {
            "preview": each.name,
            "agent": each.key,
            "id": each.listing.agent_id,
            "name": each.listing.name,
            "until": each.ends(workflow.previewing.DEFAULT_TTL).isoformat(),
        }
        for each in previews
    ]


@preview.command("down")
def down(
    name: NameArgument,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    output_format: FormatOption = TextOrJson.TEXT,
) -> int:
    """Archive the copies that this environment has under NAME."""
    scope = scope_of(project, environment, api)
    return _run(
        scope, output_format, lambda deployment, hooks: workflow.previewing.preview_down(deployment, name, hooks)
    )


@preview.command("list")
def list_(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    output_format: FormatOption = TextOrJson.TEXT,
) -> int:
    """List the copies that this environment has: name, agent, id, and when `gc` may take them."""
    scope = scope_of(project, environment, api)

    async def main() -> Sequence[Preview]:
        async with opened(scope, needs_specs=False) as deployment:
            return await workflow.previewing.list_previews(deployment)

    rows = _rows(run_async(main))
    if output_format is TextOrJson.JSON:
        sys.stdout.write(json.dumps({"previews": rows}, indent=2) + "\n")
        return ExitCode.DONE
    for row in rows:
        sys.stdout.write(on_one_line("{preview}  {agent}  {id}  until {until}".format(**row)) + "\n")
    if not rows:
        sys.stdout.write("no previews\n")
    return ExitCode.DONE


@preview.command("gc")
def gc(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    hours: HoursOption = 4.0,
    output_format: FormatOption = TextOrJson.TEXT,
) -> int:
    """Archive the copies whose time has passed, such as those of a run that was killed."""
    scope = scope_of(project, environment, api)
    ttl = timedelta(hours=hours)
    return _run(
        scope, output_format, lambda deployment, hooks: workflow.previewing.sweep_previews(deployment, hooks, ttl=ttl)
    )


def _run(
    scope: Scope,
    output_format: TextOrJson,
    use_case: Callable[[Deployment, PreviewHooks], Awaitable[ApplyResult]],
) -> int:
    async def main() -> ApplyResult:
        async with opened(scope, needs_specs=False) as deployment:
            with watching() as on_event:
                return await use_case(deployment, workflow.previewing.PreviewHooks(on_event))

    result = run_async(main)
    sys.stdout.write(result_output(result, output_format))
    return result.exit_code
