"""Recognises the shapes in which ElevenLabs agents are stored, and brings them into the documented one.

Nothing is dropped here: keys are renamed, wrapped or moved, and every such repair is reported. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentops.errors import AgentopsError
from agentops.importers.elevenlabs.addresses import is_scaffold
from agentops.importers.elevenlabs.tool_shapes import Repairs, by_id, documented_tool, read_loose_tools, read_tool

_CONVERSATION_PARTS = ("agent", "asr", "turn", "tts", "conversation", "language_presets", "vad")
_PLATFORM_PARTS = (
    *("evaluation", "data_collection", "guardrails", "testing", "widget", "auth", "privacy", "call_limits"),
    *("overrides", "analysis_items", "workspace_overrides"),
)
# Objects whose keys are the author's own names: in a camelCase dump they must not be renamed.
_FREE_MAPS = frozenset(
    {
        *("dynamic_variable_placeholders", "request_headers", "properties", "data_collection", "language_presets"),
        *("path_params_schema", "nodes", "edges", "procedures", "text_behavior_overrides"),
    }
)
_LOOKED_FOR = (
    "`conversation_config.agent` (or `conversationConfig`), or at the top `agent` with a prompt or a first message"
)


class NotAnAgentError(AgentopsError):
    """The JSON is not an ElevenLabs agent. The message says what was looked for."""


@dataclass(frozen=True, slots=True)
class SourceAgent:
    """One agent in the documented shape.

    origin:   where it came from, for people (a path, or `agent <id>`)
    tree:     the agent; tools, tests and documents that it names by id are in it where they could be found
    repairs:  what had to be changed to read it
    """

    origin: str
    tree: dict[str, Any]
    repairs: tuple[str, ...] = ()


def read_agent(
    data: Any,
    origin: str,
    *,
    tools: Mapping[str, Any] | None = None,
    tests: Mapping[str, Any] | None = None,
    documents: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> SourceAgent:
    """The agent in `data`, in the documented shape. Raises `NotAnAgentError` when it is something else.

    `tools`, `tests` and `documents` are bodies by id, from the folder or account that the agent belongs to.
    """
    repairs = Repairs()
    tree = _unwrapped(data, repairs)
    if _is_camel(tree):
        repairs.note("camelCase keys were read as the documented snake_case ones")
        tree = _snake(tree)
    tree = _wrapped(tree, repairs)
    config = tree.get("conversation_config")
    if not isinstance(config, dict) or not isinstance(config.get("agent"), dict):
        raise NotAnAgentError(_not_an_agent(tree), hint="give an agent exported from ElevenLabs, or its folder")
    tree = _place_aliases(tree, repairs)
    _place_tools(tree, tools or {}, repairs)
    _place_tests(tree, tests or {}, repairs)
    _place_documents(tree, documents or {})
    if name and not tree.get("name"):
        tree["name"] = name
        repairs.note("the agent has no name of its own; the listing's or the file's is used")
    return SourceAgent(origin, tree, tuple(repairs.done))


def _unwrapped(data: Any, repairs: Repairs) -> dict[str, Any]:
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict):
        repairs.note("a list with one agent in it was opened")
        data = data[0]
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else type(data).__name__
        raise NotAnAgentError(
            f"not an ElevenLabs agent: this is {kind}, not an object", hint=f"looked for: {_LOOKED_FOR}"
        )
    for wrapper in ("agent", "data", "agent_config", "config"):
        inner = data.get(wrapper)
        if isinstance(inner, dict) and ("conversation_config" in inner or "conversationConfig" in inner):
            repairs.note(f"the agent stood inside `{wrapper}`")
            return {**{k: v for k, v in data.items() if k != wrapper}, **inner}
    return dict(data)


def _not_an_agent(tree: dict[str, Any]) -> str:
    keys = ", ".join(sorted(map(str, tree))[:8]) or "nothing"
    if read_loose_tools(tree):
        return "this file holds tools, not an agent"
    return f"not an ElevenLabs agent: it holds {keys}; looked for: {_LOOKED_FOR}"


def _is_camel(tree: dict[str, Any]) -> bool:
    return "conversationConfig" in tree or "platformSettings" in tree or "agentId" in tree


def _snake(value: Any, *, free: bool = False) -> Any:
    if isinstance(value, list):
        return [_snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {}
    for key, inner in value.items():
        name = key if free else _snake_name(str(key))
        renamed[name] = _snake(inner, free=not free and name in _FREE_MAPS)
    return renamed


def _snake_name(name: str) -> str:
    if name.startswith("$") or not re.search(r"[a-z0-9][A-Z]", name):
        return name
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _wrapped(tree: dict[str, Any], repairs: Repairs) -> dict[str, Any]:
    agent = tree.get("agent")
    is_dump = isinstance(agent, dict) and ("prompt" in agent or "first_message" in agent)
    if "conversation_config" in tree or not is_dump:
        return tree
    repairs.note("an editor's dump without `conversation_config` was wrapped")
    platform = {key: tree[key] for key in _PLATFORM_PARTS if key in tree}
    rest = {k: v for k, v in tree.items() if k not in _CONVERSATION_PARTS and k not in _PLATFORM_PARTS}
    rest["conversation_config"] = {key: tree[key] for key in _CONVERSATION_PARTS if key in tree}
    if platform:
        known = rest.get("platform_settings")
        rest["platform_settings"] = {**platform, **(known if isinstance(known, dict) else {})}
    return rest


def _place_aliases(tree: dict[str, Any], repairs: Repairs) -> dict[str, Any]:
    """Moves what hand-written files have in other places to its place in the schema."""
    tree = _deep_copy(tree)
    config = tree["conversation_config"]
    if "name" not in tree and isinstance(tree.get("agent_name"), str):
        tree["name"] = tree.pop("agent_name")
        repairs.note("`agent_name` was read as `name`")
    agent = config.setdefault("agent", {})
    if not isinstance(agent, dict):
        return tree
    if isinstance(agent.get("prompt"), str):
        agent["prompt"] = {"prompt": agent["prompt"]}
        repairs.note("a bare text in `agent.prompt` was read as the prompt")
    prompt = agent.setdefault("prompt", {})
    if isinstance(prompt, dict):
        for holder, key, shown in (
            *((agent, key, f"agent.{key}") for key in ("tools", "built_in_tools", "tool_ids")),
            *((config, key, key) for key in ("tools", "llm")),
        ):
            if key in holder and key not in prompt:
                prompt[key] = holder.pop(key)
                repairs.note(f"`{shown}` was read as `agent.prompt.{key}`")
    _place_variables(agent, repairs)
    _place_lists(tree, repairs)
    hook = tree.pop("conversation_initiation_client_data_webhook", None)
    if hook is not None:
        _put_webhook(tree, hook)
        repairs.note("the webhook at the top was read as the workspace override it belongs to")
    return tree


def _place_variables(agent: dict[str, Any], repairs: Repairs) -> None:
    """Moves `dynamic_variables` from the prompt to the agent, and brings them into the documented shape."""
    prompt = agent.get("prompt")
    if isinstance(prompt, dict) and "dynamic_variables" in prompt and "dynamic_variables" not in agent:
        agent["dynamic_variables"] = prompt.pop("dynamic_variables")
        repairs.note("`agent.prompt.dynamic_variables` was read as `agent.dynamic_variables`")
    given = agent.get("dynamic_variables")
    if isinstance(given, dict) and "dynamicVariablePlaceholders" in given:
        given["dynamic_variable_placeholders"] = given.pop("dynamicVariablePlaceholders")
        repairs.note("`dynamicVariablePlaceholders` was read as the documented name")
    if isinstance(given, list) and all(isinstance(each, dict) for each in given):
        given = {str(each.get("name") or each.get("id") or i): each.get("value", "") for i, each in enumerate(given)}
        repairs.note("a list of dynamic variables was read as the documented map")
    if isinstance(given, dict) and "dynamic_variable_placeholders" not in given and given:
        agent["dynamic_variables"] = {"dynamic_variable_placeholders": given}
        repairs.note("bare dynamic variables were read as `dynamic_variable_placeholders`")


def _place_lists(tree: dict[str, Any], repairs: Repairs) -> None:
    """Makes a list of fields to collect the documented map of them by name."""
    platform = tree.get("platform_settings")
    fields = platform.get("data_collection") if isinstance(platform, dict) else None
    if isinstance(platform, dict) and isinstance(fields, list) and fields:
        named = [{"id": each.get("identifier"), **each} if isinstance(each, dict) else each for each in fields]
        platform["data_collection"] = {
            name: body if isinstance(body, dict) else {"description": str(body)}
            for name, body in by_id(named)[0].items()
        }
        repairs.note("a list in `data_collection` was read as the documented map")


def _put_webhook(tree: dict[str, Any], hook: Any) -> None:
    platform = tree.setdefault("platform_settings", {})
    overrides = platform.setdefault("workspace_overrides", {}) if isinstance(platform, dict) else {}
    if isinstance(overrides, dict):
        overrides["conversation_initiation_client_data_webhook"] = hook


def _place_tools(tree: dict[str, Any], known: Mapping[str, Any], repairs: Repairs) -> None:
    prompt = _prompt_of(tree)
    if prompt is None:
        return
    tools = prompt.get("tools")
    bodies = list(tools) if isinstance(tools, list) else []
    complete = {body["name"]: body for each in known.values() if (body := read_tool(each)) is not None}
    for index, tool in enumerate(bodies):
        own = complete.get(str(tool.get("name"))) if isinstance(tool, dict) else None
        if own is not None and _is_placeholder(tool) and not _is_placeholder(own):
            bodies[index] = {**own, **({"id": tool["id"]} if "id" in tool else {})}
            repairs.note(f"tool {own['name']} was only a placeholder in the agent; its own definition was read instead")
    # Exports often have a tool twice, written out and by id. The one that is written out is complete, so it wins.
    names = {tool["name"] for tool in bodies if isinstance(tool, dict) and isinstance(tool.get("name"), str)}
    for tool_id in shared_ids(tree):
        body = read_tool(known.get(tool_id))
        if body is not None and body["name"] not in names:
            bodies.append({**body, "id": tool_id})
            names.add(body["name"])
            repairs.note(f"tool {body['name']} was read from its own definition ({tool_id})")
    if bodies:
        prompt["tools"] = [documented_tool(tool, repairs) for tool in bodies]


def _is_placeholder(tool: Any) -> bool:
    """Whether a webhook still has the address that its template had."""
    if not isinstance(tool, dict) or tool.get("type", "webhook") != "webhook":
        return False
    schema = documented_tool(tool, Repairs()).get("api_schema")
    url = schema.get("url") if isinstance(schema, dict) else None
    return not isinstance(url, str) or not url or is_scaffold(url)


def shared_ids(tree: dict[str, Any]) -> list[str]:
    """The ids of the workspace's tools that an agent (in the documented shape) names."""
    ids = [i for i in _list_in(_prompt_of(tree), "tool_ids") if isinstance(i, str)]
    workflow = tree.get("workflow")
    nodes = workflow.get("nodes") if isinstance(workflow, dict) else None
    for node in nodes.values() if isinstance(nodes, dict) else ():
        ids += [i for i in _list_in(node, "additional_tool_ids") if isinstance(i, str)]
    return list(dict.fromkeys(ids))


