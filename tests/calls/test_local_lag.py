"""What this machine is late with itself is no agent's fault: inconclusive with the reason, and never failed."""

from __future__ import annotations

import asyncio

import pytest
from staged_agent import StagedAgent
from test_calls_run import call, failures

from agentops.calls.local_lag import CHUNK_MS, LocalLag
from agentops.calls.protocol import Role
from agentops.calls.report import Check, CheckKind, Turn, Verdict, verdict_of

pytest.importorskip("numpy", reason="the speech extra is not installed")


def late(value: float | None, limit: float | None = 1000.0, **fields: object) -> Check:
    return Check("turn latency p95", CheckKind.LATENCY, False, "", "", 9000.0, value, limit, "ms", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "late_ms", "is_doubtful"),
    [
        (late(1100), 49, False),
        (late(1100), 50, True),  # late when the words left, and again when the answer came
        (late(6206), 300, False),
        (late(None), 399, False),
        (late(None), 400, True),
        (late(900, 1000), 5000, False),  # not late at all, so lateness can't be why it failed
        (Check("duration", CheckKind.LATENCY, False, "", "", None, 10.5, 10.0, "s"), 250, True),
        (Check("duration", CheckKind.LATENCY, False, "", "", None, 10.5, 10.0, "s"), 249, False),
        (Check("loudness", CheckKind.AUDIO, False, "", "", None, -50.0, -30.0), 5000, False),
        (Check("late", CheckKind.LATENCY, True, "", "", None, 1100.0, 1000.0), 5000, False),
    ],
)
def test_only_what_lateness_can_explain_is_doubted(check: Check, late_ms: float, is_doubtful: bool) -> None:
    lag = LocalLag([0.0] * 200 + [late_ms] + [0.0] * 24)
    assert bool(lag.doubt(check, ())) is is_doubtful


def test_an_old_stall_explains_no_missing_answer() -> None:
    chunks = [500.0] + [0.0] * 1000
    assert LocalLag(chunks).doubt(late(None), ())
    now = Check("x", CheckKind.LATENCY, False, "", "", 30_000.0)
    assert not LocalLag(chunks).doubt(now, ())


def test_a_reason_that_is_known_stays() -> None:
    assert LocalLag().doubt(late(1100, doubt="no baseline"), ()) == "no baseline"


@pytest.mark.parametrize(("gap_ms", "is_doubtful"), [(199.0, False), (200.0, True)])
def test_a_gap_in_the_callers_words_explains_wrong_ones(gap_ms: float, is_doubtful: bool) -> None:
    turns = [Turn(Role.CALLER, 1000, 2000, "one"), Turn(Role.CALLER, 4000, 5000, "two")]
    check = Check("agent says", CheckKind.TRANSCRIPT, False, "", "", 5500.0, step=3)
    chunks = [0.0] * 200
    chunks[int(4500 / CHUNK_MS)] = gap_ms
    assert bool(LocalLag(chunks).doubt(check, turns)) is is_doubtful
    assert not LocalLag(chunks).doubt(Check("forbidden", CheckKind.TRANSCRIPT, False, "", "", 5500.0), turns)
    earlier = [0.0] * 200
    earlier[int(1500 / CHUNK_MS)] = gap_ms
    assert not LocalLag(earlier).doubt(check, turns)


def test_a_doubtful_check_makes_a_call_inconclusive_and_a_sure_one_fails_it() -> None:
    doubtful, sure = late(1100, doubt="busy"), late(5000)
    assert verdict_of([doubtful]) is Verdict.INCONCLUSIVE
    assert verdict_of([doubtful, sure]) is Verdict.FAILED
    assert verdict_of([Check("x", CheckKind.AUDIO, True, "", ""), doubtful]) is Verdict.INCONCLUSIVE
    assert verdict_of([]) is Verdict.FAILED


# ---- the emulator's own thinking


def answering(after_s: float, *, tells: bool) -> object:
    """An agent that answers so late, and says or does not say that its recogniser was why."""

    async def direction(agent: StagedAgent) -> None:
        await agent.say("How can I help?")
        await agent.turn()
        if tells:
            agent.emit("emulator.hold")
        await asyncio.sleep(after_s)
        if tells:
            agent.emit("emulator.release")
        await agent.say("We are open.")
        await asyncio.sleep(30)

    return direction


STEPS = [{"expect": "help"}, {"say": "Open?"}, {"expect": {"contains": "open", "within_s": 5}}]


async def test_time_that_the_emulator_held_is_no_time_of_the_agent() -> None:
    agent = StagedAgent(answering(9, tells=True))  # type: ignore[arg-type]
    report = await call(agent, STEPS, checks={"turn_latency_ms": {"max": 1500}})
    assert report.verdict is Verdict.PASSED, report.failures
    assert report.measures.held_ms == pytest.approx(9000, abs=50)
    assert report.measures.latency_max_ms is not None
    assert report.measures.latency_max_ms < 1500


async def test_an_agent_that_is_slow_itself_fails() -> None:
    agent = StagedAgent(answering(9, tells=False))  # type: ignore[arg-type]
    report = await call(agent, STEPS)
    assert failures(report) == [(CheckKind.LATENCY, "agent answers")]
    assert report.verdict is Verdict.FAILED


async def test_a_long_call_is_not_over_while_it_is_held() -> None:
    agent = StagedAgent(answering(40, tells=True))  # type: ignore[arg-type]
    assert (await call(agent, STEPS, timeout_s=20)).verdict is Verdict.PASSED


async def test_only_this_machine_is_believed() -> None:
    from agentops.calls.protocol import Held, Mode, Protocol, Unrecognized

    frame = '{"type": "emulator.hold"}'
    opened = '{"type": "session.created", "sample_rate": 24000}'
    for may_hold, kind in ((True, Held), (False, Unrecognized)):
        protocol = Protocol(Mode.CHAT, may_hold=may_hold)
        protocol.receive(opened, 0)
        assert isinstance(protocol.receive(frame, 1), kind)
