"""A workflow graph becomes stages of the prompt, or playbooks of a multi-agent line.

A graph of nothing but start nodes is left out. Every other node becomes a stage, or a playbook, with a name that a
model can read and tell from the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agentops.document import Document
from agentops.importers.elevenlabs.built_in import add_agent_transfer, add_end_call, add_transfer, lowered, short_name
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.leaf_ledger import PROMPT_TARGET
from agentops.importers.elevenlabs.paths import Place, leaves_of
from agentops.importers.fidelity import Grade
from agentops.spec.slug import slug

NODES: Place = ("workflow", "nodes")
EDGES: Place = ("workflow", "edges")
_HEADING = "# Stages of the call\nFollow these stages; move on only as they say."
# Labels that are only an id: those of nodes that nobody named.
_ID = re.compile(
    r"(?i)(?:node|edge|agent)[_-][0-9a-z]{8,}|(?=\D*\d)[0-9a-z]{16,}|(?:node|n|step)[_-]?\d*|start_node|end_node"
)
_UNNAMED = {
    "start": "Start",
    "end": "End of the call",
    "phone_number": "Transfer to a person",
    "standalone_agent": "Hand over to another agent",
}
_MOST_INTENT = 64  # characters of an intent's name, by the vendor's SDK


@dataclass(frozen=True, slots=True)
class WorkflowNode:
    """One node: its name, what the model does in it, and the conditions under which it is entered."""

    name: str
    text: str
    entered: tuple[str, ...] = ()


class Graph:
    """The nodes and edges of a workflow, with a readable name for each node."""

    def __init__(self, conversion: Conversion) -> None:
        source = conversion.source
        self.nodes = {name: node for name, node in source.objects(*NODES).items() if isinstance(node, dict)}
        self.edges = {name: edge for name, edge in source.objects(*EDGES).items() if isinstance(edge, dict)}
        self.order = self._in_order()
        self.names = self._unique_names(conversion)

    @property
    def is_empty(self) -> bool:
        return all(node.get("type", "start") == "start" for node in self.nodes.values())

    def leaving(self, name: str) -> list[str]:
        """The edges that leave a node, in the node's own order."""
        found = [edge for edge, body in self.edges.items() if body.get("source") == name]
        wanted = self.nodes[name].get("edge_order")
        rank = {edge: index for index, edge in enumerate(wanted)} if isinstance(wanted, list) else {}
        return sorted(found, key=lambda edge: rank.get(edge, len(rank)))

    def entering(self, name: str) -> list[str]:
        return [edge for edge, body in self.edges.items() if target_of(body) == name]

    def _in_order(self) -> list[str]:
        """The nodes in the order in which the graph reaches them from its start, unreachable ones last."""
        waiting = [name for name, node in self.nodes.items() if node.get("type") == "start"] or list(self.nodes)[:1]
        order: list[str] = []
        while waiting:
            name = waiting.pop(0)
            if name in self.nodes and name not in order:
                order.append(name)
                waiting += [target_of(self.edges[edge]) for edge in self.leaving(name)]
        return order + [name for name in self.nodes if name not in order]

    def _unique_names(self, conversion: Conversion) -> dict[str, str]:
        """Nodes of one label get the condition that leads to them into their names, or a number."""
        plain = {name: conversion.rewrite(self._plain_name(name)) for name in self.order}
        made: dict[str, str] = {}
        for name in self.order:
            base = plain[name]
            condition = next((c for edge in self.entering(name) if (c := self._condition(edge))), "")
            is_shared = list(plain.values()).count(base) > 1
            wanted = f"{base} ({condition})" if is_shared and condition and len(condition.split()) < 7 else base
            unique, number = wanted, 2
            while unique.casefold() in {each.casefold() for each in made.values()}:
                unique, number = f"{wanted} {number}", number + 1
            made[name] = unique
        return made

    def _plain_name(self, name: str) -> str:
        node = self.nodes[name]
        kind, label = str(node.get("type")), node.get("label")
        if isinstance(label, str) and label.strip() and not _ID.fullmatch(label.strip()):
            return " ".join(label.split())
        if kind in ("start", "end"):
            return _UNNAMED[kind]
        condition = next((c for edge in self.entering(name) if (c := self._condition(edge))), "")
        if kind in _UNNAMED:
            return f"{_UNNAMED[kind]} ({condition})" if condition else _UNNAMED[kind]
        text = node.get("additional_prompt")
        first = next((line.strip(" #*-:") for line in str(text or "").splitlines() if line.strip(" #*-:")), "")
        if first:
            return " ".join(first.split()[:6]).rstrip(".,;:")
        if condition:
            return condition
        if kind == "override_agent" or not re.fullmatch(r"[a-z_]+", kind):
            return f"Step {self.order.index(name) + 1}"
        return f"{kind.replace('_', ' ').capitalize()} {self.order.index(name) + 1}"

    def _condition(self, edge: str) -> str:
        body = self.edges[edge].get("forward_condition")
        if not isinstance(body, dict):
            return ""
        texts = [body.get(key) for key in ("label", "condition")]
        text = next((text for text in texts if isinstance(text, str) and text.strip()), "")
        return " ".join(text.split()).rstrip(".")[:80]


