"""A workflow graph becomes stages of the prompt. A graph that is one lone start node is nothing to port."""

from __future__ import annotations

from agentops.document import Document
from agentops.importers.elevenlabs.built_in import add_end_call, add_transfer
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.leaves import Place
from agentops.importers.fidelity import Grade

NODES: Place = ("workflow", "nodes")
EDGES: Place = ("workflow", "edges")
_MOST_STAGES = 60


def convert_workflow(conversion: Conversion) -> None:
    source = conversion.source
    nodes = {name: node for name, node in source.objects(*NODES).items() if isinstance(node, dict)}
    edges = {name: edge for name, edge in source.objects(*EDGES).items() if isinstance(edge, dict)}
    if all(node.get("type", "start") == "start" for node in nodes.values()):
        for name in nodes:
            source.account.carry(
                (*NODES, name, "type"), None, grade=Grade.BOOKKEEPING, why="a graph with nothing in it"
            )
        return
    stages = [_stage(conversion, name, nodes, edges) for name in _in_order(nodes, edges)[:_MOST_STAGES]]
    text = "\n\n".join(stage for stage in stages if stage)
    conversion.sections.append(
        f"# Stages of the call\nFollow these stages in order; move on only as they say.\n\n{text}"
    )
    why = f"a graph of {len(nodes)} nodes and {len(edges)} edges is {len(stages)} stages of the prompt now"
    conversion.remark(Grade.APPROXIMATED, "EL014", ("workflow",), why, "Test each path with a call.")


def _in_order(nodes: dict[str, Document], edges: dict[str, Document]) -> list[str]:
    """Nodes as the graph reaches them from its start, by each node's own order of edges; unreachable ones last."""
    starts = [name for name, node in nodes.items() if node.get("type") == "start"] or list(nodes)[:1]
    order: list[str] = []
    waiting = list(starts)
    while waiting:
        name = waiting.pop(0)
        if name in nodes and name not in order:
            order.append(name)
            waiting += [_target(edges[edge]) for edge in _leaving(name, nodes, edges)]
    return order + [name for name in nodes if name not in order]


def _leaving(name: str, nodes: dict[str, Document], edges: dict[str, Document]) -> list[str]:
    found = [edge for edge, body in edges.items() if body.get("source") == name]
    wanted = nodes[name].get("edge_order")
    rank = {edge: index for index, edge in enumerate(wanted)} if isinstance(wanted, list) else {}
    return sorted(found, key=lambda edge: rank.get(edge, len(rank)))


def _target(edge: Document) -> str:
    return str(edge.get("target") or edge.get("destination") or "")


def _label(name: str, nodes: dict[str, Document]) -> str:
    node = nodes.get(name, {})
    label = node.get("label")
    if isinstance(label, str) and label.strip():
        return label.strip()
    return {"start": "Start", "end": "End of the call"}.get(str(node.get("type")), name)


def _stage(conversion: Conversion, name: str, nodes: dict[str, Document], edges: dict[str, Document]) -> str:
    place: Place = (*NODES, name)
    body = _body(conversion, place, nodes[name], _label(name, nodes))
    for key in ("type", "label"):
        conversion.source.account.carry((*place, key), "the prompt", _label(name, nodes))
    links = [_link(conversion, edge, edges[edge], nodes) for edge in _leaving(name, nodes, edges)]
    lines = [line for line in (*body, *links) if line]
    return f"## Stage: {_label(name, nodes)}\n" + "\n".join(lines) if lines else ""


def _body(conversion: Conversion, place: Place, node: Document, label: str) -> list[str]:
    source, kind, lines = conversion.source, str(node.get("type")), []
    if text := source.text(*place, "additional_prompt").strip():
        lines.append(conversion.rewrite(text))
        source.account.carry((*place, "additional_prompt"), "the prompt", "(the stage's text)")
    own: Place = (*place, "conversation_config", "agent", "prompt", "prompt")
    if text := source.text(*own).strip():
        lines.append(conversion.rewrite(text))
        source.account.carry(own, "the prompt", "(the stage's text)", grade=Grade.APPROXIMATED)
    if source.get(*place, "entry_behavior") == "wait_for_user":
        lines.append("Wait for the caller before speaking.")
        source.account.carry((*place, "entry_behavior"), "the prompt", lines[-1])
    if kind == "say":
        lines.append(_say(conversion, place))
    if kind == "tool":
        lines += _tool_lines(conversion, place)
    if kind == "end":
        add_end_call(conversion, ("workflow", "end_call"))
        lines.append("Say goodbye and end the call.")
    if kind == "phone_number":
        add_transfer(conversion, place, node, len(conversion.tools) + 1, None, label)
        lines.append(f"Call `{conversion.tools[-1]['name']}`.")
    return lines


def _say(conversion: Conversion, place: Place) -> str:
    for at, lead in (((*place, "message", "text"), "Say exactly"), ((*place, "message", "prompt"), "Say")):
        if text := conversion.source.text(*at).strip():
            conversion.source.account.carry(at, "the prompt", "(the stage's text)")
            return f"{lead}: {conversion.rewrite(text)}"
    return ""


def _tool_lines(conversion: Conversion, place: Place) -> list[str]:
    lines = []
    for index, entry in enumerate(conversion.source.items(*place, "tools")):
        name = entry.get("tool_id") or entry.get("name") if isinstance(entry, dict) else entry
        known = {tool.get("id"): tool.get("name") for tool in _source_tools(conversion)}
        lines.append(f"Call `{known.get(name, name)}` now.")
        conversion.source.account.carry_tree((*place, "tools", index), "the prompt")
    return lines


def _source_tools(conversion: Conversion) -> list[Document]:
    from_source = conversion.source.items("conversation_config", "agent", "prompt", "tools")
    return [tool for tool in from_source if isinstance(tool, dict)]


def _link(conversion: Conversion, name: str, edge: Document, nodes: dict[str, Document]) -> str:
    place: Place = (*EDGES, name)
    account = conversion.source.account
    for key in ("source", "target", "destination"):
        account.carry((*place, key), "the prompt", _label(str(edge.get(key)), nodes))
    condition = _condition(conversion, (*place, "forward_condition"), edge.get("forward_condition"))
    goal = _label(_target(edge), nodes)
    return f"{condition}, go to stage {goal}."


def _condition(conversion: Conversion, place: Place, condition: object) -> str:
    if not isinstance(condition, dict):
        return "Then"
    account, kind = conversion.source.account, condition.get("type")
    account.carry((*place, "type"), "the prompt", kind)
    if kind == "result":
        account.carry((*place, "successful"), "the prompt", condition.get("successful"))
        return "If the tool succeeded" if condition.get("successful") else "If the tool failed"
    for key in ("condition", "label"):
        if text := conversion.source.text(*place, key).strip():
            account.carry((*place, "condition"), "the prompt", text)
            account.carry((*place, "label"), "the prompt", text)
            return f"When {conversion.rewrite(text).rstrip('.')}"
    return "Then"
