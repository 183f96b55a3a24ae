"""A call that a person makes: in text from a terminal, or with a microphone from a page on this machine.

The person's words are the caller's side of an ordinary line, so the call is recorded like any other. Reading from the
person and showing things to them is handed in; nothing here prints.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from agentops.calls.checks import check_call
from agentops.calls.line import Line, ended_by
from agentops.calls.local_lag import CHUNK_MS
from agentops.calls.protocol import AgentAudio, Event, Interruption, Mode, PlatformFault, Role, Transcript
from agentops.calls.report import CallReport, ToolUse, verdict_of
from agentops.calls.run import CallResult, Wiring, look_back
from agentops.calls.script import Script
from agentops.calls.session import Opening, Target, open_session
from agentops.calls.telemetry import EventStream, Telemetry, following, gather
from agentops.calls.transcript_check import LISTENERS

_GREETING_MS = 3_000.0  # how long to wait for an agent that speaks first
_ANSWER_MS = 30_000.0
_PAUSE_MS = 400.0  # of silence, after which the person is asked for the next line
_TELEMETRY_WITHIN_S = 5  # somebody is waiting for the end of `chat`


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A line to show: the agent's words, a tool that it used, an error, or how the call ended."""

    who: str
    text: str


ReadLine: TypeAlias = Callable[[], Awaitable[str | None]]  # None: the person wants to hang up
Show: TypeAlias = Callable[[ChatLine], None]


async def chat(target: Target, wiring: Wiring, variables: Mapping[str, Any], read: ReadLine, show: Show) -> CallResult:
    """Talks in text until the person or the agent ends it. Raises NoConnection when the agent can't be reached."""
    opening = Opening(target, Mode.CHAT, variables=variables, scrubber=wiring.scrubber)
    session = await open_session(opening, wiring.platform, wiring.dial)
    scrub = wiring.scrubber.text

    def show_event(event: Event) -> None:
        match event:
            case Transcript(_, Role.AGENT, text, True):
                show(ChatLine("agent", scrub(text)))
            case PlatformFault(_, code, message):
                show(ChatLine("error", scrub(f"{code}: {message}")))

    line = Line(session, on_event=show_event)

    def show_tool(use: ToolUse) -> None:
        show(ChatLine("tool", scrub(tool_text(use))))

    async with following(wiring.platform, line.call_id, line.now_ms, show_tool) as stream:
        async with line:
            over = asyncio.create_task(line.until_over())
            await _await_answer(line, 0, _GREETING_MS)
            while not line.is_over:
                reading = asyncio.ensure_future(read())
                await asyncio.wait([reading, over], return_when=asyncio.FIRST_COMPLETED)
                text = reading.result() if reading.done() else None
                reading.cancel()
                if text is None:
                    break
                if text.strip():
                    since = len(line.conversation.utterances)
                    await line.send_text(text.strip())
                    await _await_answer(line, since, _ANSWER_MS)
            over.cancel()
            await line.hang_up()
        result = await _conclude(line, target, wiring, stream)
    # Shown last: a tool that the agent used to end the call is reported after the socket has closed.
    by, reason = ended_by(line)
    show(ChatLine("end", scrub(f"the {by} ended the call ({reason})" if by else reason)))
    return result


async def _await_answer(line: Line, since: int, within_ms: float) -> None:
    """Waits until the agent has said something in an utterance from `since` on, and nothing more for a moment."""
    conversation = line.conversation
    await line.wait(lambda: bool(conversation.agent_text(since)), within_ms)
    await line.wait(lambda: conversation.quiet_since_ms(line.now_ms()) >= _PAUSE_MS, within_ms, CHUNK_MS)


def tool_text(use: ToolUse) -> str:
    return f"{use.name}({', '.join(f'{key}={value!r}' for key, value in use.arguments.items())})"


