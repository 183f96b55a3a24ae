"""Whole calls against a staged agent, in virtual time: what the agent does, and the verdict it gets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from staged_agent import StagedAgent, refusing, tone

from agentops.calls import CallReport, Kind, Prepared, Script, Target, Verdict, Wiring, run_call
from agentops.calls.line import Sound
from agentops.calls.protocol import Role
from agentops.calls.script import speech_of
from agentops.calls.session import NoConnection
from agentops.errors import UnauthorizedError, UnavailableError

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


def prepared(steps: list[Any], **fields: Any) -> Prepared:
    script = Script.model_validate({"agent": "support", "steps": steps, **fields})
    sounds = {
        i: Sound(speech.text, tone(len(speech.text) * 60, hz=330))
        for i, step in enumerate(script.steps)
        if (speech := speech_of(step)) is not None
    }
    return Prepared(script, "agents/calls/test.yaml", sounds)


async def call(agent: StagedAgent, steps: list[Any], *, desk: Desk | None = None, **fields: Any) -> CallReport:
    wiring = Wiring(desk, agent.dial, lambda: datetime(2026, 10, 1, tzinfo=UTC))
    return (await run_call(prepared(steps, **fields), TARGET, wiring)).report


def failures(report: CallReport) -> list[tuple[Kind, str]]:
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
    assert failure.kind is Kind.TRANSCRIPT
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
    assert failures(report) == [(Kind.LATENCY, "agent answers")]


async def test_an_agent_that_is_slow_breaks_the_latency_check() -> None:
    async def slow(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        await agent.turn()
        import asyncio

        await asyncio.sleep(2.5)
        await agent.say("Monday to Friday, nine to five.")

    report = await call(StagedAgent(slow), HOURS[:3], checks={"turn_latency_ms": {"p95": 1500}})
    assert failures(report) == [(Kind.LATENCY, "turn latency p95")]
    assert report.failures[0].value is not None
    assert 2900 <= report.failures[0].value <= 2960


async def test_words_without_sound_fail_as_audio() -> None:
    async def silent(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?", pcm=bytes(48_000))

    report = await call(StagedAgent(silent), HOURS[:1])
    assert failures(report) == [(Kind.AUDIO, "agent can be heard")]


async def test_clipped_sound_fails_as_audio() -> None:

    from array import array

    async def square(agent: StagedAgent) -> None:
        wave = array("h", tone(1500))
        await agent.say("Hi, how can I help?", pcm=array("h", (32767 if s > 0 else -32768 for s in wave)).tobytes())

    report = await call(StagedAgent(square), HOURS[:1])
    assert failures(report) == [(Kind.AUDIO, "does not clip")]


async def test_a_call_that_the_agent_ends_early_fails_as_ending() -> None:
    async def early(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        agent.end("ended")

    report = await call(StagedAgent(early), HOURS)
    assert failures(report) == [(Kind.ENDING, "call goes on")]


async def test_an_agent_that_does_not_end_the_call_fails_as_ending() -> None:
    async def stays(agent: StagedAgent) -> None:
        for text in ("Hi, how can I help?", "Monday to Friday, nine to five.", "Anything else?"):
            await agent.say(text)
            await agent.turn()

    report = await call(StagedAgent(stays), HOURS)
    assert failures(report) == [(Kind.ENDING, "call ends")]
    assert report.ending.by is Role.CALLER


async def test_a_cut_line_is_inconclusive() -> None:
    async def dropped(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        await agent.turn()
        agent.cut()

    report = await call(StagedAgent(dropped), HOURS, checks={"duration_s": {"min": 20}})
    assert report.verdict is Verdict.INCONCLUSIVE
    assert {check.kind for check in report.failures} == {Kind.INFRASTRUCTURE}


async def test_an_agent_that_cannot_be_reached_is_inconclusive() -> None:
    wiring = Wiring(None, refusing(*[NoConnection("no answer", status=503)] * 10))
    report = (await run_call(prepared(HOURS), TARGET, wiring)).report
    assert report.verdict is Verdict.INCONCLUSIVE
    assert failures(report) == [(Kind.INFRASTRUCTURE, "agent is reached")]


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


async def test_a_token_is_preferred_and_keeps_the_key_out_of_the_call() -> None:
    agent, desk = StagedAgent(opening_hours), Desk()
    await call(agent, HOURS, desk=desk, variables={"customer_name": "Ada"})
    assert desk.registered == [(TARGET.agent_id, "webcall", {"customer_name": "Ada"})]
    assert agent.url == "ws://127.0.0.1:1/atoms/v1/agent/connect?token=wct_1"
    assert agent.headers == {}


async def test_without_tokens_the_key_travels_in_a_header_only() -> None:
    agent = StagedAgent(opening_hours)
    report = await call(agent, HOURS, desk=Desk(UnavailableError("down", code="unavailable")))
    assert report.verdict is Verdict.PASSED
    assert agent.headers == {"Authorization": "Bearer sk_secret"}
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
        import base64

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
    assert failures(report) == [(Kind.TRANSCRIPT, "agent says")]
    report = await call(StagedAgent(rude), steps[:1], checks={"forbidden": ["not my problem"]})
    assert (Kind.TRANSCRIPT, 'never says "not my problem"') in failures(report)


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
    assert failures(report) == [(Kind.PROTOCOL, "protocol is kept")]


async def test_an_error_message_of_the_platform_is_inconclusive() -> None:
    async def broken(agent: StagedAgent) -> None:
        await agent.say("Hi, how can I help?")
        agent.emit("error", code="internal_error", message="pipeline lost")
        agent.end()

    report = await call(StagedAgent(broken), HOURS[:1])
    assert report.verdict is Verdict.INCONCLUSIVE


async def test_a_monologue_runs_into_the_callers_patience() -> None:
    async def talks(agent: StagedAgent) -> None:
        await agent.say("How can I help? " * 40, ms=60_000)

    steps = [{"expect": "how can I help"}, {"say": "hello"}, {"expect": "x"}]
    report = await call(StagedAgent(talks), steps, timeout_s=200)
    assert failures(report)[0] == (Kind.LATENCY, "agent answers")
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
    assert [(c.kind, c.heard) for c in report.failures] == [(Kind.TRANSCRIPT, "agent audio without a transcript")]


async def test_the_time_limit_ends_the_call() -> None:
    report = await call(StagedAgent(opening_hours), [{"silence": 100}, {"expect": "never"}], timeout_s=10)
    assert (Kind.LATENCY, "call is over in time") in failures(report)
    assert report.duration_ms < 11_000


async def test_silence_keeps_being_sent_after_speech() -> None:
    """The platform ends a turn by hearing silence: the staged agent only answers because silence reaches it."""
    agent = StagedAgent(opening_hours, pause_ms=1200)
    report = await call(agent, HOURS)
    assert report.verdict is Verdict.PASSED
    assert all(turn.latency_ms >= 1200 for turn in report.turns if turn.latency_ms is not None)
