"""Secrets leave an agent before anything else sees it: what counts as one, what stands in its place, and where."""

from __future__ import annotations

from typing import Any

import pytest

from agentops.credentials import credentials_within, is_credential, names_credential
from agentops.importers.elevenlabs.agent import convert
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.folder import SourceAgents
from agentops.importers.elevenlabs.importing import ImportOptions, import_agents
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.elevenlabs.voices import VoiceProposals
from agentops.importers.fidelity import NOT_COPIED, Grade
from agentops.render.fidelity.json import fidelity_json

KEY = "sk_live_51H8abcdEFGH1234567890abcd"
TOOL = {
    "type": "webhook",
    "name": "crm",
    "description": "Looks a customer up.",
    "api_schema": {
        "url": "https://desk:pa55word@crm.acme.dev/v1?api_key=abcd1234abcd1234&author=Jane",
        "method": "POST",
        "request_headers": {
            "Authorization": "Bearer abcdefgh12345678",
            "X-Tenant": "acme",
            "X-Session": {"variable_name": "secret__session"},
        },
        "request_body_schema": {
            "type": "object",
            "properties": {"token": {"type": "string", "constant_value": KEY}, "plan": {"constant_value": "gold"}},
        },
    },
}
PLACEHOLDERS = {
    "api_token": KEY,
    "user_email": "jane@private.example",
    "secret__auth": "hush-hush-1",
    "auth_status": "verified",
    "plan": "gold",
}
AGENT: dict[str, Any] = {
    "name": "Mini",
    "conversation_config": {
        "agent": {
            "first_message": "Hi, this is Mini.",
            "prompt": {"prompt": f"Use key {KEY} for Stripe. Password is hunter2.", "llm": "gpt-4o", "tools": [TOOL]},
            "dynamic_variables": {"dynamic_variable_placeholders": PLACEHOLDERS},
        }
    },
}
VALUES = (KEY, "pa55word", "abcd1234abcd1234", "abcdefgh12345678", "hunter2", "jane@private.example", "hush-hush-1")


@pytest.fixture(scope="module")
def made() -> Conversion:
    return convert(read_agent(AGENT, "x"), "mini", {}, VoiceProposals())


def test_no_value_is_in_any_file_or_report() -> None:
    imported = import_agents(SourceAgents(agents=[read_agent(AGENT, "x")]), ImportOptions(), "x")
    texts = [*imported.files.values(), fidelity_json(imported.report), repr(imported.report), repr(imported.exposed)]
    for value in VALUES:
        assert not [text for text in texts if value in text], value
    assert imported.secrets == (
        *("MINI_CRM_LOGIN", "MINI_CRM_API_KEY", "MINI_CRM_AUTHORIZATION", "MINI_SESSION", "MINI_PROMPT_KEY"),
    )
    assert set(imported.exposed) == {
        *("MINI_CRM_LOGIN", "MINI_CRM_API_KEY", "MINI_CRM_AUTHORIZATION", "MINI_PROMPT_KEY", "MINI_PROMPT_PASSWORD"),
        *("MINI_USER_EMAIL", "MINI_AUTH"),
    }


def test_addresses_headers_and_bodies_refer_to_secrets(made: Conversion) -> None:
    (tool,) = made.tools
    assert tool["url"] == (
        "https://${{ secrets.MINI_CRM_LOGIN }}@crm.acme.dev/v1?api_key=${{ secrets.MINI_CRM_API_KEY }}&author=Jane"
    )
    assert tool["headers"] == {
        "Authorization": "${{ secrets.MINI_CRM_AUTHORIZATION }}",
        "X-Tenant": "acme",
        "X-Session": "${{ secrets.MINI_SESSION }}",
    }
    assert '"token": "${{ secrets.MINI_PROMPT_KEY }}"' in tool["requestBody"]
    assert '"plan": "gold"' in tool["requestBody"]


def test_a_prompt_gets_a_variable_that_is_empty_unless_a_call_sends_it(made: Conversion) -> None:
    prompt = made.config["singlePromptConfig"]["prompt"]
    assert prompt == "Use key {{mini_prompt_key}} for Stripe. Password is {{mini_prompt_password}}."
    assert made.config["defaultVariables"] == {
        "api_token": "",
        "user_email": "",
        "auth_status": "verified",
        "plan": "gold",
        "mini_prompt_key": "",
        "mini_prompt_password": "",
    }


def test_the_report_names_the_place_and_not_the_value(made: Conversion) -> None:
    items = {item.source: item for item in made.source.ledger.close(made.written())[0] if item.is_leaf}
    place = "conversation_config.agent.dynamic_variables.dynamic_variable_placeholders.api_token"
    assert (items[place].grade, items[place].value, items[place].code) == (Grade.CHOICE, NOT_COPIED, "EL009")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"Use {KEY}.", [KEY]),
        ("Authorization: Bearer abcdefgh12345678", ["Bearer abcdefgh12345678"]),
        ("https://me:secret1@x.acme.dev", ["me:secret1"]),
        ("The PIN is 4711.", ["4711"]),
        ("https://x.acme.dev/?token=abc&lang=en", ["abc"]),
        ("key AKIAABCDEFGHIJKLMNOP", ["AKIAABCDEFGHIJKLMNOP"]),
        ("Ask for the 4-digit PIN: 4-digit codes only.", []),
        ("Your password is required.", []),
        ("Authorization: Bearer {{token}}", []),
        ("Call +1 415 555 0100 or see https://acme.dev/help?author=Jane.", []),
        ("Say that the token expires after 15 minutes.", []),
    ],
)
def test_what_is_a_credential_inside_a_text(text: str, found: list[str]) -> None:
    assert [text[each.start : each.end] for each in credentials_within(text)] == found


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("X-Api-Key", "zzzz", True),
        ("Authorization", "Basic dXNlcjpwYXNz", True),
        ("X-Trace", "0123456789abcdef0123456789abcdef", True),
        ("X-Author", "Jane", False),
        ("Authorization", "Bearer {{token}}", False),
        ("Content-Type", "application/json", False),
    ],
)
def test_what_is_a_credential_as_a_header(name: str, value: str, is_one: bool) -> None:
    assert is_credential(name, value) is is_one


@pytest.mark.parametrize(
    ("name", "is_one"), [("authToken", True), ("api_key", True), ("max_tokens", False), ("authority", False)]
)
def test_which_names_say_that_a_value_is_secret(name: str, is_one: bool) -> None:
    assert names_credential(name) is is_one
