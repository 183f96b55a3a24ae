"""Workflow graphs become stages that a model can tell apart, or the playbooks of a multi-agent line."""

from __future__ import annotations

from typing import Any

from agentops.importers.elevenlabs.agent import convert
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.project import agent_files
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.elevenlabs.voices import VoiceProposals

YES = {"type": "llm", "condition": "yes"}
NO = {"type": "llm", "condition": "no"}
ALWAYS = {"type": "unconditional"}
NODES = {
    "s": {"type": "start"},
    "node_01kvabcdefghjkmnpqrs": {"type": "override_agent", "additional_prompt": "Ask if they are interested today."},
    "c1": {"type": "override_agent", "label": "Close", "additional_prompt": "Announce the contract."},
    "c2": {"type": "override_agent", "label": "Close", "additional_prompt": "Say sorry."},
    "t": {"type": "standalone_agent", "agent_id": "agent_7", "transfer_message": "One moment."},
    "e": {"type": "end", "label": "node_01kvzzzzzzzzzzzzzzzz"},
}
ASK = "node_01kvabcdefghjkmnpqrs"
EDGES = {
    "a": {"source": "s", "target": ASK, "forward_condition": ALWAYS},
    "b": {"source": ASK, "target": "c1", "forward_condition": YES},
    "c": {"source": ASK, "target": "c2", "forward_condition": NO, "backward_condition": YES},
    "d": {"source": "c1", "target": "t", "forward_condition": {"type": "llm", "condition": "The caller wants to buy."}},
    "f": {"source": "c2", "target": "e", "forward_condition": ALWAYS},
}
STAGES = """\
# Stages of the call
Follow these stages; move on only as they say.

## Stage: Start
Then, go to stage Ask if they are interested today.

## Stage: Ask if they are interested today
Ask if they are interested today.
When yes, go to stage Close (yes).
When no, go to stage Close (no).

## Stage: Close (yes)
Announce the contract.
When the caller wants to buy, go to stage Hand over to another agent (The caller wants to buy).

## Stage: Close (no)
Say sorry.
Then, go to stage End of the call.
When yes, go back to stage Ask if they are interested today.

## Stage: Hand over to another agent (The caller wants to buy)
Say: "One moment."
Put the caller through with `transfer_wants_buy`.

## Stage: End of the call
Say goodbye and end the call with `end_call`.
"""


def made(**options: bool) -> Conversion:
    data: dict[str, Any] = {
        "name": "Line",
        "conversation_config": {"agent": {"first_message": "Hi.", "prompt": {"prompt": "Help.", "llm": "gpt-4o"}}},
        "workflow": {"nodes": NODES, "edges": EDGES},
    }
    return convert(read_agent(data, "x"), "line", {}, VoiceProposals(), **options)


def test_stages_have_unique_readable_names_and_every_link_leads_to_one() -> None:
    prompt = made().config["singlePromptConfig"]["prompt"]
    assert prompt == f"Help.\n\n{STAGES}"
    assert "node_01kv" not in prompt


def test_another_agent_is_reached_by_a_number_that_a_person_gives() -> None:
    conversion = made()
    (choice,) = [choice for choice in conversion.choices if choice.name.startswith("number_")]
    assert "agent_7" in choice.question
    tool = next(tool for tool in conversion.tools if tool["name"] == "transfer_wants_buy")
    assert tool["description"] == "Transfer when the caller wants to buy."
    assert "number_transfer_wants_buy" in tool["transferNumber"]


def test_as_playbooks_each_stage_is_one_and_statements_follow_it() -> None:
    conversion = made(with_playbooks=True)
    assert conversion.metadata["workflow_type"] == "multi_agents"
    assert "singlePromptConfig" not in conversion.config
    playbooks = conversion.config["playbooks"]
    assert [each["id"] for each in playbooks["playbooks"]] == [
        *("start", "ask-if-they-are-interested-today", "close-yes", "close-no"),
        *("hand-over-to-another-agent-the-caller-wants-to-b", "end-of-the-call"),
    ]
    assert playbooks["router"]["fallbackPlaybookId"] == "start"
    assert playbooks["playbooks"][2]["intentDescription"] == "yes"
    items = conversion.source.ledger.close(conversion.written())[0]
    assert not [item for item in items if (item.target or "").startswith("config.singlePromptConfig")]
    assert "conversationGuide: ${{ file('prompts/line.md') }}" in agent_files(conversion, "x")["agents/line.yaml"]
