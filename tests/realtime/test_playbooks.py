"""An agent of playbooks: entry, hand-over, the tools of each, the fallback, and what the caller must prove first."""

from __future__ import annotations

from typing import Any

import pytest
from spoken import Call

from agentops.emulator.behaviour.playbooks import Hop, PlaybookRouter
from agentops.emulator.realtime.work import ToolOutcome


def tool(name: str, kind: str = "api_call") -> dict[str, Any]:
    return {"type": kind, "name": name, "description": name, "enabled": True}


def playbook(name: str, description: str, **more: Any) -> dict[str, Any]:
    facts = {
        "id": name,
        "name": name,
        "intentName": name,
        "intentDescription": description,
        "prompt": f"You do {name}.",
    }
    return {**facts, **more}


SECTION: dict[str, Any] = {
    "router": {"fallbackPlaybookId": "general"},
    "conversationGuide": "Be kind.",
    "playbooks": [
        playbook("billing", "Questions about an invoice or a payment.", tools=[tool("look_up_invoice")]),
        playbook("card_fraud", "A stolen or lost card.", toolRefs=["tool_freeze"], verificationIds=["birthday"]),
        playbook("closed", "An invoice of last year.", enabled=False),
        playbook("general", "Anything else."),
    ],
    "verifications": [{"id": "birthday", "name": "Birthday", "toolRefs": ["tool_birthday"], "maxRetries": 1}],
    "globalToolRefs": ["tool_hours"],
}
REGISTRY = {
    "tool_freeze": tool("freeze_card"),
    "tool_birthday": tool("check_birthday"),
    "tool_hours": tool("look_up_hours"),
}


def router(**changes: Any) -> PlaybookRouter:
    return PlaybookRouter({**SECTION, **changes}, REGISTRY)


def names(playbooks: PlaybookRouter) -> list[str]:
    return [str(each["name"]) for each in playbooks.tools()]


def test_the_first_turn_enters_the_playbook_whose_intent_fits() -> None:
    playbooks = router()
    assert playbooks.route("I have a question about my invoice") == Hop("", "billing")
    assert playbooks.prompt == "Be kind.\n\nYou do billing."
    assert names(playbooks) == ["look_up_invoice", "look_up_hours"]


def test_what_fits_none_of_them_goes_to_the_fallback() -> None:
    playbooks = router()
    assert playbooks.route("Good morning") == Hop("", "general")
    assert names(playbooks) == ["look_up_hours"]


def test_a_playbook_that_is_switched_off_is_not_chosen() -> None:
    playbooks = router()
    playbooks.route("The invoice of last year please")
    assert playbooks.active["id"] == "billing"


def test_a_later_turn_hands_over_unless_the_router_may_not() -> None:
    playbooks = router()
    playbooks.route("my invoice")
    assert playbooks.route("by the way, my card was stolen") == Hop("billing", "card_fraud")
    assert playbooks.route("yes") is None
    fixed = router(router={"fallbackPlaybookId": "general", "allowMidCallReroute": False})
    fixed.route("my invoice")
    assert fixed.route("my card was stolen") is None
    assert fixed.active["id"] == "billing"


def test_a_behaviour_file_can_name_the_intent() -> None:
    assert router().route("hello", intent="card_fraud") == Hop("", "card_fraud")


def test_a_playbook_shows_its_tools_once_the_caller_has_proved_who_they_are() -> None:
    playbooks = router()
    playbooks.route("my card was stolen")
    assert names(playbooks) == ["look_up_hours", "check_birthday"]
    assert playbooks.after_tool("check_birthday", has_succeeded=True) is None
    assert playbooks.missing_verifications() == []
    assert names(playbooks) == ["freeze_card", "look_up_hours"]


def test_proofs_that_fail_too_often_lock_the_playbook() -> None:
    playbooks = router()
    playbooks.route("my card was stolen")
    assert playbooks.after_tool("check_birthday", has_succeeded=False) is None
    spent = playbooks.after_tool("check_birthday", has_succeeded=False)
    assert spent is not None
    assert spent["id"] == "birthday"
    assert playbooks.downgrade() == Hop("card_fraud", "general")
    playbooks.route("but my card was stolen")
    assert playbooks.active["id"] == "general"


