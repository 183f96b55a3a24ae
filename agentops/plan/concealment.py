"""What is shown of text from the platform: hosts, paths and names, and nothing that may be a secret.

A document is taken apart into pieces that may be secret, by where they stand: logins, parameters and key-like parts of
an address, the values of headers, what stands under key-like names in what is sent to others, and keys with a
well-known beginning anywhere. A piece that the spec holds as it is, and so everybody who reads the repository, is
shown; of any other only the mark that it is there, and whether it changed. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from agentops.credentials import is_key_like, is_key_name, replace_keys
from agentops.document import Path, Secret
from agentops.fields import FREE_MAPS, SENT
from agentops.plan.canonical import Canonical, Flag, KeyedItems
from agentops.scrub import NO_SECRETS, Scrubber

MARK = "(hidden)"
MARK_CHANGED = "(hidden, changed)"

_TELLING_HEADERS = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection", "content-encoding"}
    | {"content-language", "content-type", "user-agent", "x-requested-with"}
)
_HEADERS = frozenset({"headers", "headersArray"})
_PARAMETERS = _HEADERS | {"queryParams"}
_CALL_TIME = re.compile(r"(?:[A-Za-z]+ )?\{\{[^{}]*\}\}")
_ADDRESS = re.compile(r"(?<=://)[^\s\"'<>\\`]+")
_ADDRESS_NAME = re.compile(r"(?i)(?:url|uri|endpoint|webhook)$")
# A member of an object in a body that is no JSON as it stands, because call-time variables are in it.
_MEMBER = re.compile(r"""(\\*)"([^"\\]{1,200})\1"(\s{0,50}:\s{0,50}\1")((?:[^"\\]|\\(?!"))*)""")
_PAIR = re.compile(r"(?<![^\s&;,{])([\w.-]{1,100})=([^&;\s]+)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a value that may be secret: its place, the name it goes by there, and its text."""

    place: tuple[str | int, ...]
    name: str
    text: str


Replace: TypeAlias = Callable[[Piece], str]


def replace_pieces(path: Path, value: Any, replace: Replace) -> Any:
    """The value at `path`, plain or canonical, with `replace` of every piece that may be secret in its place."""
    match value:
        case KeyedItems():
            return KeyedItems({key: replace_pieces((*path, key), item, replace) for key, item in value.items.items()})
        case dict():
            names = {"value": str(value["key"])} if "key" in value and path[-2:-1] and path[-2] in _PARAMETERS else {}
            return {
                name: replace_pieces((*path, names[name], name) if name in names else (*path, name), item, replace)
                for name, item in value.items()
            }
        case list() | tuple():
            return [replace_pieces((*path, index), item, replace) for index, item in enumerate(value)]
        case str():
            return _text(path, value, replace)
        case bool() | Flag():
            return value
        case int() | float() if (name := _key_name(path)) is not None:
            return replace(Piece(path, name, str(value)))
        case _:
            return value


@dataclass(slots=True)
class Concealer:
    """Hides what may be secret in what is shown beside a spec.

    scrubber: knows the values of secrets; they are hidden wherever they stand
    literals: texts of pieces that the spec holds in clear
    """

    scrubber: Scrubber = NO_SECRETS
    literals: frozenset[str] = field(default=frozenset(), repr=False)

    def beside(self, *documents: Mapping[str, Any]) -> Concealer:
        """The same, showing what `documents` hold in clear."""
        return replace(self, literals=self.literals.union(*(_texts(document) for document in documents)))

    def conceal(self, path: Path, value: Canonical, other: Canonical = None) -> Canonical:
        """The value at `path` as it may be shown. `other` is what it is compared with, for the mark of a change."""
        held = {piece.place: piece.text for piece in _pieces(path, other)}
        return self._scrubbed(_marked(path, value, partial(self._shown, held)))

    def is_hidden(self, text: str) -> bool:
        """Whether a piece with this text is hidden."""
        return bool(text) and text not in self.literals and not _CALL_TIME.fullmatch(text)

    def _shown(self, held: Mapping[tuple[str | int, ...], str], piece: Piece) -> str:
        if not self.is_hidden(piece.text):
            return piece.text
        return MARK if held.get(piece.place, piece.text) == piece.text else MARK_CHANGED

    def _scrubbed(self, value: Canonical) -> Canonical:
        match value:
            case str():
                shown = self.scrubber.text(value)
                return value if shown == value else Secret((MARK,)) if len(shown.strip()) < 4 else shown
            case KeyedItems():
                return KeyedItems({self.scrubber.text(key): self._scrubbed(item) for key, item in value.items.items()})
            case dict():
                return {self.scrubber.text(name): self._scrubbed(item) for name, item in value.items()}
            case list():
                return [self._scrubbed(item) for item in value]
            case _:
                return value


def _marked(path: Path, value: Canonical, replace: Replace) -> Canonical:
    """`value` with its pieces replaced; a text that is nothing but a mark is marked as no text."""
    made = replace_pieces(path, value, replace)
    return _without_marks(made)


