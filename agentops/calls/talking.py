"""A call that a person makes: in text from a terminal, or with a microphone from a page on this machine.

The person's words are the caller's side of an ordinary line, so the call is recorded like any other. What is asked of
the person and shown to them is handed in; nothing here prints.
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
from agentops.calls.evidence import Evidence, Watch, gather, watching
from agentops.calls.line import Line, ended_by
from agentops.calls.listening import LISTENERS
from agentops.calls.looking_back import look_back
from agentops.calls.model import CallReport, ToolUse, verdict_of
from agentops.calls.protocol import AgentAudio, Event, Interruption, Mode, PlatformFault, Role, Transcript
from agentops.calls.run import CallResult, Wiring
from agentops.calls.script import Script
from agentops.calls.session import Opening, Target, open_session
from agentops.calls.slowness import CHUNK_MS

_GREETING_MS = 3_000.0
_ANSWER_MS = 30_000.0
_PAUSE_MS = 400.0


@dataclass(frozen=True, slots=True)
class Said:
    """Something that is shown: the agent's words, a tool that it used, or how the call ended."""

    who: str
    text: str


ReadLine: TypeAlias = Callable[[], Awaitable[str | None]]  # None: the person has nothing more to say
Show: TypeAlias = Callable[[Said], None]


async def chat(target: Target, wiring: Wiring, variables: Mapping[str, Any], read: ReadLine, show: Show) -> CallResult:
    """Talks in text until the person or the agent ends it. Raises NoConnection when the agent can't be reached."""
    opening = Opening(target, Mode.CHAT, variables=variables, scrubber=wiring.scrubber)
    session = await open_session(opening, wiring.platform, wiring.dial)
    scrub = wiring.scrubber.text

    def tell(event: Event) -> None:
        match event:
            case Transcript(_, Role.AGENT, text, True):
                show(Said("agent", scrub(text)))
            case PlatformFault(_, code, message):
                show(Said("error", scrub(f"{code}: {message}")))

    line = Line(session, on_event=tell)

    def tell_tool(use: ToolUse) -> None:
        show(Said("tool", scrub(tool_text(use))))

    async with watching(wiring.platform, line.call_id, line.now_ms, tell_tool) as watch:
        async with line:
            over = asyncio.create_task(line.until_over())
            await _answered(line, 0, _GREETING_MS)
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
                    await _answered(line, since, _ANSWER_MS)
            over.cancel()
            await line.hang_up()
        result = await _conclude(line, target, wiring, watch)
    # Shown last: a tool that the agent used to end the call is reported after the socket has closed.
    by, reason = ended_by(line)
    show(Said("end", scrub(f"the {by} ended the call ({reason})" if by else reason)))
    return result


async def _answered(line: Line, since: int, within_ms: float) -> None:
    """Until the agent has said something in an utterance from `since` on, and nothing more for a moment."""
    conversation = line.conversation
    await line.wait(lambda: bool(conversation.agent_text(since)), within_ms)
    await line.wait(lambda: conversation.quiet_since_ms(line.now_ms()) >= _PAUSE_MS, within_ms, CHUNK_MS)


def tool_text(use: ToolUse) -> str:
    return f"{use.name}({', '.join(f'{key}={value!r}' for key, value in use.arguments.items())})"


@dataclass(slots=True)
class Microphone:
    """The person's sound: comes in pieces of any size, goes out as chunks of 40 ms, silence when none is there."""

    sample_rate_hz: int
    _chunks: deque[bytes] = field(default_factory=lambda: deque(maxlen=50))  # 2 s: more is a page that was asleep
    _rest: bytes = b""

    def feed(self, pcm: bytes) -> None:
        size = self.sample_rate_hz * CHUNK_MS // 1000 * 2
        self._rest += pcm
        while len(self._rest) >= size:
            self._chunks.append(self._rest[:size])
            self._rest = self._rest[size:]

    def take(self, pcm: bytes | None, n: int) -> bytes:
        """What the line sends as chunk `n` (a `line.Room`); nothing else is said on such a call."""
        return self._chunks.popleft() if self._chunks else bytes(self.sample_rate_hz * CHUNK_MS // 1000 * 2)


async def talk(
    target: Target, wiring: Wiring, microphone: Microphone, hear: Callable[[Event], None], stop: asyncio.Event
) -> CallResult:
    """Talks by sound until `stop` is set or the agent ends it; `hear` is given everything that comes back.

    Raises NoConnection when the agent can't be reached.
    """
    opening = Opening(target, Mode.WEBCALL, microphone.sample_rate_hz, scrubber=wiring.scrubber)
    session = await open_session(opening, wiring.platform, wiring.dial)

    def told(event: Event) -> None:
        if isinstance(event, Transcript) and event.role is Role.CALLER and event.is_final:
            # A person's words are known from the recogniser only; they ended a moment before it gave them.
            line.conversation.said(event.text, event.at_ms, event.at_ms, step=None).heard_as = event.text
        if isinstance(event, AgentAudio | Interruption | Transcript):
            hear(event)

    line = Line(session, microphone.take, told)
    async with watching(wiring.platform, line.call_id, line.now_ms) as watch:
        async with line:
            waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(line.until_over())]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            await line.hang_up()
        return await _conclude(line, target, wiring, watch)


async def _conclude(line: Line, target: Target, wiring: Wiring, watch: Watch | None) -> CallResult:
    """The call's report: the guards that hold for every call, since nothing else was asked of this one."""
    script = Script.model_construct(agent="", mode=line.session.protocol.mode, steps=())
    evidence = Evidence()
    if wiring.platform is not None and line.call_id:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                evidence = await gather(wiring.platform, line.call_id, script.checks, watch)
    look = partial(look_back, line, evidence)
    facts, recording = await asyncio.get_running_loop().run_in_executor(LISTENERS, look)
    checks = check_call(script, facts)
    report = CallReport(
        script="",
        name="Talked to by a person",
        agent="",
        mode=line.session.protocol.mode,
        verdict=verdict_of(checks),
        checks=tuple(checks),
        turns=facts.turns,
        measures=facts.measures,
        ending=facts.ending,
        environment=target.environment,
        agent_id=target.agent_id,
        call_id=line.call_id,
        started_at=wiring.now().isoformat(timespec="seconds"),
        duration_ms=facts.duration_ms,
        notes=line.session.notes,
        tools=facts.tools,
        waveform=recording.waveform if recording else None,
    )
    scrub = wiring.scrubber.deep
    return CallResult(scrub(report), scrub(list(line.events)), recording, line.lateness_ms)


def record_of(report: CallReport) -> dict[str, Any]:
    """The call as the platform's records have it, to make a script of."""
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