def target_of(edge: Document) -> str:
    """The node that an edge leads to; old dumps call it `destination`."""
    return str(edge.get("target") or edge.get("destination") or "")


def convert_workflow(conversion: Conversion, *, as_playbooks: bool) -> None:
    """Writes the nodes as stages into a section of the prompt, or keeps them for `as_playbooks`."""
    graph = Graph(conversion)
    if graph.is_empty:
        for name in graph.nodes:
            why = "a graph with nothing in it"
            conversion.source.ledger.carry((*NODES, name, "type"), None, grade=Grade.BOOKKEEPING, why=why)
        return
    nodes = [_workflow_node(conversion, graph, name) for name in graph.order]
    nodes = [node for node in nodes if node.text]
    counted = f"a graph of {len(graph.nodes)} nodes and {len(graph.edges)} edges is {len(nodes)}"
    if as_playbooks:
        conversion.workflow_nodes = nodes
        why, todo = f"{counted} playbooks now", "Accounts must be allowed multi_agents, which is chosen at creation."
    else:
        text = "\n\n".join(f"## Stage: {node.name}\n{node.text}" for node in nodes)
        conversion.sections.append(f"{_HEADING}\n\n{text}")
        why, todo = f"{counted} stages of the prompt now", "Test each path with a call."
    conversion.remark(Grade.APPROXIMATED, "EL014", ("workflow",), why, todo)


def as_playbooks(conversion: Conversion) -> None:
    """Turns the finished single-prompt agent into a multi-agent line with one playbook for each node."""
    if not conversion.workflow_nodes:
        return
    single = conversion.config.pop("singlePromptConfig")
    tools = single.get("tools", [])
    made: list[Document] = []
    for node in conversion.workflow_nodes:
        key = base = slug(node.name, limit=48) or "stage"
        number = 2
        while key in {playbook["id"] for playbook in made}:
            key, number = f"{base}-{number}", number + 1
        playbook: Document = {"id": key, "name": node.name, "intentName": node.name[:_MOST_INTENT].strip()}
        if node.entered:
            playbook["intentDescription"] = "; or: ".join(node.entered)
        playbook |= {"enabled": True, "type": "free_form", "prompt": node.text}
        made.append({**playbook, **({"tools": tools} if tools else {})})
    conversion.metadata["workflow_type"] = "multi_agents"
    conversion.config["globalPrompt"] = str(conversion.metadata["name"])
    conversion.config["playbooks"] = {
        "router": {"fallbackPlaybookId": made[0]["id"], "allowMidCallReroute": True},
        "playbooks": made,
        "conversationGuide": single.get("prompt", ""),
    }
    conversion.source.ledger.moved = {
        ("config", "singlePromptConfig", "prompt"): ("config", "playbooks"),
        ("config", "singlePromptConfig", "tools"): ("config", "playbooks", "playbooks", made[0]["id"], "tools"),
    }


def _workflow_node(conversion: Conversion, graph: Graph, name: str) -> WorkflowNode:
    place, label = (*NODES, name), graph.names[name]
    conditions = tuple(c for edge in graph.entering(name) if (c := _entering_condition(conversion, graph, edge)))
    lines = _body(conversion, place, graph.nodes[name], label, conditions)
    for key in ("type", "label"):
        conversion.carry_to_prompt((*place, key), label)
    lines += [_link(conversion, graph, edge) for edge in graph.leaving(name)]
    lines += [back for edge in graph.entering(name) if (back := _way_back(conversion, graph, edge))]
    lines = [line for line in lines if line]
    if not lines and graph.entering(name):
        lines = ["Carry on with what the caller needs."]
    return WorkflowNode(label, "\n".join(lines), conditions)


def _entering_condition(conversion: Conversion, graph: Graph, edge: str) -> str:
    condition = graph.edges[edge].get("forward_condition")
    text = condition.get("condition") or condition.get("label") if isinstance(condition, dict) else None
    return conversion.rewrite(text).strip() if isinstance(text, str) else ""


def _body(conversion: Conversion, place: Place, node: Document, label: str, entered: tuple[str, ...]) -> list[str]:
    source, kind, lines = conversion.source, str(node.get("type")), []
    for at in ((*place, "additional_prompt"), (*place, "conversation_config", "agent", "prompt", "prompt")):
        if text := source.text(*at).strip():
            lines.append(conversion.for_prompt(text))
            conversion.carry_to_prompt(at, lines[-1], grade=Grade.APPROXIMATED)
    if source.get(*place, "entry_behavior") == "wait_for_user":
        lines.append("Wait for the caller before speaking.")
        conversion.carry_to_prompt((*place, "entry_behavior"), lines[-1])
    for index, tool_id in enumerate(source.items(*place, "additional_tool_ids")):
        if (tool := _tool_called(conversion, tool_id)) in {each["name"] for each in conversion.tools}:
            target = f"config.singlePromptConfig.tools.{tool}"
            source.ledger.carry((*place, "additional_tool_ids", index), target)
    if kind == "say":
        lines.append(_say(conversion, place))
    if kind == "tool":
        lines += _tool_lines(conversion, place)
    if kind == "end":
        add_end_call(conversion, ("workflow", "end_call"))
        lines.append("Say goodbye and end the call with `end_call`.")
    if kind == "phone_number":
        when = entered[0] if entered else label
        tool = add_transfer(conversion, place, node, f"transfer_{short_name(when) or 'call'}", None, when)
        lines.append(f"Put the caller through with `{tool}`.")
    if kind == "standalone_agent":
        lines += _hand_over(conversion, place, node, entered[0] if entered else label)
    return lines


