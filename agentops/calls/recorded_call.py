"""Calls in the folder of an earlier run: judged again by their scripts as they are now, without calling anybody.

What the recording can't show, because the script now says something else, is inconclusive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

from agentops.calls.checks import NOTHING_CHECKED, check_call
from agentops.calls.conversation import Conversation, Track
from agentops.calls.criteria import Expect
from agentops.calls.ended_call import EndedCall
from agentops.calls.expectations import describe, missing_of, needs_whole_turn, violations_of
from agentops.calls.judge import Claim
from agentops.calls.local_lag import LocalLag
from agentops.calls.patterns import SlowPatternError
from agentops.calls.protocol import (
    DEFAULT_SAMPLE_RATE_HZ,
    AgentAudio,
    Event,
    Held,
    Released,
    Role,
    SessionCreated,
    Violation,
)
from agentops.calls.report import NO_USAGE, CallReport, Check, CheckKind, verdict_of
from agentops.calls.run import CallResult, PreparedScript, Wiring
from agentops.calls.script import ExpectEndStep, ExpectStep, InterruptStep, SendTextStep, Step, speech_of
from agentops.calls.transcript_check import LISTENERS, listen_to
from agentops.errors import UsageError
from agentops.files import read_bytes, read_text
from agentops.json_text import read_json

_EVENTS = {kind.__name__: kind for kind in get_args(Event)}
_ROUNDING_MS = 0.1  # of the times in events.jsonl
_LATE_TRANSCRIPT_MS = 1_500.0  # as long as a call waits for it: see `steps`
# Checks of what happened on the line, whatever a script asks for: they are kept as they were.
_OF_THE_LINE = frozenset({"agent is reached", "line stays up", "no platform error", "caller stays in its role"})


def read_events(path: Path) -> list[Event]:
    """The events of a call from its events.jsonl, their sound as silence of the same length. Raises UsageError."""
    hint = "`agentops smoke` leaves events.jsonl in each call's folder; name the run's folder as it left it"
    text = read_text(path, hint=hint)
    try:
        return [_event(read_json(line)) for line in text.splitlines() if line]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{path} does not hold the events of a call", hint=hint) from None


def _event(line: dict[str, Any]) -> Event:
    kind = _EVENTS[line["event"]]
    if kind is AgentAudio:
        return AgentAudio(line["at_ms"], bytes(line["bytes"]))
    values = {each.name: line[each.name] for each in fields(kind) if each.name in line}
    if "role" in values:
        values["role"] = Role(values["role"])
    made: Event = kind(**values)
    return made


def simulated_lines(report: CallReport) -> tuple[str, ...]:
    """What a simulated caller said in `report`, in order."""
    return tuple(turn.text for turn in report.turns if turn.role is Role.CALLER and turn.step is None)


@dataclass(slots=True)
class RecordedCall:
    """One call of an earlier run: its report, its events, and its recording when it had sound."""

    report: CallReport
    events: Sequence[Event]
    folder: Path
    _claims: list[Claim] = field(default_factory=list)

    async def judge(self, prepared: PreparedScript, wiring: Wiring) -> CallResult:
        """The call as `prepared` judges it now."""
        report, script = self.report, prepared.script
        if report.ending.by is None:
            return CallResult(report, self.events)
        call, recording = await asyncio.get_running_loop().run_in_executor(LISTENERS, self._facts)
        baseline = wiring.baseline.of(script.agent, prepared.file)
        steps = self._check_steps(prepared)
        checks = [*(c for c in report.checks if c.name in _OF_THE_LINE), *steps, *check_call(script, call, baseline)]
        call, heard = await listen_to(script, call, recording, wiring.transcribe)
        checks += heard
        claims = [*self._claims, *(Claim(goal, True, 0, len(call.turns) - 1) for goal in script.goals)]
        judged: list[Check] = []
        usage = NO_USAGE
        if wiring.judge is not None and claims:
            judged, usage = await wiring.judge.check(claims, call.turns, call.tools)
        checks += judged
        if not steps and not judged and not script.checks.can_fail:
            checks.append(NOTHING_CHECKED)
        lag = LocalLag((call.measures.chunk_lateness_p99_ms or 0.0,))
        checks = [replace(check, doubt=lag.doubt(check, call.turns)) for check in checks]
        notes = (*report.notes, f"judged again; the call was made at {report.started_at}")
        made = replace(
            report,
            name=script.name,
            tags=script.tags,
            checks=tuple(checks),
            verdict=verdict_of(checks),
            measures=call.measures,
            baseline=baseline,
            judged=usage,
            notes=notes,
        )
        return CallResult(wiring.scrubber.deep(made), self.events, recording)

    def _facts(self) -> tuple[EndedCall, Any]:
        report = self.report
        call = EndedCall(
            turns=report.turns,
            measures=report.measures,
            ending=report.ending,
            duration_ms=report.duration_ms,
            violations=tuple(event for event in self.events if isinstance(event, Violation)),
            tools=report.tools,
            playbooks=report.playbooks,
            metrics=report.metrics,
            holds=_holds_of(self.events, report.duration_ms),
        )
        if report.recording is None:
            return call, None
        # Imported here because it needs the speech extra, which whoever calls in text may not have.
        from agentops.calls.audio import read_stereo
        from agentops.calls.recording import Recording, add_sound

        label, hint = f"the recording of {report.title}", "name the run's folder as `agentops smoke` left it"
        try:
            caller, agent, rate = read_stereo(read_bytes(self.folder / report.recording, label, hint=hint))
        except ValueError as error:
            raise UsageError(f"{label} can't be read: {error}", hint=hint) from None
        recording = Recording(caller, agent, rate)
        return add_sound(call, recording), recording

    # ---- the steps

    def _check_steps(self, prepared: PreparedScript) -> list[Check]:
        """What the steps find in the recording, up to the first that fails: as in a call, the rest is not reached."""
        said = [n for n, turn in enumerate(self.report.turns) if turn.role is Role.CALLER]
        checks: list[Check] = []
        heard_from = 0  # index of the caller's last turn so far
        self._claims = []
        for index, step in enumerate(prepared.script.steps):
            where = prepared.places[index] if index < len(prepared.places) else ""
            words = _words_of(step)
            if words is not None:
                turn = self.report.turns[said[0]] if said else None
                if turn is None or words.split() != turn.text.split():
                    heard = f'it says "{turn.text}"' if turn is not None else "the caller says nothing more in it"
                    expected = f'a recording in which the caller says "{words}" here'
                    name, kind = "recording fits the script", CheckKind.INFRASTRUCTURE
                    return [*checks, Check(name, kind, False, expected, heard, step=index, where=where)]
                heard_from = said.pop(0)
            check = self._check_step(index, step, heard_from, self.report.turns[said[0]].start_ms if said else None)
            if check is not None:
                checks.append(replace(check, step=index, where=where))
                if not check.passed:
                    return checks
        return checks

    def _check_step(self, index: int, step: Step, heard_from: int, next_ms: float | None) -> Check | None:
        match step:
            case ExpectStep(expect=expect):
                return self._check_expect(index, expect, heard_from, next_ms)
            case ExpectEndStep(expect_end=end):
                by, reason = self.report.ending.by, self.report.ending.reason
                passed = by is end.by and end.reason in (None, reason)
                expected = f"the {end.by} ends the call" + (f" ({end.reason})" if end.reason else "")
                return Check("call ends", CheckKind.ENDING, passed, expected, f"the {by} ended it ({reason})")
        # What other steps measured can't be measured again, but an interruption may have another limit now.
        before = next((c for c in self.report.checks if c.step == index and c.name not in _OF_THE_LINE), None)
        if not isinstance(step, InterruptStep) or before is None or before.value is None:
            return before
        limit = step.interrupt.stops_within_ms
        return replace(before, limit=limit, passed=before.value <= limit, expected=f"at most {limit:g} ms")

    def _check_expect(self, index: int, expect: Expect, heard_from: int, next_ms: float | None) -> Check | None:
        turns = self.report.turns
        first = heard_from + (turns[heard_from].role is Role.CALLER) if turns else 0
        reference_ms = turns[heard_from].end_ms if first > heard_from else 0.0
        until_ms = self.report.duration_ms if next_ms is None else next_ms
        kind = CheckKind.TRANSCRIPT
        try:
            text, at_ms = self._heard(expect, first, reference_ms, until_ms)
            problems = (missing_of(expect, text) if text else ["says anything"]) + violations_of(expect, text)
        except SlowPatternError:
            doubt = "the pattern took too long on these words"
            return Check(f"{expect.role} says", kind, False, describe(expect), "", reference_ms, doubt=doubt)
        passed = not problems and at_ms is not None
        heard = text or "nothing"
        if not problems and at_ms is None:
            kind, heard = CheckKind.LATENCY, f"too late: {text}"
        check = Check(f"{expect.role} says", kind, passed, describe(expect), heard, at_ms or reference_ms)
        if passed and (expect.meets or expect.not_meets):
            last = max((n for n, turn in enumerate(turns) if turn.start_ms <= until_ms), default=first)
            for must_hold, sentences in ((True, expect.meets), (False, expect.not_meets)):
                self._claims += [Claim(sentence, must_hold, first, last, index) for sentence in sentences]
        return check if expect.is_about_words or not passed else None

    def _heard(self, expect: Expect, first: int, reference_ms: float, until_ms: float) -> tuple[str, float | None]:
        """What was said from turn `first` on until the caller went on, and when that was enough; None: not in time."""
        rates = (event.sample_rate_hz for event in self.events if isinstance(event, SessionCreated))
        conversation = Conversation(self.report.mode, Track(next(rates, DEFAULT_SAMPLE_RATE_HZ)))
        text_of = conversation.agent_text if expect.role is Role.AGENT else conversation.caller_text
        pending = [turn for turn in self.report.turns if turn.role is Role.CALLER]
        deadline_ms = reference_ms + expect.within_s * 1000
        enough_ms: float | None = None
        for event in self.events:
            if isinstance(event, SessionCreated):
                continue  # the only event whose time counts from dialling
            if event.at_ms > until_ms + _ROUNDING_MS:
                break
            while pending and pending[0].start_ms <= event.at_ms:
                turn = pending.pop(0)
                conversation.said(turn.text, turn.start_ms, turn.end_ms, step=turn.step)
            conversation.hear(event)
            text = text_of(first)
            if enough_ms is not None or not text or missing_of(expect, text) or event.at_ms < reference_ms:
                continue
            began_ms = min((u.start_ms for u in conversation.utterances[first:] if u.text), default=event.at_ms)
            held_ms = conversation.held_ms(reference_ms, event.at_ms)
            if event.at_ms - held_ms <= deadline_ms or began_ms - held_ms <= deadline_ms - _LATE_TRANSCRIPT_MS:
                enough_ms = event.at_ms
            if enough_ms is not None and not needs_whole_turn(expect):
                break
        return text_of(first), enough_ms


def _holds_of(events: Sequence[Event], duration_ms: float) -> tuple[tuple[float, float], ...]:
    """When the emulator's recogniser held the call up, from and to."""
    holds: list[tuple[float, float]] = []
    began_ms: float | None = None
    for event in events:
        if isinstance(event, Held):
            began_ms = event.at_ms
        elif isinstance(event, Released) and began_ms is not None:
            holds.append((began_ms, event.at_ms))
            began_ms = None
    return (*holds, (began_ms, duration_ms)) if began_ms is not None else tuple(holds)


def _words_of(step: Step) -> str | None:
    """What the caller says in a step, as its turn in a report has it; None for a step that says nothing."""
    if isinstance(step, SendTextStep):
        return step.send_text
    speech = speech_of(step)
    return (speech.text or speech.file or "") if speech is not None else None
