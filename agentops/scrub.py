"""Takes secrets out of text that comes from outside, in whatever encoding they come back.

A platform quotes what it was sent: as JSON inside JSON, in an address, as HTML, in upper case, in base64. So each
character of a secret is looked for in every form that it commonly takes, which covers mixtures, too. Scrub first and
cut afterwards: half a secret is not recognised any more.
"""

from __future__ import annotations

import base64
import dataclasses
import html.entities
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, TypeVar

from agentops.document import Secret, SecretRef

HIDDEN = "***"
# Shorter ones are words that stand everywhere: they are hidden where they stand alone.
_SHORTEST_INSIDE = 6
_WORD_IN_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_NAMES = {**html.entities.codepoint2name, ord("'"): "apos"}
_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}

T = TypeVar("T")


class Scrubber:
    """Knows the values of some secrets. Without any it gives back what it gets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if secret.strip()}, key=len, reverse=True)
        forms = [form for secret in known for form in _forms(secret)]
        self._pattern = re.compile("|".join(forms), re.IGNORECASE) if forms else None
        self._cores = frozenset(core for secret in known if len(secret) >= _SHORTEST_INSIDE for core in _cores(secret))

    def text(self, text: str) -> str:
        """`text` with `***` for every secret in it."""
        if self._pattern is None:
            return text
        return _WORD_IN_BASE64.sub(self._hide_base64, self._pattern.sub(HIDDEN, text))

    def _hide_base64(self, found: re.Match[str]) -> str:
        word = found[0].lower().replace("-", "+").replace("_", "/")
        return HIDDEN if any(core in word for core in self._cores) else found[0]

    def deep(self, value: T) -> T:
        """`value` with every text in it scrubbed: dataclasses, mappings (keys, too), lists and tuples."""
        return self._deep(value) if self._pattern is not None else value

    def _deep(self, value: Any) -> Any:
        match value:
            case Enum():
                return value
            case str():
                return self.text(value)
            case Mapping():
                return {self._deep(key): self._deep(item) for key, item in value.items()}
            case list() | tuple():
                return type(value)(self._deep(item) for item in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value) if each.init}
            return dataclasses.replace(value, **{name: self._deep(item) for name, item in fields.items()})
        return value


NO_SECRETS = Scrubber(())


def secret_values(value: Any) -> Iterator[str]:
    """The values of all secrets in a document, a secret or a list of them, as far as they are known."""
    match value:
        case SecretRef(value=str() as known):
            yield known
        case Secret(parts=parts):
            yield from secret_values(parts)
        case Mapping():
            yield from secret_values(list(value.values()))
        case list() | tuple():
            for item in value:
                yield from secret_values(item)


def _forms(secret: str) -> Iterator[str]:
    """Patterns for all that `secret` may have become."""
    letters = "".join(map(_letter, secret))
    if len(secret) < _SHORTEST_INSIDE:
        yield rf"(?<![^\W_]){letters}(?![^\W_])"
        return
    yield letters
    without_tags = re.sub(r"<[^<>]*>", "", secret)
    if without_tags != secret and len(without_tags) >= _SHORTEST_INSIDE:
        yield "".join(map(_letter, without_tags))
    yield re.escape(secret.encode().hex())


def _cores(secret: str) -> Iterator[str]:
    """What stands in base64 wherever `secret` began in the longer text that was encoded, in lower case."""
    # Three bytes make four characters, so the secret begins at one of three places in them. The characters at both ends
    # that hold bits of the text around it are cut off.
    data = secret.encode()
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + data).decode()
        yield whole[(0, 2, 3)[offset] : (offset + len(data)) * 8 // 6].lower()


def _letter(letter: str) -> str:
    """A pattern for one character as itself, or escaped for JSON (also more than once), an address or HTML.

    No two forms match the same text: with two for each of its characters, half of a long secret would be tried in
    more ways than there is time for.
    """
    code = ord(letter)
    itself = r"\s+" if letter.isspace() else re.escape(letter)
    forms = {rf"\\{{0,8}}{itself}"}
    units = letter.encode("utf-16-be")
    forms.add("".join(rf"\\{{1,8}}u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)))
    encodings = [letter.encode()] + ([bytes([code])] if 0x7F < code < 0x100 else [])
    forms |= {"".join(f"%(?:25)*{byte:02x}" for byte in encoded) for encoded in encodings}
    if not letter.isascii():
        forms.add(re.escape(letter.encode().decode("latin-1")))  # UTF-8 that was read as Latin-1
    forms.add(f"&(?:amp;)?#0*{code};")
    forms.add(f"&(?:amp;)?#x0*{code:x};")
    if code in _NAMES:
        forms.add(f"&(?:amp;)?{_NAMES[code]};")
    if letter in _ESCAPES:
        forms.add(rf"\\{{1,8}}{_ESCAPES[letter]}")
    if letter.isspace():
        forms.add(r"\+")
    folded = {letter.upper(), letter.lower(), letter.casefold()}
    # ß becomes SS, which no flag knows.
    forms |= {re.escape(other) for other in folded if not re.fullmatch(re.escape(letter), other, re.IGNORECASE)}
    return f"(?:{'|'.join(sorted(forms, key=len, reverse=True))})"
