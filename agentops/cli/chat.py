"""`agentops chat`: talks to an agent in text, from the terminal."""

from __future__ import annotations

import asyncio
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.options import AckOption, ApiOption, EnvironmentOption, ProjectOption
from agentops.cli.output import watching
from agentops.cli.session import is_interactive, opened, run_async, scope_of, talk
from agentops.errors import ExitCode, UsageError
from agentops.files import write_file
from agentops.render.calls.script import script_yaml
from agentops.render.visible import visible

if TYPE_CHECKING:
    from agentops.calls.run import CallResult
    from agentops.calls.talk import ChatLine

AgentArgument = Annotated[str, typer.Argument(metavar="AGENT", help="The key of the agent.")]
PreviewOption = Annotated[
    bool, typer.Option("--preview", help="Talk to a copy of what the files say, taken down afterwards.")
]
_SIGNS = {"agent": "agent> ", "tool": "  tool: ", "error": "  error: ", "end": "-- "}


def chat(
    agent: AgentArgument,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    preview: PreviewOption = False,
    ack: AckOption = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Make a call script of it; never overwrites.")
    ] = None,
) -> int:
    """Talk to an agent in text. An empty line is skipped; the end of input, or /bye, hangs up."""
    if save is not None and save.exists():
        raise UsageError(f"{save} already exists", hint="name a new file", code="output")
    lines = _StdinLines()

    async def main() -> CallResult:
        async with opened(scope_of(project, environment, api)) as deployment:
            with watching() as on_event:
                acknowledged = frozenset(ack or ())
                hooks = workflow.previewing.PreviewHooks(on_event, acknowledged=acknowledged) if preview else None
                name = f"chat-{datetime.now(UTC):%H%M%S}"
                async with workflow.talking.open_agent(deployment, agent, hooks, name) as (target, wiring):
                    lines.start()
                    return await workflow.talking.chat_with(target, wiring, agent, lines.read, _show)

    result = run_async(main)
    if save is not None:
        text = script_yaml(workflow.talking.script_of_call(result.report))
        write_file(save, text, is_new=True)
        talk(f"Wrote {save}. Read it before you trust it: it expects what this one call happened to say.")
    return ExitCode.DONE


def _show(said: ChatLine) -> None:
    print(f"{_SIGNS[said.who]}{visible(said.text)}", flush=True)


class _StdinLines:
    """Standard input line by line, read in a thread, since nothing else waits for a terminal everywhere."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str | None] | None = None

    def start(self) -> None:
        queue, loop = asyncio.Queue[str | None](), asyncio.get_running_loop()
        self._queue = queue

        def follow() -> None:
            for line in iter(sys.stdin.readline, ""):
                loop.call_soon_threadsafe(queue.put_nowait, line.rstrip("\n"))
            loop.call_soon_threadsafe(queue.put_nowait, None)

        threading.Thread(target=follow, daemon=True, name="agentops-stdin").start()

    async def read(self) -> str | None:
        assert self._queue is not None
        if is_interactive():
            print("you> ", end="", file=sys.stderr, flush=True)
        line = await self._queue.get()
        return None if line is None or line.strip() == "/bye" else line
