"""The platform's names: what is written under one name is stored and read under another. Pure.

Documents and draft comparisons are read through the table of fields (`agentops.fields`). What counts as equal is
decided in `plan.canonical`. Fields are found by name, whatever section they are in, because the platform's
documentation doesn't say which section holds which field.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentops.document import Document, LeafDifference, Path
from agentops.fields import BY_PATH, SECTIONS, SERVER_OWNED, UNVERIFIABLE, WRITTEN_AT
from agentops.remote.rows import unexpected

_ARGUMENTS = "synthesizerArgs"  # the voice and its settings as one object
_RENAMED = frozenset(read[0] for read in WRITTEN_AT)
# A field that is stored twice, in the arguments and by itself, has the value that it has by itself: the deeper names
# come first, so that the later ones overwrite them.
_PARTS = sorted((read for read in WRITTEN_AT if read != (_ARGUMENTS,)), key=len, reverse=True)
_PLAYBOOKS = "playbooks"  # a section whose only field has the section's name
_CONTAINERS = (dict, list)
_TOP = frozenset(path[0] for path in BY_PATH)


def flat_fields(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Every stored field by name, from the flat form or from the one grouped by section."""
    fields: dict[str, Any] = {}
    for name, value in resolved.items():
        if name == _PLAYBOOKS and isinstance(value, Mapping):
            fields[name] = value.get(name, value)
        elif name in SECTIONS and isinstance(value, Mapping):
            fields.update(value)
        else:
            fields[name] = value
    return fields


def from_stored(resolved: Mapping[str, Any]) -> tuple[Document, frozenset[str]]:
    """A stored configuration as a document, and the fields of it that can't be verified."""
    document: Document = {}
    fields = flat_fields(resolved)
    for name, value in fields.items():
        if name not in SERVER_OWNED and name not in _RENAMED and value is not None:
            document[name] = without_nulls(value)
    if isinstance(arguments := fields.get(_ARGUMENTS), Mapping):
        nested = arguments.get("voiceConfig")
        fields[_ARGUMENTS] = {**arguments, **(nested if isinstance(nested, Mapping) else {})}
    for read in _PARTS:
        if (value := _value_at(fields, read)) is not None:
            _place(document, WRITTEN_AT[read], without_nulls(value))
    unseen = (name for name in UNVERIFIABLE if _value_at(document, tuple(name.split("."))) is None)
    return document, frozenset(unseen)


def _value_at(document: Any, path: Path) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _place(document: Document, path: Path, value: Any) -> None:
    for name in path[:-1]:
        if not isinstance(document.get(str(name)), dict):
            document[str(name)] = {}
        document = document[str(name)]
    document[str(path[-1])] = value


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
    """Where a stored leaf belongs in a document; None when the platform alone owns it."""
    path = split_path(leaf.path)
    if path and path[0] == leaf.section and len(path) > 1 and leaf.section != _PLAYBOOKS:
        path = path[1:]
    if not path or path[0] in SERVER_OWNED:
        return None
    if path[:2] == (_ARGUMENTS, "voiceConfig"):
        path = (_ARGUMENTS, *path[2:])
    for length in (2, 1):
        if (place := WRITTEN_AT.get(path[:length])) is not None:
            return (*place, *path[length:])
    return path


def read_differences(data: Any) -> tuple[LeafDifference, ...]:
    """The leaves of a comparison, from either documented shape: changes per section, or both sides of each section.

    Raises PlatformError for any other: what was not understood is not taken for "nothing differs".
    """
    if not isinstance(data, Mapping):
        return ()
    if isinstance(sections := data.get("sections"), Mapping):
        return tuple(_differences_of_sections(sections))
    return tuple(
        LeafDifference(
            str(part.get("section", "")), str(change.get("path", "")), change.get("oldValue"), change.get("newValue")
        )
        for part in _mappings(data.get("diffs"), "diffs")
        for change in _mappings(part.get("changes"), "diffs.changes")
    )


def _mappings(items: Any, name: str) -> Sequence[Mapping[str, Any]]:
    found = [] if items is None else items
    if isinstance(found, list) and all(isinstance(each, Mapping) for each in found):
        return found
    raise unexpected(name, "GET the comparison of two revisions")


def _differences_of_sections(sections: Mapping[str, Any]) -> Iterable[LeafDifference]:
    for section, sides in sections.items():
        if isinstance(sides, Mapping) and sides.get("changed", True):
            before, after = sides.get("before") or {}, sides.get("after") or {}
            if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
                raise unexpected(f"sections.{section}", "GET the comparison of two revisions")
            for name in sorted({*before, *after}):
                if before.get(name) != after.get(name):
                    yield LeafDifference(section, name, before.get(name), after.get(name))


def with_leaves(document: Mapping[str, Any], leaves: Iterable[LeafDifference]) -> tuple[Document, list[str]]:
    """A document in write names with the platform's comparison applied, and the leaves that are in no known field."""
    fields, unknown = _copy(document), []
    for leaf in leaves:
        path = written_path(leaf)
        if path is None or (path[0] not in document and path[0] not in _TOP):
            unknown.append(f"{leaf.section}.{leaf.path}")
        else:
            _put(fields, path, _GONE if leaf.after is None else without_nulls(leaf.after))
    return _whole(fields), unknown


_GONE = object()


def with_differences(resolved: Mapping[str, Any], leaves: Sequence[LeafDifference]) -> dict[str, Any]:
    """The stored fields of a draft: those of the revision it is compared with, with the comparison applied."""
    fields: dict[str, Any] = _copy(flat_fields(resolved))
    for leaf in leaves:
        path = split_path(leaf.path)
        if path and path[0] == leaf.section and len(path) > 1 and leaf.section not in fields:
            path = path[1:]
        if path:
            _put(fields, path, _GONE if leaf.after is None else leaf.after)
    return _whole(fields)


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _put(target: Any, path: Path, value: Any) -> None:
    """Puts `value` at `path`. A value on the way that can't hold the next part is replaced by a container that can."""
    for part, following in itertools.pairwise(path):
        _make_room(target, part)
        needed = list if isinstance(following, int) else dict
        if not isinstance(target[part], needed):
            target[part] = needed()
        target = target[part]
    _make_room(target, path[-1])
    target[path[-1]] = value


def _make_room(target: Any, part: Any) -> None:
    if isinstance(target, dict):
        target.setdefault(part, _GONE)
    else:
        while len(target) <= part:
            target.append(_GONE)


def _whole(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: left for name, value in fields.items() if (left := _pruned(value)) is not _GONE}


def _pruned(value: Any) -> Any:
    """`value` without removed leaves. A container that lost all its members is gone as well: the platform reports
    leaves only, so removing an item of a list shows as removing every leaf in it."""
    if isinstance(value, dict):
        left: Any = {key: item for key, each in value.items() if (item := _pruned(each)) is not _GONE}
    elif isinstance(value, list):
        left = [item for each in value if (item := _pruned(each)) is not _GONE]
    else:
        return value
    return left if left or not value else _GONE
