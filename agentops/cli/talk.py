"""`agentops talk`: a page on this machine to talk to an agent with a microphone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import speech, workflow
from agentops.calls.call_files import keep_in
from agentops.calls.report import RunReport, ScriptReport
from agentops.cli.call_pages import write_pages
from agentops.cli.chat import AgentArgument, PreviewOption
from agentops.cli.options import AckOption, ApiOption, EnvironmentOption, ProjectOption
from agentops.cli.output import watching
from agentops.cli.session import opened, run_async, scope_of
from agentops.cli.session import talk as print_message
from agentops.errors import ExitCode, UsageError
from agentops.installation import install_command
from agentops.state import state_folder

if TYPE_CHECKING:
    from agentops.calls.run import CallResult


def talk(
    agent: AgentArgument,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    preview: PreviewOption = False,
    ack: AckOption = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where to listen; 0: any free port.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Where recordings go; default: .agentops/calls."),
    ] = None,
) -> int:
    """Open a page on this machine to talk to an agent; the key stays here. Ctrl-C ends it."""
    if not speech.is_available():
        hint = f"`{install_command('speech')}`, or write instead: `agentops chat AGENT`"
        raise UsageError("recordings need the speech extra", hint=hint, code="speech-extra")

    async def main() -> int:
        async with opened(scope_of(project, environment, api)) as deployment:
            root = output or state_folder(deployment.root) / "calls"

            def keep(result: CallResult) -> str:
                folder = root / f"talk-{datetime.now(UTC):%Y%m%d-%H%M%S}"
                report = keep_in(folder)(result)
                scripts = (ScriptReport(report.script, report.name, report.agent, 1.0, (report,)),)
                page = write_pages(RunReport(report.environment, scripts, report.started_at), folder)
                print_message(f"Report: {page}")
                return f"the call is over; its recording is in {folder}"

            with watching() as on_event:
                acknowledged = frozenset(ack or ())
                hooks = workflow.previewing.PreviewHooks(on_event, acknowledged=acknowledged) if preview else None
                name = f"talk-{datetime.now(UTC):%H%M%S}"
                async with (
                    workflow.talking.open_agent(deployment, agent, hooks, name) as (target, wiring),
                    workflow.talking.talk_page(target, wiring, agent, keep, port) as server,
                ):
                    print(server.url, flush=True)
                    print_message(f"Open it in a browser to talk to {agent}; Ctrl-C ends it.")
                    await asyncio.Event().wait()
        return ExitCode.DONE

    return run_async(main)
