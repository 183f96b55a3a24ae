"""The platform's names: what is written under one name is stored and read under another. Pure.

One table says which; documents and draft comparisons are read through it. What equal means is
not decided here (`plan.canonical`), nor which section a field is stored in: a read is indexed by field name, whatever
section it stands in, because the platform's documents do not say.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentops.document import Document, LeafDifference, Path

# stored name -> place in the write vocabulary, where the two differ
RENAMED: Mapping[str, Path] = {
    "prompt": ("singlePromptConfig", "prompt"),
    "tools": ("singlePromptConfig", "tools"),
    "toolRefs": ("singlePromptConfig", "toolRefs"),
    "modelName": ("slmModel",),
    "synthesizerType": ("synthesizer", "voiceConfig", "model"),
    "synthesizerSpeed": ("synthesizer", "speed"),
    "synthesizerSampleRate": ("synthesizer", "sampleRate"),
    "defaultLanguage": ("language", "default"),
    "supportedLanguages": ("language", "supported"),
    "languageSwitching": ("language", "switching"),
}

# members of the stored `synthesizerArgs`
VOICE_ARGUMENTS: Mapping[str, Path] = {
    "model": ("synthesizer", "voiceConfig", "model"),
    "voiceId": ("synthesizer", "voiceConfig", "voiceId"),
    "modelId": ("synthesizer", "voiceConfig", "modelId"),
    "gender": ("synthesizer", "voiceConfig", "gender"),
    "speed": ("synthesizer", "speed"),
    "consistency": ("synthesizer", "consistency"),
    "similarity": ("synthesizer", "similarity"),
    "enhancement": ("synthesizer", "enhancement"),
    "sampleRate": ("synthesizer", "sampleRate"),
}

SECTIONS = frozenset(
    {
        "workflow_prompt",
        "workflow_tools",
        "workflow_graph",
        "llm",
        "voice",
        "language",
        "call_handling",
        "detection",
        "analytics",
        "timeouts",
        "audio",
        "privacy",
        "widget",
        "playbooks",
    }
)

# Written (dotted where nested), but no source says under which name they are read back.
UNVERIFIABLE = frozenset({"customLLMWebSocketUrl", "globalKnowledgeBaseId", "singlePromptConfig.toolRefs"})

_READ_ONLY = frozenset({"workflowGraph", "workflowType", "_id", "__v", "createdAt", "updatedAt"})


_CONTAINERS = (dict, list)


def flat_fields(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Every stored field by name, from the flat form or from the one grouped by section."""
    fields: dict[str, Any] = {}
    for name, value in resolved.items():
        if name == "playbooks" and isinstance(value, Mapping):
            fields[name] = value.get("playbooks", value)  # a section that holds one field of its own name
        elif name in SECTIONS and isinstance(value, Mapping):
            fields.update(value)
        else:
            fields[name] = value
    return fields


def from_stored(resolved: Mapping[str, Any]) -> tuple[Document, frozenset[str]]:
    """The document that a stored configuration means, and the fields of it that can't be verified."""
    document: Document = {}
    fields = flat_fields(resolved)
    for name, value in fields.items():
        if name in _READ_ONLY or name in RENAMED or name == "synthesizerArgs" or value is None:
            continue
        document[name] = without_nulls(value)
    arguments = fields.get("synthesizerArgs")
    if isinstance(arguments, Mapping):
        _place_all(document, _voice_arguments(arguments), VOICE_ARGUMENTS)
    _place_all(document, fields, RENAMED)
    return document, frozenset(name for name in UNVERIFIABLE if not _holds(document, name.split(".")))


def _holds(document: Any, path: Sequence[str]) -> bool:
    for name in path:
        if not isinstance(document, Mapping) or name not in document:
            return False
        document = document[name]
    return True


def _voice_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    nested = arguments.get("voiceConfig")
    return {**arguments, **(nested if isinstance(nested, Mapping) else {})}


