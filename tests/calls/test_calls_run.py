"""Whole calls against a staged agent, in virtual time: what the agent does, and the verdict it gets."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import wave
from array import array
from collections.abc import AsyncGenerator, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from staged_agent import StagedAgent, refusing, tone

from agentops.calls.call_files import save_call
from agentops.calls.line import Sound
from agentops.calls.patterns import SlowPatternError
from agentops.calls.protocol import Role
from agentops.calls.report import CallReport, CheckKind, Verdict
from agentops.calls.run import PreparedScript, Wiring, run_call
from agentops.calls.schedule import RunOptions, ScheduledCall, run_calls, shard_of
from agentops.calls.script import Script, speech_of
from agentops.calls.selection import estimate_s, is_called_for
from agentops.calls.session import NoConnection, Target, dial
from agentops.calls.talk import Microphone, chat, talk
from agentops.errors import NotFoundError, UnauthorizedError, UnavailableError

pytest.importorskip("numpy", reason="the speech extra is not installed")

TARGET = Target("http://127.0.0.1:1", "507f1f77bcf86cd799439011", "sk_secret", "test")


class Desk:
    """The REST side: hands out tokens, or fails as told."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.registered: list[tuple[str, str, dict[str, Any]]] = []

    async def register_call(self, agent_id: str, *, mode: str, variables: Mapping[str, Any]) -> str:
        if self.failure is not None:
            raise self.failure
        self.registered.append((agent_id, mode, dict(variables)))
        return f"wct_{len(self.registered)}"

    async def read_call(self, call_id: str) -> dict[str, Any]:
        return {}

    async def watch_call(self, call_id: str) -> AsyncGenerator[dict[str, Any], None]:
        raise NotFoundError("no such stream")
        yield {}


def prepared(steps: list[Any], **fields: Any) -> PreparedScript:
    script = Script.model_validate({"agent": "support", "steps": steps, **fields})
    sounds = {
        i: Sound(speech.text, tone(len(speech.text) * 60, hz=330))
        for i, step in enumerate(script.steps)
        if (speech := speech_of(step)) is not None
    }
    return PreparedScript(script, "agents/calls/test.yaml", sounds)


async def call(agent: StagedAgent, steps: list[Any], *, desk: Desk | None = None, **fields: Any) -> CallReport:
    wiring = Wiring(desk, agent.dial, lambda: datetime(2026, 10, 1, tzinfo=UTC))
    return (await run_call(prepared(steps, **fields), TARGET, wiring)).report


def failures(report: CallReport) -> list[tuple[CheckKind, str]]:
    return [(check.kind, check.name) for check in report.failures]


async def opening_hours(agent: StagedAgent) -> None:
    await agent.say("Hi, how can I help?")
    await agent.turn()
    await agent.say("We are open Monday to Friday, nine to five.", ms=2000)
    await agent.turn()
    await agent.say("Goodbye.", ms=400)
    agent.end("ended")


HOURS: list[Any] = [
    {"expect": {"contains": "how can I help", "within_s": 5}},
    {"say": "What are your opening hours?"},
    {"expect": {"all_of": ["monday to friday", "9 to 5"], "within_s": 5}},
    {"say": "Thank you, goodbye."},
    {"expect_end": {"by": "agent", "within_s": 5}},
]


async def test_a_good_call_passes_and_is_measured() -> None:
    report = await call(StagedAgent(opening_hours), HOURS, checks={"turn_latency_ms": {"max": 1000}})
    assert report.verdict is Verdict.PASSED, report.failures
    assert [turn.text for turn in report.turns if turn.role is Role.AGENT] == [
        "Hi, how can I help?",
        "We are open Monday to Friday, nine to five.",
        "Goodbye.",
    ]
    answers = [turn.latency_ms for turn in report.turns if turn.latency_ms is not None]
    assert len(answers) == 2
    assert all(400 <= ms <= 460 for ms in answers)
    assert report.ending.by is Role.AGENT
    assert report.measures.talk_over_ms == 0
    assert report.measures.chunk_lateness_p99_ms is not None
    assert report.measures.chunk_lateness_p99_ms < 1
    assert report.call_id == "CALL-1-abc"