def _hand_over(conversion: Conversion, place: Place, node: Document, when: str) -> list[str]:
    """The lines of a node that hands over to another agent. One that names no agent has nobody to hand over to."""
    message = conversion.source.text(*place, "transfer_message").strip()
    lines = [f'Say: "{conversion.rewrite(message)}"'] if message else []
    if message:
        conversion.carry_to_prompt((*place, "transfer_message"), lines[0])
    if not node.get("agent_id"):
        return lines
    tool = add_agent_transfer(conversion, place, node, f"transfer_{short_name(when) or 'agent'}", when)
    return [*lines, f"Put the caller through with `{tool}`."]


def _say(conversion: Conversion, place: Place) -> str:
    for at, lead in (((*place, "message", "text"), "Say exactly"), ((*place, "message", "prompt"), "Say")):
        if text := conversion.source.text(*at).strip():
            line = f"{lead}: {conversion.rewrite(text)}"
            for leaf, _ in leaves_of(conversion.source.get(*place, "message"), (*place, "message")):
                conversion.carry_to_prompt(leaf, line)
            return line
    return ""


def _tool_lines(conversion: Conversion, place: Place) -> list[str]:
    lines = []
    for index, entry in enumerate(conversion.source.items(*place, "tools")):
        given = entry.get("tool_id") or entry.get("name") if isinstance(entry, dict) else entry
        name = _tool_called(conversion, given)
        if name not in {tool["name"] for tool in conversion.tools}:
            todo = "Fetch the agent with a key, or import a folder whose tools.json lists it."
            why = f"the stage calls the tool {given}, which the input does not define"
            conversion.remark(Grade.CHOICE, "EL008", (*place, "tools", index), why, todo)
            continue
        lines.append(f"Call `{name}` now.")
        for leaf, _ in leaves_of(entry, (*place, "tools", index)):
            conversion.carry_to_prompt(leaf, lines[-1])
    return lines


def _tool_called(conversion: Conversion, given: Any) -> str:
    """The new name of the tool that a node names by its id or name."""
    listed = conversion.source.items("conversation_config", "agent", "prompt", "tools")
    known = {t["id"]: str(t.get("name")) for t in listed if isinstance(t, dict) and isinstance(t.get("id"), str)}
    name = known.get(given, str(given)) if isinstance(given, str) else str(given)
    return conversion.tool_names.get(name, [name])[0] if conversion.tool_names.get(name, [name]) else name


def _link(conversion: Conversion, graph: Graph, name: str) -> str:
    edge, place = graph.edges[name], (*EDGES, name)
    for key in ("source", "target", "destination"):
        conversion.carry_to_prompt((*place, key), graph.names.get(str(edge.get(key)), "no stage of this name"))
    goal = graph.names.get(target_of(edge))
    condition = _condition(conversion, (*place, "forward_condition"), edge.get("forward_condition"))
    return f"{condition}, go to stage {goal}." if goal else ""


def _way_back(conversion: Conversion, graph: Graph, name: str) -> str:
    """The line for an edge that may be taken backwards as well, under a condition of its own."""
    edge, at = graph.edges[name], (*EDGES, name, "backward_condition")
    if not isinstance(edge.get("backward_condition"), dict) or edge.get("source") not in graph.names:
        return ""
    condition = _condition(conversion, at, edge["backward_condition"])
    return f"{condition}, go back to stage {graph.names[str(edge['source'])]}."


def _condition(conversion: Conversion, place: Place, condition: object) -> str:
    if not isinstance(condition, dict):
        return "Then"
    source, kind = conversion.source, condition.get("type")
    clause = "Then"
    if kind == "result":
        clause = "If the tool succeeded" if condition.get("successful") else "If the tool failed"
        conversion.carry_to_prompt((*place, "successful"), clause)
    texts = {key: conversion.rewrite(source.text(*place, key).strip()).rstrip(".") for key in ("condition", "label")}
    main = texts["condition"] or texts["label"]
    if main and kind != "result":
        clause = main if re.match(r"(?i)(?:if|when|once|after)\b", main) else f"When {lowered(main)}"
    conversion.carry_to_prompt((*place, "type"), clause)
    for key, text in texts.items():
        if text and text[1:] in clause:  # its first letter may have become a small one
            conversion.carry_to_prompt((*place, key), text[1:] if text not in clause else text)
        elif text:
            source.ledger.carry((*place, key), PROMPT_TARGET, None, why="the condition says it in more words")
    return clause
