"""Deny rules at their edges: what each one judges, what it lets pass, and how its setting is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.document import Environment, Path, Secret, SecretRef
from agentops.fields import Category, Risk
from agentops.plan.model import Action, AgentChange, FieldChange, Operation
from agentops.plan.policy import refuse_by_rules

TIMEOUT: Path = ("sessionTimeoutConfig", "timeoutTimeInSecs")
TOOLS: Path = ("singlePromptConfig", "tools")


def field(path: Path, after: Any, before: Any = None, operation: Operation = Operation.REPLACE) -> FieldChange:
    is_prompt = path == ("globalPrompt",)
    return FieldChange(path, operation, before, after, Category.PROMPT if is_prompt else Category.OTHER, Risk.LOW)


def said(rules: dict[str, Any], *fields: FieldChange, action: Action = Action.UPDATE, protected: bool = False) -> Any:
    environment = Environment("acme", "prod", rules=rules, is_protected=protected)
    change = AgentChange("desk", "Desk", action, "", fields=fields)
    return [refusal.summary.removeprefix("desk: ") for refusal in refuse_by_rules(environment, [change])]


def codes(rules: dict[str, Any], *fields: FieldChange, **facts: Any) -> list[str]:
    return [each.rpartition("(rule ")[2].rstrip(")") for each in said(rules, *fields, **facts)]


WORDS = field(("globalPrompt",), "a b c d e", "a b c d e f g h i j")


@pytest.mark.parametrize(
    ("rules", "is_refused"),
    [
        ({"prompt_shrinks": "50%"}, False),  # exactly half goes
        ({"prompt_shrinks": "49.9 %"}, True),
        ({"prompt_shrinks": 0.5}, False),
        ({"prompt_shrinks": 0.4}, True),
        ({"prompt_shrinks": 0}, True),
        ({"prompt_shrinks": 1}, False),
        ({}, False),
    ],
)
def test_a_prompt_shrinks_by_so_much(rules: dict[str, Any], is_refused: bool) -> None:
    assert bool(said(rules, WORDS)) is is_refused
    assert said(rules, replace(WORDS, category=Category.OTHER)) == []
    assert said(rules, replace(WORDS, before=None)) == []


def test_how_much_a_prompt_would_lose_is_said() -> None:
    rule = {"prompt_shrinks": 0.1}
    assert said(rule, WORDS) == ["globalPrompt would lose 50 % of its words (10 -> 5) (rule prompt_shrinks)"]
    gone = replace(WORDS, after=None, operation=Operation.REMOVE)
    assert said(rule, gone) == ["globalPrompt would lose 100 % of its words (10 -> 0) (rule prompt_shrinks)"]


def test_a_protected_environment_has_a_rule_of_its_own() -> None:
    gutted = replace(WORDS, after="a b c d")
    assert codes({}, gutted, protected=True) == ["prompt_shrinks"]
    assert codes({}, WORDS, protected=True) == []
    assert codes({"prompt_shrinks": "90%"}, gutted, protected=True) == []
    assert codes({}, gutted) == []


@pytest.mark.parametrize(
    ("action", "is_judged"),
    [
        (Action.CREATE, True),
        (Action.UPDATE, True),
        (Action.GO_LIVE, True),
        (Action.RESTORE, False),  # going back is always possible
        (Action.ARCHIVE, False),
        (Action.UNCHANGED, False),
    ],
)
def test_what_is_judged(action: Action, is_judged: bool) -> None:
    assert bool(said({"models": []}, field(("slmModel",), "gpt"), action=action)) is is_judged


@pytest.mark.parametrize(
    ("rules", "changed", "refusal"),
    [
        ({"models": ["gpt-*"]}, field(("slmModel",), "gpt-5"), None),
        (
            {"models": ["gpt-*", "electron"]},
            field(("slmModel",), "x"),
            "slmModel would be 'x', allowed: gpt-*, electron",
        ),
        ({"models": []}, field(("slmModel",), "x"), "slmModel would be 'x', allowed: none"),
        ({"models": []}, field(("slmModel",), None, "x", Operation.REMOVE), None),
        ({"models": []}, field(("other",), "x"), None),
        (
            {"voices": ["nyah"]},
            field(("synthesizer", "voiceConfig"), {"voiceId": "zorin"}),
            "synthesizer.voiceConfig.voiceId would be 'zorin', allowed: nyah",
        ),
        (
            {"transfer_numbers": ["+1415*"]},
            field((*TOOLS, "human"), {"transferNumber": "+49"}),
            "singlePromptConfig.tools.human.transferNumber would be '+49', allowed: +1415*",
        ),
        ({"transfer_numbers": ["+1415*"]}, field((*TOOLS, "human"), {"transferNumber": "+14150"}), None),
        (
            {"tool_hosts": ["*.example.com"]},
            field((*TOOLS, "crm", "url"), "https://crm.example.org/x"),
            "singlePromptConfig.tools.crm.url would talk to 'crm.example.org', allowed: *.example.com",
        ),
        ({"tool_hosts": ["*.example.com"]}, field((*TOOLS, "crm", "url"), "https://crm.example.com:8/x"), None),
        ({"tool_hosts": []}, field((*TOOLS, "crm", "url"), ""), None),
        ({"tool_hosts": []}, field((*TOOLS, "crm", "name"), "https://x.example"), None),
        (
            {"tool_hosts": []},
            field(("customLLMWebSocketUrl",), "no address"),
            "customLLMWebSocketUrl would talk to 'no address', allowed: none",
        ),
        (
            {"tool_hosts": ["a"]},
            field(("preCallAPI", "url"), Secret(("https://x.example/", SecretRef("KEY", "v")))),
            "preCallAPI.url would talk to 'x.example', allowed: a",
        ),
        (
            {"redaction_off": "deny"},
            field(("redactionConfig", "isEnabled"), False),
            "redaction of personal data would be switched off",
        ),
        ({"redaction_off": "deny"}, field(("redactionConfig", "isEnabled"), True), None),
        ({"redaction_off": "deny"}, field(("redactionConfig", "other"), False), None),
        ({"redaction_off": "deny"}, field(("otherConfig", "isEnabled"), False), None),
        ({"redaction_off": "allow"}, field(("redactionConfig", "isEnabled"), False), None),
        ({"inbound_off": True}, field(("allowInboundCall",), False), "the agent would stop taking inbound calls"),
        ({"inbound_off": True}, field(("allowInboundCall",), True), None),
        ({"inbound_off": True}, field(("visibleToEveryone",), False), None),
        ({"inbound_off": False}, field(("allowInboundCall",), False), None),
        (
            {"tool_removed": "deny"},
            field((*TOOLS, "crm"), None, {}, Operation.REMOVE),
            "singlePromptConfig.tools.crm would be removed",
        ),
        ({"tool_removed": "deny"}, field((*TOOLS, "crm"), {}), None),
        ({"tool_removed": "deny"}, field(("globalPrompt",), None, "x", Operation.REMOVE), None),
        ({"greeting_says": ["recorded"]}, field(("firstMessage",), "This is RECORDED."), None),
        (
            {"greeting_says": ["recorded", "hi"]},
            field(("firstMessage",), "Hi"),
            "firstMessage would not say 'recorded'",
        ),
        ({"greeting_says": ["recorded"]}, field(("globalPrompt",), "x"), None),
        ({"greeting_says": ["recorded"]}, field(("firstMessage",), 5), None),
        ({"session_seconds": 600}, field(TIMEOUT, 600), None),
        ({"session_seconds": 600}, field(TIMEOUT, 601), "a call could last 601 s, allowed: 600 s"),
        ({"session_seconds": 600}, field(TIMEOUT, "900"), None),
        ({"session_seconds": 600}, field(("sessionTimeoutConfig", "other"), 900), None),
    ],
)
def test_what_a_rule_refuses(rules: dict[str, Any], changed: FieldChange, refusal: str | None) -> None:
    [name] = rules
    assert said(rules, changed) == ([f"{refusal} (rule {name})"] if refusal else [])


@pytest.mark.parametrize(
    ("rules", "misread"),
    [
        ({"prompt_shrinks": "half"}, "half"),
        ({"prompt_shrinks": True}, True),
        ({"prompt_shrinks": 1.1}, 1.1),
        ({"prompt_shrinks": -0.1}, -0.1),
        ({"models": "gpt"}, "gpt"),
        ({"models": ["gpt", 5]}, ["gpt", 5]),
        ({"inbound_off": "no"}, "no"),
        ({"session_seconds": "600"}, "600"),
        ({"session_seconds": True}, True),
    ],
)
def test_a_setting_that_means_nothing_is_refused(rules: dict[str, Any], misread: Any) -> None:
    [name] = rules
    assert said(rules) == [f"the setting of rule {name} can't be understood: {misread!r}"]


def test_a_rule_that_does_not_exist_is_named_with_a_close_one() -> None:
    def hint(name: str) -> str:
        [refusal] = refuse_by_rules(Environment("acme", "prod", rules={name: 1}), [])
        assert (refusal.code, refusal.acknowledgement) == ("UNKNOWN_RULE", None)
        return refusal.hint

    assert hint("model").startswith("did you mean `models`? rules are: greeting_says, ")
    assert hint("zzz").startswith("rules are: greeting_says, inbound_off, ")


def test_a_violation_is_acknowledged_by_rule_and_agent() -> None:
    change = AgentChange("desk", "Desk", Action.UPDATE, "", fields=(field(("slmModel",), "x"),))
    [refusal] = refuse_by_rules(Environment("acme", "prod", rules={"models": []}), [change])
    assert (refusal.code, refusal.agent, refusal.acknowledgement) == ("MODELS", "desk", "MODELS")
    assert refusal.hint == "use an approved model; if it is meant, pass `--ack MODELS:desk`"