async def test_a_wrong_answer_fails_with_what_was_heard_and_where() -> None:
    async def closed(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        await agent.turn()
        await agent.say("I am afraid I do not know.")
        await agent.turn()

    report = await call(StagedAgent(closed), HOURS)
    assert report.verdict is Verdict.FAILED
    (failure,) = report.failures
    assert failure.kind is CheckKind.TRANSCRIPT
    assert failure.heard == "I am afraid I do not know."
    assert 'contains "monday to friday"' in failure.expected
    assert failure.step == 2
    assert failure.at_ms is not None
    assert 3500 < failure.at_ms < 4000  # where the wrong answer begins


async def test_an_agent_that_never_answers_is_late() -> None:
    async def mute(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        await agent.turn()

    report = await call(StagedAgent(mute), HOURS)
    assert failures(report) == [(CheckKind.LATENCY, "agent answers")]


async def test_an_agent_that_is_slow_breaks_the_latency_check() -> None:
    async def slow(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        await agent.turn()
        await asyncio.sleep(2.5)
        await agent.say("Monday to Friday, nine to five.")

    report = await call(StagedAgent(slow), HOURS[:3], checks={"turn_latency_ms": {"p95": 1500}})
    assert failures(report) == [(CheckKind.LATENCY, "turn latency p95")]
    assert report.failures[0].value is not None
    assert 2900 <= report.failures[0].value <= 2960


async def test_the_caller_stays_on_the_line_for_an_agent_that_has_to_end_the_call() -> None:
    async def reluctant(agent: StagedAgent) -> None:
        await agent.say("Goodbye.")
        await asyncio.sleep(4)
        agent.end("ended")

    async def silent(agent: StagedAgent) -> None:
        await agent.say("Goodbye.")

    steps = [{"expect": "goodbye"}]
    assert (await call(StagedAgent(reluctant), steps, checks={"ended_by": "agent"})).verdict is Verdict.PASSED
    assert failures(await call(StagedAgent(silent), steps, checks={"ended_by": "agent"})) == [
        (CheckKind.ENDING, "who ended it")
    ]


async def test_words_without_sound_fail_as_audio() -> None:
    async def silent(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?", pcm=bytes(48_000))

    report = await call(StagedAgent(silent), HOURS[:1])
    assert failures(report) == [(CheckKind.AUDIO, "agent can be heard")]


async def test_clipped_sound_fails_as_audio() -> None:

    async def square(agent: StagedAgent) -> None:
        wave = array("h", tone(1500))
        await agent.say("Hi, how can I help?", pcm=array("h", (32767 if s > 0 else -32768 for s in wave)).tobytes())

    report = await call(StagedAgent(square), HOURS[:1])
    assert failures(report) == [(CheckKind.AUDIO, "does not clip")]


async def test_a_call_that_the_agent_ends_early_fails_as_ending() -> None:
    async def early(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        agent.end("ended")

    report = await call(StagedAgent(early), HOURS)
    assert failures(report) == [(CheckKind.ENDING, "call goes on")]


async def test_an_agent_that_does_not_end_the_call_fails_as_ending() -> None:
    async def stays(agent: StagedAgent) -> None:
        for text in ("Hi, how can I help?", "Monday to Friday, nine to five.", "Anything else?"):
            await agent.say(text)
            await agent.turn()

    report = await call(StagedAgent(stays), HOURS)
    assert failures(report) == [(CheckKind.ENDING, "call ends")]
    assert report.ending.by is Role.CALLER


async def test_a_cut_line_is_inconclusive() -> None:
    async def dropped(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        await agent.turn()
        agent.cut()

    report = await call(StagedAgent(dropped), HOURS, checks={"duration_s": {"min": 20}})
    assert report.verdict is Verdict.INCONCLUSIVE
    assert {check.kind for check in report.failures} == {CheckKind.INFRASTRUCTURE}


async def test_an_agent_that_cannot_be_reached_is_inconclusive() -> None:
    wiring = Wiring(None, refusing(*[NoConnection("no answer", status=503)] * 10))
    report = (await run_call(prepared(HOURS), TARGET, wiring)).report
    assert report.verdict is Verdict.INCONCLUSIVE
    assert failures(report) == [(CheckKind.INFRASTRUCTURE, "agent is reached")]


async def test_draining_is_waited_out() -> None:
    agent = StagedAgent(opening_hours)
    wiring = Wiring(None, refusing(*[NoConnection("draining", status=503)] * 2, then=agent))
    assert (await run_call(prepared(HOURS), TARGET, wiring)).report.verdict is Verdict.PASSED


async def test_a_refused_key_is_not_tried_again() -> None:
    wiring = Wiring(Desk(UnauthorizedError("Unauthorized")), refusing())
    report = (await run_call(prepared(HOURS), TARGET, wiring)).report
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "refused" in report.failures[0].heard


async def test_a_fatal_setup_error_names_its_code() -> None:
    async def fatal(agent: StagedAgent) -> None:
        agent.emit("error", code="404", error={"message": "Agent not found"})
        agent.cut(4000)

    report = await call(StagedAgent(fatal, created=False), HOURS)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "404" in report.failures[0].heard


async def silent(agent: StagedAgent) -> None:
    await asyncio.Event().wait()


async def closing(agent: StagedAgent) -> None:
    agent.end()


@pytest.mark.parametrize(
    ("direction", "heard"),
    [
        (silent, "the session was not created within 15 s"),
        (closing, "the session was closed before it was created"),
    ],
)
async def test_an_agent_that_is_reached_and_opens_no_session_is_inconclusive(direction: Any, heard: str) -> None:
    report = await call(StagedAgent(direction, created=False), HOURS)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert heard in report.failures[0].heard


@pytest.mark.real_time
async def test_a_line_that_nobody_answers_is_named_without_its_token() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NoConnection) as failed:
        await dial(f"ws://127.0.0.1:{port}/?token=wct_secret", {})
    assert str(failed.value).startswith(f"could not connect to 127.0.0.1:{port}: ")
    assert "wct_secret" not in str(failed.value)


async def test_a_token_is_preferred_and_keeps_the_key_out_of_the_call() -> None:
    agent, desk = StagedAgent(opening_hours), Desk()
    await call(agent, HOURS, desk=desk, variables={"customer_name": "Ada"})
    assert desk.registered == [(TARGET.agent_id, "webcall", {"customer_name": "Ada"})]
    assert agent.url == "ws://127.0.0.1:1/atoms/v1/agent/connect?token=wct_1"
    assert "Authorization" not in agent.headers


async def test_without_tokens_the_key_travels_in_a_header_only() -> None:
    agent = StagedAgent(opening_hours)
    report = await call(agent, HOURS, desk=Desk(UnavailableError("down", code="unavailable")))
    assert report.verdict is Verdict.PASSED
    assert agent.headers["Authorization"] == "Bearer sk_secret"
    assert "sk_secret" not in agent.url
    assert any("API key" in note for note in report.notes)


async def test_several_starts_and_stops_are_one_answer() -> None:
    async def filler(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        await agent.turn()
        await agent.say("One moment.", ms=500)
        await agent.say("We are open Monday to Friday, nine to five.", ms=1500)
        await agent.turn()
        await agent.say("Goodbye.", ms=600)
        agent.end()

    assert (await call(StagedAgent(filler), HOURS)).verdict is Verdict.PASSED


async def test_both_spellings_and_the_role_agent_are_understood() -> None:
    async def other(agent: StagedAgent) -> None:
        agent.emit("agent.start_talking")
        agent.emit("output_audio.delta", audio=base64.b64encode(tone(800)).decode())
        agent.emit("transcript.delta", role="agent", text="Hi, how can I")
        agent.emit("transcript", role="agent", text="Hi, how can I help?")
        agent.emit("agent.stop_talking")

    report = await call(StagedAgent(other), HOURS[:1])
    assert report.verdict is Verdict.PASSED, report.failures
    assert len(report.turns) == 1


async def test_forbidden_words_are_found_in_the_whole_turn() -> None:
    async def rude(agent: StagedAgent) -> None:
        await agent.say("How can I help? This is not my problem.")

    steps = [{"expect": {"contains": "how can I help", "not_contains": "not my problem"}}]
    report = await call(StagedAgent(rude), steps)
    assert failures(report) == [(CheckKind.TRANSCRIPT, "agent says")]
    report = await call(StagedAgent(rude), steps[:1], checks={"forbidden": ["not my problem"]})
    assert (CheckKind.TRANSCRIPT, 'never says "not my problem"') in failures(report)


async def chat_hours(agent: StagedAgent) -> None:
    agent.write("Hi, how can I help?")
    assert await agent.turn() == "What are your opening hours?"
    agent.write("We are open Monday to Friday, 9 to 5.")
    await agent.turn()
    agent.write("Goodbye.")
    agent.end()


async def test_chat_needs_no_sound() -> None:
    report = await call(StagedAgent(chat_hours), HOURS, mode="chat")
    assert report.verdict is Verdict.PASSED, report.failures
    assert report.waveform is None


async def test_audio_in_chat_breaks_the_protocol() -> None:
    async def loud(agent: StagedAgent) -> None:
        agent.emit("output_audio.delta", audio="AAAA")
        agent.write("How can I help?")

    report = await call(StagedAgent(loud), HOURS[:1], mode="chat")
    assert failures(report) == [(CheckKind.PROTOCOL, "protocol is kept")]


async def test_an_error_message_of_the_platform_is_inconclusive() -> None:
    async def broken(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        agent.emit("error", code="internal_error", message="pipeline lost")
        agent.end()

    report = await call(StagedAgent(broken), HOURS[:1])
    assert report.verdict is Verdict.INCONCLUSIVE


@pytest.mark.slow
async def test_a_monologue_runs_into_the_callers_patience() -> None:
    async def talks(agent: StagedAgent) -> None:
        await agent.say("How can I help? " * 40, ms=60_000)

    steps = [{"expect": "how can I help"}, {"say": "hello"}, {"expect": "x"}]
    report = await call(StagedAgent(talks), steps, timeout_s=200)
    assert failures(report)[0] == (CheckKind.LATENCY, "agent answers")
    assert report.failures[0].heard == "the agent was still talking"


async def test_a_transcript_may_come_after_the_time_when_the_answer_was_heard_in_time() -> None:
    async def long(agent: StagedAgent) -> None:
        await agent.say("This is a long greeting. How can I help?", ms=8000)

    report = await call(StagedAgent(long), [{"expect": {"contains": "how can I help", "within_s": 3}}])
    assert report.verdict is Verdict.PASSED


async def test_sound_without_any_transcript_is_said_so() -> None:
    async def wordless(agent: StagedAgent) -> None:
        await agent.say("", ms=1000, final=False)

    report = await call(StagedAgent(wordless), HOURS[:1])
    assert [(c.kind, c.heard) for c in report.failures] == [(CheckKind.TRANSCRIPT, "agent audio without a transcript")]


async def test_the_time_limit_ends_the_call() -> None:
    report = await call(StagedAgent(opening_hours), [{"silence": 100}, {"expect": "never"}], timeout_s=10)
    assert (CheckKind.LATENCY, "call is over in time") in failures(report)
    assert report.duration_ms < 11_000


async def test_silence_keeps_being_sent_after_speech() -> None:
    """The platform ends a turn by hearing silence: the staged agent only answers because silence reaches it."""
    agent = StagedAgent(opening_hours, pause_ms=1200)
    report = await call(agent, HOURS)
    assert report.verdict is Verdict.PASSED
    assert all(turn.latency_ms >= 1200 for turn in report.turns if turn.latency_ms is not None)


async def long_story(agent: StagedAgent, *, stops: bool = True) -> None:
    """Talks for eight seconds; when the caller breaks in, falls silent and answers, if it `stops`."""
    await agent.say("Hi, how can I help?")
    await agent.turn()
    story = asyncio.create_task(agent.say("Let me tell you everything. " * 5, ms=8000))
    await agent.caller_speaks.wait()
    if stops:
        story.cancel()
        agent.emit("interruption")
        agent.emit("transcript", role="assistant", text="Let me tell you")
    await agent.turn()
    await story if not stops else None
    await agent.say("All right.", ms=500)


BARGE_IN: list[Any] = [
    {"expect": "how can I help"},
    {"say": "Tell me everything."},
    {"interrupt": {"say": "Stop, please stop.", "after": {"event": "agent_starts", "delay_ms": 1000}}},
    {"expect": {"contains": "all right", "within_s": 20}},
]


async def test_an_agent_that_stops_when_interrupted_passes() -> None:
    report = await call(StagedAgent(long_story), BARGE_IN)
    assert report.verdict is Verdict.PASSED, report.failures
    check = next(check for check in report.checks if check.name == "agent stops when interrupted")
    assert check.value is not None
    assert check.value < 200
    story = report.turns[2]
    assert story.is_interrupted
    assert story.text == "Let me tell you"
    assert story.end_ms - story.start_ms < 1300  # what was not played is void


async def test_an_agent_that_keeps_talking_when_interrupted_fails_as_latency() -> None:
    report = await call(StagedAgent(lambda agent: long_story(agent, stops=False)), BARGE_IN)
    assert failures(report)[0] == (CheckKind.LATENCY, "agent stops when interrupted")
    assert report.failures[0].heard == "it kept talking"
    assert report.measures.talk_over_ms is not None
    assert report.measures.talk_over_ms > 500


BACKCHANNEL: list[Any] = [
    {"expect": "how can I help"},
    {"say": "Tell me everything."},
    {"backchannel": {"say": "uh-huh", "after": {"event": "agent_starts", "delay_ms": 1000}}},
]


async def test_a_backchannel_must_not_stop_the_agent() -> None:
    async def attentive(agent: StagedAgent) -> None:
        await long_story(agent, stops=False)

    assert (await call(StagedAgent(attentive), BACKCHANNEL)).verdict is Verdict.PASSED
    report = await call(StagedAgent(long_story), BACKCHANNEL)
    assert failures(report)[0] == (CheckKind.LATENCY, "agent keeps talking through a backchannel")


async def test_a_wait_for_what_does_not_happen_fails() -> None:
    report = await call(
        StagedAgent(opening_hours), [{"wait_for": {"event": "interruption", "within_s": 3}}, {"expect": "x"}]
    )
    assert failures(report)[0] == (CheckKind.LATENCY, "wait for interruption")


async def test_several_starts_without_stops_and_stops_without_starts_are_survived() -> None:
    async def sloppy(agent: StagedAgent) -> None:
        for kind in ("agent_stop_talking", "agent_start_talking", "agent_start_talking"):
            agent.emit(kind)
        agent.emit("output_audio.delta", audio=base64.b64encode(tone(900)).decode())
        agent.emit("transcript", role="assistant", text="Hi, how can I help?")
        await agent.turn()
        await agent.say("Monday to Friday, nine to five.")

    report = await call(StagedAgent(sloppy), HOURS[:3])
    assert report.verdict is Verdict.PASSED, report.failures


class ToldDesk(Desk):
    """A platform that streams events, or only writes them down, and computes metrics after a while."""

    def __init__(self, *, streams: bool) -> None:
        super().__init__()
        self.streams, self.reads = streams, 0

    async def watch_call(self, call_id: str) -> AsyncGenerator[dict[str, Any], None]:
        if not self.streams:
            raise NotFoundError("no such stream")
        for event in self.events():
            yield event

    async def read_call(self, call_id: str) -> dict[str, Any]:
        self.reads += 1
        if self.reads < 4:
            return {"callId": call_id, "events": []}
        metrics = [{"identifier": "resolved", "value": True}, {"identifier": "score", "value": "4"}]
        return {"callId": call_id, "events": self.events(), "postCallAnalytics": {"dispositionMetrics": metrics}}

    def events(self) -> list[dict[str, Any]]:
        return [
            {"event_type": "tool_call_start", "function_name": "look_up", "context": {"order": 427, "more": 1}},
            {"event_type": "tool_call_start", "function_name": "end_call", "context": {}},
            {"event_type": "call_end"},
        ]


@pytest.mark.parametrize("streams", [True, False])
async def test_tools_are_known_from_the_stream_or_the_record(streams: bool) -> None:
    checks = {
        "tool_calls": [{"name": "look_up", "arguments": {"order": "427"}}, {"name": "end_call"}],
        "tool_calls_in_order": True,
        "no_tool_calls": ["transfer"],
    }
    report = await call(StagedAgent(opening_hours), HOURS, desk=ToldDesk(streams=streams), checks=checks)
    assert report.verdict is Verdict.PASSED, report.failures


class EndlessDesk(Desk):
    """A platform whose stream of events says nothing and does not end."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.is_watched = asyncio.Event(), True

    async def watch_call(self, call_id: str) -> AsyncGenerator[dict[str, Any], None]:
        self.began.set()
        try:
            await asyncio.Event().wait()
            yield {}
        finally:
            self.is_watched = False


def with_checks(wiring: Wiring) -> Coroutine[Any, Any, Any]:
    return run_call(prepared(HOURS, checks={"no_tool_calls": ["transfer"]}), TARGET, wiring)


def in_text(wiring: Wiring) -> Coroutine[Any, Any, Any]:
    return chat(TARGET, wiring, {}, asyncio.Event().wait, lambda said: None)  # type: ignore[arg-type]


def by_sound(wiring: Wiring) -> Coroutine[Any, Any, Any]:
    return talk(TARGET, wiring, Microphone(24_000), lambda event: None, asyncio.Event())


@pytest.mark.parametrize("way", [with_checks, in_text, by_sound])
async def test_no_stream_of_events_outlives_a_call_that_is_broken_off(way: Any) -> None:
    desk = EndlessDesk()
    calling = asyncio.create_task(way(Wiring(desk, StagedAgent(opening_hours).dial)))
    await desk.began.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert not desk.is_watched


async def test_wrong_tools_fail_as_tool() -> None:
    checks = {
        "tool_calls": [{"name": "end_call"}, {"name": "look_up", "arguments": {"order": 1}}],
        "tool_calls_in_order": True,
        "no_tool_calls": ["look_up"],
    }
    report = await call(StagedAgent(opening_hours), HOURS, desk=ToldDesk(streams=True), checks=checks)
    assert {name for kind, name in failures(report) if kind is CheckKind.TOOL} == {
        "calls look_up",
        "does not call look_up",
        "tools in order",
    }


async def test_metrics_are_waited_for_and_then_given_up() -> None:
    wanted = {"metrics": [{"identifier": "resolved", "equals": True}, {"identifier": "score", "min": 3}]}
    desk = ToldDesk(streams=False)
    assert (await call(StagedAgent(opening_hours), HOURS, desk=desk, checks=wanted)).verdict is Verdict.PASSED
    assert desk.reads == 4
    missing = {"metrics": [{"identifier": "mood", "one_of": ["good"]}], "metrics_within_s": 20}
    report = await call(StagedAgent(opening_hours), HOURS, desk=ToldDesk(streams=False), checks=missing)
    assert [(c.kind, c.heard) for c in report.failures] == [(CheckKind.TOOL, "the platform did not compute it in time")]


async def test_what_the_platform_does_not_tell_is_no_pass() -> None:
    report = await call(StagedAgent(opening_hours), HOURS, checks={"no_tool_calls": ["transfer"]})
    assert failures(report) == [(CheckKind.TOOL, "does not call transfer")]


async def test_the_language_of_every_turn_is_checked() -> None:
    async def spanish(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help you?")
        await agent.turn()
        await agent.say("Abrimos de lunes a viernes, de nueve a cinco.", ms=3000)

    steps = [{"expect": "how can I help"}, {"say": "When are you open?"}, {"expect": "de nueve a cinco"}]
    report = await call(StagedAgent(spanish), steps, checks={"language": "en"})
    assert [(c.kind, c.heard[:3]) for c in report.failures] == [(CheckKind.TRANSCRIPT, "es:")]


async def test_whole_call_limits_are_measured() -> None:
    limits = {
        "first_audio_ms": 100,
        "longest_silence_ms": 300,
        "duration_s": {"min": 60},
        "loudness_dbfs": {"min": -5},
        "agent_talk_ratio": {"max": 0.2},
        "ended_by": "caller",
        "end_reason": "timeout",
    }
    report = await call(StagedAgent(opening_hours), HOURS, checks=limits)
    assert {name for _, name in failures(report)} == {
        "longest silence",
        "duration",
        "loudness",
        "agent talk ratio",
        "who ended it",
        "why it ended",
    }


async def test_repeats_run_side_by_side_and_are_judged_by_their_rate() -> None:
    script = prepared(HOURS, repeat={"times": 3, "pass_rate": 0.6})
    answers = iter([opening_hours, opening_hours])

    async def refuse(agent: StagedAgent) -> None:
        await agent.say("We are closed for good.")

    async def dial(url: str, headers: Mapping[str, str]) -> Any:
        return await StagedAgent(next(answers, refuse)).dial(url, headers)

    seen: list[str] = []
    options = RunOptions(concurrency=2, progress=lambda event: seen.append(type(event).__name__))
    run = await run_calls([ScheduledCall(script, TARGET)], Wiring(None, dial), options)
    assert run.verdict is Verdict.PASSED
    assert sorted(c.verdict for c in run.calls) == [Verdict.FAILED, Verdict.PASSED, Verdict.PASSED]
    assert sorted(c.attempt for c in run.calls) == [1, 2, 3]
    assert seen[:2] == ["CallStarted", "CallStarted"]
    assert seen.count("CallEnded") == 3


async def test_a_call_leaves_its_folder(tmp_path: Path) -> None:
    wiring = Wiring(None, StagedAgent(opening_hours).dial)
    report = save_call(await run_call(prepared(HOURS), TARGET, wiring), tmp_path)
    folder = tmp_path / str(report.folder)
    assert sorted(path.name for path in folder.iterdir()) == ["events.jsonl", "recording.wav", "report.json"]
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert events[0]["event"] == "SessionCreated"
    assert events[-1] == {"event": "SessionClosed", "at_ms": events[-1]["at_ms"], "reason": "ended"}
    with wave.open(str(folder / "recording.wav")) as file:
        assert file.getnchannels() == 2
        assert abs(file.getnframes() / file.getframerate() * 1000 - report.duration_ms) < 100
    assert "sk_secret" not in (folder / "report.json").read_text() + (folder / "events.jsonl").read_text()


def test_shards_are_all_of_it_and_no_two_overlap() -> None:
    files = [f"agents/calls/{n}.yaml" for n in range(23)]
    shards = [shard_of(files, (i, 5)) for i in range(1, 6)]
    assert sorted(index for shard in shards for index in shard) == list(range(23))
    assert {len(shard) for shard in shards} == {4, 5}
    assert shard_of(files, None) == list(range(23))


@pytest.mark.parametrize(
    ("tags", "categories", "wanted"),
    [
        (["smoke"], {"prompt"}, True),
        (["prompt"], {"prompt", "voice"}, True),
        (["tools"], {"prompt"}, False),
        (["tools"], {"model"}, True),
        (["smoke"], {"cosmetic"}, False),
        (["cosmetic"], {"cosmetic"}, True),
        (["tools"], set(), True),
    ],
)
def test_a_change_calls_for_the_scripts_of_its_categories(tags: list[str], categories: set[str], wanted: bool) -> None:
    script = prepared(HOURS, tags=tags).script
    assert is_called_for(script, categories, {"prompt", "voice", "tools", "model", "cosmetic"}) is wanted


def test_an_estimate_is_near_the_call_and_never_above_its_limit() -> None:
    assert 10 < estimate_s(prepared(HOURS).script) < 30
    assert estimate_s(prepared(HOURS, timeout_s=5, repeat={"times": 3}).script) == 15
    assert estimate_s(prepared(HOURS, mode="chat").script) == 12


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        ({"say": "one two three four five"}, 2.0),
        ({"send_text": "one two three four five"}, 2.0),
        ({"silence": 7}, 7.0),
        ({"wait_for": {"event": "agent_quiet", "within_s": 60}}, 4.0),
        ({"interrupt": {"say": "wait a moment please now", "after": {"event": "agent_starts", "delay_ms": 500}}}, 2.5),
        ({"hang_up": True}, 0.0),
    ],
)
def test_each_step_is_estimated_as_people_speak(step: Any, seconds: float) -> None:
    asked = prepared([{"expect": "hello"}]).script
    longer = prepared([{"expect": "hello"}, step]).script
    assert estimate_s(longer) - estimate_s(asked) == pytest.approx(seconds)


async def test_a_pattern_that_takes_too_long_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(expect: Any, text: str) -> list[str]:
        raise SlowPatternError("(a+)+")

    monkeypatch.setattr("agentops.calls.steps.missing_of", slow)
    report = await call(StagedAgent(opening_hours), HOURS[:1])
    assert report.verdict is Verdict.INCONCLUSIVE
    [check] = report.failures
    assert (check.heard, check.doubt) == ("Hi, how can I help?", "the pattern took too long on these words")


async def test_an_agent_that_has_finished_before_the_caller_breaks_in_can_not_be_interrupted() -> None:
    late = {"say": "Stop.", "after": {"event": "agent_starts", "delay_ms": 4000}, "stops_within_ms": 500}
    steps = [{"expect": "how can I help"}, {"say": "What are your opening hours?"}, {"interrupt": late}]
    report = await call(StagedAgent(opening_hours), steps)
    assert failures(report)[0] == (CheckKind.LATENCY, "agent is talking")
    assert report.failures[0].expected == "the agent talks for more than 4000 ms"
    assert report.failures[0].heard == "it had stopped before that"
