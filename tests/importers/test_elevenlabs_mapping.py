"""What becomes of each field: one rich agent, then single fields as a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentops.importers.elevenlabs.agent import convert
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.elevenlabs.voices import VoiceProposals
from agentops.importers.fidelity import Grade, Item

EXPORTS = Path(__file__).parent / "exports"


def converted(data: Any) -> Conversion:
    return convert(read_agent(data, "x"), "desk", {}, VoiceProposals())


def items_of(conversion: Conversion) -> dict[str, Item]:
    """The items by their place; remarks are left out."""
    return {item.source: item for item in conversion.source.ledger.close(conversion.written())[0] if item.is_leaf}


def remarks_of(conversion: Conversion) -> str:
    return "\n".join(
        f"{i.code} {i.why}" for i in conversion.source.ledger.close(conversion.written())[0] if not i.is_leaf
    )


@pytest.fixture(scope="module")
def clinic() -> Conversion:
    return converted(json.loads((EXPORTS / "clinic.json").read_text("utf-8")))


def tool(conversion: Conversion, name: str) -> Any:
    return next(tool for tool in conversion.tools if tool["name"] == name)


def test_placeholders_are_rewritten_and_reserved_names_get_out_of_the_way(clinic: Conversion) -> None:
    prompt = clinic.config["singlePromptConfig"]["prompt"]
    assert "The caller is {{user_number}} at {{current_date}} {{current_time}}." in prompt
    assert "Their zone is {{timezone_custom}}." in prompt
    assert clinic.config["firstMessage"].startswith("Hi {{caller_name}}, this is")
    assert clinic.config["defaultVariables"] == {
        "caller_name": "there",
        "timezone_custom": "local",
        "slots": '["9", "10"]',
        "vip": False,
        "system__agent_turns": "unknown",
    }
    assert "{{system__agent_turns}} has no counterpart" in remarks_of(clinic)


def test_text_that_looks_like_a_deploy_time_expression_stays_text(clinic: Conversion) -> None:
    from agentops.spec.template import render

    rendered = render(clinic.config["singlePromptConfig"]["prompt"], {})
    assert "Price: ${{amount}}." in rendered


def test_the_prompt_gets_sections_for_what_has_no_field(clinic: Conversion) -> None:
    prompt = clinic.config["singlePromptConfig"]["prompt"]
    assert "# Guardrails\n- Never give medical advice." in prompt
    assert "Unused." not in prompt
    assert "- es: Hola, soy la recepción." in prompt
    assert (
        "## Stage: Triage\nAsk what hurts.\nWhen the caller has no more questions, go to stage End of the call."
        in prompt
    )


def test_a_webhook_becomes_an_api_call(clinic: Conversion) -> None:
    made = tool(clinic, "book_slot")
    assert made["url"] == "https://desk.example.com/v1/{{branch}}/book"
    assert made["method"] == "POST"
    assert made["timeout"] == 30000
    assert made["description"].endswith("Tell the caller that you are checking before you call this.")
    assert made["queryParams"] == [{"key": "dry", "value": "{{dry}}"}, {"key": "source", "value": "voice"}]
    filled = made["requestBody"].replace("{{treatments}}", '["x-ray"]')
    assert json.loads(filled) == {
        "patient": {"name": "{{patient_name}}", "phone": "{{user_number}}"},
        "treatments": ["x-ray"],
        "channel": "phone",
    }
    assert {p["name"]: (p["type"], p["required"]) for p in made["llmParameters"]} == {
        "branch": ("enum", True),
        "dry": ("boolean", True),
        "patient_name": ("text", True),
        "treatments": ("text", True),
    }
    assert made["responseVariables"] == [{"variableName": "booking_id", "jsonPath": "$.data[0].id"}]


def test_secrets_become_references_and_are_never_copied(clinic: Conversion) -> None:
    made = tool(clinic, "book_slot")
    assert made["headers"] == {
        "Content-Type": "application/json",
        "X-Api-Key": "${{ secrets.DESK_BOOK_SLOT_X_API_KEY }}",
        "X-Trace": "{{caller_name}}",
        "Authorization": "${{ secrets.DESK_BOOK_SLOT_AUTHORIZATION }}",
    }
    assert [each.name for each in clinic.exposed] == ["DESK_BOOK_SLOT_AUTHORIZATION"]
    told = repr(clinic.source.ledger.close(clinic.written())) + repr(clinic.config)
    for secret in ("abcdefgh12345678", "sec_123", "tok_private_value", "someone@private.example", "sec_9"):
        assert secret not in told


def test_transfers_become_one_tool_each(clinic: Conversion) -> None:
    first, second = (tool for tool in clinic.tools if tool["type"] == "transfer_call")
    assert first["transferNumber"] == "+14155550142"
    assert first["description"] == "Transfer when the caller is in pain"
    assert first["transferOnlyIfHuman"] is False
    assert first["transferOption"]["type"] == "warm_transfer"
    assert second["transferOption"] == {"type": "cold_transfer"}
    assert second["transferNumber"] == "${{ yaml('_choices.yaml')['desk'].number_transfer_billing }}"


def test_a_tool_listed_twice_is_made_once(clinic: Conversion) -> None:
    assert [tool["type"] for tool in clinic.tools].count("end_call") == 1
    repeats = items_of(clinic)["conversation_config.agent.prompt.tools[0].name"]
    assert repeats.grade is Grade.BOOKKEEPING


def test_a_client_tool_goes_into_a_side_file_and_is_reported(clinic: Conversion) -> None:
    (declared,) = clinic.client_tools
    assert declared["name"] == "show_map"
    assert declared["parameters"]["properties"] == {"branch": {"type": "string", "description": "Which"}}
    assert "client tool show_map: not part of an Atoms agent" in remarks_of(clinic)


def test_criteria_and_collected_data_become_metrics(clinic: Conversion) -> None:
    metrics = {m["identifier"]: m for m in clinic.config["postCallAnalyticsConfig"]["dispositionMetrics"]}
    assert metrics["booked"]["choices"] == ["success", "failure", "unknown"]
    assert metrics["polite"]["dispositionMetricType"] == "INTEGER"
    assert metrics["polite"]["dispositionMetricPrompt"].startswith("Answer with an integer from 0 to 5.")
    assert metrics["reason"]["choices"] == ["pain", "check", "unknown"]
    assert metrics["age"]["dispositionMetricType"] == "INTEGER"
    assert metrics["fee"]["dispositionMetricType"] == "STRING"


def test_languages_keep_what_exists_and_name_what_does_not(clinic: Conversion) -> None:
    assert clinic.config["language"]["default"] == "en"
    assert clinic.config["language"]["supported"] == ["en", "es"]
    assert clinic.config["language"]["switching"]["isEnabled"] is True
    assert "the agent does not speak fr here" in remarks_of(clinic)


def test_the_webhook_before_a_call_becomes_pre_call_api(clinic: Conversion) -> None:
    made = clinic.config["preCallAPI"]
    assert made["isEnabled"] is True
    assert made["headers"] == {"X-Key": "${{ secrets.DESK_PRE_CALL_X_KEY }}"}
    assert {"variableName": "caller_name", "jsonPath": "$.dynamic_variables.caller_name"} in made["responseVariables"]


def test_durations_are_converted_and_clamps_are_said(clinic: Conversion) -> None:
    assert clinic.config["llmIdleTimeoutConfig"] == {
        "webcallTimeoutTimeInSecs": 7,
        "telephonyTimeoutTimeInSecs": 7,
        "maxRetries": 3,
    }
    assert clinic.config["sessionTimeoutConfig"]["timeoutTimeInSecs"] == 3600
    clamped = items_of(clinic)["conversation_config.conversation.max_duration_seconds"]
    assert (clamped.grade, clamped.target_value) == (Grade.APPROXIMATED, 3600)
    assert "5400 s was brought into 1 to 3600 s" in clamped.why


def test_the_rest_of_the_clinic(clinic: Conversion) -> None:
    config = clinic.config
    assert config["synthesizer"]["speed"] == 1.05
    assert config["synthesizer"]["sampleRate"] == 8000
    assert config["timezone"] == {"label": "(GMT+5:45) Asia/Kathmandu", "offset": 345}
    assert config["muteUserUntilFirstBotResponse"] is True
    assert config["allowInterruptions"] is False
    assert config["smartTurnConfig"] == {"isEnabled": True, "waitTimeInSecs": 3}
    assert config["voiceMailDetectionConfig"] == {"enabled": True, "endText": "Please call {{caller_name}} back."}
    assert config["redactionConfig"] == {"isEnabled": False}
    assert clinic.tags == {"clinic": "yes", "front-desk": "yes"}
    assert "[warmly], which would be read aloud" in remarks_of(clinic)


@pytest.mark.parametrize(
    ("place", "grade", "code"),
    [
        ("conversation_config.tts.voice_id", Grade.CHOICE, "EL001"),
        ("conversation_config.agent.prompt.llm", Grade.CHOICE, "EL002"),
        ("conversation_config.agent.prompt.tool_ids[0]", Grade.APPROXIMATED, "EL008"),
        ("conversation_config.agent.prompt.knowledge_base[0].name", Grade.CHOICE, "EL013"),
        ("conversation_config.agent.prompt.temperature", Grade.UNSUPPORTED, "EL020"),
        ("conversation_config.agent.prompt.max_tokens", Grade.DEFAULT, "EL020"),
        ("conversation_config.agent.max_conversation_duration_message", Grade.UNSUPPORTED, "EL020"),
        ("conversation_config.asr.keywords[0]", Grade.UNSUPPORTED, "EL020"),
        ("conversation_config.tts.stability", Grade.BOOKKEEPING, "EL001"),
        ("conversation_config.agent.prompt.tools[1].disable_interruptions", Grade.UNSUPPORTED, "EL010"),
        ("platform_settings.privacy.record_voice", Grade.UNSUPPORTED, "EL018"),
        ("platform_settings.privacy.retention_days", Grade.UNSUPPORTED, "EL018"),
        ("platform_settings.overrides.conversation_config_override.agent.first_message", Grade.UNSUPPORTED, "EL016"),
        ("platform_settings.workspace_overrides.webhooks.post_call_webhook_id", Grade.CHOICE, "EL016"),
        ("platform_settings.call_limits.daily_limit", Grade.UNSUPPORTED, "EL020"),
        ("platform_settings.call_limits.agent_concurrency_limit", Grade.DEFAULT, "EL020"),
        ("platform_settings.widget.bg_color", Grade.UNSUPPORTED, "EL020"),
        ("workflow.nodes.triage.conversation_config.tts.voice_id", Grade.UNSUPPORTED, "EL014"),
        ("workflow.nodes.start_node.position.x", Grade.BOOKKEEPING, "EL000"),
        ("brand_new_block.setting", Grade.UNSUPPORTED, "EL020"),
    ],
)
def test_each_field_has_its_grade_and_code(clinic: Conversion, place: str, grade: Grade, code: str) -> None:
    item = items_of(clinic)[place]
    assert (item.grade, item.code) == (grade, code)


def test_every_loss_says_why(clinic: Conversion) -> None:
    items = clinic.source.ledger.close(clinic.written())[0]
    mute = [i.source for i in items if i.grade in (Grade.UNSUPPORTED, Grade.CHOICE) and not i.why]
    assert mute == []


def _agent(**fields: Any) -> dict[str, Any]:
    """A small agent with one part replaced, by dotted name."""
    tree: dict[str, Any] = {
        "name": "Small",
        "conversation_config": {
            "agent": {"first_message": "Hi.", "prompt": {"prompt": "Help.", "llm": "gpt-4o"}},
            "tts": {"voice_id": "v"},
        },
    }
    for dotted, value in fields.items():
        node = tree
        *parents, last = dotted.split("__")
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    return tree


AGENT, TTS, TURN = "conversation_config__agent__", "conversation_config__tts__", "conversation_config__turn__"


@pytest.mark.parametrize(
    ("field", "value", "target", "expected"),
    [
        (f"{AGENT}prompt__llm", "gpt-4.1-2025-04-14", "slmModel", "gpt-4.1"),
        (f"{AGENT}prompt__llm", "claude-sonnet-4", "slmModel", "${{ yaml('_choices.yaml')['desk'].model }}"),
        (f"{AGENT}prompt__llm", "gpt-5.2", "slmModel", "${{ yaml('_choices.yaml')['desk'].model }}"),
        (f"{AGENT}language", "en-US", "language.default", "en"),
        (f"{AGENT}language", "ja", "language.default", "${{ yaml('_choices.yaml')['desk'].language }}"),
        (f"{AGENT}hinglish_mode", True, "language.supported", ["hi", "en"]),
        (f"{AGENT}first_message", "", "waitForUserToSpeakFirst", True),
        (f"{AGENT}first_message", "x" * 501, "firstMessage", "${{ yaml('_choices.yaml')['desk'].first_message }}"),
        (f"{TTS}speed", "0.9", "synthesizer.speed", 0.9),
        (f"{TTS}speed", None, "synthesizer.speed", 1.0),
        (f"{TTS}text_normalisation_type", "elevenlabs", "speechFormatting", True),
        (f"{TURN}turn_timeout", -1, "llmIdleTimeoutConfig.telephonyTimeoutTimeInSecs", 299),
        (f"{TURN}silence_end_call_timeout", -1, "llmIdleTimeoutConfig.maxRetries", 10),
        (f"{TURN}turn_eagerness", "eager", "voiceDetectionConfig.releaseTimeInSecs", 0.3),
        (
            "conversation_config__conversation__background_sound",
            {"source_type": "preset", "source_id": "office1"},
            "backgroundSound",
            "office",
        ),
        (
            "platform_settings__privacy__conversation_history_redaction__enabled",
            True,
            "redactionConfig.isEnabled",
            True,
        ),
    ],
)
def test_single_fields(field: str, value: Any, target: str, expected: Any) -> None:
    node: Any = converted(_agent(**{field: value})).config
    for part in target.split("."):
        node = node[part]
    assert node == expected


def test_tamil_stands_alone() -> None:
    presets = {"ta": {}, "hi": {}}
    made = converted(_agent(conversation_config__language_presets=presets))
    assert made.config["language"]["supported"] == ["en", "hi"]
    assert "Tamil cannot be combined" in remarks_of(made)


def test_a_lone_start_node_is_nothing_to_port() -> None:
    made = converted(_agent(workflow={"nodes": {"s": {"type": "start", "position": {"x": 1}}}, "edges": {}}))
    assert made.config["singlePromptConfig"]["prompt"] == "Help."


def test_a_wrong_type_is_reported_and_the_default_used() -> None:
    made = converted(_agent(conversation_config__conversation__max_duration_seconds="soon"))
    assert made.config["sessionTimeoutConfig"]["timeoutTimeInSecs"] == 600
    item = items_of(made)["conversation_config.conversation.max_duration_seconds"]
    assert (item.grade, item.code, item.value) == (Grade.UNSUPPORTED, "EL021", "soon")


@pytest.mark.parametrize("seconds", [10**400, float("nan"), float("-inf")])
def test_a_number_beyond_all_bounds_is_of_the_wrong_type(seconds: float) -> None:
    made = converted(_agent(conversation_config__conversation__max_duration_seconds=seconds))
    assert made.config["sessionTimeoutConfig"]["timeoutTimeInSecs"] == 600
    assert items_of(made)["conversation_config.conversation.max_duration_seconds"].code == "EL021"


def test_a_host_that_is_a_placeholder_must_be_chosen() -> None:
    webhook = {"type": "webhook", "name": "ask", "api_schema": {"url": "{{base}}/ask"}}
    made = converted(_agent(conversation_config__agent__prompt__tools=[webhook]))
    assert tool(made, "ask")["url"] == "${{ yaml('_choices.yaml')['desk'].url_ask }}"


def test_secrets_in_addresses_and_constants_become_references() -> None:
    webhook = {
        "type": "webhook",
        "name": "ask",
        "api_schema": {
            "url": "https://x.example/{id}?key=AIzaSecretSecret1234&lang=en",
            "query_params_schema": {"properties": {"api_token": {"type": "string", "constant_value": "plain-secret"}}},
            "request_body_schema": {"properties": {"text": {"type": "string", "constant_value": "a ${{b}} c"}}},
        },
    }
    made = converted(_agent(conversation_config__agent__prompt__tools=[webhook]))
    asks = tool(made, "ask")
    assert asks["url"] == "https://x.example/{{id}}?key=${{ secrets.DESK_ASK_KEY }}&lang=en"
    assert asks["queryParams"] == [{"key": "api_token", "value": "${{ secrets.DESK_ASK_API_TOKEN }}"}]
    assert json.loads(asks["requestBody"]) == {"text": "a ${{ '${' }}{b}} c"}
    told = repr(made.source.ledger.close(made.written())) + repr(made.config)
    assert "AIzaSecretSecret1234" not in told
    assert "plain-secret" not in told


def test_voices_are_proposed_by_language_gender_and_accent() -> None:
    proposals = VoiceProposals().for_voice("21m00Tcm4TlvDq8ikWAM", ["en"])
    assert proposals[0][0] == "avery"
    assert proposals[0][1] == "Avery: english; female; american; same gender and accent as before"
    assert [voice for voice, _ in VoiceProposals().for_voice("unknown", ["hi"])] == ["devansh"]
