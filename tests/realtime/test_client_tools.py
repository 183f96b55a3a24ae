"""Tools that the caller performs: declared, called, answered, refused, and without effect unless they are asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from spoken import Call
from websockets.asyncio.client import ClientConnection, connect

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

LOCATE = {"name": "locate", "description": "Where the caller is.", "parameters": {"type": "object"}}
ASKING = {
    "latency_ms": 0,
    "turns": [
        {
            "name": "where",
            "hears": "where is (my|the) {thing}",
            "replies": [
                {
                    "call": {"tool": "locate", "arguments": {"thing": "{{thing}}"}},
                    "say": "It is in {{city}}{{locate}}.",
                },
                {"say": "I cannot see that."},
            ],
        }
    ],
    "slots": {"thing": ["parcel"]},
}


def chat(**config: Any) -> Call:
    return Call(ASKING, mode="chat", client_tools=True, firstMessage="", **config)


def declared(**options: Any) -> Call:
    call = chat()
    call.send(type="session.update", tools=[{**LOCATE, **options}])
    return call


def ask(call: Call) -> dict[str, Any]:
    """The `function_call` that the question leads to."""
    call.send(type="input_text.send", text="where is my parcel")
    call.run(100)
    return last(call, "function_call")


def last(call: Call, kind: str) -> dict[str, Any]:
    return next(message for _, message in reversed(call.heard) if message["type"] == kind)


def answers(call: Call, count: int) -> list[str]:
    call.run(100)
    return call.transcripts("assistant")[-count:]


def test_a_declared_tool_is_called_and_its_result_is_in_the_answer() -> None:
    call = declared()
    assert last(call, "session.updated")["tools"] == ["locate"]
    asked = ask(call)
    assert asked == {
        "type": "function_call", "call_id": asked["call_id"], "name": "locate", "arguments": {"thing": "parcel"},
    }  # fmt: skip
    assert call.transcripts("assistant") == []
    call.send(type="function_call.result", call_id=asked["call_id"], output='{"city": "Ulm", "list": [1]}')
    assert answers(call, 1) == ["It is in Ulm{{locate}}."]
    assert [event for event in call.events() if event.startswith("tool_call")] == ["tool_call_start", "tool_call_end"]
    assert call.works == []  # nothing but the caller was asked


@pytest.mark.parametrize(("output", "value"), [("Ulm", "Ulm"), ("7", "7"), ("[1]", "[1]")])
def test_output_that_is_no_object_becomes_a_variable_named_after_the_tool(output: str, value: str) -> None:
    call = declared()
    call.send(type="function_call.result", call_id=ask(call)["call_id"], output=output)
    assert answers(call, 1) == [f"It is in {{{{city}}}}{value}."]


def test_a_voice_call_uses_client_tools_too() -> None:
    call = Call(ASKING, client_tools=True, firstMessage="")
    call.send(type="session.update", tools=[LOCATE])
    call.say("where is the parcel")
    call.run(500)
    call.send(type="function_call.result", call_id=last(call, "function_call")["call_id"], output='{"city": "Ulm"}')
    call.run(3000)
    assert call.transcripts("assistant") == ["It is in Ulm{{locate}}."]


def test_a_tool_that_expects_no_response_does_not_hold_the_turn() -> None:
    call = declared(expectsResponse=False)
    asked = ask(call)
    assert answers(call, 1) == ["It is in {{city}}{{locate}}."]
    call.send(type="function_call.result", call_id=asked["call_id"], output="{}")
    assert last(call, "error")["code"] == "unknown_call_id"


@pytest.mark.parametrize(
    ("timeout_ms", "patience"), [(2000, 2000), (1, 1000), (10**400, 60_000), (float("nan"), 1000), (None, 15_000)]
)
def test_a_tool_that_is_not_answered_in_time(timeout_ms: float | None, patience: float) -> None:
    call = declared() if timeout_ms is None else declared(timeout_ms=timeout_ms)
    asked = ask(call)
    began = call.at("function_call")[0]
    call.run(70_000)
    assert call.at("error")[0] == pytest.approx(began + patience, abs=1)
    assert last(call, "error")["code"] == "tool_timeout"
    assert call.transcripts("assistant")[0] == "It is in {{city}}{{locate}}."
    assert "tool_call_error" in call.events()
    call.send(type="function_call.result", call_id=asked["call_id"], output="{}")
    assert last(call, "error")["code"] == "unknown_call_id"


def test_a_result_of_an_overtaken_call_changes_no_later_answer() -> None:
    call = declared()
    first = ask(call)
    second = ask(call)
    assert first["call_id"] != second["call_id"]
    call.send(type="function_call.result", call_id=first["call_id"], output='{"city": "Ulm"}')
    assert call.transcripts("assistant") == []
    call.send(type="function_call.result", call_id=second["call_id"], output='{"city": "Bonn"}')
    assert answers(call, 2) == ["It is in Bonn{{locate}}."]


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({"call_id": "other", "output": "x"}, "unknown_call_id"),
        ({"output": "é" * 32_769}, "result_too_large"),
        ({"output": {"city": "Ulm"}}, "invalid_event"),
        ({"output": "\ud800"}, "invalid_event"),
        ({"call_id": 7, "output": "x"}, "invalid_event"),
    ],
)
def test_a_result_that_is_refused_may_be_sent_again(result: dict[str, Any], code: str) -> None:
    call = declared()
    asked = ask(call)
    call.send(type="function_call.result", **{"call_id": asked["call_id"], **result})
    assert last(call, "error")["code"] == code
    call.send(type="function_call.result", call_id=asked["call_id"], output="é" * 32_768)
    assert len(answers(call, 1)[0]) > 32_768


OWN = {"type": "api_call", "name": "own", "url": "https://x.test", "method": "GET"}
MANAGED = {"type": "client_tool", "name": "managed", "timeout": 3000}


@pytest.mark.parametrize(
    ("tools", "code"),
    [
        ("locate", "invalid_tools"),
        (["locate"], "invalid_tools"),
        ([LOCATE, LOCATE], "invalid_tools"),
        ([{**LOCATE, "name": "with space"}], "invalid_tools"),
        ([{**LOCATE, "description": ""}], "invalid_tools"),
        ([{**LOCATE, "parameters": "none"}], "invalid_tools"),
        ([{**LOCATE, "timeout_ms": "long"}], "invalid_tools"),
        ([{**LOCATE, "timeout_ms": True}], "invalid_tools"),
        ([{**LOCATE, "expectsResponse": "no"}], "invalid_tools"),
        ([{**LOCATE, "type": "retrieval"}], "invalid_tools"),
        ([{**LOCATE, "name": "own"}], "tool_name_conflict"),
        ([{**LOCATE, "name": "managed"}], "client_tools_managed_by_config"),
    ],
)
def test_a_declaration_that_is_refused_keeps_the_old_tools(tools: Any, code: str) -> None:
    call = chat(singlePromptConfig={"tools": [OWN, MANAGED]})
    call.send(type="session.update", tools=[LOCATE])
    call.send(type="session.update", tools=tools)
    assert last(call, "error")["code"] == code
    assert ask(call)["name"] == "locate"


def test_each_update_replaces_all_tools() -> None:
    call = declared()
    call.send(type="session.update", tools=[])
    assert last(call, "session.updated")["tools"] == []
    call.send(type="input_text.send", text="where is my parcel")
    assert answers(call, 1) == ["I cannot see that."]


def test_an_update_without_tools_has_no_effect() -> None:
    call = declared()
    before = len(call.heard)
    call.send(type="session.update")
    assert len(call.heard) == before
    assert ask(call)["name"] == "locate"


@pytest.mark.parametrize(("mock", "is_asked"), [({}, True), ({"result": {}}, False), ({"error": "no"}, False)])
def test_an_agents_own_client_tool_is_asked_unless_it_is_mocked(mock: dict[str, Any], is_asked: bool) -> None:
    reply = {"call": {"tool": "managed", **mock}, "say": "Done."}
    behaviour = {"latency_ms": 0, "turns": [{"name": "a", "hears": "do it", "replies": reply}]}
    tools = {"tools": [MANAGED]}
    call = Call(behaviour, mode="chat", client_tools=True, firstMessage="", singlePromptConfig=tools)
    call.send(type="input_text.send", text="do it")
    call.run(100)
    assert ("function_call" in call.types()) is is_asked
    assert len(call.works) == (not is_asked)


# -- over a real socket

KEY = {"Authorization": "Bearer sk_test"}
BEHAVIOUR = """
agents: ["*"]
latency_ms: 0
turns:
  - name: where
    hears: where am i
    replies:
      - {call: {tool: locate}, say: "You are in {{city}}."}
      - {say: I cannot see you.}
