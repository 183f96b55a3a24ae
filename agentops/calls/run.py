"""Makes one call by its script and reports it.

Running many is `schedule`'s work, getting the words spoken `prepare`'s, writing files `call_files`'s.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from agentops.calls.baseline import NO_BASELINE, Baseline
from agentops.calls.checks import NOTHING_CHECKED, check_call, check_protocol
from agentops.calls.ended_call import EndedCall, ended_call_of
from agentops.calls.judge import Ask, Claim, Judge, Judgement, check_of
from agentops.calls.line import Line, Room, Sound
from agentops.calls.local_lag import LocalLag
from agentops.calls.protocol import Event, Mode, PlatformFault, Role, Transcript
from agentops.calls.report import NO_USAGE, CallReport, Check, CheckKind, Ending, Usage, verdict_of
from agentops.calls.script import ExpectEnd, Script
from agentops.calls.session import Dial, NoConnection, Opening, Platform, Target, dial, open_session
from agentops.calls.simulated_caller import SimulatedCaller
from agentops.calls.steps import ScriptRun
from agentops.calls.telemetry import Telemetry, following, gather, needs_tools
from agentops.calls.transcript_check import LISTENERS, Transcribe, listen_to
from agentops.errors import AgentopsError
from agentops.scrub import NO_SECRETS, Scrubber

if TYPE_CHECKING:
    from agentops.calls.recording import Recording

TRACEBACK_FILE = "internal-error.txt"  # in the call's folder
# Codes of `error` messages that are the platform's fault; others mean that the caller or the agent broke the protocol.
_PLATFORM_FAULTS = {"internal_error", "worker_not_ready", "no_session"}


@dataclass(frozen=True, slots=True)
class Wiring:
    """What calls work with.

    platform:      the REST side; None: connect with the key alone
    judge:         decides `meets` and `goals`
    model:         speaks for simulated callers
    transcribe:    listens for `says_transcript`; None: the offline recogniser, English only
    baseline:      the earlier run that limits such as "+20%" refer to
    scrubber:      takes every known secret out of what the platform and the models say
    follows_tools: asks the platform which tools were used in every call, whether or not a check needs it
    """

    platform: Platform | None = None
    dial: Dial = dial
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    judge: Judge | None = None
    model: Ask | None = None
    transcribe: Transcribe | None = None
    baseline: Baseline = NO_BASELINE
    scrubber: Scrubber = NO_SECRETS
    follows_tools: bool = False


@dataclass(frozen=True, slots=True)
class PreparedScript:
    """A script that is ready to be called.

    sounds:  its words as sound, by the index of the step that says them
    room:    the background noise of the caller
    places:  `file:line:column` of each step
    voice:   turns what a simulated caller says into sound; None in a chat
    persona: how a simulated caller behaves, in words
    lines:   what a simulated caller said in an earlier call and repeats word for word
    """

    script: Script
    file: str
    sounds: Mapping[int, Sound] = field(default_factory=dict)
    room: Room | None = None
    places: Sequence[str] = ()
    voice: Callable[[str], Sound] | None = None
    persona: str = ""
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CallResult:
    """The report of a call, and what it was made from.

    lateness_ms: how late each 40 ms chunk left
    traceback:   of a defect of ours that ended the call; "" when there was none
    """

    report: CallReport
    events: Sequence[Event] = ()
    recording: Recording | None = None
    lateness_ms: Sequence[float] = ()
    traceback: str = ""


# Called with each thing that is said while the call lasts: by whom, the words, and when, in ms.
Overhear: TypeAlias = Callable[[Role, str, float], None]


def _ignore(role: Role, text: str, at_ms: float) -> None:
    """For a call that nobody listens in on."""


async def run_call(
    prepared: PreparedScript, target: Target, wiring: Wiring, *, attempt: int = 1, overhear: Overhear = _ignore
) -> CallResult:
    """Makes one call. Never raises: whatever goes wrong is in its report, which holds no secret."""
    report = _begun(prepared, target, wiring, attempt)
    try:
        result = await _call(prepared, target, wiring, report, overhear)
    except Exception as failure:  # noqa: BLE001 - the boundary of one call: the others of the run go on
        result = _broken_off(report, failure)
    scrub = wiring.scrubber.deep
    return replace(
        result, report=scrub(result.report), events=scrub(list(result.events)), traceback=scrub(result.traceback)
    )


def _begun(prepared: PreparedScript, target: Target, wiring: Wiring, attempt: int) -> CallReport:
    """The report of a call of which nothing is known yet."""
    script = prepared.script
    return CallReport(
        script=prepared.file,
        name=script.name,
        agent=script.agent,
        mode=script.mode,
        verdict=verdict_of(()),
        checks=(),
        environment=target.environment,
        agent_id=target.agent_id,
        revision=target.revision,
        label=target.label,
        attempt=attempt,
        tags=script.tags,
        started_at=wiring.now().isoformat(timespec="seconds"),
        baseline=wiring.baseline.of(script.agent, prepared.file),
    )


def _broken_off(report: CallReport, failure: Exception) -> CallResult:
    """A call that we could not complete. Any exception but an AgentopsError is a defect of ours."""
    if isinstance(failure, AgentopsError):
        heard, trace = failure.summary, ""
    else:
        heard = f"internal error: {type(failure).__name__}; this is a defect of agentops: report {TRACEBACK_FILE}"
        trace = "".join(traceback.format_exception(failure))
    check = Check("the call is completed", CheckKind.INFRASTRUCTURE, False, "a call that runs to its end", heard)
    return CallResult(replace(report, checks=(check,), verdict=verdict_of((check,))), traceback=trace)


async def _call(
    prepared: PreparedScript, target: Target, wiring: Wiring, report: CallReport, overhear: Overhear
) -> CallResult:
    script = prepared.script
    opening = Opening(target, script.mode, script.sample_rate_hz, script.variables, wiring.scrubber)
    try:
        session = await open_session(opening, wiring.platform, wiring.dial)
    except NoConnection as failure:
        check = Check(
            "agent is reached", CheckKind.INFRASTRUCTURE, False, "an open session", failure.summary, at_ms=0.0
        )
        checks = [check, *check_protocol(failure.violations)]
        return CallResult(replace(report, checks=tuple(checks), verdict=verdict_of(checks)), failure.violations)
    scrub = wiring.scrubber.text

    def overhear_agent(event: Event) -> None:
        if isinstance(event, Transcript) and event.role is Role.AGENT and event.is_final:
            overhear(Role.AGENT, scrub(event.text), event.at_ms)

    line = Line(session, prepared.room, overhear_agent, lambda text, at_ms: overhear(Role.CALLER, scrub(text), at_ms))
    wants_tools = wiring.follows_tools or needs_tools(script.checks)
    async with following(wiring.platform if wants_tools else None, line.call_id, line.now_ms) as stream:
        talk = await _converse(line, prepared, wiring)
        telemetry = Telemetry()
        if wiring.platform is not None and line.call_id:
            telemetry = await gather(wiring.platform, line.call_id, script.checks, stream, wants_tools=wants_tools)
    call, recording = await asyncio.get_running_loop().run_in_executor(LISTENERS, partial(look_back, line, telemetry))
    checks, usage, call = await _check(prepared, wiring, talk, line, (call, recording))
    report = replace(
        report,
        verdict=verdict_of(checks),
        checks=tuple(checks),
        turns=call.turns,
        measures=call.measures,
        ending=call.ending,
        call_id=line.call_id,
        duration_ms=call.duration_ms,
        notes=line.session.notes,
        tools=call.tools,
        playbooks=call.playbooks,
        metrics=call.metrics,
        judged=usage + talk.usage,
        waveform=recording.waveform if recording else None,
    )
    return CallResult(report, line.events, recording, line.lateness_ms)


def look_back(line: Line, telemetry: Telemetry) -> tuple[EndedCall, Recording | None]:
    """What is known of an ended call, and its sound; None for a chat. Slow for long calls: not for the event loop."""
    if line.session.protocol.mode is Mode.CHAT:
        return ended_call_of(line, None, telemetry), None
    from agentops.calls.recording import add_sound, record

    recording = record(line.caller_track, line.conversation.agent_track, line.duration_ms)
    return add_sound(ended_call_of(line, recording, telemetry), recording), recording


async def _check(
    prepared: PreparedScript, wiring: Wiring, talk: _Talk, line: Line, known: tuple[EndedCall, Recording | None]
) -> tuple[list[Check], Usage, EndedCall]:
    """All checks of an ended call, what judging cost, and the call with the scores of what was listened to."""
    script, (call, recording) = prepared.script, known
    checks = [*talk.checks, *_line_checks(line, call.ending)]
    if call.ending.by is not None:  # a call that was cut says nothing about its length, its pauses or its end
        checks += check_call(script, call, wiring.baseline.of(script.agent, prepared.file))
        call, heard = await listen_to(script, call, recording, wiring.transcribe)
        checks += heard
    else:
        checks += check_protocol(call.violations)
    judged, usage = await _judge(script, call, talk.claims, wiring.judge)
    checks += judged
    if not talk.checks and not judged and not script.checks.can_fail:
        checks.append(NOTHING_CHECKED)
    lag = LocalLag(line.lateness_ms)
    return [replace(check, doubt=lag.doubt(check, call.turns)) for check in checks], usage, call


@dataclass(slots=True)
class _Talk:
    """The result of the conversation itself: checks of its steps, claims for the judge, and what simulating cost."""

    checks: list[Check]
    claims: list[Claim]
    usage: Usage = NO_USAGE


async def _converse(line: Line, prepared: PreparedScript, wiring: Wiring) -> _Talk:
    """Follows the script's steps, then lets a simulated caller speak; both within the script's time."""
    script = prepared.script
    run = ScriptRun(line, script, prepared.sounds, prepared.places)
    simulated = None
    if script.caller.goal is not None and (prepared.lines or wiring.model is not None):
        ask = None if prepared.lines else wiring.model
        simulated = SimulatedCaller(script.caller, prepared.persona, ask, prepared.lines)

    async def talk() -> None:
        await run.follow()
        if simulated is not None and all(check.passed for check in run.checks):
            await simulated.talk(line, prepared.voice)
        if script.checks.ended_by is Role.AGENT and all(check.passed for check in run.checks):
            # Hanging up with the agent's last word would end the call before the agent can.
            await line.wait(lambda: line.conversation.closed is not None, ExpectEnd().within_s * 1000)

    async with line:
        talking = asyncio.create_task(talk())
        # Time that the emulator's recogniser needs on a busy machine doesn't count, and may grow while this waits.
        while not talking.done() and (left_ms := script.timeout_s * 1000 - line.active_ms()) > 0:
            await asyncio.wait([talking], timeout=left_ms / 1000)
        if not talking.done():
            talking.cancel()
            await asyncio.wait([talking])
            run.note_time_limit(script.timeout_s)
        else:
            talking.result()
        await line.hang_up()
    if simulated is None:
        return _Talk(run.checks, run.claims)
    return _Talk([*run.checks, *simulated.checks], run.claims, usage=simulated.usage)


NO_JUDGE = "the project has no judge to decide it; add `judge:` to agentops.yaml"


async def _judge(
    script: Script, call: EndedCall, claims: Sequence[Claim], judge: Judge | None
) -> tuple[list[Check], Usage]:
    """Checks of the claims of the steps and of the whole call, and what judging cost.

    Without a judge none of them is decided, so that a call which passes otherwise is inconclusive.
    """
    # The goals may have been still to come in a call that was cut.
    whole = [Claim(goal, True, 0, len(call.turns) - 1) for goal in script.goals] if call.ending.by else []
    if not (claims or whole):
        return [], Usage()
    if judge is None:
        undecided = Judgement(None, (), Usage())
        checks = [check_of(claim, undecided, call.turns) for claim in (*claims, *whole)]
        return [replace(check, heard=NO_JUDGE, doubt=NO_JUDGE) for check in checks], Usage()
    return await judge.check([*claims, *whole], call.turns, call.tools)


def _line_checks(line: Line, ending: Ending) -> list[Check]:
    """What went wrong on the line itself: errors that the platform reported, and being cut off."""
    found = []
    for fault in (event for event in line.events if isinstance(event, PlatformFault)):
        is_platforms = fault.code in _PLATFORM_FAULTS or fault.code.startswith("5")  # an HTTP status from 500 on
        kind = CheckKind.INFRASTRUCTURE if is_platforms else CheckKind.PROTOCOL
        found.append(Check("no platform error", kind, False, "no error message", f"{fault.code}: {fault.message}",
                           fault.at_ms))  # fmt: skip
    if ending.by is None:
        found.append(Check("line stays up", CheckKind.INFRASTRUCTURE, False, "a call that one side ends", ending.reason,
                           line.duration_ms))  # fmt: skip
    return found
