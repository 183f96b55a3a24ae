"""Laying one tree over another: RFC 7396, with lists merged by key where the author asks for it.

Objects merge, `null` removes a key, everything else replaces. `{$merge: name, items: [...]}` merges a list by its
items' `name`; an item with `$remove: true` is taken out. Marks follow the values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentops.diagnostics import Diagnostic, Severity
from agentops.spec.tree import Map, Mark, Seq, value_place

MERGE = "$merge"
CLEAR = "$clear"
PASSTHROUGH = "$passthrough"
_REMOVE = "$remove"

Expand = Callable[[Any, Mark], Any]


def merge(base: Map, over: Map, problems: list[Diagnostic], expand: Expand) -> Map:
    """A new mapping: `over` laid over `base`. `expand` turns a base text that is an expression into its value."""
    merged = Map(over.mark)
    for key, value in base.items():
        if key not in over:
            merged.put(key, value, base.marks[key])
    for key, value in over.items():
        mark = over.marks[key]
        if value is None:
            continue
        if isinstance(value, Map) and key in base:
            below = base[key]
            if isinstance(below, str):
                below = expand(below, base.marks[key])
            value = _merge_value(below, value, mark, problems, expand)
        merged.put(key, value, mark)
    ordered = Map(merged.mark)  # the keys of `base` stay first and in their order: an override does not move a field
    for key in (*(key for key in base if key in merged), *(key for key in merged if key not in base)):
        ordered.put(key, merged[key], merged.marks[key])
    return ordered


def _merge_value(below: Any, value: Map, mark: Mark, problems: list[Diagnostic], expand: Expand) -> Any:
    if CLEAR in value:
        return value
    if MERGE in value:
        return merge_list(below if isinstance(below, Seq) else None, value, mark, problems, expand)
    return merge(below, value, problems, expand) if isinstance(below, Map) else value


def merge_list(base: Seq | None, value: Map, mark: Mark, problems: list[Diagnostic], expand: Expand) -> Seq:
    """The list that `{$merge: key, items: [...]}` makes of `base`: items with the same key merge, new ones follow."""
    key, items = value.get(MERGE), value.get("items")
    merged = Seq(mark)
    for item, item_mark in zip(base or (), base.marks if base is not None else (), strict=True):
        merged.put(item, item_mark)
    if not isinstance(key, str) or not isinstance(items, Seq) or len(value) != 2:
        problems.append(_bad_merge("$merge takes the name of a key, and items takes a list", mark))
        return merged
    for item, item_mark in zip(items, items.marks, strict=True):
        if not isinstance(item, Map) or not isinstance(item.get(key), str | int):
            problems.append(_bad_merge(f"every item needs {key!r}, by which it is merged", item_mark))
            continue
        index = next((i for i, each in enumerate(merged) if isinstance(each, Map) and each.get(key) == item[key]), None)
        if index is None and _REMOVE in item:
            problems.append(_bad_merge(f"there is no item with {key} {item[key]!r} to remove", item_mark))
        elif index is None:
            merged.put(item, item_mark)
        elif _REMOVE in item:
            del merged[index], merged.marks[index]
        else:
            merged[index] = merge(merged[index], item, problems, expand)
            merged.marks[index] = item_mark
    return merged


def _bad_merge(summary: str, mark: Mark) -> Diagnostic:
    hint = "write {$merge: name, items: [{name: ..., ...}]}; an item with $remove: true is taken out"
    return Diagnostic("bad-merge", Severity.ERROR, summary, hint=hint, where=value_place(mark))
