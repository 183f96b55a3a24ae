"""What equal means: the canonical form of a document, and the fingerprint over it.

Diff, drift, digest and the verification after a write all compare canonical forms with `==` and nothing else.

The form of a document is taken over its managed paths, named by a second document: what that one leaves out is not
compared, so that values the server filled in are never a difference. Two documents mean the same when

- text differs in line ends (CR LF, CR, LF) or in unicode composition only;
- a number is written as 1 or 1.0 (but true is not 1);
- the items of a list with a natural key come in another order, or the values of a list that is a set, such as the
  supported languages;
- a field is absent or holds an empty text, list or object (entries of a free map, such as variables, excepted);
- one holds a secret by reference and the other the secret's value: compared in memory, never kept.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from agentops.document import CLEARED, Secret, short_digest
from agentops.fields import DATABASE_OWNED, FREE_MAPS, NATURAL_KEYS, UNORDERED
from agentops.resources import Ref

# What a canonical form consists of: dict, list, KeyedItems, str, int, float, Flag, Secret and Ref.
Canonical: TypeAlias = Any

FINGERPRINT_FORMAT = 1


class Flag(Enum):
    """A boolean that is not equal to a number."""

    FALSE = False
    TRUE = True


@dataclass(frozen=True, slots=True)
class KeyedItems:
    """A list with a natural key: items by their key; their order means nothing."""

    items: Mapping[str, Canonical]

    def __len__(self) -> int:
        return len(self.items)


# A value that must not be shown: a secret on the platform that is not the one we would write.
HIDDEN: Final = Secret(("(hidden)",))

# As much of an address as a spec has to write in clear to show its host: what follows the last sign may be the secret.
_WRITTEN_HOST = re.compile(r"[A-Za-z][\w+.-]*://[^/?#@]+[/?#]")
_HOST = re.compile(r"([A-Za-z][\w+.-]*://)(?:[^/?#]*@)?([^/?#@\s]+)")
_ALL: Final[Any] = object()
_NUMBERS = (int, float)  # never empty, not even zero
_LISTS = (list, tuple)


def canonical(document: Mapping[str, Any], managed: Mapping[str, Any] | None = None) -> dict[str, Canonical]:
    """The canonical form of `document` over the paths that `managed` has (None: over all of them).

    Idempotent: a canonical form is its own canonical form over the same paths.
    """
    return _object(document, _ALL if managed is None else managed)


def without(document: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """`document` without the fields `names` (dotted where nested): those that can't be compared."""
    kept = dict(document)
    for name in names:
        first, _, rest = name.partition(".")
        if not rest:
            kept.pop(first, None)
        elif isinstance(inner := kept.get(first), dict):
            kept[first] = without(inner, [rest])
    return kept


def holds(document: Any, name: str) -> bool:
    """Whether `document` has the field `name` (dotted where nested)."""
    first, _, rest = name.partition(".")
    if not isinstance(document, dict) or first not in document:
        return False
    return not rest or holds(document[first], rest)


def fingerprint(document: Mapping[str, Any]) -> str:
    """16 hex characters that name what a document asks for; a secret counts by its reference."""
    return fingerprint_of(canonical(document))


def fingerprint_of(form: Canonical) -> str:
    return short_digest(canonical_text(form))


