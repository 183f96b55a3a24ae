"""A recorded call is judged as the call was: its sound, its times, and the time that the emulator held it up."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from staged_agent import StagedAgent
from test_calls_run import BARGE_IN, TARGET, long_story, prepared

from agentops.calls import recorded_call
from agentops.calls.call_files import save_call
from agentops.calls.judge import Claim
from agentops.calls.patterns import SlowPatternError
from agentops.calls.recorded_call import RecordedCall, read_events
from agentops.calls.report import NO_USAGE, CallReport, CheckKind, Verdict
from agentops.calls.run import Wiring, run_call
from agentops.errors import UsageError

pytest.importorskip("numpy", reason="the speech extra is not installed")

STEPS: list[Any] = [{"expect": "help"}, {"say": "Open?"}, {"expect": {"contains": "open", "within_s": 5}}]


async def desk(agent: StagedAgent) -> None:
    await agent.say("How can I help?")
    await agent.turn()
    agent.emit("emulator.hold")
    await asyncio.sleep(9)
    agent.emit("emulator.release")
    await agent.say("We are open.")
    await asyncio.sleep(30)


async def recorded(folder: Path, **fields: Any) -> CallReport:
    result = await run_call(prepared(STEPS, **fields), TARGET, Wiring(None, StagedAgent(desk).dial))
    return save_call(result, folder)


async def again(report: CallReport, folder: Path, steps: list[Any], **fields: Any) -> CallReport:
    own = folder / str(report.folder)
    call = RecordedCall(report, read_events(own / "events.jsonl"), own)
    return (await call.judge(prepared(steps, **fields), Wiring())).report


async def test_the_same_script_comes_to_the_same(tmp_path: Path) -> None:
    checks = {"longest_silence_ms": 4000, "duration_s": {"max": 12}, "turn_latency_ms": {"max": 1500}}
    made = await recorded(tmp_path, checks=checks)
    assert made.verdict is Verdict.PASSED, made.failures
    judged = await again(made, tmp_path, STEPS, checks=checks)
    assert judged.verdict is Verdict.PASSED, judged.failures
    assert [(c.name, c.passed) for c in judged.checks] == [(c.name, c.passed) for c in made.checks]
    assert judged.notes[-1].startswith("judged again; the call was made at ")


async def test_a_changed_script_is_judged_as_it_is_now(tmp_path: Path) -> None:
    made = await recorded(tmp_path)
    for steps, verdict in (
        ([*STEPS[:2], {"expect": "closed"}], Verdict.FAILED),
        ([*STEPS[:2], {"expect": {"not_contains": "open"}}], Verdict.FAILED),
        ([*STEPS, {"expect_end": "agent"}], Verdict.FAILED),
        ([*STEPS, {"expect_end": "caller"}], Verdict.PASSED),
        ([{"expect": "help"}, {"say": "Closed?"}, {"expect": "open"}], Verdict.INCONCLUSIVE),
        ([*STEPS, {"say": "And tomorrow?"}], Verdict.INCONCLUSIVE),
    ):
        judged = await again(made, tmp_path, steps)
        assert judged.verdict is verdict, (steps, judged.failures)
    assert (await again(made, tmp_path, STEPS, checks={"longest_silence_ms": 10})).verdict is Verdict.FAILED


async def test_an_answer_is_too_late_for_a_shorter_time(tmp_path: Path) -> None:
    made = await recorded(tmp_path)
    judged = await again(made, tmp_path, [*STEPS[:2], {"expect": {"contains": "open", "within_s": 0.2}}])
    [late] = judged.failures
    assert (late.kind, late.heard) == (CheckKind.LATENCY, "too late: We are open.")


async def test_an_interruption_may_have_another_limit_now(tmp_path: Path) -> None:
    result = await run_call(prepared(BARGE_IN), TARGET, Wiring(None, StagedAgent(long_story).dial))
    made = save_call(result, tmp_path)
    assert made.verdict is Verdict.PASSED, made.failures
    stricter = json.loads(json.dumps(BARGE_IN))
    next(each for each in stricter if "interrupt" in each)["interrupt"]["stops_within_ms"] = 1
    judged = await again(made, tmp_path, stricter)
    [slow] = judged.failures
    assert (slow.name, slow.expected) == ("agent stops when interrupted", "at most 1 ms")


async def test_a_pattern_that_takes_too_long_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(expect: Any, text: str) -> list[str]:
        raise SlowPatternError("(a+)+")

    made = await recorded(tmp_path)
    monkeypatch.setattr(recorded_call, "missing_of", slow)
    judged = await again(made, tmp_path, STEPS)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert [each.doubt for each in judged.failures] == ["the pattern took too long on these words"]


async def test_where_nobody_judges_nothing_is_checked(tmp_path: Path) -> None:
    made = await recorded(tmp_path)
    judged = await again(made, tmp_path, [{"expect": {"meets": "is polite"}}])
    assert judged.verdict is Verdict.FAILED
    assert [each.name for each in judged.failures] == ["something is checked"]


async def test_a_judge_is_asked_about_the_turns_that_answer_a_step(tmp_path: Path) -> None:
    class Judge:
        def __init__(self) -> None:
            self.claims: list[Claim] = []

        async def check(self, claims: list[Claim], *_: object) -> tuple[list[Any], Any]:
            self.claims += claims
            return [], NO_USAGE

    made, judge = await recorded(tmp_path), Judge()
    own = tmp_path / str(made.folder)
    steps = [*STEPS[:2], {"expect": {"contains": "open", "within_s": 5, "meets": "is brief", "not_meets": "is rude"}}]
    call = RecordedCall(made, read_events(own / "events.jsonl"), own)
    await call.judge(prepared(steps), Wiring(judge=judge))  # type: ignore[arg-type]
    assert [(each.sentence, each.must_hold, each.step) for each in judge.claims] == [
        ("is brief", True, 2),
        ("is rude", False, 2),
    ]
    texts = [turn.text for turn in made.turns]
    assert {texts[each.first] for each in judge.claims} == {"We are open."}


async def test_a_recording_that_is_none_is_named(tmp_path: Path) -> None:
    made = await recorded(tmp_path)
    (tmp_path / str(made.folder) / str(made.recording)).write_bytes(b"RIFF")
    with pytest.raises(UsageError, match="can't be read: not a recording of two sides") as refused:
        await again(made, tmp_path, STEPS)
    assert refused.value.hint == "name the run's folder as `agentops smoke` left it"


async def test_a_call_that_was_never_made_stays_what_it_is(tmp_path: Path) -> None:
    made = await recorded(tmp_path)
    unreached = replace(made, ending=replace(made.ending, by=None), verdict=Verdict.INCONCLUSIVE)
    assert (await again(unreached, tmp_path, STEPS)).verdict is Verdict.INCONCLUSIVE


def test_what_holds_no_events_is_said(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"event": "Odd", "at_ms": 1}\n')
    with pytest.raises(UsageError, match="does not hold the events"):
        read_events(tmp_path / "events.jsonl")
    with pytest.raises(UsageError, match="can't be read"):
        read_events(tmp_path / "none.jsonl")
