"""What is shown of text from the platform: hosts, paths and names, and nothing that may be a secret.

A document is taken apart into pieces that may be secret, by where they stand: logins, parameters and key-like parts of
an address, the values of headers, what stands under key-like names in what is sent to others, and keys with a
well-known beginning anywhere. A piece that the spec holds in clear, where everybody who reads the repository sees it,
is shown; any other is replaced by a mark that says whether it changed. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeAlias

from agentops.credentials import is_key_like, is_key_name, replace_keys
from agentops.document import DesiredAgent, Environment, Path, Secret
from agentops.fields import FREE_MAPS, SENT
from agentops.plan.canonical import Canonical, Flag, KeyedItems
from agentops.resources import Ref
from agentops.scrub import HIDDEN, Scrubber, secret_values

_SHORTEST_INSIDE = 6  # characters; a shorter secret may be part of an ordinary word
MARK = "(hidden)"
MARK_CHANGED = "(hidden, changed)"

_HARMLESS_HEADERS = frozenset(
    {
        *("accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection"),
        *("content-encoding", "content-language", "content-type", "user-agent", "x-requested-with"),
    }
)
_HEADERS = frozenset({"headers", "headersArray"})
_PARAMETERS = _HEADERS | {"queryParams"}
_CALL_TIME = re.compile(r"(?:[A-Za-z]+ )?\{\{[^{}]*\}\}")
_ADDRESS = re.compile(r"(?<=://)[^\s\"'<>\\`]+")
_ADDRESS_NAME = re.compile(r"(?i)(?:url|uri|endpoint|webhook)$")
# A name with its value in a text that can't be read as JSON, because of call-time variables or because it is a form.
_MEMBER = re.compile(
    r"""(["']?)(?<![\w.-])([\w.-]{1,100})\1(\s{0,20}[:=]\s{0,20})"""
    r"""(\{\{[^{}]*\}\}|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^,;&}\]\n"']+)""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a value that may be secret: its place, the name it goes by there, and its text."""

    place: tuple[str | int, ...]
    name: str
    text: str

    @property
    def may_be_reference(self) -> bool:
        """Whether a spec may refer to a secret here: in what is sent to others, and in addresses."""
        is_address = any(isinstance(part, str) and _ADDRESS_NAME.search(part) for part in self.place)
        return is_address or any(part in SENT for part in self.place)


Replace: TypeAlias = Callable[[Piece], str]


def replace_pieces(path: Path, value: Any, replace: Replace) -> Any:
    """The value at `path`, plain or canonical, with `replace` of every piece that may be secret in its place."""
    match value:
        case KeyedItems():
            return KeyedItems({key: replace_pieces((*path, key), item, replace) for key, item in value.items.items()})
        case {"value": _} if isinstance(name := value.get("key", value.get("name")), str):
            named = {part: (*path, name, part) if part == "value" else (*path, part) for part in value}
            return {
                part: item if part == "key" else replace_pieces(named[part], item, replace)
                for part, item in value.items()
            }
        case dict():
            return {name: replace_pieces((*path, name), item, replace) for name, item in value.items()}
        case list() | tuple():
            return [replace_pieces((*path, index), item, replace) for index, item in enumerate(value)]
        case str():
            return _text(path, value, replace)
        case bool() | Flag():
            return value
        case int() | float() if (name := _key_name(path)) is not None:  # a PIN or code may be written as a number
            shown = replace(Piece(path, name, str(value)))
            return value if shown == str(value) else shown
        case _:
            return value


class KnownSecrets:
    """Secrets whose values are known: they are hidden wherever they stand, very short ones where they stand alone."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = frozenset(values)
        self._short = frozenset(value for value in known if len(value) < _SHORTEST_INSIDE)
        self._scrubber = Scrubber(known - self._short)

    def hide(self, text: str) -> str:
        return HIDDEN if text in self._short else self._scrubber.text(text)

    def deep(self, value: Canonical) -> Canonical:
        """`value`, plain or canonical, with every text in it hidden where it holds a secret; names, too."""
        match value:
            case str():
                shown = self.hide(value)
                return Secret((MARK,)) if shown == HIDDEN else shown
            case KeyedItems():
                return KeyedItems({self.hide(key): self.deep(item) for key, item in value.items.items()})
            case dict():
                return {self.hide(name): self.deep(item) for name, item in value.items()}
            case list():
                return [self.deep(item) for item in value]
            case _:
                return value


NONE_KNOWN = KnownSecrets()


class Concealer:
    """Hides what may be secret in what is shown beside `documents`, such as a spec: what they hold in clear is shown,
    unless it is the value of a known secret."""

    def __init__(self, secrets: KnownSecrets, *documents: Mapping[str, Any]) -> None:
        self._secrets = secrets
        self._documents = documents

    @cached_property
    def literals(self) -> frozenset[str]:
        """The pieces that the documents hold in clear; read when the first one is asked for."""
        return frozenset(piece.text for each in self._documents for piece in _pieces((), spelled(each)))

    def conceal(self, path: Path, value: Canonical, other: Canonical = None) -> Canonical:
        """The value at `path` as it may be shown. `other` is what it is compared with, for the mark of a change."""
        held = {piece.place: piece.text for piece in _pieces(path, other)}
        return self._secrets.deep(_marked(replace_pieces(path, value, partial(self._shown, held))))

    def is_hidden(self, text: str) -> bool:
        """Whether a piece with this text is hidden."""
        return bool(text) and text not in self.literals and not _CALL_TIME.fullmatch(text)

    def _shown(self, held: Mapping[tuple[str | int, ...], str], piece: Piece) -> str:
        if not self.is_hidden(piece.text):
            return piece.text
        return MARK if held.get(piece.place, piece.text) == piece.text else MARK_CHANGED


def _marked(value: Canonical) -> Canonical:
    """`value` with each text that is nothing but a mark as a `Secret`: somebody's text might read the same."""
    match value:
        case str() if value in (MARK, MARK_CHANGED):
            return Secret((value,))
        case KeyedItems():
            return KeyedItems({key: _marked(item) for key, item in value.items.items()})
        case dict():
            return {name: _marked(item) for name, item in value.items()}
        case list():
            return [_marked(item) for item in value]
        case _:
            return value


def _pieces(path: Path, value: Any) -> list[Piece]:
    found: list[Piece] = []

    def note(piece: Piece) -> str:
        found.append(piece)
        return piece.text

    replace_pieces(path, value, note)
    return found


def known_secrets(environment: Environment, agents: Iterable[DesiredAgent]) -> Iterator[str]:
    """The values of all secrets that can be resolved in `environment` or stand in the documents of `agents`."""
    documents = [(agent.config, agent.metadata) for agent in agents]
    return secret_values([environment.api_key, *environment.secrets, *documents])


def spelled(value: Any) -> Any:
    """A document as a spec writes it, with secrets and resources by reference. The text around them is in clear."""
    match value:
        case Secret() | Ref():
            return value.reference
        case Mapping():
            return {name: spelled(item) for name, item in value.items()}
        case list() | tuple():
            return [spelled(item) for item in value]
        case _:
            return value


# ---- one text, by where it stands


def _text(path: Path, text: str, replace: Replace) -> str:
    at = _sent_at(path)
    inside = path[at + 1 :]
    is_parameter = at < len(path) and path[at] in _PARAMETERS
    if is_parameter and (len(inside) == 1 or inside[-1] == "value"):
        name = str(inside[0] if len(inside) == 1 else inside[-2])
        if path[at] in _HEADERS and name.lower() in _HARMLESS_HEADERS:
            return _prose(path, text, replace)
        return replace(Piece(path, name, text))
    if not is_parameter and (key_name := _key_name(path)) is not None:
        return replace(Piece(path, key_name, text))
    return _body(path, text, replace) if at < len(path) else _prose(path, text, replace)


def _sent_at(path: Path) -> int:
    """Where in `path` stands what is sent to others, or a map of the author's own names; its length for none."""
    return next((at for at, part in enumerate(path) if part in SENT or part in FREE_MAPS), len(path))


def _key_name(path: Path) -> str | None:
    """The name by which the leaf at `path` is a credential, inside what is sent to others."""
    names = path[_sent_at(path) :]
    return next((part for part in names if isinstance(part, str) and (is_key_name(part) or part == "auth")), None)


def _prose(path: Path, text: str, replace: Replace) -> str:
    """Any other text: the addresses in it, and keys with a well-known beginning."""
    if "://" not in text and path and isinstance(path[-1], str) and _ADDRESS_NAME.search(path[-1]):
        # An address without its scheme.
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
    """A request body: strings under key-like names, in JSON, in what would be JSON but for variables, and in forms."""
    try:
        data = json.loads(text) if text.lstrip()[:1] in ("{", "[") else None
    except (ValueError, RecursionError):
        data = None
    if data is not None:
        made = replace_pieces(path, data, replace)
        return text if made == data else json.dumps(made, ensure_ascii=False)
    if "://" in text and text.lstrip()[:1] not in ("{", "["):
        return _prose(path, text, replace)
    if '\\"' in text and any(is_key_name(found[2]) for found in re.finditer(r'(\\"|")([\w.-]{1,100})\1', text)):
        return replace(Piece(path, "body", text))  # JSON inside what is not JSON: where a value ends is not known
    return _prose(path, _MEMBER.sub(partial(_member, path, replace), text), replace)


def _member(path: Path, replace: Replace, found: re.Match[str]) -> str:
    quote, name, sign, value = found.groups()
    if not is_key_name(name):
        return found[0]
    around = value[0] if value[0] in "\"'" else ""
    held = value.strip(around) if around else value
    return f"{quote}{name}{quote}{sign}{around}{replace(Piece((*path, name), name, held))}{around}"
