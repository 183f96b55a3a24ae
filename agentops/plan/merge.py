"""The body of a write: nested objects whole, so that nothing depends on how deeply the platform merges.

`merge` puts the desired fields over the observed ones; what the spec leaves out inside them keeps its live value. The
result holds the desired top-level fields only, in write names, with secrets still marked (the writer reveals them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentops.document import CLEARED, Document, Path
from agentops.fields import DATABASE_OWNED, FREE_MAPS, empty_value
from agentops.plan.canonical import natural_key


def merge(observed: Mapping[str, Any] | None, desired: Mapping[str, Any]) -> Document:
    """What to write so that the platform holds `desired`. Raises LookupError for a field that can't be emptied."""
    known = observed or {}
    return {name: _value((name,), known.get(name), wanted) for name, wanted in desired.items()}


def _value(path: Path, observed: Any, wanted: Any) -> Any:
    if wanted is CLEARED:
        return empty_value(path)
    if isinstance(wanted, dict):
        if path[-1] in FREE_MAPS or not isinstance(observed, dict):
            return {name: _value((*path, name), None, value) for name, value in wanted.items()}
        return _object(path, observed, wanted)
    if isinstance(wanted, list | tuple):
        return _list(path, observed if isinstance(observed, list | tuple) else (), wanted)
    return wanted


def _object(path: Path, observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Document:
    merged = {name: _value((*path, name), observed.get(name), value) for name, value in wanted.items()}
    return {**_without_owned(observed), **merged}


def _list(path: Path, observed: Sequence[Any], wanted: Sequence[Any]) -> list[Any]:
    """The desired items in the desired order, each over the observed item of the same key."""
    key = natural_key(path[-1], wanted)
    known = {item.get(key): item for item in observed if isinstance(item, dict)} if key else {}
    return [_value((*path, index), _same_kind(known, key, item), item) for index, item in enumerate(wanted)]


def _same_kind(known: Mapping[Any, Any], key: str | None, wanted: Any) -> Any:
    """The observed item to merge into; a tool that became another type keeps nothing of what it was."""
    item = known.get(wanted[key]) if key else None
    return item if item and item.get("type") == wanted.get("type", item.get("type")) else None


def _without_owned(value: Any) -> Any:
    """What can be written of an observed value: without the database's own names, and without nulls, which the platform
    reads back and rejects in a write."""
    if isinstance(value, dict):
        return {k: _without_owned(v) for k, v in value.items() if k not in DATABASE_OWNED and v is not None}
    if isinstance(value, list):
        return [_without_owned(item) for item in value]
    return value
