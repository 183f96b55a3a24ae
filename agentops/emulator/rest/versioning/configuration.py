"""An agent's configuration as the platform treats it: checked, merged into a draft, stored under other names, compared.

Configurations are kept in the write vocabulary with all defaults filled in; `to_sections` gives the stored form that
reads, diffs and conflicts speak of.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from agentops.emulator.options import Choices
from agentops.emulator.rest.schema import one_of, problems
from agentops.emulator.rest.versioning import fields
from agentops.emulator.rest.wire import ApiError

Config: TypeAlias = dict[str, Any]
Sections: TypeAlias = dict[str, dict[str, Any]]
Leaves: TypeAlias = dict[str, Any]


def new_config(written: Config, choices: Choices) -> Config:
    """The first version of an agent: the platform's defaults and what `POST /agent` brought along."""
    # `POST /agent` takes a `backgroundSound`, and the platform overrides it with its default.
    taken = {
        name: value
        for name, value in written.items()
        if name in fields.CONFIG and name not in fields.NOT_AT_CREATION and name != "backgroundSound"
    }
    return merge(copy.deepcopy(fields.DEFAULTS), taken if choices.create_config == "kept" else {}, choices)


# -- checking


def recognised(body: Config, choices: Choices) -> Config:
    """The configuration in the body of a draft write.

    A newer platform may know keys that this module does not; metadata, names of sections and names of the oldest API
    are never configuration.
    """
    is_open = choices.unknown_keys == "kept"
    return {
        name: value
        for name, value in body.items()
        if name in fields.CONFIG or (is_open and name not in fields.NO_CONFIG and value is not None)
    }


def check(patch: Config, choices: Choices, *, knows_voice: Callable[[str], bool], at_creation: bool = False) -> None:
    """Raises ApiError (400, or 403 for a gated model) when a written field is not acceptable."""
    transcribers = fields.TRANSCRIBERS if choices.transcriber_types == "listed" else ()
    found: list[str] = []
    for name, schema in fields.CONFIG.items():
        if name in patch:
            found += problems(schema, patch[name], name)
    if not found:
        found += [*_tool_problems(patch), *_language_problems(patch, at_creation), *_voice_problems(patch, knows_voice)]
        if transcribers and patch.get("transcriberType", transcribers[0]) not in transcribers:
            found += problems(one_of(*transcribers), patch["transcriberType"], "transcriberType")
    if found:
        raise ApiError(400, *found)
    if patch.get("slmModel") in fields.GATED_MODELS:
        raise ApiError(403, f"{patch['slmModel']} is not available for your organization")


def _tool_problems(patch: Config) -> Iterator[str]:
    tools = patch.get("singlePromptConfig", {}).get("tools", [])
    names: set[str] = set()
    for index, tool in enumerate(tools):
        path = f"singlePromptConfig.tools.{index}"
        if "type" not in tool:
            yield f"{path}.type: Required"
            continue
        if tool["type"] not in fields.TOOL_TYPES:
            yield from problems(one_of(*fields.TOOL_TYPES), tool["type"], f"{path}.type")
            continue
        yield from problems(fields.TOOL_TYPES[tool["type"]], tool, path)
        name = tool.get("name")
        if isinstance(name, str) and name in names:
            yield f"{path}.name: Tool names must be unique"
        names.add(str(name))


def _language_problems(patch: Config, at_creation: bool) -> Iterator[str]:
    language = patch.get("language")
    if language is None:
        return
    if at_creation and "switching" not in language:
        yield "Invalid Input: Required"  # the platform's words, which don't name the field
    supported = language.get("supported", [])
    if supported and language.get("default", supported[0]) not in supported:
        yield "language.default: Default language must be one of the supported languages"
    if "ta" in supported and len(supported) > 1:
        yield "language.supported: Tamil cannot be combined with other languages"
    if "north_indic" in supported and patch.get("transcriberType", "pulse") != "pulse":
        yield "language.supported: north_indic requires the pulse transcriber"


def _voice_problems(patch: Config, knows_voice: Callable[[str], bool]) -> Iterator[str]:
    voice = patch.get("synthesizer", {}).get("voiceConfig", {})
    model = voice.get("model", "waves_lightning_v3_1")
    # Realtime models take any voice id, and the voices of older Waves models are not in the catalog.
    if "voiceId" in voice and model.startswith("waves_lightning_v3_1") and not knows_voice(voice["voiceId"]):
        yield f"Invalid Voice ID: {voice['voiceId']} is not a voice of {model}"


# -- merging


