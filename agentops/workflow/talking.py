"""Talking to an agent oneself: to the live one, or to a copy made from the files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from agentops.calls.from_record import script_of_record
from agentops.calls.protocol import Event
from agentops.calls.report import CallReport
from agentops.calls.run import CallResult, Wiring
from agentops.calls.session import NoConnection, Target
from agentops.calls.talk import Microphone, ReadLine, Show, chat, named, record_of, talk
from agentops.calls.talk_server import TalkServer
from agentops.closest import closest
from agentops.errors import UnavailableError, UsageError
from agentops.workflow.call_wiring import open_wiring
from agentops.workflow.calls import find_agent_ids, target_of
from agentops.workflow.deployment import Deployment
from agentops.workflow.previewing import PreviewHooks, preview_down, preview_up


@asynccontextmanager
async def open_agent(
    deployment: Deployment, agent: str, preview: PreviewHooks | None, name: str
) -> AsyncIterator[tuple[Target, Wiring]]:
    """The live agent; with `preview`, a copy called `name` that is taken down afterwards.

    Raises UsageError if there is no such agent.
    """
    keys = [each.key for each in deployment.agents]
    if agent not in keys:
        near = closest(agent, keys)
        hint = f"did you mean {near}?" if near else f"the agents are: {', '.join(keys) or 'none'}"
        raise UsageError(f"there is no agent {agent!r} to talk to", hint=hint, code="no-agent")
    one = deployment.narrowed(tuple(each for each in deployment.agents if each.key == agent))
    async with open_wiring(one, ()) as wiring:
        if preview is None:
            ids = await find_agent_ids(one, [agent])
            yield target_of(one, ids[agent]), wiring
            return
        try:
            (copy,) = (await preview_up(one, name, preview)).agents
            if copy.agent_id is None or copy.problem is not None:
                hint = (
                    copy.problem.hint
                    if copy.problem and copy.problem.hint
                    else "talk to what serves: leave --preview out"
                )
                raise UnavailableError(
                    f"no copy of {agent} could be put up: {copy.detail}", hint=hint, code="no-preview"
                )
            yield target_of(one, copy.agent_id), wiring
        finally:
            await preview_down(one, name, preview)


async def chat_with(target: Target, wiring: Wiring, agent: str, read: ReadLine, show: Show) -> CallResult:
    """A chat with the agent. Raises UnavailableError if it can't be reached."""
    try:
        return named(await chat(target, wiring, {}, read, show), agent)
    except NoConnection as failure:
        raise UnavailableError(
            f"{agent} can't be reached: {failure.summary}",
            hint="`agentops doctor` says what is in the way",
            code="unreachable",
        ) from None


def script_of_call(report: CallReport) -> dict[str, object]:
    """The call as a script. Raises UsageError if the person said nothing."""
    return script_of_record(record_of(report), report.agent)


@asynccontextmanager
async def talk_page(
    target: Target, wiring: Wiring, agent: str, keep: Callable[[CallResult], str], port: int = 0
) -> AsyncIterator[TalkServer]:
    """A page on this machine to talk to the agent with a microphone. `keep` saves a call and returns what to open."""

    async def call(microphone: Microphone, hear: Callable[[Event], None], stop: asyncio.Event) -> str:
        def scrubbed(event: Event) -> None:
            hear(wiring.scrubber.deep(event))

        try:
            result = await talk(target, wiring, microphone, scrubbed, stop)
        except NoConnection as failure:
            return wiring.scrubber.text(f"{agent} can't be reached: {failure.summary}")
        return await asyncio.to_thread(keep, named(result, agent))

    server = TalkServer(agent, call)
    async with server.running(port):
        yield server
