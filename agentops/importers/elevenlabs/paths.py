"""The leaves of parsed JSON and their places, which the ledger of an import counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

# A place in parsed JSON, outermost first: object keys and list indexes.
Place: TypeAlias = tuple[str | int, ...]


def leaves_of(tree: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every scalar, empty list and empty object below `tree`, with its place, in the order of the source."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves_of(value, (*place, str(key)))
    elif isinstance(tree, list) and tree:
        for index, value in enumerate(tree):
            yield from leaves_of(value, (*place, index))
    else:
        yield place, tree


def place_text(place: Place) -> str:
    """`("tools", 0, "name")` as `tools[0].name`; a key that holds a dot or a bracket is quoted."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif any(c in part for c in '.[]{}"') or not part:
            text += '["' + part.replace('"', '\\"') + '"]'
        else:
            text += f".{part}" if text else part
    return text


def is_empty(value: Any) -> bool:
    """Whether a leaf says nothing: null, empty text, empty list, empty object."""
    return value is None or value in ("", [], {})


def same(left: Any, right: Any) -> bool:
    """Equality of JSON scalars: true is not 1 (in Python it is), and 7 is 7.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)
