"""What a project can set about lint, and that the examples are clean."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_projects import PROJECT_FILE, Loader

from agentops.diagnostics import Severity
from agentops.spec import load_project
from agentops.spec.lint import lint_project

ROOT = Path(__file__).parents[2]
SPEC = """
name: Line
config:
  firstMessage: Visit www.example.com, or say hello 👋?
  redactionConfig: {isEnabled: true}
"""


def codes(load: Loader, spec: str, project: str = "") -> list[str]:
    found = lint_project(load({"agents/line.yaml": spec, "agentops.yaml": PROJECT_FILE + project}))
    return [each.code for each in found]


@pytest.mark.parametrize("environment", ["local", "demo", "staging", "prod"])
def test_no_rule_fires_on_the_examples(environment: str) -> None:
    assert lint_project(load_project(ROOT, environ={}, environment=environment)) == ()


def test_a_project_sets_severities_and_switches_rules_off(load: Loader) -> None:
    assert codes(load, SPEC) == ["spoken-emoji", "spoken-url"] or codes(load, SPEC) == ["spoken-url", "spoken-emoji"]
    settings = "lint: {rules: {spoken-emoji: 'off', spoken-url: error}}\n"
    found = lint_project(load({"agents/line.yaml": SPEC, "agentops.yaml": PROJECT_FILE + settings}))
    assert [(each.code, each.severity) for each in found] == [("spoken-url", Severity.ERROR)]


def test_a_spec_suppresses_a_rule_with_a_reason_at_a_path(load: Loader) -> None:
    lint = "lint: [{rule: spoken-url, reason: it is the brand, path: config.firstMessage}]\n"
    assert codes(load, SPEC + lint) == ["spoken-emoji"]
    elsewhere = "lint: [{rule: spoken-url, reason: it is the brand, path: config.singlePromptConfig}]\n"
    assert sorted(codes(load, SPEC + elsewhere)) == ["spoken-emoji", "spoken-url", "unused-suppression"]
    without_reason = SPEC + "lint: [{rule: spoken-url}]\n"
    assert [each.code for each in load.spec(without_reason)] == ["missing-field"]


def test_a_warning_of_validation_can_be_suppressed_too(load: Loader) -> None:
    spec = "name: L\nconfig: {firstMessage: 'Hi {{who}}?', redactionConfig: {isEnabled: true}}\n"
    assert [each.code for each in load.spec(spec)] == ["unknown-placeholder"]
    suppressed = spec + "lint: [{rule: unknown-placeholder, reason: every call brings it}]\n"
    assert load.spec(suppressed) == ()
    assert codes(load, suppressed) == []


def test_an_unknown_rule_or_setting_in_the_project_is_told(load: Loader) -> None:
    found = lint_project(
        load({"agents/line.yaml": SPEC, "agentops.yaml": PROJECT_FILE + "lint: {rules: {spoken-ulr: note}}\n"})
    )
    told = next(each for each in found if each.code == "unknown-rule")
    assert str(told.where) == "agentops.yaml:10:16"
    assert "spoken-url" in str(told.hint)


def test_thresholds_are_settings(load: Loader) -> None:
    greeting = (
        "name: L\nconfig: {redactionConfig: {isEnabled: true}, firstMessage: 'Hello, how can I help you today?'}\n"
    )
    assert codes(load, greeting) == []
    assert codes(load, greeting, "lint: {settings: {greeting_seconds: 1}}\n") == ["greeting-too-long"]


def test_a_finding_in_a_prompt_is_placed_in_its_file(load: Loader) -> None:
    files = {
        "agents/prompts/a.md": "You answer.\n\n${{ file('prompts/b.md') }}\n",
        "agents/prompts/b.md": "Be kind.\nMail jo@example.com for help.\n",
        "agents/line.yaml": """
            name: Line
            config:
              redactionConfig: {isEnabled: true}
              firstMessage: "Hello?"
              singlePromptConfig: {prompt: "${{ file('prompts/a.md') }}"}
            """,
    }
    (found,) = lint_project(load(files))
    assert (found.code, str(found.where)) == ("email-in-prompt", "agents/prompts/b.md:2:6")


@pytest.mark.parametrize(
    "text",
    [
        "Hello, how can I help you today?",
        "We close at five. Is that all right?",
        "It costs twenty dollars, or nine ninety nine.",
        "Call us any day, we are here for you.",
        "The year 2026 was good, and so was room 12.",
        "Hi {{customer_name|there}}, {{company|we}} are glad you called.",
        "¿En qué puedo ayudarle? Guten Tag, was kann ich für Sie tun?",
        "Acme - how can I help?",
        "I am OK, and so is NASA.",
    ],
)
def test_ordinary_sentences_are_left_alone(load: Loader, text: str) -> None:
    spec = f"name: L\nconfig: {{redactionConfig: {{isEnabled: true}}, firstMessage: '{text}'}}\n"
    assert [code for code in codes(load, spec) if code.startswith("spoken")] == []


def _told(load: Loader, prompt: str) -> list[tuple[str, str]]:
    """(code, summary) of what lint says of a prompt."""
    files = {
        "agents/prompts/a.md": prompt,
        "agents/line.yaml": """
            name: Line
            config:
              redactionConfig: {isEnabled: true}
              firstMessage: "Hello, how can I help you today?"
              singlePromptConfig: {prompt: "${{ file('prompts/a.md') }}"}
            """,
    }
    return [(each.code, each.summary) for each in lint_project(load(files))]


@pytest.mark.parametrize(
    ("prompt", "summaries"),
    [
        ("One is AKIAIOSFODNN7EXAMPLE, two is ghp_16C7e42F292c6912E7710c838347Ae178B4a.\n", ["AKIA...", "ghp_..."]),
        ("The password is hunter2now, and no other.\n", ["10 characters"]),
        ("Never say npm_4kTq9dZr1xWvB7mYs2Lp8nHc.\n", ["npm_..."]),
        ("Ask https://robot:letmein2@crm.example.com/v1.\n", ["robo..."]),
    ],
)
def test_every_secret_of_a_text_is_reported(load: Loader, prompt: str, summaries: list[str]) -> None:
    told = _told(load, prompt)
    assert [code for code, _ in told] == ["secret-in-text"] * len(summaries)
    assert all(part in summary for part, (_, summary) in zip(summaries, told, strict=True))


@pytest.mark.parametrize(
    ("prompt", "codes"),
    [
        ("Hers is 219-09-9999, his is 078-05-1120.\n", ["identity-number", "identity-number"]),
        ("The Aadhaar is 2341 2341 2346.\n", ["identity-number"]),
        ("aadhaar: 234123412346\n", ["identity-number"]),
        ("Pay to DE89 3704 0044 0532 0130 00.\n", ["identity-number"]),
        ("The check digit is wrong: 2341 2341 2345, and DE88 3704 0044 0532 0130 00.\n", []),
        ("Order 234123412346 or part 900-12-3456 may come up.\n", []),
        ("Write to jo@example.com or to al@example.com, never to jo@example.com.\n", ["email-in-prompt"] * 2),
    ],
)
def test_numbers_and_addresses_of_persons_are_reported_one_by_one(load: Loader, prompt: str, codes: list[str]) -> None:
    assert [code for code, _ in _told(load, prompt)] == codes


def test_playbooks_refer_to_what_is_there_and_their_tools_are_known(load: Loader) -> None:
    spec = """
        name: Line
        workflow_type: multi_agents
        config:
          redactionConfig: {isEnabled: true}
          firstMessage: "Hello, how can I help you today?"
          playbooks:
            conversationGuide: Use order_lookup.
            verifications: [{id: birthday, name: Birthday}]
            playbooks:
              - id: orders
                name: Orders
                verificationIds: [birthday, birthdya]
                prompt: Call order_lookup.
                tools: [{type: end_call, name: order_lookup, description: Ends.}]
              - {id: orders, name: More orders}
        """
    project = load({"agents/line.yaml": spec})
    found = [(each.code, each.path) for each in project.diagnostics if each.is_error]
    assert found == [
        ("unknown-reference", "config.playbooks.playbooks[0].verificationIds[1]"),
        ("duplicate-item", "config.playbooks.playbooks[1].id"),
    ]
    sound = spec.replace(", birthdya", "").replace("{id: orders, name: More", "{id: more, name: More")
    assert "unknown-tool-mentioned" not in codes(load, sound)
    assert "unknown-tool-mentioned" in codes(load, sound.replace("name: order_lookup", "name: other_lookup"))


def test_what_stands_around_a_reference_is_no_secret(load: Loader) -> None:
    """The value of `api_key` is the reference, and `&x=1` belongs to the next parameter."""
    spec = """
        name: A
        config:
          firstMessage: Hello.
          singlePromptConfig:
            prompt: Use crm.
            tools:
              - type: api_call
                name: crm
                description: Looks the caller up.
                url: https://crm.example.com/v1?api_key=${{ secrets.KEY }}&x=1
                method: GET
                timeout: 4000
        """
    found = lint_project(load({"agents/line.yaml": spec}))
    assert "secret-in-text" not in {each.code for each in found}