@pytest.mark.parametrize(("level", "proofs"), [("weak", ["know_number"]), ("strong", ["know_number", "check_pin"])])
def test_an_authentication_level_asks_for_its_tools(level: str, proofs: list[str]) -> None:
    auth = {"weakTools": [tool("know_number")], "strongTools": [tool("check_pin")]}
    guarded = playbook("billing", "An invoice.", authLevel=level, tools=[tool("look_up_invoice")])
    playbooks = router(auth=auth, playbooks=[guarded, *SECTION["playbooks"][2:]])
    playbooks.route("my invoice")
    for proof in proofs:
        assert "look_up_invoice" not in names(playbooks)
        assert proof in names(playbooks)
        playbooks.after_tool(proof, has_succeeded=True)
    assert "look_up_invoice" in names(playbooks)


BEHAVIOUR = {
    "turns": [
        {
            "name": "stolen",
            "matches": "stolen",
            "replies": [
                {"when": {"verified": True}, "call": {"tool": "freeze_card"}, "say": "Your card is frozen."},
                {"when": {"playbook": "card_fraud"}, "call": {"tool": "check_birthday"}, "say": "Thank you."},
            ],
        },
        {"name": "invoice", "matches": "invoice", "replies": [{"when": {"playbook": "billing"}, "say": "It is paid."}]},
    ]
}


def chat(**changes: Any) -> Call:
    return Call(BEHAVIOUR, mode="chat", firstMessage="", playbooks=router(**changes))


def write(call: Call, text: str) -> str:
    before = len(call.heard)
    call.send(type="input_text.send", text=text)
    call.run(1000)
    lines = [frame for _, frame in call.heard[before:] if frame["type"] == "transcript"]
    return " ".join(str(line["text"]) for line in lines if line["role"] == "assistant")


def hops(call: Call) -> list[tuple[str, str]]:
    events = call.session.record.events
    return [(event["from_node_id"], event["to_node_id"]) for event in events if event["event_type"] == "hopping"]


def test_a_call_goes_from_playbook_to_playbook_and_says_so_in_its_events() -> None:
    call = chat()
    assert write(call, "my invoice") == "It is paid."
    assert write(call, "and my card was stolen") == "Thank you."
    assert write(call, "so, stolen") == "Your card is frozen."
    assert hops(call) == [("", "billing"), ("billing", "card_fraud")]


@pytest.mark.parametrize(
    ("on_fail", "ending", "after"),
    [("downgrade", None, ("card_fraud", "general")), ("end", "agent_hangup", None), ("handoff", "agent_hangup", None)],
)
def test_a_caller_who_can_not_prove_it_is_sent_away_as_the_verification_says(
    on_fail: str, ending: str | None, after: tuple[str, str] | None
) -> None:
    call = chat(verifications=[{**SECTION["verifications"][0], "onFail": on_fail}])
    call.outcome = ToolOutcome(error="no such birthday")
    write(call, "my card was stolen")
    assert write(call, "stolen, I said") == "I'm sorry, I could not verify who you are."
    assert (call.session.ending.disconnection if call.session.ending else None) == ending
    assert hops(call)[1:] == ([after] if after else [])


def test_an_agent_with_a_transfer_tool_hands_an_unproved_caller_over() -> None:
    section = {**SECTION, "verifications": [{**SECTION["verifications"][0], "onFail": "handoff"}]}
    tools = {"tools": [tool("to_a_person", "transfer_call")]}
    call = Call(
        BEHAVIOUR, mode="chat", firstMessage="", singlePromptConfig=tools, playbooks=PlaybookRouter(section, REGISTRY)
    )
    call.outcome = ToolOutcome(error="no such birthday")
    write(call, "my card was stolen")
    write(call, "stolen, I said")
    assert call.session.ending is not None
    assert call.session.ending.disconnection == "transfer_complete"