def _place_all(document: Document, values: Mapping[str, Any], table: Mapping[str, Path]) -> None:
    for name, path in table.items():
        if (value := values.get(name)) is not None:
            target = document
            for part in path[:-1]:
                if not isinstance(target.get(str(part)), dict):
                    target[str(part)] = {}
                target = target[str(part)]
            target[str(path[-1])] = without_nulls(value)


def without_nulls(value: Any) -> Any:
    """`value` without null members: the platform writes null for "not set", a document leaves it out."""
    if isinstance(value, dict):
        return {
            key: without_nulls(item) if isinstance(item, _CONTAINERS) else item
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list):
        return [without_nulls(item) if isinstance(item, _CONTAINERS) else item for item in value]
    return value


# ---- the platform's own comparison of two configurations


_PATH_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def split_path(text: str) -> Path:
    """`tools[0].name` as ("tools", 0, "name")."""
    return tuple(int(index) if index else name for name, index in _PATH_PART.findall(text))


def written_path(leaf: LeafDifference) -> Path | None:
    """The place in a document that a stored leaf means; None when it has none."""
    path = split_path(leaf.path)
    if path and path[0] == leaf.section and len(path) > 1:
        path = path[1:]
    if not path or path[0] in _READ_ONLY:
        return None
    first = str(path[0])
    if first == "synthesizerArgs":
        inner = path[2:] if path[1:2] == ("voiceConfig",) else path[1:]
        if not inner:
            return ("synthesizer",)
        place = VOICE_ARGUMENTS.get(str(inner[0]))
        return (*place, *inner[1:]) if place else ("synthesizer", *inner)
    return (*RENAMED[first], *path[1:]) if first in RENAMED else path


def read_differences(data: Any) -> tuple[LeafDifference, ...]:
    """The leaves of a comparison, from either documented shape: changes per section, or both sides of each section."""
    if not isinstance(data, Mapping):
        return ()
    if isinstance(sections := data.get("sections"), Mapping):
        return tuple(_differences_of_sections(sections))
    return tuple(
        LeafDifference(
            str(part.get("section", "")), str(change.get("path", "")), change.get("oldValue"), change.get("newValue")
        )
        for part in data.get("diffs") or ()
        for change in part.get("changes") or ()
    )


def _differences_of_sections(sections: Mapping[str, Any]) -> Iterable[LeafDifference]:
    for section, sides in sections.items():
        if isinstance(sides, Mapping) and sides.get("changed", True):
            before, after = sides.get("before") or {}, sides.get("after") or {}
            for name in sorted({*before, *after}):
                if before.get(name) != after.get(name):
                    yield LeafDifference(section, name, before.get(name), after.get(name))


_GONE = object()


def with_differences(resolved: Mapping[str, Any], leaves: Sequence[LeafDifference]) -> dict[str, Any]:
    """The stored fields of a draft: those it was forked from with the platform's comparison applied."""
    fields: dict[str, Any] = _copy(flat_fields(resolved))
    for leaf in leaves:
        path = split_path(leaf.path)
        if path and path[0] == leaf.section and len(path) > 1 and leaf.section not in fields:
            path = path[1:]
        if path:
            _put(fields, path, _GONE if leaf.after is None else leaf.after)
    return dict(_pruned(fields))


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _put(target: Any, path: Path, value: Any) -> None:
    for here, following in itertools.pairwise(path):
        target = _member(target, here, [] if isinstance(following, int) else {})
    last = path[-1]
    if isinstance(target, list) and isinstance(last, int):
        target.extend([_GONE] * (last + 1 - len(target)))
        target[last] = value
    elif isinstance(target, dict):
        target[last] = value


def _member(target: Any, part: str | int, otherwise: Any) -> Any:
    if isinstance(target, list) and isinstance(part, int):
        target.extend([_GONE] * (part + 1 - len(target)))
        if not isinstance(target[part], dict | list):
            target[part] = otherwise
        return target[part]
    if not isinstance(target, dict):
        return otherwise
    if not isinstance(target.get(part), dict | list):
        target[part] = otherwise
    return target[part]


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not _GONE}
    if isinstance(value, list):
        return [_pruned(item) for item in value if item is not _GONE]
    return value
