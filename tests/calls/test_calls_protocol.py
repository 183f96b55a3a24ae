"""The protocol machine: every shape the platform is known to send, and anything else without an exception."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.calls.conversation import Conversation, Track
from agentops.calls.protocol import (
    AgentAudio,
    AgentStarted,
    AgentStopped,
    Interruption,
    Mode,
    Phase,
    PlatformFault,
    Protocol,
    Role,
    SessionClosed,
    SessionCreated,
    ToolCall,
    Transcript,
    Unrecognized,
    Violation,
    audio_frame,
    text_frame,
)

CREATED = {"type": "session.created", "session_id": "s", "call_id": "CALL-1", "sample_rate": 16000, "channels": 1}


def opened(mode: Mode = Mode.WEBCALL) -> Protocol:
    protocol = Protocol(mode, asked_rate_hz=16_000)
    protocol.receive(json.dumps(CREATED), 0.0)
    return protocol


def heard(message: Any, mode: Mode = Mode.WEBCALL) -> Any:
    return opened(mode).receive(message if isinstance(message, str) else json.dumps(message), 5.0)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"type": "agent_start_talking", "timestamp": "2026-07-02T10:30:45.123456"}, AgentStarted(5.0)),
        ({"type": "agent.start_talking"}, AgentStarted(5.0)),
        ({"type": "agent_stop_talking"}, AgentStopped(5.0)),
        ({"type": "agent.stop_talking"}, AgentStopped(5.0)),
        ({"type": "output_audio.delta", "audio": "AAAB/w=="}, AgentAudio(5.0, b"\x00\x00\x01\xff")),
        ({"type": "transcript", "role": "assistant", "text": "Hi"}, Transcript(5.0, Role.AGENT, "Hi", True)),
        ({"type": "transcript", "role": "agent", "text": "Hi"}, Transcript(5.0, Role.AGENT, "Hi", True)),
        ({"type": "transcript.delta", "role": "user", "text": "He"}, Transcript(5.0, Role.CALLER, "He", False)),
        ({"type": "interruption"}, Interruption(5.0)),
        ({"type": "session.closed", "reason": "ended"}, SessionClosed(5.0, "ended")),
        ({"type": "error", "code": "401", "message": "no"}, PlatformFault(5.0, "401", "no")),
        ({"type": "error", "error": {"code": "401", "message": "no"}}, PlatformFault(5.0, "401", "no")),
        ({"type": "error", "error": "no"}, PlatformFault(5.0, "unknown", "no")),
        ({"status": False, "errors": ["a", "b"]}, PlatformFault(5.0, "unknown", "a; b")),
        ({"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}, ToolCall(5.0, "c", "f", {})),
        ({"type": "session.updated", "tools": []}, Unrecognized(5.0, "session.updated")),
        ('{"type": "transcript", "role": "assistant", "text": "tab\there"}',
         Transcript(5.0, Role.AGENT, "tab\there", True)),
    ],
)  # fmt: skip
def test_each_known_shape_is_understood(message: Any, event: Any) -> None:
    assert heard(message) == event


@pytest.mark.parametrize(
    "message",
    ["not json", "[]", "{}", '{"type": 7}', {"type": "output_audio.delta", "audio": "AA=="},
     {"type": "output_audio.delta", "audio": "!"}, {"type": "output_audio.delta"}, CREATED,
     {"type": "transcript", "role": "nobody", "text": "x"}, {"type": "transcript", "role": "user"},
     {"type": "function_call", "name": "f", "arguments": "[]"}],
)  # fmt: skip
def test_what_contradicts_the_protocol_is_a_violation(message: Any) -> None:
    event = heard(message)
    assert isinstance(event, Violation) or (isinstance(event, AgentAudio) and event.pcm == b"")


def test_order_is_held() -> None:
    assert isinstance(Protocol(Mode.WEBCALL).receive('{"type":"interruption"}', 0.0), Violation)
    protocol = Protocol(Mode.WEBCALL, asked_rate_hz=16_000)
    assert protocol.receive(json.dumps(CREATED), 0.0) == SessionCreated(0.0, "s", "CALL-1", 16000)
    assert protocol.sample_rate_hz == 16000
    protocol.receive('{"type":"session.closed","reason":"ended"}', 1.0)
    assert protocol.phase is Phase.CLOSED
    assert isinstance(protocol.receive('{"type":"interruption"}', 2.0), Violation)


def test_a_fault_before_the_session_keeps_its_code_for_the_retry_rule() -> None:
    protocol = Protocol(Mode.WEBCALL)
    protocol.receive('{"type":"error","code":"503","message":"draining"}', 0.0)
    assert (protocol.phase, protocol.last_fault_code) == (Phase.CONNECTING, "503")


def test_frames_are_what_the_contract_has() -> None:
    assert json.loads(audio_frame(b"\x00\x00\x01\xff")) == {"type": "input_audio_buffer.append", "audio": "AAAB/w=="}
    assert json.loads(text_frame('Say "hi"\n¿sí?')) == {"type": "input_text.send", "text": 'Say "hi"\n¿sí?'}


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TYPES = ["session.created", "agent_start_talking", "agent.stop_talking", "output_audio.delta", "transcript",
         "transcript.delta", "interruption", "function_call", "session.closed", "error", "new.thing"]  # fmt: skip
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)},
    optional={
        "role": st.sampled_from(["user", "assistant", "agent"]) | json_values,
        "text": st.text(max_size=10) | json_values,
        "audio": st.sampled_from(["", "AAAA", "AAAB/w=="]) | json_values,
        "reason": json_values,
        "code": json_values,
        "error": json_values,
        "errors": json_values,
        "arguments": json_values,
        "sample_rate": st.sampled_from([8000, 24000]) | json_values,
    },
)


@pytest.mark.slow
@given(st.lists(messages | json_values, max_size=25), st.sampled_from(Mode))
def test_no_sequence_of_messages_breaks_the_machine_or_the_record(sequence: list[Any], mode: Mode) -> None:
    protocol, conversation = Protocol(mode), Conversation(mode, Track(24_000))
    for number, message in enumerate(sequence):
        at_ms = number * 40.0
        event = protocol.receive(json.dumps(message), at_ms)
        conversation.hear(event)
        assert event.at_ms == at_ms
        assert conversation.quiet_since_ms(at_ms) >= 0 or not conversation.is_agent_talking(at_ms)
    track = conversation.agent_track.pieces
    assert all(start + len(pcm) // 2 <= following for (start, pcm), (following, _) in itertools.pairwise(track))
    assert all(turn.end_ms >= turn.start_ms for turn in conversation.utterances)


@given(st.binary(max_size=60))
def test_no_bytes_break_the_machine(frame: bytes) -> None:
    opened().receive(frame, 1.0)


def test_what_a_terminal_would_act_on_is_shown_instead() -> None:
    said = heard({"type": "transcript", "role": "assistant", "text": "a\x1b[2Jb\x07 ça\u00a0va क्\u200dष\n"})
    assert said.text == "a\ufffd[2Jb\ufffd ça\u00a0va क्\u200dष\n"