def canonical_text(form: Canonical) -> str:
    """One text per canonical form: forms are equal exactly when their texts are."""
    encoded = json.dumps(_encoded(form), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{FINGERPRINT_FORMAT}:{encoded}"


def plain(form: Canonical) -> Any:
    """A canonical form as ordinary data, for showing and saving: secrets stay marked."""
    if isinstance(form, KeyedItems):
        return [plain(item) for item in form.items.values()]
    if isinstance(form, Flag):
        return form.value
    if isinstance(form, dict):
        return {name: plain(value) for name, value in form.items()}
    if isinstance(form, list):
        return [plain(item) for item in form]
    return form


def natural_key(name: str | int, items: Sequence[Any]) -> str | None:
    """The field that identifies the items of the list called `name`; None where it does not identify every one."""
    key = NATURAL_KEYS.get(name) if isinstance(name, str) else None
    if key is None:
        return None
    seen = set()
    for item in items:
        value = item.get(key) if isinstance(item, dict) else None
        if not isinstance(value, str) or not value or value in seen:
            return None
        seen.add(value)
    return key


def _object(value: Mapping[str, Any], shape: Any) -> dict[str, Canonical]:
    form = {}
    for name, item in value.items():
        if name in DATABASE_OWNED or (shape is not _ALL and name not in shape):
            continue
        found = _value(name, item, _ALL if shape is _ALL else shape[name])
        if found or isinstance(found, _NUMBERS):
            form[name] = found
    return form


def _value(name: str | int, value: Any, shape: Any) -> Canonical:
    if isinstance(value, str):  # first, since most values are text
        return _text_or_secret(value, shape)
    if isinstance(value, dict):
        inner = shape if isinstance(shape, dict) else _ALL
        return _free_map(value, inner) if name in FREE_MAPS else _object(value, inner)
    if isinstance(value, _LISTS):
        return _list(name, value, shape)
    if isinstance(value, KeyedItems):
        return _keyed(list(value.items.values()), NATURAL_KEYS[str(name)], shape)
    return _leaf(value, shape)


def _free_map(value: Mapping[str, Any], shape: Any) -> dict[str, Canonical]:
    return {name: _entry(item, _ALL if shape is _ALL else shape.get(name, _ALL)) for name, item in value.items()}


def _entry(value: Any, shape: Any) -> Canonical:
    """One entry of a free map, where everything counts, empty values too."""
    if isinstance(value, dict):
        return _free_map(value, shape if isinstance(shape, dict) else _ALL)
    if isinstance(value, _LISTS):
        return [_entry(item, _at(shape, index)) for index, item in enumerate(value)]
    return _leaf(value, shape)


def _list(name: str | int, value: Sequence[Any], shape: Any) -> Canonical:
    key = natural_key(name, value)
    # Both sides by key or neither: a document and what it is compared with must take the same form.
    if key is not None and (not isinstance(shape, _LISTS) or natural_key(name, shape) is not None):
        return _keyed(value, key, shape)
    if name in UNORDERED:
        return sorted((_value("", item, _ALL) for item in value), key=canonical_text)
    return [_value(index, item, _at(shape, index)) for index, item in enumerate(value)]


def _keyed(value: Sequence[Any], key: str, shape: Any) -> KeyedItems:
    shapes: dict[str, Any] = {}
    if isinstance(shape, KeyedItems):
        shapes = dict(shape.items)
    elif isinstance(shape, _LISTS):
        shapes = {item[key]: item for item in shape}
    return KeyedItems({item[key]: _object(item, shapes.get(item[key], _ALL)) for item in value})


def _at(shape: Any, index: int) -> Any:
    return shape[index] if isinstance(shape, _LISTS) and index < len(shape) else _ALL


def _leaf(value: Any, shape: Any) -> Canonical:
    if isinstance(value, str):
        return _text_or_secret(value, shape)
    if isinstance(value, bool):
        return Flag(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return "" if value is None or value is CLEARED else value


def _text_or_secret(value: str, shape: Any) -> str | Secret:
    text = _text(value)
    return _reconciled(text, shape) if isinstance(shape, Secret) else text


def _reconciled(observed: str, wanted: Secret) -> Secret:
    """The platform's clear text where the spec has a secret: the same text is that secret, any other stays hidden."""
    if not wanted.is_revealable or _text(wanted.reveal()) == observed:
        return wanted
    return _resembling(observed, wanted)


def _resembling(observed: str, wanted: Secret) -> Secret:
    """As much of `observed` as may be seen where the spec has `wanted`: the host, unless that is part of the secret."""
    written = wanted.parts[0]
    if not isinstance(written, str) or not _WRITTEN_HOST.match(written):
        return HIDDEN
    if observed.startswith(written):
        return Secret((f"{written}{HIDDEN}",))
    found = _HOST.match(observed)
    return Secret((f"{found[1]}{found[2]}/{HIDDEN}",)) if found else HIDDEN


def _text(value: str) -> str:
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def _encoded(form: Canonical) -> Any:
    """JSON data that keeps apart what canonical forms keep apart: objects and lists are tagged."""
    if isinstance(form, str):
        return form
    if isinstance(form, KeyedItems):
        return ["keyed", {key: _encoded(item) for key, item in form.items.items()}]
    if isinstance(form, Flag):
        return form.value
    if isinstance(form, dict):
        return ["object", {name: _encoded(value) for name, value in form.items()}]
    if isinstance(form, list):
        return ["list", [_encoded(item) for item in form]]
    if isinstance(form, Secret):
        return ["secret", form.reference]
    if isinstance(form, Ref):
        return ["ref", form.kind.value, form.key, form.fingerprint]
    return form
