"""Frames that no well-meaning agent sends: each is a verdict for its own call, and the run's files are written."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from staged_agent import StagedAgent

from agentops.calls.call_files import keep_in, run_json
from agentops.calls.conversation import Conversation, Track
from agentops.calls.protocol import Mode, Protocol, Violation
from agentops.calls.report import CheckKind, RunReport, Verdict
from agentops.calls.run import PreparedScript, Wiring
from agentops.calls.schedule import RunOptions, ScheduledCall, run_calls
from agentops.calls.script import Script
from agentops.calls.session import Socket, Target

pytest.importorskip("numpy", reason="the speech extra is not installed")

TARGET = Target("http://127.0.0.1:1", "507f1f77bcf86cd799439011", "sk_secret", "test")
GREETING = "How can I help?"
CREATED = {"type": "session.created", "session_id": "s1", "call_id": "CALL-1", "sample_rate": 24_000, "channels": 1}


def frame(kind: Any, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


def nested(depth: int, inner: str = "1") -> str:
    return "[" * depth + inner + "]" * depth


def calling(arguments: str) -> str:
    return '{"type": "function_call", "call_id": "c", "name": "f", "arguments": ' + arguments + "}"


# What contradicts the protocol, in an open session.
FORBIDDEN = {
    "nothing": "",
    "blank": " \n",
    "text": "hello",
    "half an object": '{"type": "transcript"',
    "two objects": '{"type": "interruption"}{"type": "interruption"}',
    "null": "null",
    "number": "7",
    "string": '"interruption"',
    "array": "[]",
    "NaN": "NaN",
    "100,000 brackets": "[" * 100_000,
    "100,000 brackets that close": nested(100_000),
    "100,000 objects": '{"a":' * 100_000,
    "no type": "{}",
    "type is null": frame(None),
    "type is a number": frame(7),
    "type is an array": frame(["transcript"]),
    "type is an object": frame({"a": 1}),
    "type is empty": frame(""),
    "a second session.created": json.dumps(CREATED),
    "a second session.created at another rate": json.dumps({**CREATED, "sample_rate": 8000}),
    "800 deep in an unknown type": '{"type": "new", "a": ' + nested(800) + "}",
    "800 deep in a known type": '{"type": "interruption", "a": ' + nested(800) + "}",
    "arguments 800 deep": calling('{"a": ' + nested(800) + "}"),
    "arguments 100,000 deep": calling('{"a": ' + nested(100_000) + "}"),
    "arguments 1 MiB": calling(json.dumps({"a": "x" * 2**20})),
    "arguments are text": calling('"{}"'),
    "arguments are an array": calling("[]"),
    "arguments are null": calling("null"),
    "arguments without bounds": calling('{"a": 1e999}'),
    "arguments with Infinity": calling('{"a": -Infinity}'),
    "arguments of 5,000 digits": calling('{"a": ' + "9" * 5000 + "}"),
    "no arguments": frame("function_call", name="f", call_id="c"),
    "audio of no base64": frame("output_audio.delta", audio="!"),
    "audio of half a sample": frame("output_audio.delta", audio="AA=="),
    "audio with blanks": frame("output_audio.delta", audio="AA AA"),
    "audio is a number": frame("output_audio.delta", audio=7),
    "audio is an array": frame("output_audio.delta", audio=["AAAA"]),
    "audio is a surrogate": frame("output_audio.delta", audio="\ud800"),
    "role nobody": frame("transcript", role="nobody", text="x"),
    "role is a surrogate": frame("transcript", role="\udfff", text="x"),
    "role of 1 MB": frame("transcript", role="r" * 10**6, text="x"),
    "role is an object": frame("transcript", role={"a": []}, text="x"),
    "no role": frame("transcript", text="x"),
    "text is an array": frame("transcript", role="assistant", text=["x"]),
    "text is null": frame("transcript.delta", role="assistant", text=None),
    "no text": frame("transcript", role="assistant"),
}
# What is odd and allowed: the call goes on as if nothing had come, or as what it says.
ODD = {
    "type is a surrogate": frame("\ud800"),
    "type of controls": frame("\x1b[2J\x00"),
    "type of 1 MB": frame("t" * 10**6),
    "raw control characters": '{"type": "new", "a": "\x01\x02"}',
    "a name that stands twice": '{"type": "new", "type": "newer"}',
    "arguments with a surrogate": calling('{"\\ud800": ["\\udfff"]}'),
    "arguments with escapes": calling('{"a": "\\u001b[2J\\u0000"}'),
    "a call without ids": calling("{}").replace('"c"', "null").replace('"f"', '["\\ud800"]'),
    "a caller of 1 MB": frame("transcript", role="user", text="w" * 10**6),
    "stop without start": frame("agent_stop_talking"),
    "interruption of nothing": frame("interruption"),
    "a hold of ours": frame("emulator.release"),
}
# Errors are the platform's word: its kind is that of the code.
FAULTS = {
    "error with a surrogate": (frame("error", code="internal_error", message="\ud800"), CheckKind.INFRASTRUCTURE),
    "error code is a surrogate": (frame("error", code="\ud800", message="x"), CheckKind.PROTOCOL),
    "error of 1 MB": (frame("error", code="5" * 10**6, message="m" * 10**6), CheckKind.INFRASTRUCTURE),
    "error is an object of objects": (frame("error", code={"a": 1}, message=[{}]), CheckKind.PROTOCOL),
    "error of nothing": (frame("error"), CheckKind.PROTOCOL),
    "errors of surrogates": (json.dumps({"errors": ["\udc00", 7]}), CheckKind.PROTOCOL),
}
# What may come instead of a session.created that is as it was asked for.
OPENINGS = {
    name: json.dumps({**CREATED, "sample_rate": rate})
    for name, rate in {
        "no rate": None, "rate 0": 0, "rate -1": -1, "another rate": 8000, "an absurd rate": 10**12, "text": "24000",
        "true": True, "a fraction": 24000.5, "an array": [24000], "a surrogate": "\ud800", "long": "9" * 10**6,
    }.items()
}  # fmt: skip
CLOSES = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4001, 4401,
          4403, 4999]  # fmt: skip


class Switchboard:
    """Dials a bad agent for the first call's dials, a good one for the second's, and counts."""

    def __init__(self, bad: Any, *, created: bool) -> None:
        self.bad, self.created, self.dials = bad, created, 0

    async def dial(self, url: str, headers: Mapping[str, str]) -> Socket:
        if "agent_id=good" in url:
            return await StagedAgent(greet).dial(url, headers)
        self.dials += 1
        return await StagedAgent(self.bad, created=self.created).dial(url, headers)


async def greet(agent: StagedAgent) -> None:
    agent.write(GREETING)
    agent.end()


async def run_beside_a_good_call(board: Switchboard, folder: Path) -> RunReport:
    """The run of one bad and one good call, with its files; every one of them is read back."""
    script = {"agent": "a", "mode": "chat", "steps": [{"expect": "help"}, {"expect_end": {"by": "agent"}}]}
    calls = [
        ScheduledCall(PreparedScript(Script.model_validate(script), f"agents/calls/{name}.yaml"),
                      Target(TARGET.base_url, name, "sk_secret", "test"))
        for name in ("bad", "good")
    ]  # fmt: skip
    wiring = Wiring(None, board.dial, lambda: datetime(2026, 10, 1, tzinfo=UTC))
    report = await run_calls(calls, wiring, RunOptions("test", keep=keep_in(folder)))
    text = run_json(report)
    text.encode()
    assert len(text) < 100_000
    for name in ("bad", "good"):
        (folder / name / "report.json").read_text("utf-8")
        for line in (folder / name / "events.jsonl").read_text("utf-8").splitlines():
            assert len(line) < 300_000
            json.loads(line, parse_constant=pytest.fail)
    assert report.scripts[1].calls[0].verdict is Verdict.PASSED, report.scripts[1].calls[0].failures
    return report


def kinds(report: RunReport) -> list[CheckKind]:
    return [check.kind for check in report.scripts[0].calls[0].failures]


async def test_what_the_protocol_forbids_is_one_protocol_check(tmp_path: Path) -> None:
    for number, (name, hostile) in enumerate(FORBIDDEN.items()):

        async def bad(agent: StagedAgent, hostile: str = hostile) -> None:
            for _ in range(3):
                agent.emit_raw(hostile)
            await greet(agent)

        report = await run_beside_a_good_call(Switchboard(bad, created=True), tmp_path / str(number))
        assert kinds(report) == [CheckKind.PROTOCOL], name
        assert "(3 times)" in report.scripts[0].calls[0].failures[0].heard, name


async def test_what_is_only_odd_leaves_the_call_as_it_is(tmp_path: Path) -> None:
    for number, (name, odd) in enumerate(ODD.items()):

        async def bad(agent: StagedAgent, odd: str = odd) -> None:
            agent.emit_raw(odd)
            await greet(agent)

        report = await run_beside_a_good_call(Switchboard(bad, created=True), tmp_path / str(number))
        assert kinds(report) == [], name


async def test_errors_are_of_the_kind_that_their_code_says(tmp_path: Path) -> None:
    for number, (name, (fault, kind)) in enumerate(FAULTS.items()):

        async def bad(agent: StagedAgent, fault: str = fault) -> None:
            agent.emit_raw(fault)
            await greet(agent)

        report = await run_beside_a_good_call(Switchboard(bad, created=True), tmp_path / str(number))
        assert kinds(report) == [kind], name


async def test_a_session_at_a_rate_that_nobody_asked_for_breaks_the_protocol(tmp_path: Path) -> None:
    for number, (name, opening) in enumerate(OPENINGS.items()):

        async def bad(agent: StagedAgent, opening: str = opening) -> None:
            agent.emit_raw(opening)
            await greet(agent)

        board = Switchboard(bad, created=False)
        report = await run_beside_a_good_call(board, tmp_path / str(number))
        assert CheckKind.PROTOCOL in kinds(report), name
        assert report.scripts[0].calls[0].verdict is Verdict.FAILED
        assert board.dials == 1


@pytest.mark.parametrize("early", ["not json", "[" * 100_000, frame("interruption"), frame("\ud800")])
async def test_what_comes_before_the_session_is_not_passed_over(early: str, tmp_path: Path) -> None:
    async def bad(agent: StagedAgent) -> None:
        agent.emit_raw(early)
        agent.emit_raw(json.dumps(CREATED))
        await greet(agent)

    report = await run_beside_a_good_call(Switchboard(bad, created=False), tmp_path)
    assert kinds(report) == [CheckKind.PROTOCOL]


async def test_a_session_that_closes_before_it_is_created_was_not_reached(tmp_path: Path) -> None:
    async def bad(agent: StagedAgent) -> None:
        agent.end("ended")

    report = await run_beside_a_good_call(Switchboard(bad, created=False), tmp_path)
    assert kinds(report) == [CheckKind.INFRASTRUCTURE]


@pytest.mark.parametrize("code", CLOSES)
async def test_every_close_in_every_phase_is_the_lines_fault(code: int, tmp_path: Path) -> None:
    async def cut(agent: StagedAgent) -> None:
        agent.cut(code)

    async def say_goodbye_first(agent: StagedAgent) -> None:
        agent.write(GREETING)
        agent.emit("session.closed", reason="ended")
        agent.cut(code)

    setup, talking = Switchboard(cut, created=False), Switchboard(cut, created=True)
    assert kinds(await run_beside_a_good_call(setup, tmp_path / "setup")) == [CheckKind.INFRASTRUCTURE]
    assert (setup.dials > 1) == (code in {1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 4000})
    assert CheckKind.INFRASTRUCTURE in kinds(await run_beside_a_good_call(talking, tmp_path / "talking"))
    assert talking.dials == 1
    ended = await run_beside_a_good_call(Switchboard(say_goodbye_first, created=True), tmp_path / "ended")
    assert kinds(ended) == []


@pytest.mark.parametrize(
    ("code", "is_tried_again"),
    [(None, True), ("internal_error", True), ("worker_not_ready", True), ("503", True), (503, True), ("404", False),
     ("401", False), ("unknown", False), ("\ud800", False)],
)  # fmt: skip
async def test_a_fatal_setup_is_tried_again_where_its_error_allows_it(
    code: Any, is_tried_again: bool, tmp_path: Path
) -> None:
    async def bad(agent: StagedAgent) -> None:
        if code is not None:
            agent.emit("error", code=code, message="no")
        agent.cut(4000)

    board = Switchboard(bad, created=False)
    assert kinds(await run_beside_a_good_call(board, tmp_path)) == [CheckKind.INFRASTRUCTURE]
    assert (board.dials > 1) is is_tried_again


def test_audio_without_pause_is_not_kept_without_end() -> None:
    protocol, conversation = Protocol(Mode.WEBCALL), Conversation(Mode.WEBCALL, Track(24_000))
    protocol.receive(json.dumps(CREATED), 0.0)
    sound = frame("output_audio.delta", audio=base64.b64encode(bytes(2**20)).decode())
    events = [protocol.receive(sound, 1.0) for _ in range(60)]
    for event in events:
        conversation.hear(event)
    assert sum(len(pcm) for _, pcm in conversation.agent_track.pieces) <= 600 * 48_000
    assert {event.summary for event in events if isinstance(event, Violation)} == {
        "audio that is more than 10 minutes ahead of the call"
    }


async def test_a_flood_ends_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentops.calls.protocol._MAX_SESSION_BYTES", 2**20)

    async def bad(agent: StagedAgent) -> None:
        for _ in range(1200):
            agent.emit("interruption")
        await greet(agent)

    report = await run_beside_a_good_call(Switchboard(bad, created=True), tmp_path)
    assert set(kinds(report)) == {CheckKind.PROTOCOL, CheckKind.INFRASTRUCTURE}
