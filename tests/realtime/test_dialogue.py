"""An emulated agent answers by its behaviour file and by what its live configuration lets it know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentops.emulator.behaviour.behaviours import Behaviour, read_behaviour
from agentops.emulator.behaviour.dialogue import NOT_UNDERSTOOD, STILL_THERE, UNABLE, Dialogue, Reaction, render_text

EXAMPLES = Path(__file__).parents[2] / "agents" / "behaviours"
HOURS = "- We are open Monday to Friday from nine in the morning to five in the afternoon."


def config(prompt: str = HOURS, **fields: Any) -> dict[str, Any]:
    tools = fields.pop("tools", ["look_up_order", "transfer_to_person", "end_call"])
    return {
        "firstMessage": "Hi {{customer_name}}, how can I help?",
        "singlePromptConfig": {"prompt": prompt, "tools": [{"name": name, "enabled": True} for name in tools]},
        "language": {"default": "en", "supported": ["en"]},
        "synthesizer": {"voiceConfig": {"voiceId": "nyah"}},
        **fields,
    }


def support(**fields: Any) -> Dialogue:
    return Dialogue(read_behaviour(EXAMPLES / "support.yaml"), config(**fields), {})


def words(dialogue: Dialogue, reaction: Reaction | None) -> str:
    assert reaction is not None
    return dialogue.text(reaction.reply.say)


def ask(dialogue: Dialogue, text: str) -> str:
    return words(dialogue, dialogue.answer(text))


def test_the_answer_holds_what_the_live_prompt_says() -> None:
    assert ask(support(), "What are your opening hours?") == (
        "We are open Monday to Friday from nine in the morning to five in the afternoon."
    )
    changed = support(prompt=HOURS.replace("five", "six"))
    assert ask(changed, "when are you open") == (
        "We are open Monday to Friday from nine in the morning to six in the afternoon."
    )


def test_a_prompt_that_lost_its_hours_is_heard() -> None:
    assert ask(support(prompt="Be friendly."), "What are your opening hours?") == (
        "I'm sorry, I don't know our opening hours."
    )


def test_an_agent_without_the_tool_can_not_use_it() -> None:
    assert support().answer("Can I speak to a human please?").reply.transfer == "transfer_to_person"
    without = support(tools=[]).answer("Can I speak to a human please?")
    assert without.reply.transfer is None
    assert "can't connect" in without.reply.say
    disabled = config()
    disabled["singlePromptConfig"]["tools"][1]["enabled"] = False
    dialogue = Dialogue(read_behaviour(EXAMPLES / "support.yaml"), disabled, {})
    assert dialogue.answer("Can I speak to a human please?").reply.transfer is None


def test_slots_and_named_groups_become_variables() -> None:
    heard = support()
    heard.answer("my order number is four two seven")
    assert heard.variables["order_number"] == "four two seven"
    typed = support()
    assert typed.answer("It's 4-2-7, thanks").turn == "order-number"
    assert typed.variables["order_number"] == "4-2-7"


def test_the_grammar_holds_every_phrase_once() -> None:
    phrases = support().phrases
    assert "are you open on Saturday" in phrases
    assert len(phrases) == len(set(phrases))


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"prompt_contains": "MONDAY to Friday"}, True),
        ({"prompt_contains": ["Monday", "Sunday"]}, False),
        ({"prompt_lacks": "Sunday"}, True),
        ({"prompt_lacks": "monday"}, False),
        ({"first_message_contains": "how can I"}, True),
        ({"first_message_lacks": "how can I"}, False),
        ({"voice": ["nyah", "daniel"]}, True),
        ({"voice": "daniel"}, False),
        ({"model": "gpt-4o"}, False),
        ({"language": "en"}, True),
        ({"language": ["en", "es"]}, False),
        ({"tool": "end_call"}, True),
        ({"tool": "fly"}, False),
        ({"no_tool": "fly"}, True),
        ({"no_tool": "end_call"}, False),
        ({"variables": {"tier": "gold"}}, True),
        ({"variables": {"tier": "silver"}}, False),
        ({"after": "first"}, False),
    ],
)
def test_conditions(when: dict[str, Any], fits: bool) -> None:
    turns = [{"name": "first", "matches": "x", "replies": [{"when": when, "say": "yes"}, {"say": "no"}]}]
    dialogue = Dialogue(Behaviour.model_validate({"turns": turns}), config(), {"tier": "gold"})
    assert ask(dialogue, "x") == ("yes" if fits else "no")


def test_a_turn_can_depend_on_the_one_before() -> None:
    replies = [{"when": {"after": "offer"}, "say": "Done."}, {"say": "What?"}]
    turns = [{"name": "offer", "matches": "offer", "replies": {"say": "Shall I?"}},
             {"name": "agree", "matches": "yes", "replies": replies}]  # fmt: skip
    dialogue = Dialogue(Behaviour.model_validate({"turns": turns}), config(), {})
    assert [ask(dialogue, text) for text in ("yes", "offer", "yes", "yes")] == ["What?", "Shall I?", "Done.", "What?"]


def test_without_a_behaviour_the_live_first_message_and_nothing_else() -> None:
    dialogue = Dialogue(Behaviour(), config(), {"customer_name": "Ada"})
    assert words(dialogue, dialogue.opening()) == "Hi Ada, how can I help?"
    assert ask(dialogue, "hello") == NOT_UNDERSTOOD
    assert words(dialogue, dialogue.nudge()) == STILL_THERE


def test_who_speaks_first() -> None:
    assert Dialogue(Behaviour(), config(waitForUserToSpeakFirst=True), {}).opening() is None
    assert Dialogue(Behaviour(), config(firstMessage=""), {}).opening() is None
    own = Dialogue(Behaviour.model_validate({"opening": {"say": "Yes?"}}), config(), {})
    assert words(own, own.opening()) == "Yes?"


def test_the_platform_setting_for_missed_speech_is_used() -> None:
    missed = {"isEnabled": True, "repeatPromptMessages": ["Come again?"]}
    dialogue = Dialogue(Behaviour(), config(sttMissDetectorConfig=missed), {})
    assert words(dialogue, dialogue.not_understood()) == "Come again?"


def test_a_turn_in_which_no_reply_fits() -> None:
    turns = [{"name": "a", "matches": "x", "replies": {"when": {"tool": "fly"}, "say": "Flying."}}]
    assert ask(Dialogue(Behaviour.model_validate({"turns": turns}), config(), {}), "x") == UNABLE


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{name}}!", "Hi Ada!"),
        ("Hi {{ name }}!", "Hi Ada!"),
        ("Hi {{other|friend}}!", "Hi friend!"),
        ("Hi {{empty|friend}}!", "Hi friend!"),
        ("Hi {{empty}}!", "Hi !"),
        ("Hi {{other}}!", "Hi {{other}}!"),
        ("{{paid}} and {{count}}", "true and 3"),
    ],
)
def test_call_time_variables(template: str, text: str) -> None:
    assert render_text(template, {"name": "Ada", "empty": "", "paid": True, "count": 3}) == text


def test_the_global_prompt_counts_where_there_is_no_prompt_of_its_own() -> None:
    closed = "We are closed for good."
    assert support(prompt="", globalPrompt=HOURS).prompt == HOURS
    assert support(prompt=closed, globalPrompt=HOURS).prompt == closed
