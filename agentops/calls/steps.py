"""Follows a script's steps on an open line: says, waits, listens, and checks what the asserting steps ask for.

It stops at the first step that fails, because what comes after would be heard in the wrong place; steps that were not
reached make no checks. What needs a judge is kept as a claim, since nobody waits for a judge on the phone. `checks`
makes the checks of the whole call afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentops.calls.criteria import Expect
from agentops.calls.expectations import describe, missing_of, needs_whole_turn, violations_of
from agentops.calls.judge import Claim
from agentops.calls.line import Line, Sound, ended_by
from agentops.calls.patterns import SlowPatternError
from agentops.calls.protocol import AgentStarted, AgentStopped, Interruption, Mode, Role, ToolCall, Transcript
from agentops.calls.report import Check, CheckKind
from agentops.calls.script import (
    Anchor,
    Backchannel,
    BackchannelStep,
    ExpectEnd,
    ExpectEndStep,
    ExpectStep,
    HangUpStep,
    Interrupt,
    InterruptStep,
    SayStep,
    Script,
    SendTextStep,
    SilenceStep,
    Step,
    WaitForStep,
)

# An agent may go on after a pause, as with a filler before a tool answers: its turn is over after this much silence.
TURN_OVER_MS = 700.0
_PATIENCE_MS = 30_000.0  # how long a caller listens to one turn before it has to speak
_LATE_TRANSCRIPT_MS = 1_500.0  # final transcripts come after the agent has finished, sometimes well after
_RECHECK_MS = 40.0
_EVENTS = {
    "agent_starts": AgentStarted,
    "agent_stops": AgentStopped,
    "interruption": Interruption,
    "transcript": Transcript,
    "tool_call": ToolCall,
}


@dataclass(frozen=True, slots=True)
class _Expectation:
    """What a step expects, as its check will say it; `limit` and `unit` where it measures."""

    name: str
    kind: CheckKind
    expected: str
    limit: float | None = None
    unit: str = ""


@dataclass(slots=True)
class ScriptRun:
    """One run through the steps of `script`. `sounds` are the caller's words, ready to play, by the step's index."""

    line: Line
    script: Script
    sounds: Mapping[int, Sound]
    places: Sequence[str] = ()
    checks: list[Check] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    _at: int = 0
    _since: int = 0  # index of the first utterance in which the agent may say what is expected
    _reference_ms: float = 0.0  # `within_s` counts from here

    async def follow(self) -> None:
        """Takes the steps in order until one fails or the line is cut; what they found is in `checks` and `claims`."""
        for index, step in enumerate(self.script.steps):
            self._at = index
            check = await self._take(index, step)
            if check is not None:
                self.checks.append(check)
                if not check.passed:
                    return
            if self.line.dropped is not None and ended_by(self.line)[0] is None:
                return  # the line was cut, which is a check of the line's own

    def note_time_limit(self, timeout_s: float) -> None:
        """Adds the failed check of a call that was still going on after `timeout_s`."""
        expectation = _Expectation(
            "call is over in time", CheckKind.LATENCY, f"a call of at most {timeout_s:g} s", timeout_s, "s"
        )
        self.checks.append(
            self._note(self._at, expectation, f"it was still going on at step {self._at + 1}", passed=False)
        )

    async def _take(self, index: int, step: Step) -> Check | None:
        match step:
            case SayStep(say=speech):
                is_chat = self.script.mode is Mode.CHAT
                return await self._say(index, speech.text, None if is_chat else self.sounds[index])
            case SendTextStep(send_text=text):
                return await self._say(index, text, None)
            case SilenceStep(silence=seconds):
                await self.line.pause(seconds * 1000)
                self._reference_ms = self.line.now_ms()
            case WaitForStep(wait_for=wait):
                has_happened = await self._next(wait.event, wait.within_s * 1000)
                self._reference_ms = self.line.now_ms()
                return None if has_happened else self._did_not_happen(index, wait.event, wait.within_s)
            case ExpectStep(expect=expect):
                return await self._expect(index, expect)
            case InterruptStep(interrupt=interrupt):
                return await self._interrupt(index, interrupt)
            case BackchannelStep(backchannel=backchannel):
                return await self._backchannel(index, backchannel)
            case ExpectEndStep(expect_end=end):
                return await self._expect_end(index, end)
            case HangUpStep():
                await self.line.hang_up()
        return None

    # ---- speaking

    async def _say(self, index: int, text: str, sound: Sound | None) -> Check | None:
        """Says `sound`, or sends `text` where there is none."""
        if (blocked := await self._await_turn(index)) is not None:
            return blocked
        self._since = len(self.line.conversation.utterances)
        if sound is None:
            utterance = await self.line.send_text(text, step=index)
        else:
            utterance = await self.line.say(sound, step=index)
        self._reference_ms = utterance.end_ms
        return None

    async def _await_turn(self, index: int) -> Check | None:
        """Lets the agent finish, as a polite caller does. The check that failed when it doesn't, or has hung up."""
        is_free = await self._turn_is_over(_PATIENCE_MS)
        if self.line.is_over:
            return self._over_too_early(index, "the agent still on the line")
        if is_free:
            return None
        expectation = _Expectation(
            "agent's turn ends", CheckKind.LATENCY, f"a turn of at most {_PATIENCE_MS / 1000:g} s"
        )
        return self._note(index, expectation, "the agent was still talking", passed=False)

    async def _turn_is_over(self, within_ms: float) -> bool:
        conversation, line = self.line.conversation, self.line
        wait_ms = TURN_OVER_MS if self.script.mode is Mode.WEBCALL else 0.0
        if not conversation.agent_utterances:  # an agent that waits for the caller to speak first
            wait_ms = 0.0
        return await line.wait(
            lambda: line.now_ms() >= wait_ms and _is_quiet(line, wait_ms), within_ms, recheck_ms=_RECHECK_MS
        )

    # ---- listening

    async def _expect(self, index: int, expect: Expect) -> Check | None:
        """The check of what the agent says; None when only a judge can decide it."""
        try:
            check = await self._listen_for(index, expect)
        except SlowPatternError:
            expectation = _Expectation(f"{expect.role} says", CheckKind.TRANSCRIPT, describe(expect))
            heard = self.line.conversation.agent_text(self._since)
            return self._note(index, expectation, heard, passed=False, doubt="the pattern took too long on these words")
        if check.passed:
            last = len(self.line.conversation.utterances) - 1
            for must_hold, sentences in ((True, expect.meets), (False, expect.not_meets)):
                self.claims += [
                    Claim(sentence, must_hold, self._since, last, index, self._place(index)) for sentence in sentences
                ]
        return check if expect.is_about_words or not check.passed else None

    async def _listen_for(self, index: int, expect: Expect) -> Check:
        conversation, line = self.line.conversation, self.line
        text_of = conversation.agent_text if expect.role is Role.AGENT else conversation.caller_text
        held_ms = conversation.held_ms(self._reference_ms, line.now_ms())
        left_ms = self._reference_ms + expect.within_s * 1000 + held_ms - line.now_ms()
        expectation = _Expectation(f"{expect.role} says", CheckKind.TRANSCRIPT, describe(expect))

        def is_decided() -> bool:
            text = text_of(self._since)
            return bool(text) and (not missing_of(expect, text) or bool(violations_of(expect, text)))

        is_met = await line.wait(is_decided, max(left_ms, 0))
        if not is_met and self._is_heard_without_text():
            await self._turn_is_over(_PATIENCE_MS)
            is_met = await line.wait(is_decided, _LATE_TRANSCRIPT_MS)
        at_ms = line.now_ms()
        if is_met and needs_whole_turn(expect):
            await self._turn_is_over(_PATIENCE_MS)
        text = text_of(self._since)
        problems = (missing_of(expect, text) if text else ["says anything"]) + violations_of(expect, text)
        if not problems:
            return self._note(index, expectation, text, passed=True, at_ms=at_ms)
        was_cut = line.is_over and ended_by(line)[0] is None and not violations_of(expect, text)
        if was_cut or (line.is_over and not text):
            return self._over_too_early(index, expectation.expected)
        return self._missed(index, expect, text, problems)

    def _is_heard_without_text(self) -> bool:
        """Whether the agent has been talking and its transcript has not come yet: transcripts may be late."""
        answers = [u for u in self.line.conversation.utterances[self._since :] if u.role is Role.AGENT]
        return any(u.audio_ms is not None for u in answers) and not any(u.text for u in answers)

    def _missed(self, index: int, expect: Expect, text: str, problems: list[str]) -> Check:
        """The check of a missed expectation. Where nothing was said at all, the answer is late rather than wrong."""
        if text:
            wanted = f"{expect.role} {' and '.join(problems)} within {expect.within_s:g} s"
            expectation = _Expectation(f"{expect.role} says", CheckKind.TRANSCRIPT, wanted)
            said = (u for u in self.line.conversation.utterances[self._since :] if u.role is expect.role)
            at_ms = next((u.start_ms for u in said), None)
            return self._note(index, expectation, text, passed=False, at_ms=at_ms)
        if self._is_heard_without_text() and _is_quiet(self.line, 0):
            expectation = _Expectation(f"{expect.role} says", CheckKind.TRANSCRIPT, describe(expect))
            return self._note(index, expectation, "agent audio without a transcript", passed=False)
        expectation = _Expectation(f"{expect.role} answers", CheckKind.LATENCY, describe(expect))
        heard = "nothing" if _is_quiet(self.line, 0) else "the agent was still talking"
        return self._note(index, expectation, heard, passed=False)

    def _did_not_happen(self, index: int, event: str, within_s: float) -> Check:
        expectation = _Expectation(f"wait for {event}", CheckKind.LATENCY, f"{event} within {within_s:g} s")
        return self._note(
            index, expectation, "the call ended" if self.line.is_over else "it did not happen", passed=False
        )

    async def _next(self, event: str, within_ms: float) -> bool:
        line = self.line
        if event == "agent_quiet":
            return await self._turn_is_over(within_ms)
        first, wanted = len(line.events), _EVENTS[event]

        def has_happened() -> bool:
            if event == "agent_starts" and line.conversation.is_agent_talking(line.now_ms()):
                return True  # starts are not always announced
            return any(isinstance(e, wanted) for e in line.events[first:])

        return await line.wait(has_happened, within_ms)

    # ---- talking at the same time

    async def _reach(self, index: int, anchor: Anchor) -> Check | None:
        """Waits for the moment that `anchor` names. The check that failed when it does not come."""
        line = self.line
        if not await self._next(anchor.event, anchor.within_s * 1000):
            return self._did_not_happen(index, anchor.event, anchor.within_s)
        await line.pause(anchor.delay_ms)
        # Breaking in makes sense only while the agent talks; after other events it need not.
        if anchor.event != "agent_starts" or line.conversation.is_agent_talking(line.now_ms()):
            return None
        expectation = _Expectation(
            "agent is talking", CheckKind.LATENCY, f"the agent talks for more than {anchor.delay_ms:g} ms"
        )
        return self._note(index, expectation, "it had stopped before that", passed=False)

    async def _interrupt(self, index: int, interrupt: Interrupt) -> Check:
        if (unreached := await self._reach(index, interrupt.after)) is not None:
            return unreached
        line, limit = self.line, interrupt.stops_within_ms
        started_ms, before = line.now_ms(), len(line.conversation.interruptions)
        self._since = len(line.conversation.utterances)
        utterance = await line.say(self.sounds[index], step=index, is_aside=True)
        await line.wait(lambda: self._has_stopped(before), started_ms + limit - line.now_ms(), recheck_ms=_RECHECK_MS)
        took_ms = self._stopped_after(started_ms, before)
        self._reference_ms = max(utterance.end_ms, line.now_ms())
        expectation = _Expectation(
            "agent stops when interrupted", CheckKind.LATENCY, f"the agent stops within {limit:g} ms", limit, "ms"
        )
        heard = "it kept talking" if took_ms is None else f"it stopped after {took_ms:.0f} ms"
        passed = took_ms is not None and took_ms <= limit
        return self._note(index, expectation, heard, passed=passed, at_ms=started_ms, value=took_ms)

    async def _backchannel(self, index: int, backchannel: Backchannel) -> Check:
        if (unreached := await self._reach(index, backchannel.after)) is not None:
            return unreached
        line, limit = self.line, backchannel.keeps_talking_ms
        started_ms, before = line.now_ms(), len(line.conversation.interruptions)
        await line.say(self.sounds[index], step=index, is_aside=True)
        remaining_ms = started_ms + limit - line.now_ms()
        stopped = await line.wait(lambda: self._has_stopped(before), remaining_ms, recheck_ms=_RECHECK_MS)
        after_ms = self._stopped_after(started_ms, before) if stopped else None
        expectation = _Expectation("agent keeps talking through a backchannel", CheckKind.LATENCY,
                       f"the agent keeps talking for {limit:g} ms", limit, "ms")  # fmt: skip
        heard = "it kept talking" if after_ms is None else f"it stopped after {after_ms:.0f} ms"
        passed = not stopped and not line.is_over
        return self._note(index, expectation, heard, passed=passed, at_ms=started_ms, value=after_ms)

    def _has_stopped(self, interruptions_before: int) -> bool:
        return len(self.line.conversation.interruptions) > interruptions_before or _is_quiet(self.line, 0)

    def _stopped_after(self, started_ms: float, interruptions_before: int) -> float | None:
        """How long after `started_ms` the agent fell silent, in ms; None while it talks."""
        conversation = self.line.conversation
        if len(conversation.interruptions) > interruptions_before:
            return max(conversation.interruptions[interruptions_before] - started_ms, 0.0)
        if conversation.is_agent_talking(self.line.now_ms()):
            return None
        return max(conversation.agent_track.end_ms - started_ms, 0.0)

    # ---- ending

    async def _expect_end(self, index: int, end: ExpectEnd) -> Check:
        line = self.line
        if end.by is Role.CALLER:
            await line.hang_up()
        await line.wait(lambda: line.conversation.closed is not None, end.within_s * 1000)
        by, reason = ended_by(line)
        why = f" ({end.reason})" if end.reason else ""
        kind = CheckKind.INFRASTRUCTURE if line.is_over and by is None else CheckKind.ENDING
        expectation = _Expectation("call ends", kind, f"the {end.by} ends the call within {end.within_s:g} s{why}")
        heard = f"the {by} ended it ({reason})" if by else f"nobody did ({reason})"
        return self._note(
            index, expectation, heard, passed=line.is_over and by is end.by and end.reason in (None, reason)
        )

    def _over_too_early(self, index: int, expected: str) -> Check:
        by, reason = ended_by(self.line)
        expectation = _Expectation(
            "call goes on", CheckKind.INFRASTRUCTURE if by is None else CheckKind.ENDING, expected
        )
        heard = f"the {by} had ended the call ({reason})" if by else f"the line was cut ({reason})"
        return self._note(index, expectation, heard, passed=False)

    def _note(
        self,
        index: int,
        expectation: _Expectation,
        heard: str,
        *,
        passed: bool,
        at_ms: float | None = None,
        value: float | None = None,
        doubt: str = "",
    ) -> Check:
        return Check(
            name=expectation.name,
            kind=expectation.kind,
            passed=passed,
            expected=expectation.expected,
            heard=heard,
            at_ms=self.line.now_ms() if at_ms is None else at_ms,
            value=value,
            limit=expectation.limit,
            unit=expectation.unit,
            step=index,
            where=self._place(index),
            doubt=doubt,
        )

    def _place(self, index: int) -> str:
        return self.places[index] if index < len(self.places) else ""


def _is_quiet(line: Line, for_ms: float) -> bool:
    now = line.now_ms()
    talking = line.conversation.is_agent_talking(now)
    return not talking and line.conversation.quiet_since_ms(now) >= for_ms