def _without_marks(value: Canonical) -> Canonical:
    match value:
        case str() if value in (MARK, MARK_CHANGED):
            return Secret((value,))
        case KeyedItems():
            return KeyedItems({key: _without_marks(item) for key, item in value.items.items()})
        case dict():
            return {name: _without_marks(item) for name, item in value.items()}
        case list():
            return [_without_marks(item) for item in value]
        case _:
            return value


def _pieces(path: Path, value: Any) -> list[Piece]:
    found: list[Piece] = []

    def note(piece: Piece) -> str:
        found.append(piece)
        return piece.text

    replace_pieces(path, value, note)
    return found


def _texts(document: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(piece.text for piece in _pieces((), _spelled(document)))


def _spelled(value: Any) -> Any:
    """A document with the written parts of its half secret texts: the host before a secret is no secret."""
    match value:
        case Secret():
            return value.reference
        case Mapping():
            return {name: _spelled(item) for name, item in value.items()}
        case list() | tuple():
            return [_spelled(item) for item in value]
        case _:
            return value


# ---- one text, by where it stands


def _text(path: Path, text: str, replace: Replace) -> str:
    at = _sent_at(path)
    inside = path[at + 1 :]
    if at < len(path) and path[at] in _PARAMETERS and inside and inside[-1] != "key":
        name = next((str(part) for part in reversed(inside) if part != "value"), "")
        if path[at] not in _HEADERS or name.lower() not in _TELLING_HEADERS:
            return replace(Piece(path, name, text))
    elif (name := _key_name(path)) is not None:
        return replace(Piece(path, name, text))
    elif at < len(path):
        return _body(path, text, replace)
    return _prose(path, text, replace)


def _sent_at(path: Path) -> int:
    """Where in `path` stands what is sent to others, or a map of the author's own names; its length where nothing is."""
    return next((at for at, part in enumerate(path) if part in SENT or part in FREE_MAPS), len(path))


def _key_name(path: Path) -> str | None:
    """The name by which the leaf at `path` is a credential, inside what is sent to others."""
    names = path[_sent_at(path) :]
    return next((part for part in names if isinstance(part, str) and (is_key_name(part) or part == "auth")), None)


def _prose(path: Path, text: str, replace: Replace) -> str:
    """Any other text: the addresses in it, and keys that give themselves away."""
    if "://" not in text and path and isinstance(path[-1], str) and _ADDRESS_NAME.search(path[-1]):
        return _address(path, text, replace)
    parts: list[str] = []
    end = 0
    for number, found in enumerate(_ADDRESS.finditer(text)):
        parts.append(_keys(path, text[end : found.start()], replace))
        parts.append(_address((*path, number), found[0], replace))
        end = found.end()
    return "".join([*parts, _keys(path, text[end:], replace)])


def _keys(path: Path, text: str, replace: Replace) -> str:
    return replace_keys(text, lambda key: replace(Piece((*path, "key"), "key", key)))


def _address(path: Path, text: str, replace: Replace) -> str:
    """An address after its scheme."""
    rest, sharp, fragment = text.partition("#")
    rest, mark, query = rest.partition("?")
    host, slash, way = rest.partition("/")
    login, sign, host = host.rpartition("@")
    if sign:
        login = replace(Piece((*path, "login"), "login", login))
    parts = way.split("/")
    for index, part in enumerate(parts):
        before = parts[index - 1] if index else ""
        if part and (is_key_like(part) or is_key_name(before) or "=" in part):
            parts[index] = replace(Piece((*path, "path", index), before or "path", part))
    query = _query(path, query, replace)
    if "=" in fragment or is_key_like(fragment):
        fragment = _query((*path, "fragment"), fragment, replace)
    return f"{login}{sign}{host}{slash}{'/'.join(parts)}{mark}{query}{sharp}{fragment}"


def _query(path: Path, query: str, replace: Replace) -> str:
    made: list[str] = []
    for index, pair in enumerate(query.split("&")):
        name, sign, value = pair.partition("=")
        if sign and value:
            value = replace(Piece((*path, "query", name), name, value))
        elif is_key_like(name):
            name = replace(Piece((*path, "query", index), "query", name))
        made.append(f"{name}{sign}{value}")
    return "&".join(made)


def _body(path: Path, text: str, replace: Replace) -> str:
    """What is sent as text: the strings under key-like names in JSON, also where variables make it none, and in forms."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return _prose(path, _members(path, text, replace), replace)
        made = replace_pieces(path, data, replace)
        return text if made == data else json.dumps(made, ensure_ascii=False)
    if "://" not in text and "=" in text:
        return _PAIR.sub(lambda pair: f"{pair[1]}={_member(path, pair[1], pair[2], replace)}", text)
    return _prose(path, text, replace)


def _members(path: Path, text: str, replace: Replace) -> str:
    return _MEMBER.sub(
        lambda found: f'{found[1]}"{found[2]}{found[1]}"{found[3]}{_member(path, found[2], found[4], replace)}', text
    )


def _member(path: Path, name: str, text: str, replace: Replace) -> str:
    return replace(Piece((*path, name), name, text)) if text and is_key_name(name) else text