@dataclass(slots=True)
class Microphone:
    """The person's sound: comes in pieces of any size, leaves as chunks of 40 ms, and as silence when there is none."""

    sample_rate_hz: int
    # At most 2 s, of which the oldest go first: a page that was asleep sends all at once, and would lag from then on.
    _chunks: deque[bytes] = field(default_factory=lambda: deque(maxlen=50))
    _rest: bytes = b""

    def feed(self, pcm: bytes) -> None:
        """Adds PCM16 mono at `sample_rate_hz`."""
        size = self.sample_rate_hz * CHUNK_MS // 1000 * 2
        self._rest += pcm
        while len(self._rest) >= size:
            self._chunks.append(self._rest[:size])
            self._rest = self._rest[size:]

    def take(self, pcm: bytes | None, n: int) -> bytes:
        """What the line sends as chunk `n`, as a `line.Room` that ignores `pcm`: the line itself says nothing."""
        return self._chunks.popleft() if self._chunks else bytes(self.sample_rate_hz * CHUNK_MS // 1000 * 2)


async def talk(
    target: Target, wiring: Wiring, microphone: Microphone, hear: Callable[[Event], None], stop: asyncio.Event
) -> CallResult:
    """Talks by sound until `stop` is set or the agent ends it. `hear` is called with the agent's events.

    Raises NoConnection when the agent can't be reached.
    """
    opening = Opening(target, Mode.WEBCALL, microphone.sample_rate_hz, scrubber=wiring.scrubber)
    session = await open_session(opening, wiring.platform, wiring.dial)

    def on_event(event: Event) -> None:
        if isinstance(event, Transcript) and event.role is Role.CALLER and event.is_final:
            # What a person said is known only from the platform's recogniser, and so is about when.
            line.conversation.said(event.text, event.at_ms, event.at_ms, step=None).heard_as = event.text
        if isinstance(event, AgentAudio | Interruption | Transcript):
            hear(event)

    line = Line(session, microphone.take, on_event)
    async with following(wiring.platform, line.call_id, line.now_ms) as stream:
        async with line:
            waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(line.until_over())]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            await line.hang_up()
        return await _conclude(line, target, wiring, stream)


async def _conclude(line: Line, target: Target, wiring: Wiring, stream: EventStream | None) -> CallResult:
    """The call's report: checked by the guards that are always on, since there is no script."""
    script = Script.model_construct(agent="", mode=line.session.protocol.mode, steps=())
    telemetry = Telemetry()
    if wiring.platform is not None and line.call_id:
        with suppress(TimeoutError):
            async with asyncio.timeout(_TELEMETRY_WITHIN_S):
                telemetry = await gather(wiring.platform, line.call_id, script.checks, stream)
    look = partial(look_back, line, telemetry)
    call, recording = await asyncio.get_running_loop().run_in_executor(LISTENERS, look)
    checks = check_call(script, call)
    report = CallReport(
        script="",
        name="Call by a person",
        agent="",
        mode=line.session.protocol.mode,
        verdict=verdict_of(checks),
        checks=tuple(checks),
        turns=call.turns,
        measures=call.measures,
        ending=call.ending,
        environment=target.environment,
        agent_id=target.agent_id,
        call_id=line.call_id,
        started_at=wiring.now().isoformat(timespec="seconds"),
        duration_ms=call.duration_ms,
        notes=line.session.notes,
        tools=call.tools,
        waveform=recording.waveform if recording else None,
    )
    scrub = wiring.scrubber.deep
    return CallResult(scrub(report), scrub(list(line.events)), recording, line.lateness_ms)


def record_of(report: CallReport) -> dict[str, Any]:
    """The call in the shape of the platform's call record, for `from_record.script_of_record`."""
    roles = {Role.AGENT: "agent", Role.CALLER: "user"}
    uses = report.tools or ()
    return {
        "callId": report.call_id,
        "type": str(report.mode),
        "transcript": [{"role": roles[turn.role], "content": turn.text} for turn in report.turns if turn.text],
        "events": [
            {"event_type": "tool_call_start", "function_name": use.name, "context": dict(use.arguments)} for use in uses
        ],
        "disconnectionReason": "agent_hangup" if report.ending.by is Role.AGENT else "user_hangup",
    }


def named(result: CallResult, agent: str) -> CallResult:
    """`result` as a call of the agent with this key."""
    return replace(result, report=replace(result.report, agent=agent, script=f"talk/{agent}.yaml"))