"""


async def converse(base_url: str) -> list[dict[str, Any]]:
    """Declares a tool, asks, answers what is called, and returns all messages until the agent has answered."""
    agent_id = httpx2.post(f"{base_url}/atoms/v1/agent", json={"name": "Desk"}, headers=KEY).json()["data"]
    url = f"{base_url.replace('http', 'ws')}/atoms/v1/agent/connect?agent_id={agent_id}&mode=chat"
    async with connect(url, additional_headers=KEY) as socket:
        await send(socket, type="session.update", tools=[LOCATE])
        await send(socket, type="input_text.send", text="where am i")
        messages: list[dict[str, Any]] = []
        while not (messages and messages[-1]["type"] == "transcript" and "in Ulm" in messages[-1]["text"]):
            messages.append(json.loads(await socket.recv()))
            if messages[-1]["type"] == "function_call":
                await send(
                    socket,
                    type="function_call.result",
                    call_id=messages[-1]["call_id"],
                    output='{"city": "Ulm"}',
                )
            if messages[-1].get("text") == "I cannot see you.":
                break
    return messages


async def send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


@pytest.mark.parametrize("is_on", [True, False])
async def test_the_switch_decides(tmp_path: Path, is_on: bool) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text(BEHAVIOUR)
    with start(EmulatorOptions(behaviours=(file,), client_tools=is_on)) as emulator:
        messages = await converse(emulator.base_url)
    kinds = {message["type"] for message in messages}
    assert ({"session.updated", "function_call"} <= kinds) is is_on
    assert "error" not in kinds
    assert messages[-1]["text"] == ("You are in Ulm." if is_on else "I cannot see you.")


def test_a_result_is_an_unknown_message_while_they_are_off() -> None:
    call = Call(ASKING, mode="chat", firstMessage="")
    call.send(type="session.update", tools="anything")
    call.send(type="function_call.result", call_id="x", output="y")
    assert [m["code"] for _, m in call.heard if m["type"] == "error"] == ["invalid_event"]
