"""Tests of ElevenLabs become scripts that can fail: what a condition plainly demands, and what only a judge decides."""

from __future__ import annotations

from typing import Any

import pytest

from agentops.calls.script import Script
from agentops.importers.elevenlabs.agent import convert
from agentops.importers.elevenlabs.conditions import demands_of
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.elevenlabs.voices import VoiceProposals

TOOLS = ["end_call", "book_table", "universal_router"]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            'Must say "We close at 5 pm" and never mention "discount".',
            {"all_of": ["We close at 5 pm"], "not_contains": ["discount"]},
        ),
        ('Responds with "Thank you" or "Have a good day".', {"any_of": ["Thank you", "Have a good day"]}),
        ("Quotes the price of $45 in under 20 words.", {"all_of": ["$45"], "max_words": 20}),
        ("Must not tell the caller to dial 727-295-2245.", {"not_contains": ["727-295-2245"]}),
        ('Greets warmly, with something like "hello there".', {}),
        ('If the caller says "no", the agent moves on.', {}),
        ("Gives 239-332-2245 or transfers to the office.", {}),
        ("Answers in 2 sentences and asks 3 questions.", {}),
        ("Is polite and helpful.", {}),
    ],
)
def test_what_a_condition_plainly_demands(condition: str, words: dict[str, Any]) -> None:
    assert demands_of(condition, TOOLS).words == words


def test_tools_and_hanging_up_are_demanded_by_name() -> None:
    demands = demands_of(
        "The agent calls book_table. It does NOT call universal_router. It should end the call.", TOOLS
    )
    assert (demands.tools, demands.no_tools, demands.ends_call) == (["book_table"], ["universal_router"], True)


def test_examples_give_what_all_good_answers_share_and_no_bad_one_may_be() -> None:
    demands = demands_of(
        "Names the price.", TOOLS, ["It costs 45 dollars.", "That is 45."], ["I don't know.", "[calls x]"]
    )
    assert demands.words == {"all_of": ["45"], "not_contains": ["I don't know."]}


def test_a_demand_that_the_good_examples_break_was_misread() -> None:
    demands = demands_of('Must say "Is it private?"', TOOLS, ["Is this private or insured?"])
    assert demands.words == {}


def made_of(*tests: dict[str, Any], **prompt: Any) -> Conversion:
    data = {
        "name": "Desk",
        "conversation_config": {
            "agent": {"first_message": "Hi.", "prompt": {"prompt": "Help.", "llm": "gpt-4o", **prompt}}
        },
        "platform_settings": {"testing": {"attached_tests": [{"test_id": str(i)} for i in range(len(tests))]}},
    }
    known = {str(i): test for i, test in enumerate(tests)}
    return convert(read_agent(data, "x", tests=known), "desk", {}, VoiceProposals())


BOOK = {
    "type": "webhook",
    "name": "book_table",
    "id": "tool_1",
    "api_schema": {
        "url": "https://desk.acme.dev/book",
        "request_body_schema": {"properties": {"guests": {"type": "integer"}, "name": {"type": "string"}}},
    },
}
ASKS = {"chat_history": [{"role": "agent", "message": "Hi."}, {"role": "user", "message": "A table for 4, please."}]}


def test_a_condition_is_for_the_judge_and_what_is_plain_in_it_for_everybody() -> None:
    test = {**ASKS, "name": "Desk asks back", "type": "llm", "success_condition": 'Must say "For what time?".'}
    made = made_of(test)
    script = Script.model_validate(made.scripts["desk-asks-back"])
    expect = script.steps[2].expect  # type: ignore[union-attr]
    assert expect.all_of == ("For what time?",) or expect.all_of == ("For what time",)
    assert expect.meets == ('Must say "For what time?".',)
    assert made.scripts["desk-asks-back"]["steps"][1] == {"send_text": "A table for 4, please."}


def test_a_tool_call_is_expected_with_its_exact_arguments() -> None:
    parameters = [
        {"path": "body.guests", "eval": {"type": "exact", "expected_value": "4"}},
        {"path": "body.name", "eval": {"type": "llm", "description": "a name"}},
    ]
    test = {
        **ASKS,
        "name": "books",
        "type": "tool",
        "tool_call_parameters": {"referenced_tool": {"id": "tool_1", "type": "webhook"}, "parameters": parameters},
    }
    made = made_of(test, tools=[BOOK])
    script = Script.model_validate(made.scripts["desk-books"])
    assert script.checks.tool_calls[0].arguments == {"guests": 4}
    told = [item.why for item in made.source.ledger.close(made.written())[0] if item.code == "EL022"]
    assert any("the argument body.name of book_table was judged by llm" in why for why in told)


def test_a_tool_that_must_not_be_called_is_forbidden() -> None:
    absent = {"referenced_tool": {"id": "end_call", "type": "system"}, "verify_absence": True}
    test = {**ASKS, "name": "goes on", "type": "tool", "tool_call_parameters": absent}
    made = made_of(test, built_in_tools={"end_call": {"type": "system", "name": "end_call"}})
    assert Script.model_validate(made.scripts["desk-goes-on"]).checks.no_tool_calls == ("end_call",)


def test_what_nothing_can_decide_is_no_script_but_a_thing_to_do() -> None:
    simulated = {"name": "angry caller", "type": "simulation", "simulation_scenario": "An angry caller."}
    made = made_of(simulated, {**ASKS, "name": "empty", "type": "llm"})
    assert list(made.scripts) == ["desk-greeting"]
    items = made.source.ledger.close(made.written())[0]
    told = " ".join(item.why for item in items if not item.is_leaf and item.code == "EL022")
    assert "'angry caller' is not a script: the test describes a caller but not their words" in told
    assert "'empty' is not a script" in told


def test_attached_tests_that_were_read_are_not_asked_for_again() -> None:
    made = made_of({**ASKS, "name": "x", "success_condition": "Is kind."})
    items = {item.source: item for item in made.source.ledger.close(made.written())[0] if item.is_leaf}
    assert items["platform_settings.testing.attached_tests[0].test_id"].why == "repeats the test x"
