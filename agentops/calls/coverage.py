"""Which tools and playbooks of the called agents a run's scripts exercised, and which they didn't. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentops.calls.report import Covered, RunReport


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an agent has that a call can exercise. `playbooks` are names by id, since the platform's events hold ids."""

    tools: tuple[str, ...] = ()
    playbooks: Mapping[str, str] | None = None


def inventory_of(config: Mapping[str, Any]) -> Inventory:
    """The tools and enabled playbooks of an agent's configuration, the playbooks' own tools included."""
    block = config.get("playbooks") if isinstance(config.get("playbooks"), Mapping) else {}
    playbooks = [each for each in _items(block, "playbooks") if each.get("enabled", True)]
    sections = [config.get("singlePromptConfig"), *playbooks]
    tools = [str(tool["name"]) for section in sections for tool in _items(section, "tools") if tool.get("name")]
    named = {str(each.get("id") or each.get("name")): str(each.get("name") or each.get("id")) for each in playbooks}
    return Inventory(tuple(dict.fromkeys(tools)), named)


def _items(section: Any, key: str) -> Sequence[Mapping[str, Any]]:
    items = section.get(key) if isinstance(section, Mapping) else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list | tuple) else []


def coverage_of(run: RunReport, inventories: Mapping[str, Inventory]) -> tuple[Covered, ...]:
    """A row for each tool and playbook of each agent that was called, in the order of the specs."""
    rows = []
    for agent, inventory in inventories.items():
        calls = [call for call in run.calls if call.agent == agent]
        if not calls:
            continue
        used = {(call.script, use.name) for call in calls for use in call.tools or ()}
        visited = {(call.script, node) for call in calls for node in call.playbooks or ()}
        is_known = all(call.tools is not None for call in calls)
        for tool in inventory.tools:
            scripts = sorted(script for script, name in used if name == tool)
            rows.append(Covered(agent, "tool", tool, tuple(scripts), is_known=is_known or bool(scripts)))
        for node, name in (inventory.playbooks or {}).items():
            scripts = sorted(script for script, visited_node in visited if visited_node in (node, name))
            rows.append(Covered(agent, "playbook", name, tuple(scripts), is_known=is_known or bool(scripts)))
    return tuple(rows)
