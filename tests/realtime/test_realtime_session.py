"""The order and the times of a realtime session's events, without sound, socket or waiting."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoken import Call

from agentops.emulator.behaviour.behaviours import Behaviour
from agentops.emulator.behaviour.dialogue import Dialogue
from agentops.emulator.realtime.session import UNRECOGNIZED, Ending, Session
from agentops.emulator.realtime.voice import SynthesizerVoice
from agentops.emulator.realtime.work import CallTool, Hear, ToolOutcome

GREETING_MS = 600.0
HOURS = {"name": "hours", "hears": "when are you open", "replies": {"say": "We open at nine each day"}}
BYE = {"name": "bye", "hears": "goodbye", "replies": {"say": "Goodbye then", "end_call": True}}
DESK = {"latency_ms": 300, "turns": [HOURS, BYE]}


def turn(**reply: Any) -> dict[str, Any]:
    return {"latency_ms": 300, "turns": [{"name": "a", "hears": "when are you open", "replies": reply}]}


def greeted(behaviour: dict[str, Any] | None = None, **config: Any) -> Call:
    call = Call(behaviour or DESK, **config)
    call.run(GREETING_MS + 100)
    return call


# -- the agent opens


def test_the_first_message_comes_in_order() -> None:
    call = Call()
    call.run(2000)
    assert call.types() == ["session.created", "agent_start_talking", "agent_stop_talking", "transcript"]
    assert call.heard[0][1] == {
        "type": "session.created", "session_id": "s-1", "call_id": "CALL-1", "sample_rate": 8000, "channels": 1,
    }  # fmt: skip
    assert call.types(deltas=True).index("agent_start_talking") == 1
    assert call.transcripts("assistant") == ["Hello there caller"]


def test_deltas_are_cumulative_and_keep_the_pace_of_the_words() -> None:
    call = Call()
    call.run(2000)
    deltas = [(round(at), m["text"]) for at, m in call.heard if m["type"] == "transcript.delta"]
    assert deltas == [(0, "Hello"), (200, "Hello there"), (400, "Hello there caller")]


def test_audio_runs_a_little_ahead_of_the_caller() -> None:
    call = Call({"opening": {"say": "one two three four five six seven eight nine ten"}})
    call.run(5000)
    times = call.at("output_audio.delta")
    assert len(times) == 100
    ahead = [index * 20.0 - at for index, at in enumerate(times)]
    assert max(ahead) <= 421.0
    assert min(ahead[30:]) >= 379.0


def test_the_caller_may_have_to_speak_first() -> None:
    call = Call(DESK, waitForUserToSpeakFirst=True)
    call.run(1000)
    assert call.types() == ["session.created"]
    call.say("goodbye")
    call.run(5000)
    assert call.transcripts("assistant") == ["Goodbye then"]


# -- the caller's turn


def test_a_turn_of_the_caller() -> None:
    call = greeted()
    call.say("when are you open")
    call.run(3000)
    assert call.types()[4:] == ["transcript", "agent_start_talking", "agent_stop_talking", "transcript"]
    assert call.transcripts("user") == ["when are you open"]
    assert call.transcripts("assistant")[-1] == "We open at nine each day"


def test_the_answer_keeps_its_latency() -> None:
    call = greeted({**DESK, "latency_ms": 1000})
    call.say("when are you open")
    spoke_until = call.now - 400.0
    call.run(3000)
    assert call.at("agent_start_talking")[1] == pytest.approx(spoke_until + 1000.0, abs=1)
    assert call.session.record.latencies[0]["latency"] == pytest.approx(1000.0, abs=1)


def test_speech_that_is_no_phrase_is_reported_as_such() -> None:
    call = greeted()
    call.say(None)
    call.run(3000)
    assert call.transcripts("user") == [UNRECOGNIZED]
    assert "did not catch" in call.transcripts("assistant")[-1]
    assert [m for _, m in call.heard if m["type"] == "transcript.delta" and m["role"] == "user"] == []


def test_segments_become_one_turn() -> None:
    call = greeted({**DESK, "latency_ms": 900})
    call.say("when are")
    call.run(100)
    call.say("when are you open")
    call.run(3000)
    assert call.transcripts("user") == ["when are you open"]
    first, second = (work for work in call.works if isinstance(work, Hear))
    assert len(second.pcm) == 2 * len(first.pcm)


def test_commit_has_no_effect() -> None:
    call = greeted()
    before = len(call.heard)
    call.send(type="input_audio_buffer.commit")
    call.run(500)
    assert len(call.heard) == before


def test_text_is_taken_in_a_voice_call_and_interrupts() -> None:
    call = Call(DESK)
    call.run(250)
    call.send(type="input_text.send", text="When are you open?")
    call.run(3000)
    assert "interruption" in call.types()
    assert call.transcripts("assistant") == ["Hello", "We open at nine each day"]


def test_the_caller_is_muted_until_the_first_answer() -> None:
    call = Call(DESK, muteUserUntilFirstBotResponse=True)
    call.run(100)
    call.start_speaking()
    call.run(3000)
    assert "interruption" not in call.types()
    assert not call.detector.is_speech


# -- barge-in


def test_an_interruption_cuts_the_transcript_to_what_was_heard() -> None:
    call = Call(DESK)
    call.run(350)
    call.start_speaking()
    assert call.types()[1:] == ["agent_start_talking", "interruption", "agent_stop_talking", "transcript"]
    assert call.transcripts("assistant") == ["Hello there"]
    sent = len(call.at("output_audio.delta"))
    call.run(200)
    assert len(call.at("output_audio.delta")) == sent
    assert len(call.session.record._agent[0][1]) == pytest.approx(0.35 * 8000 * 2, abs=4)


def test_an_agent_that_may_not_be_interrupted_answers_afterwards() -> None:
    call = Call(DESK, allowInterruptions=False)
    call.run(100)
    call.say("when are you open", lasting_ms=100)
    call.run(5000)
    assert "interruption" not in call.types()
    assert call.transcripts("assistant") == ["Hello there caller", "We open at nine each day"]


def test_the_agent_waits_after_an_interruption() -> None:
    call = Call(DESK, interruptionBackoffTimer=2)
    call.run(300)
    call.say("when are you open", lasting_ms=100)
    call.run(5000)
    assert call.at("agent_start_talking")[1] == pytest.approx(2300.0, abs=1)


# -- tools, transfer, the end


def test_a_tool_is_used_before_the_words_that_need_it() -> None:
    reply = {"call": {"tool": "look_up", "arguments": {"q": "{{x|7}}"}, "result": {}}, "say": "It is {{status}}"}
    call = greeted(turn(**reply), singlePromptConfig={"tools": [{"name": "look_up", "type": "api_call"}]})
    call.say("when are you open")
    call.run(3000)
    (work,) = (each for each in call.works if isinstance(each, CallTool))
    assert work.variables["q"] == "7"
    assert call.transcripts("assistant")[-1] == "It is shipped"
    start, end = (e for e in call.session.record.events if e["event_type"].startswith("tool_call"))
    assert (start["function_name"], start["context"]) == ("look_up", {"q": "7"})
    assert (end["event_type"], end["success"], end["response"]) == ("tool_call_end", True, {"status": "shipped"})
    assert start["tool_call_id"] == end["tool_call_id"]


def test_a_tool_that_fails_is_an_event() -> None:
    tools = {"tools": [{"name": "look_up", "type": "api_call"}]}
    call = greeted(turn(call={"tool": "look_up"}, say="Done"), singlePromptConfig=tools)
    call.outcome = ToolOutcome(None, "HTTP 500", 12.0)
    call.say("when are you open")
    call.run(3000)
    assert "tool_call_error" in call.events()
    assert call.transcripts("assistant")[-1] == "Done"


def test_the_agent_hangs_up_after_its_words() -> None:
    call = greeted()
    call.say("goodbye")
    call.run(3000)
    assert call.types()[-3:] == ["agent_stop_talking", "transcript", "session.closed"]
    assert call.heard[-1][1]["reason"] == "ended"
    assert call.session.ending == Ending(1000, "agent_hangup")
    assert call.events()[-3:] == ["tool_call_start", "tool_call_end", "call_end"]


def test_a_transfer_ends_the_session() -> None:
    tools = {"tools": [{"name": "to_person", "type": "transfer_call"}]}
    call = greeted(turn(say="One moment", transfer="to_person"), singlePromptConfig=tools)
    call.say("when are you open")
    call.run(3000)
    assert call.session.ending == Ending(1000, "transfer_complete")


def test_the_caller_closes() -> None:
    call = Call()
    call.run(250)
    call.send(type="session.close")
    assert call.heard[-1][1] == {"type": "session.closed", "reason": "client_requested"}
    assert call.session.ending == Ending(1000, "user_hangup")
    assert call.transcripts("assistant") == ["Hello"]


def test_the_caller_is_gone() -> None:
    call = Call()
    call.session.hang_up(100.0)
    assert call.session.ending == Ending(None, "user_hangup")


def test_the_session_has_a_longest_time() -> None:
    call = Call(DESK, sessionTimeoutConfig={"timeoutTimeInSecs": 5}, llmIdleTimeoutConfig={"maxRetries": 99})
    call.run(6000)
    assert call.session.ending == Ending(1000, "timeout")
    assert call.session.ended_ms == pytest.approx(5000, abs=1)


def test_a_silent_caller_is_asked_and_then_left() -> None:
    call = Call({"idle": {"say": "Still there"}}, llmIdleTimeoutConfig={"webcallTimeoutTimeInSecs": 3, "maxRetries": 2})
    call.run(20_000)
    assert call.transcripts("assistant") == ["Hello there caller", "Still there", "Still there"]
    assert call.session.ending == Ending(1000, "timeout")


def test_a_caller_who_is_still_being_understood_is_not_silent() -> None:
    call = Call(DESK, llmIdleTimeoutConfig={"webcallTimeoutTimeInSecs": 3, "maxRetries": 0})
    call.run(1000)
    call.held = []
    call.say("goodbye")
    call.run(30_000)
    assert call.session.ending is None
    (hearing,) = call.held
    call.session.finish(hearing, "goodbye", call.now)
    call.send(type="input_audio_buffer.commit")
    call.run(1000)
    assert call.transcripts("assistant") == ["Hello there caller", "Goodbye then"]


# -- chat


def test_a_chat_has_text_only() -> None:
    call = Call(DESK, mode="chat")
    call.run(100)
    call.send(type="input_text.send", text="Goodbye!")
    call.run(1000)
    assert call.types() == ["session.created", "transcript", "transcript", "transcript", "session.closed"]
    assert call.transcripts("user") == ["Goodbye!"]
    assert call.transcripts("assistant") == ["Hello there caller", "Goodbye then"]
    assert call.works == []


def test_texts_sent_together_are_one_turn() -> None:
    call = Call(DESK, mode="chat")
    call.send(type="input_text.send", text="When are")
    call.send(type="input_text.send", text="you open?")
    call.run(1000)
    assert call.transcripts("user") == ["When are you open?"]
    assert call.transcripts("assistant")[-1] == "We open at nine each day"


# -- frames that make no sense


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        ("no json", "not JSON"),
        ("[1]", "JSON object"),
        ('{"type": "dance"}', "unknown message type 'dance'"),
        ('{"type": "input_audio_buffer.append"}', "audio is required"),
        ('{"type": "input_audio_buffer.append", "audio": "%%%"}', "audio is required"),
        ('{"type": "input_audio_buffer.append", "audio": "AAAA"}', "even number of bytes"),
        ('{"type": "input_text.send", "text": ""}', "text is required"),
    ],
)
def test_a_wrong_frame_is_an_error_and_nothing_more(frame: str, problem: str) -> None:
    call = greeted()
    call.session.receive(frame, call.now)
    error = json.loads(call.session.frames.popleft())
    assert (error["type"], error["code"]) == ("error", "invalid_event")
    assert problem in error["message"]
    call.say("goodbye")
    call.run(3000)
    assert call.session.ending == Ending(1000, "agent_hangup")


def test_a_chat_takes_no_audio() -> None:
    call = Call(mode="chat")
    call.audio()
    assert call.heard[-1][1]["message"] == "a chat takes no audio"


# -- faults


def test_a_slow_answer() -> None:
    call = greeted(turn(say="Yes", faults={"delay_ms": 2000}))
    call.say("when are you open")
    call.run(5000)
    assert call.session.record.latencies[0]["latency"] == pytest.approx(2400, abs=1)  # recognition is instant here


def test_silence_for_an_answer() -> None:
    call = greeted(turn())
    call.say("when are you open")
    call.run(3000)
    assert call.transcripts("user") == ["when are you open"]
    assert call.at("agent_start_talking") == [0.0]


def test_the_agent_ends_early() -> None:
    call = greeted(turn(say="We open at nine each day", faults={"ends_after_ms": 500}))
    call.say("when are you open")
    call.run(3000)
    assert call.transcripts("assistant")[-1] == "We open"
    assert call.session.ending == Ending(1000, "agent_hangup")


def test_the_socket_drops() -> None:
    call = greeted(turn(say="We open at nine each day", faults={"drops_after_ms": 500}))
    call.say("when are you open")
    call.run(3000)
    assert call.session.ending == Ending(None, "connection_error")
    assert "session.closed" not in call.types()


def test_the_socket_stalls() -> None:
    call = greeted(turn(say="We open at nine each day", faults={"stalls_after_ms": 500}))
    call.say("when are you open")
    call.run(3000)
    received = len(call.heard)
    call.send(type="input_text.send", text="hello?")
    call.run(3000)
    assert len(call.heard) == received
    assert call.session.ending is None


def test_an_agent_that_never_stops() -> None:
    call = greeted(turn(say="bla bla", faults={"never_stops": True, "ignores_interruptions": True}))
    call.say("when are you open")
    call.run(20_000)
    assert len(call.at("agent_stop_talking")) == 1  # of the greeting
    assert len(call.at("output_audio.delta")) > 900
    call.say("goodbye")
    call.run(1000)
    assert "interruption" not in call.types()


def test_the_audio_can_say_something_else_than_the_transcript() -> None:
    call = greeted(turn(say="Yes", faults={"speaks": "No", "audio": "clipped", "language": "es"}))
    call.say("when are you open")
    call.run(1000)
    request = call.works[-1].request
    assert (request.text, request.spoken, request.audio_fault, request.language) == ("Yes", "No", "clipped", "es")


def test_a_question_that_waits_while_the_call_ends_is_not_taken_up_any_more() -> None:
    call = greeted(allowInterruptions=False)
    call.send(type="input_text.send", text="goodbye")
    call.run(400)
    call.send(type="input_text.send", text="when are you open")
    call.run(5000)
    assert call.types()[-1] == "session.closed"


# -- any order of events


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["wait", "start", "phrase", "noise", "text", "rubbish"]), st.integers(0, 2500)),
        max_size=12,
    ),
    st.booleans(),
)
def test_the_rules_of_order_hold_for_any_caller(steps: list[tuple[str, int]], interruptible: bool) -> None:
    """Asserts the order of events that the platform promises."""
    call = Call(DESK, allowInterruptions=interruptible)
    for action, pause in steps:
        if call.session.ending is not None:
            break
        if action == "start" and not call.detector.is_speech:
            call.start_speaking()
        elif action in ("phrase", "noise") and call.detector.is_speech:
            call.stop_speaking("when are you open" if action == "phrase" else None)
        elif action == "text":
            call.send(type="input_text.send", text="goodbye" if pause > 2300 else "when are you open")
        elif action == "rubbish":
            call.session.receive("{", call.now)
        call.run(pause)
    call.send(type="session.close")
    check_order([message for _, message in call.heard])


def check_order(messages: list[dict[str, Any]]) -> None:
    kinds = [message["type"] for message in messages]
    assert kinds[0] == "session.created"
    assert kinds.count("session.created") == kinds.count("session.closed") == 1
    assert kinds[-1] == "session.closed"
    talking = False
    for message in messages:
        kind = message["type"]
        assert (kind == "agent_start_talking") <= (not talking), "started twice"
        assert (kind in ("agent_stop_talking", "interruption", "output_audio.delta")) <= talking, f"{kind} in silence"
        assert (kind == "transcript" and message["role"] == "user") <= (not talking), "heard the caller while talking"
        talking = {"agent_start_talking": True, "agent_stop_talking": False}.get(kind, talking)
    assert not talking


def test_the_spelling_of_newer_documentation() -> None:
    """Which of the two the platform sends is not known; the emulator can send either."""
    call = Call()
    dotted = Session(
        call.session.setup,
        Dialogue(Behaviour(), call.session.setup.config, {}),
        detector=call.detector,  # type: ignore[arg-type]
        voice=SynthesizerVoice("f3", 50, 1.0),
        talking_events="dotted",
    )
    call.session, call.heard = dotted, []
    dotted.start(0.0)
    call._settle()
    call.run(2000)
    assert [m for _, m in call.heard if "talking" in m["type"]] == [
        {"type": "agent.start_talking"},
        {"type": "agent.stop_talking"},
    ]


# -- waiting for the machine


def test_holds_are_announced_to_a_caller_that_asks_for_it() -> None:
    call = greeted()
    call.session.announces_holds = True
    call.held = []
    call.say("when are you open")
    ended = call.session._caller.ended_ms
    call.run(2000)
    assert call.types()[-1] == "emulator.hold"
    # The turn's end is noticed after 400 ms of silence, and the answer is due at once.
    assert call.at("emulator.hold") == [pytest.approx(ended + 400, abs=1)]
    call.let_go()
    call.run(3000)
    assert call.types()[call.types().index("emulator.hold") :][1] == "emulator.release"
    assert call.transcripts("assistant")[-1] == "We open at nine each day"


def test_holds_are_announced_to_nobody_else() -> None:
    call = greeted()
    call.held = []
    call.say("when are you open")
    call.run(2000)
    call.let_go()
    call.run(3000)
    assert not [kind for kind in call.types() if kind.startswith("emulator.")]


def test_a_caller_who_goes_on_talking_ends_the_hold() -> None:
    call = greeted()
    call.session.announces_holds = True
    call.held = []
    call.say("when are you")
    call.run(2000)
    call.start_speaking()
    assert call.types()[-2:] == ["emulator.hold", "emulator.release"]
