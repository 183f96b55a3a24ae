"""How much the model reads before a caller has said anything: prompts, tool definitions and greeting. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentops.document import Secret
from agentops.plan.model import Impact

_TEXTS = (("singlePromptConfig", "prompt"), ("globalPrompt",), ("firstMessage",))
# What of a tool is for the model; the rest is for the request that it makes.
_OF_TOOL = ("name", "description", "llmParameters", "parameters")


def impact_of(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Impact:
    """What a change of an agent's document means in size; `before` is None for a new agent."""
    return Impact(_words(before or {}), _words(after))


def _words(document: Mapping[str, Any]) -> int:
    tools = (document.get("singlePromptConfig") or {}).get("tools") or ()
    read = [_at(document, path) for path in _TEXTS]
    read += [tool.get(name) for tool in tools if isinstance(tool, Mapping) for name in _OF_TOOL]
    return sum(len(text.split()) for value in read for text in _texts(value))


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = document
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Secret():
            yield value.reference
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
