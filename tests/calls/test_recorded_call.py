"""A recorded call is judged as the call was: its sound, its times, and the time that the emulator held it up."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from staged_agent import StagedAgent
from test_calls_run import TARGET, prepared

from agentops.calls.call_files import save_call
from agentops.calls.recorded_call import RecordedCall, read_events
from agentops.calls.report import CallReport, Verdict
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
