"""`agentops calls`: what callers had, from the platform's own record; nobody's number, no secret, nothing kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Agentops

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.store.state import Store
from agentops.errors import ExitCode

pytestmark = pytest.mark.slow

TOKEN = "tok-7f3a91c2e8d4"
PROJECT = f"project: acme\nenvironments: {{test: {{target: emulator, secrets: {{CRM: {{value: {TOKEN}}}}}}}}}\n"
SPEC = """\
name: Acme desk
config:
  firstMessage: Hello
  singlePromptConfig: {prompt: Help the caller of Acme with orders and bookings.}
  synthesizer: {voiceConfig: {model: waves_lightning_v3_1, voiceId: nyah}}
"""
LATENCIES = {
    "avgLatency": 633.3,
    "medianLatency": 600.0,
    "minLatency": 400.0,
    "maxLatency": 900.0,
    "turns": 3,
    "latencies": [400.0, 900.0, 600.0],
    "transitions": [],
    "processedAt": "2026-03-02T09:02:00.000Z",
}
CALLER = "+14155550123"


@pytest.fixture(params=["v1", "v2"])
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops, api: str) -> dict[str, Any]:
    """The revision of a deployed agent that serves."""
    (tmp_path / "agentops.yaml").write_text(PROJECT, "utf-8")
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents/desk.yaml").write_text(SPEC, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert agentops("apply", "--yes", "--api", api).code == ExitCode.DONE
    [agent] = json.loads(agentops("history", "desk", "--api", api, "--format", "json").out)
    return next(each for each in agent["revisions"] if each["is_live"])


def add_call(api: str, revision: dict[str, Any], **fields: Any) -> str:
    store = Store(EmulatorOptions(api=api, data=Path(".agentops/emulator.db")))
    call_id = store.new_call_id()
    record = {
        "callId": call_id,
        "agentId": store.database.all("agent")[0]["_id"],
        "type": "telephony_inbound",
        "status": "completed",
        "duration": 61.4,
        "from": CALLER,
        "to": "+14155550199",
        "versionId": revision["revision_id"],
        "disconnectionReason": "user_hangup",
        "transcript": [
            {"role": "agent", "content": "Hello", "timestamp": "2026-03-02T09:00:00.000Z"},
            {"role": "user", "content": f"My token is {TOKEN}\x1b[2J", "timestamp": "2026-03-02T09:01:05.000Z"},
        ],
        "turnLatencyMetrics": LATENCIES,
        **fields,
    }
    store.add_call(record)
    store.add_call_event(call_id, {"event_type": "tool_call_start", "function_name": "look_up", "context": {"id": 7}})
    store.database.close()
    return call_id


def test_the_last_calls_of_an_agent(agentops: Agentops, api: str, revision: dict[str, Any]) -> None:
    call_id = add_call(api, revision)
    ended = agentops("calls", "list", "desk", "--api", api)
    assert ended.code == ExitCode.DONE
    row = next(line for line in ended.out.splitlines() if call_id in line)
    assert "61 s" in row
    assert f"  {revision['number']}  " in row
    assert row.endswith("completed, user hangup")
    assert CALLER not in ended.out
    [told] = json.loads(agentops("calls", "list", "desk", "--api", api, "--format", "json").out)["calls"]
    assert (told["call_id"], told["revision"], told["duration_s"]) == (call_id, revision["number"], 61.4)
    assert json.loads(agentops("calls", "list", "desk", "--api", api, "--type", "chat", "--format", "json").out) == {
        "agent": "desk",
        "calls": [],
    }


def test_one_call_whole(tmp_path: Path, agentops: Agentops, api: str, revision: dict[str, Any]) -> None:
    call_id = add_call(api, revision)
    before = {path: path.stat().st_size for path in tmp_path.rglob("*") if path.suffix != ".db"}
    ended = agentops("calls", "show", call_id, "--api", api)
    assert ended.code == ExitCode.DONE
    for said in (
        f"Call {call_id}  Acme desk",
        f"revision {revision['number']}",
        "  0:00  agent   Hello",
        "  1:05  caller  My token is ***",
        'look_up({"id": 7})',
        "median 600 ms, longest 900 ms, over 3 turns",
        "recording: none",
    ):
        assert said in ended.out
    told = json.loads(agentops("calls", "show", call_id, "--api", api, "--format", "json").out)
    assert told["tools"] == [{"name": "look_up", "arguments": {"id": 7}}]
    assert told["call"]["revision_id"] == revision["revision_id"]
    for secret in (TOKEN, CALLER, "\x1b"):
        assert secret not in ended.out + json.dumps(told)
    assert before == {path: path.stat().st_size for path in tmp_path.rglob("*") if path.suffix != ".db"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("list", "dask"), 64, "did you mean"),
        (("list", "desk", "--type", "fax"), 64, "telephony_inbound"),
        (("list",), 64, "calls list --help"),
        (("show", "CALL-1-nothing"), 1, "`agentops calls list AGENT -e test`"),
    ],
)
def test_mistakes_say_what_to_do(
    revision: dict[str, Any], agentops: Agentops, words: tuple[str, ...], code: int, said: str, api: str
) -> None:
    ended = agentops("calls", *words, "-e", "test", "--api", api)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


def test_nobody_has_called_yet(revision: dict[str, Any], agentops: Agentops, api: str) -> None:
    assert agentops("calls", "list", "desk", "--api", api).out == "desk: nobody has called it yet\n"
