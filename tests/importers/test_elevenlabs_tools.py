"""Webhooks of every shape, their parameters, and the names that tools and transfers have in the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentops.importers.elevenlabs.agent import convert
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.folder import SourceAgents, read_sources
from agentops.importers.elevenlabs.importing import ImportOptions, import_agents
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.elevenlabs.voices import VoiceProposals
from agentops.importers.fidelity import Grade


def agent_with(prompt: str = "Help.", **parts: Any) -> dict[str, Any]:
    spoken = {"first_message": "Hi.", "prompt": {"prompt": prompt, "llm": "gpt-4o", **parts}}
    return {"name": "Desk", "conversation_config": {"agent": spoken}}


def made_of(data: dict[str, Any]) -> Conversion:
    return convert(read_agent(data, "x"), "desk", {}, VoiceProposals())


def remarks_of(conversion: Conversion) -> str:
    items, _ = conversion.source.ledger.close(conversion.written())
    return "\n".join(f"{item.code} {item.why}" for item in items if not item.is_leaf)


BODY = {"type": "object", "required": ["day"], "properties": {"day": {"type": "string", "description": "Day"}}}


@pytest.mark.parametrize(
    "older",
    [
        {
            "type": "webhook",
            "name": "book",
            "params": {"url": "https://desk.acme.dev/b", "method": "POST", "request_body_definition": BODY},
        },
        {
            "name": "book",
            "webhook_url": "https://desk.acme.dev/b",
            "request_method": "post",
            "request_body_schema": BODY,
        },
        {
            "type": "webhook",
            "name": "book",
            "url": "https://desk.acme.dev/b",
            "method": "POST",
            "api_schema": {"request_body_schema": BODY},
        },
    ],
)
def test_older_shapes_of_webhooks_lose_nothing(older: dict[str, Any]) -> None:
    conversion = made_of(agent_with(tools=[older]))
    (tool,) = conversion.tools
    assert (tool["url"], tool["method"]) == ("https://desk.acme.dev/b", "POST")
    assert json.loads(tool["requestBody"]) == {"day": "{{day}}"}
    assert "an older shape of webhooks was read" in remarks_of(conversion)


def test_names_that_an_older_tool_damaged_are_those_of_the_service_again() -> None:
    schema = {
        "url": "https://cal.acme.dev/bookings",
        "method": "POST",
        "request_headers": {"cal_api_version": "2024-08-13", "api_access": "open"},
        "request_body_schema": {
            "type": "object",
            "required": ["eventTypeId"],
            "properties": {"event_type_id": {"type": "number", "description": "id"}, "start_at": {"type": "string"}},
        },
    }
    conversion = made_of(agent_with(tools=[{"type": "webhook", "name": "save", "api_schema": schema}]))
    (tool,) = conversion.tools
    assert tool["headers"] == {"cal-api-version": "2024-08-13", "api-access": "open"}
    assert json.loads(tool["requestBody"].replace("{{event_type_id}}", "7")) == {
        "eventTypeId": 7,
        "start_at": "{{start_at}}",
    }
    assert "event_type_id is called eventTypeId again" in remarks_of(conversion)


def test_undamaged_names_stay_as_they_are() -> None:
    schema = {"url": "https://chat.acme.dev/x", "request_headers": {"api_tenant_name": "a"}}
    (tool,) = made_of(agent_with(tools=[{"type": "webhook", "name": "save", "api_schema": schema}])).tools
    assert tool["headers"] == {"api_tenant_name": "a"}


def test_lists_objects_numbers_and_flags_are_json_in_the_body() -> None:
    properties = {
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
        "count": {"type": "integer", "description": "How many"},
        "note": {"type": "string", "description": "A note"},
        "gift": {"type": "boolean", "description": "A gift?"},
    }
    body = {"type": "object", "required": ["count"], "properties": properties}
    schema = {"url": "https://shop.acme.dev/x", "method": "POST", "request_body_schema": body}
    (tool,) = made_of(agent_with(tools=[{"type": "webhook", "name": "order", "api_schema": schema}])).tools
    filled = tool["requestBody"].replace("{{lines}}", '[{"sku": "a"}]').replace("{{count}}", "2")
    assert json.loads(filled) == {"lines": [{"sku": "a"}], "count": 2, "note": "{{note}}", "gift": "{{gift}}"}
    asked = {parameter["name"]: parameter for parameter in tool["llmParameters"]}
    assert asked["lines"]["required"] is True
    assert "JSON array of objects with sku (string); [] when there is nothing" in asked["lines"]["description"]


@pytest.mark.parametrize(
    ("url", "is_placeholder"),
    [
        ("https://api.example.com/webhook", True),
        ("https://your-domain.com/api", True),
        ("https://api.yourcompany.com/x", True),
        ("http://localhost:3000/x", True),
        ("https://<host>/x", True),
        ("https://youring.acme.dev/x", False),
        ("https://my-api.yourcompany.io/x", True),
        ("https://hooks.myshopify.com/x", False),
        ("https://api.acme.dev/your/orders", False),
    ],
)
def test_placeholder_addresses_are_asked_for(url: str, is_placeholder: bool) -> None:
    conversion = made_of(agent_with(tools=[{"type": "webhook", "name": "save", "api_schema": {"url": url}}]))
    assert ("url_save" in {choice.name for choice in conversion.choices}) is is_placeholder


def test_a_complete_definition_in_the_folder_takes_the_place_of_a_scaffold(tmp_path: Path) -> None:
    scaffold = {"type": "webhook", "name": "save", "api_schema": {"url": "https://api.example.com/webhook"}}
    whole = {"type": "webhook", "name": "save", "api_schema": {"url": "https://desk.acme.dev/save"}}
    (tmp_path / "agents.json").write_text(json.dumps({"agents": [{"config": "desk.json"}]}))
    (tmp_path / "tools.json").write_text(json.dumps({"tools": [{"id": "tool_1", "config": "save.json"}]}))
    (tmp_path / "desk.json").write_text(json.dumps(agent_with(tools=[scaffold])))
    (tmp_path / "save.json").write_text(json.dumps(whole))
    (agent,) = read_sources([tmp_path]).agents
    (tool,) = convert(agent, "desk", {}, VoiceProposals()).tools
    assert tool["url"] == "https://desk.acme.dev/save"
    assert any("only a placeholder" in repair for repair in agent.repairs)


def transfers(*conditions: str) -> dict[str, Any]:
    listed = [{"condition": each, "phone_number": f"+1415555010{i}"} for i, each in enumerate(conditions)]
    return {"transfer_to_number": {"type": "system", "name": "transfer_to_number", "params": {"transfers": listed}}}


def test_a_single_destination_keeps_the_name_that_the_prompt_uses() -> None:
    conversion = made_of(agent_with("Use `transfer_to_number`.", built_in_tools=transfers("When the caller is angry")))
    (tool,) = conversion.tools
    assert (tool["name"], tool["description"]) == ("transfer_to_number", "Transfer when the caller is angry")
    assert conversion.config["singlePromptConfig"]["prompt"] == "Use `transfer_to_number`."


def test_several_destinations_are_named_in_the_prompt_and_the_change_is_told() -> None:
    built_in = transfers("billing question", "If VIP", "I am lost")
    conversion = made_of(agent_with("Use transfer_to_number when needed.", built_in_tools=built_in))
    assert [tool["name"] for tool in conversion.tools] == [
        "transfer_billing_question",
        "transfer_vip",
        "transfer_i_am_lost",
    ]
    assert [tool["description"] for tool in conversion.tools] == [
        "Transfer when billing question",
        "Transfer when VIP",
        "Transfer when I am lost",
    ]
    named = "transfer_billing_question, transfer_vip or transfer_i_am_lost"
    assert conversion.config["singlePromptConfig"]["prompt"] == f"Use {named} when needed."
    assert f"transfer_to_number became {named}" in remarks_of(conversion)


def test_a_number_that_is_given_twice_is_carried_twice() -> None:
    entry = {"transfer_destination": {"type": "phone", "phone_number": "+14155550100"}, "phone_number": "+14155550100"}
    built_in = {"transfer_to_number": {"params": {"transfers": [entry]}}}
    conversion = made_of(agent_with(built_in_tools=built_in))
    items = conversion.source.ledger.close(conversion.written())[0]
    numbers = [item for item in items if item.source.endswith("phone_number")]
    assert [(item.grade, item.target_value) for item in numbers] == [(Grade.EXACT, "+14155550100")] * 2


def test_a_tool_that_is_gone_is_pointed_out_where_the_prompt_uses_it() -> None:
    built_in = {"skip_turn": {"type": "system", "name": "skip_turn"}, "memory_search": {"type": "system"}}
    told = remarks_of(made_of(agent_with("Call skip_turn, then memory_search.", built_in_tools=built_in)))
    assert "the prompt mentions skip_turn, which is not a tool of this agent" in told
    assert "the prompt mentions memory_search, which is not a tool of this agent" in told


def test_language_detection_with_one_language_is_not_said_to_have_become_anything() -> None:
    built_in = {"language_detection": {"type": "system", "name": "language_detection", "description": "Switch."}}
    conversion = made_of(agent_with(built_in_tools=built_in))
    items = conversion.source.ledger.close(conversion.written())[0]
    (described,) = [item for item in items if item.source.endswith("language_detection.description")]
    assert (described.grade, described.target) == (Grade.UNSUPPORTED, None)
    assert "there is one language only" in remarks_of(conversion)


@pytest.mark.parametrize(
    ("zone", "offset", "utc"),
    [
        ("America/Vancouver", -480, "{{current_date}} {{current_time}} (UTC-08:00)"),
        ("Asia/Kathmandu", 345, "{{current_date}} {{current_time}} (UTC+05:45)"),
        ("UTC", 0, "{{current_date}} {{current_time}} UTC"),
    ],
)
def test_time_zones_are_minutes_and_utc_stays_told(zone: str, offset: int, utc: str) -> None:
    conversion = made_of(agent_with("UTC: {{system__time_utc}}", timezone=zone))
    assert conversion.config["timezone"]["offset"] == offset
    assert conversion.config["singlePromptConfig"]["prompt"] == f"UTC: {utc}"


def test_lists_and_misplaced_parts_are_read() -> None:
    data = agent_with(dynamic_variables={"plan": "gold"})
    data["conversation_config"]["tts"] = {"supported_voices": [{"voice_id": "v2", "language": "es"}]}
    data["platform_settings"] = {"data_collection": [{"id": "order", "type": "string", "description": "The order."}]}
    conversion = made_of(data)
    assert conversion.config["defaultVariables"] == {"plan": "gold"}
    assert conversion.config["language"]["supported"] == ["en", "es"]
    (metric,) = conversion.config["postCallAnalyticsConfig"]["dispositionMetrics"]
    assert (metric["identifier"], metric["dispositionMetricPrompt"]) == ("order", "The order.")


def test_reminders_fit_into_the_call() -> None:
    data = agent_with()
    data["conversation_config"] |= {"turn": {"turn_timeout": 60}, "conversation": {"max_duration_seconds": 300}}
    idle = made_of(data).config["llmIdleTimeoutConfig"]
    assert idle["webcallTimeoutTimeInSecs"] * (1 + idle["maxRetries"]) < 300


def test_tools_of_the_workspace_become_files_and_others_stay_in_the_agent() -> None:
    schema = {"url": "https://crm.acme.example/orders", "request_headers": {"Authorization": {"secret_id": "s1"}}}
    shared = {"type": "webhook", "name": "look_up", "description": "Looks up.", "api_schema": schema}
    other = {**shared, "description": "Another one."}
    inline = {"type": "webhook", "name": "book", "api_schema": {"url": "https://crm.acme.example/book"}}
    found = SourceAgents()
    for name, body in (("Desk", shared), ("Sales", shared), ("Night", other)):
        data = {**agent_with(tool_ids=["tool_0001"], tools=[inline]), "name": name}
        found.agents.append(read_agent(data, name, tools={"tool_0001": body}))
    made = import_agents(found, ImportOptions(voice="nyah"), "x")
    assert [path for path in made.files if path.startswith("tools/")] == ["tools/look_up.yaml"]
    for key in ("desk", "sales"):
        spec = made.files[f"agents/{key}.yaml"]
        assert "toolRefs:\n      - ${{ ref.tool.look_up }}" in spec
        assert "name: book" in spec
        assert "name: look_up" not in spec
    assert "name: look_up" in made.files["agents/night.yaml"]  # it says something else: a person has to see why
    assert any("look_up is shared, and stays" in item.why for item in made.report.agents[2].items)
    assert made.secrets == ("NIGHT_LOOK_UP_AUTHORIZATION", "DESK_LOOK_UP_AUTHORIZATION")
    told = [item for item in made.report.agents[1].items if "Authorization" in item.source]
    assert [(each.target, each.todo) for each in told] == [
        ("tools/look_up.yaml: definition.headers.Authorization", "Give each environment DESK_LOOK_UP_AUTHORIZATION.")
    ]