def merge(config: Config, patch: Config, choices: Choices) -> Config:
    """`config` with the fields of `patch`, which are all recognised ones; neither argument is changed."""
    merged = dict(config)
    for name, value in patch.items():
        before = config.get(name)
        if before is None and name in fields.DEFAULTS_WHEN_SET:
            before = fields.DEFAULTS_WHEN_SET[name]
        empty = {**fields.DEFAULTS, **fields.DEFAULTS_WHEN_SET}.get(name)
        base = before if _write_mode(name, choices) == "merge" else empty
        merged[name] = _merged(base, value, name)
    if "singlePromptConfig" in patch:
        single = merged["singlePromptConfig"]
        tools = [{**fields.TOOL_DEFAULTS.get(tool.get("type", ""), {}), **tool} for tool in single["tools"]]
        merged["singlePromptConfig"] = {**single, "tools": tools}
    return merged


def _write_mode(name: str, choices: Choices) -> str:
    """Whether a write of this field merges into what was there ("merge") or replaces it ("replace")."""
    if name == "singlePromptConfig":
        return choices.single_prompt_write
    if name == "postCallAnalyticsConfig":
        return choices.analytics_write
    # The synthesizer is known to be merged leaf by leaf; a language without `switching` keeps it.
    return "merge" if name in ("synthesizer", "language") else choices.nested_write


def _merged(before: Any, value: Any, path: str) -> Any:
    if not isinstance(value, dict) or not isinstance(before, dict) or path in fields.FREE_FORM:
        return copy.deepcopy(value)
    return {**before, **{name: _merged(before.get(name), item, f"{path}.{name}") for name, item in value.items()}}


# -- the stored form


def to_sections(config: Config, choices: Choices) -> Sections:
    """The configuration under its stored names, by section; sections without content are there and empty."""
    sections: Sections = {section: {} for section in fields.SECTIONS}
    for path, (section, *names) in fields.stored_places(choices).items():
        value: Any = config
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            continue
        target = sections.setdefault(section, {})  # `playbooks` is a section only where an agent has some
        for name in names[:-1]:
            target = target.setdefault(name, {})
        target[names[-1]] = value
    unknown = {name: value for name, value in config.items() if name not in fields.CONFIG}
    sections[fields.UNKNOWN_SECTION] |= unknown
    return sections


def to_flat(sections: Sections) -> Config:
    """The flat form that `_resolvedConfig` has: every stored field, whatever its section."""
    return {name: value for section in sections.values() for name, value in section.items()}


def block_ids(sections: Sections) -> dict[str, str]:
    """Section -> id of its content: equal content has an equal id, as blocks are shared between revisions."""
    # 24 hex digits, as the platform's object ids have.
    return {section: digest([section, content])[:24] for section, content in sections.items()}


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


# -- comparing


def leaves(content: Any, path: str = "") -> Leaves:
    """Every leaf by its path (`voiceDetectionConfig.confidence`, `pronunciationDicts[0].word`); empty ones count."""
    if isinstance(content, dict) and content:
        inner = [leaves(item, f"{path}.{name}" if path else name) for name, item in content.items()]
    elif isinstance(content, list) and content:
        inner = [leaves(item, f"{path}[{index}]") for index, item in enumerate(content)]
    else:
        return {path: content}
    return {name: value for each in inner for name, value in each.items()}


def changed_leaves(before: Sections, after: Sections) -> dict[str, list[Config]]:
    """Section -> changes `{path, oldValue, newValue}`; a side that lacks the leaf has no key for it."""
    found: dict[str, list[Config]] = {}
    for section in [*before, *(name for name in after if name not in before)]:
        old, new = (leaves(side.get(section, {})) if side.get(section) else {} for side in (before, after))
        changes = [
            {
                "path": path,
                **({"oldValue": old[path]} if path in old else {}),
                **({"newValue": new[path]} if path in new else {}),
            }
            for path in {**old, **new}
            if not _same(path, old, new)
        ]
        if changes:
            found[section] = changes
    return found


def _same(path: str, old: Leaves, new: Leaves) -> bool:
    if path not in old or path not in new:
        return False
    left, right = old[path], new[path]
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)  # in Python True is 1


def leaf_names(changes: dict[str, list[Config]]) -> set[str]:
    """`section.path` of every change, as conflicts name them."""
    return {f"{section}.{change['path']}" for section, listed in changes.items() for change in listed}


def diff_result(before: Sections, after: Sections) -> Config:
    """The platform's DiffResult: unchanged sections by name, and the changed leaves of the others."""
    changes = changed_leaves(before, after)
    return {
        "unchangedSections": [section for section in {**before, **after} if section not in changes],
        "diffs": [{"section": section, "changes": listed} for section, listed in changes.items()],
    }