def _place_tests(tree: dict[str, Any], known: Mapping[str, Any], repairs: Repairs) -> None:
    platform = tree.get("platform_settings")
    testing = platform.get("testing") if isinstance(platform, dict) else None
    found = []
    for entry in _list_in(testing, "attached_tests"):
        test_id = entry.get("test_id") if isinstance(entry, dict) else entry
        if isinstance(test_id, str) and isinstance(known.get(test_id), dict):
            found.append({**known[test_id], "id": test_id})
    if found:
        tree["_imported_tests"] = found
        repairs.note(f"{len(found)} attached test{'s were' if len(found) > 1 else ' was'} read from the folder")


def _place_documents(tree: dict[str, Any], known: Mapping[str, Any]) -> None:
    """Adds what ElevenLabs knows of each document to its entry: the address of a page, the text of any other."""
    for entry in _list_in(_prompt_of(tree), "knowledge_base"):
        body = known.get(str(entry.get("id"))) if isinstance(entry, dict) else None
        if isinstance(body, dict):
            entry.update({key: body[key] for key in ("url", "extracted_inner_html") if isinstance(body.get(key), str)})


def _prompt_of(tree: dict[str, Any]) -> dict[str, Any] | None:
    agent = tree["conversation_config"].get("agent")
    prompt = agent.get("prompt") if isinstance(agent, dict) else None
    return prompt if isinstance(prompt, dict) else None


def _deep_copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _deep_copy(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_deep_copy(inner) for inner in value]
    return value


def _list_in(holder: Any, key: str) -> list[Any]:
    found = holder.get(key) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []
