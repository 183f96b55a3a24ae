"""Every row of the mapping is tried with its own example: what it says must be what an import does."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from agentops.importers.elevenlabs.agent import convert
from agentops.importers.elevenlabs.mapping import row_for
from agentops.importers.elevenlabs.paths import Place, leaves_of, place_text
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.elevenlabs.rows import ROWS
from agentops.importers.elevenlabs.rows.row import Row
from agentops.importers.elevenlabs.voices import VoiceProposals
from agentops.importers.fidelity import Grade

AGENT: dict[str, Any] = {
    "name": "Line",
    "conversation_config": {"agent": {"first_message": "Hello.", "prompt": {"prompt": "Help.", "llm": "gpt-4o"}}},
}
WEBHOOK = {"type": "webhook", "name": "look_up", "api_schema": {"url": "https://shop.acme.dev/x"}}
# What stands around an example that cannot stand alone: the longest place that leads to the row's.
AROUND: dict[str, Any] = {
    "conversation_config.agent.prompt.tools.0": WEBHOOK,
    "conversation_config.agent.prompt.tools.0.parameters": {"type": "client", "name": "look_up"},
    "conversation_config.agent.prompt.tools.0.expects_response": {"type": "client", "name": "look_up"},
    "conversation_config.agent.prompt.tools.0.api_schema.request_headers": WEBHOOK,
    "conversation_config.agent.prompt.tools.0.assignments.0": {"dynamic_variable": "status", "value_path": "a"},
    "conversation_config.agent.prompt.built_in_tools.transfer_to_number.params.transfers.0": {
        "condition": "billing",
        "phone_number": "+14155550100",
    },
    "conversation_config.agent.prompt.built_in_tools.transfer_to_number.params.enable_client_message": {
        "transfers": [{"condition": "billing", "phone_number": "+14155550100"}]
    },
    "conversation_config.agent.prompt.built_in_tools.language_detection": {"type": "system"},
    "conversation_config.language_presets.es": {},
    "platform_settings.evaluation.criteria.0": {"id": "polite", "conversation_goal_prompt": "Was it polite?"},
    "platform_settings.evaluation.criteria.0.max_score": {"scoring_mode": "numeric_uniform"},
    "platform_settings.evaluation.criteria.0.score_instructions": {"scoring_mode": "numeric_uniform"},
    "platform_settings.data_collection.0": {"type": "string", "description": "The order."},
    "platform_settings.workspace_overrides.conversation_initiation_client_data_webhook": {
        "url": "https://shop.acme.dev/before"
    },
    "workflow": {
        "nodes": {"0": {"type": "override_agent", "label": "Ask", "additional_prompt": "Ask."}, "n2": {"type": "end"}},
        "edges": {"0": {"source": "0", "target": "n2", "forward_condition": {"type": "unconditional"}}},
    },
    "workflow.nodes.0.message": {"type": "say"},
    "workflow.nodes.0.tools": {"type": "tool"},
    "workflow.nodes.0.outcome": {"type": "end"},
    "workflow.nodes.0.transfer_destination": {"type": "phone_number", "label": "Desk"},
    "workflow.nodes.0.transfer_type": {
        "type": "phone_number",
        "transfer_destination": {"type": "phone", "phone_number": "+14155550100"},
    },
    "workflow.nodes.0.agent_id": {"type": "standalone_agent"},
    "workflow.nodes.0.transfer_message": {"type": "standalone_agent", "agent_id": "agent_7"},
}
NAMED_TOOL = {**WEBHOOK, "id": "tool_9"}
LISTS = {"tools", "assignments", "transfers", "criteria", "supported_voices"}
TRIED = [(row, place) for row in ROWS for place in row.at]


def merged(tree: Any, place: Place, value: Any) -> None:
    """Puts `value` at `place`, making lists and objects on the way; two objects become one."""
    *parents, last = place
    node = tree
    for part, following in zip(parents, place[1:], strict=True):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(node, list):
            while len(node) <= int(part):
                node.append(copy.deepcopy(empty))
            node = node[int(part)]
        else:
            node = node.setdefault(part, empty)
    if isinstance(node, list):
        while len(node) <= int(last):
            node.append({})
        node[int(last)] = {**node[int(last)], **value} if isinstance(value, dict) else value
    elif isinstance(value, dict) and isinstance(node.get(last), dict):
        node[last] = {**node[last], **value}
    else:
        node[last] = value


def place_of(pattern: str) -> Place:
    """`a.tools.*.b` as the first element of the list, or the key "0" of a map."""
    parts: list[str | int] = []
    for part in pattern.split("."):
        around = parts[-1] if parts else ""
        if part == "*" and around == "language_presets":
            parts.append("es")
        elif part == "*" and around == "built_in_tools":
            parts.append("memory_search" if pattern.endswith("*") else "end_call")
        else:
            parts.append((0 if around in LISTS else "0") if part == "*" else part)
    return tuple(parts)


def tree_with(pattern: str, example: Any) -> dict[str, Any]:
    tree = copy.deepcopy(AGENT)
    wanted = place_of(pattern)
    dotted = ".".join(map(str, wanted))
    for around, value in AROUND.items():
        if dotted == around or dotted.startswith(f"{around}."):
            is_parent = around.endswith((".0", "workflow", "transfer_to_number", "language_detection", "data_webhook"))
            holder = around if is_parent or dotted != around else around.rpartition(".")[0]
            at = tuple(
                0 if p == "0" and h in LISTS else p
                for h, p in zip(("", *holder.split(".")), holder.split("."), strict=False)
            )
            merged(tree, at, copy.deepcopy(value))
    if dotted.startswith(("workflow.nodes.0.tools", "workflow.nodes.0.additional_tool_ids")):
        merged(tree, ("conversation_config", "agent", "prompt", "tools"), [NAMED_TOOL])
    merged(tree, wanted, copy.deepcopy(example))
    return tree


@pytest.mark.parametrize(("row", "pattern"), TRIED, ids=[pattern for _, pattern in TRIED])
def test_the_example_has_the_fate_that_its_row_says(row: Row, pattern: str) -> None:
    data = tree_with(pattern, row.example)
    conversion = convert(
        read_agent(data, "x"), "line", {}, VoiceProposals(), with_widget="config.widgetConfig" in str(row.to)
    )
    items = {item.source: item for item in conversion.source.ledger.close(conversion.written())[0] if item.is_leaf}
    mine = [
        items[place_text(leaf)]
        for leaf, value in leaves_of(conversion.source.tree)
        if row_for(leaf) is row and not row.is_untouched(value)
    ]
    assert mine, "the example is not read at the row's place"
    fates = {item.grade for item in mine} - {Grade.DEFAULT}
    assert row.fate in fates, mine
    for item in mine:
        if item.target is not None:
            assert any(item.target.startswith(to) for to in row.to), (item.target, row.to)
    if row.to and row.fate in (Grade.EXACT, Grade.APPROXIMATED):
        assert any(item.target for item in mine), mine


@pytest.mark.parametrize("row", ROWS, ids=[row.at[0] for row in ROWS])
def test_a_row_says_what_it_must(row: Row) -> None:
    assert row.source
    assert row.code.startswith("EL")
    if row.fate is Grade.EXACT:
        assert row.to
    else:
        assert row.why
    if row.fate is Grade.CHOICE:
        assert row.todo
