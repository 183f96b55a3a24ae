"""The shapes in which ElevenLabs agents come: each is read into the documented one, or refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentops.errors import UsageError
from agentops.importers.elevenlabs.folder import read_sources
from agentops.importers.elevenlabs.reading import NotAnAgentError, read_agent, read_loose_tools

EXPORTS = Path(__file__).parent / "exports"


def load(name: str) -> Any:
    return json.loads((EXPORTS / name).read_text("utf-8"))


def test_camel_case_dump_is_renamed_but_not_inside_maps_of_names() -> None:
    agent = read_agent(load("camel.json"), "x")
    config = agent.tree["conversation_config"]
    assert config["agent"]["first_message"] == "Hello from the kite shop."
    assert config["agent"]["dynamic_variables"]["dynamic_variable_placeholders"] == {"customerName": "you"}
    assert "kiteColour" in agent.tree["platform_settings"]["data_collection"]
    assert any("camelCase" in repair for repair in agent.repairs)


def test_unwrapped_editor_dump_is_wrapped() -> None:
    agent = read_agent(load("unwrapped.json"), "x")
    assert agent.tree["conversation_config"]["agent"]["prompt"] == {"prompt": "You sell ferry tickets."}
    assert agent.tree["platform_settings"]["privacy"]["conversation_history_redaction"]["enabled"] is True
    assert len(agent.repairs) == 2


def test_dashboard_lists_become_maps() -> None:
    agent = read_agent(load("dashboard-tool.json"), "x")
    schema = agent.tree["conversation_config"]["agent"]["prompt"]["tools"][0]["api_schema"]
    assert schema["path_params_schema"]["day"]["value_type"] == "llm_prompt"
    assert schema["request_headers"] == {"X-Token": {"secret_id": "sec_1"}, "X-Shop": "42"}
    assert set(schema["request_body_schema"]["properties"]) == {"guests", "caller", "shop"}
    assert schema["request_body_schema"]["required"] == ["guests"]


@pytest.mark.parametrize("wrapper", ["agent", "data", "config"])
def test_a_wrapped_agent_is_opened(wrapper: str) -> None:
    inner = {"conversation_config": {"agent": {"prompt": {"prompt": "x"}}}}
    assert read_agent({wrapper: inner}, "x").tree["conversation_config"] == inner["conversation_config"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], "a list"),
        ("text", "str"),
        (None, "NoneType"),
        ({}, "nothing"),
        ({"voice_settings": {"stability": 1}}, "voice_settings"),
        ({"conversation_config": {"system_prompt": "x"}}, "conversation_config.agent"),
        ({"name": "t", "type": "webhook", "api_schema": {}}, "holds tools"),
        ({"spec": "chara_card_v2", "data": {"name": "x"}}, "spec"),
    ],
)
def test_what_is_no_agent_is_refused_with_what_was_looked_for(data: Any, expected: str) -> None:
    with pytest.raises(NotAnAgentError) as refusal:
        read_agent(data, "x")
    assert expected in f"{refusal.value.summary} {refusal.value.hint}"


def test_loose_tools_are_recognised() -> None:
    tool = {"name": "t", "type": "webhook", "api_schema": {}}
    assert read_loose_tools([tool, tool]) == [tool, tool]
    assert read_loose_tools({"tools": [tool]}) == [tool]
    assert read_loose_tools([tool, {"x": 1}]) == []


def test_a_folder_of_the_command_line_takes_production_and_resolves_tools_and_tests() -> None:
    found = read_sources([EXPORTS / "cli-project"])
    (agent,) = found.agents
    prompt = agent.tree["conversation_config"]["agent"]["prompt"]
    assert prompt["tools"][0]["name"] == "page_doctor"
    assert agent.tree["agent_id"] == "agent_prod"
    assert agent.tree["_imported_tests"][0]["name"] == "Pages the doctor"
    assert found.remarks == ["took the environment prod; not imported: dev"]
    assert [refused.reason for refused in found.refused] == ["agents.json names it, but it does not exist"]


def test_another_environment_can_be_asked_for() -> None:
    (agent,) = read_sources([EXPORTS / "cli-project"], environment="dev").agents
    assert agent.tree["conversation_config"]["agent"]["first_message"] == "Dev line."
    with pytest.raises(UsageError, match="no environment 'qa'"):
        read_sources([EXPORTS / "cli-project"], environment="qa")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not JSON: Expecting property name"),
        (b"\xff\xfe{", "not UTF-8"),
        (b"[1]", "not an ElevenLabs agent"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": NaN}', "holds a number that JSON cannot have"),
        (b'{"a": 1e999}', "holds a number that JSON cannot have"),
        (b'{"a": ' + b"9" * 5000 + b"}", "holds a number that JSON cannot have"),
        (b'{"a": "\\ud800"}', "holds half a character"),
    ],
)
def test_a_bad_file_is_refused_and_the_rest_goes_on(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    (tmp_path / "good.json").write_text((EXPORTS / "camel.json").read_text())
    found = read_sources([tmp_path])
    assert [agent.tree["name"] for agent in found.agents] == ["Kite Shop"]
    assert [refused.reason.startswith(reason) for refused in found.refused] == [True]


def test_a_byte_order_mark_and_control_characters_do_no_harm(tmp_path: Path) -> None:
    text = '{"name": "a\tb", "conversation_config": {"agent": {"prompt": "x"}}}'
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_sources([tmp_path / "bom.json"]).agents[0].tree["name"] == "a\tb"


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_sources([tmp_path / "nothing.json"])
