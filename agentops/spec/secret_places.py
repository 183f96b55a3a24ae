"""Secrets for the places where they stand: what they become there, and what can't stand there at all.

Called on a rendered spec whose fields have been checked. A value is only looked at where it is known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from agentops.diagnostics import Diagnostic, Severity
from agentops.document import Encoding, Path, Secret, SecretRef, path_text
from agentops.spec.placeholders import PLACEHOLDER
from agentops.spec.tree import Map, Seq, value_place

_ADDRESSES = ("url", "customLLMWebSocketUrl", "endpoint")
_QUOTE = re.compile(r'\\.|"', re.S)


def encode_secrets(tree: Map, agent: str | None) -> list[Diagnostic]:
    """Encodes every secret below `tree` (in place) for where it stands; returns what no encoding can help."""
    problems: list[Diagnostic] = []
    for owner, key, path in list(_secrets(tree, ())):
        secret: Secret = owner[key]
        encoded = secret
        if path[-1] == "requestBody":
            encoded = Secret(_in_json(secret.parts))
        elif path[-1] in _ADDRESSES:
            encoded = Secret(_in_url(secret.parts))
        owner[key] = encoded
        place, dotted = value_place(owner.marks[key]), path_text(path)
        if (wrong := _wrong(encoded, path)) is not None:
            problems.append(Diagnostic("secret-value", Severity.ERROR, *wrong, place, agent=agent, path=dotted))
        elif encoded.is_revealable and encoded.reveal() != secret.reveal():
            how = "as JSON" if path[-1] == "requestBody" else "percent-encoded"
            summary = f"the secret {encoded.names[0]} is written {how}"
            hint = "nothing to do where its service decodes it, as services do"
            problems.append(Diagnostic("secret-encoded", Severity.NOTE, summary, hint, place, agent=agent, path=dotted))
    return problems


def unfit_characters(refs: Iterable[SecretRef]) -> str | None:
    """What is wrong with a value that holds control characters, naming the first secret that does; else None."""
    for ref in refs:
        for character in ref.value or "":
            if unicodedata.category(character) == "Cc":
                what = "a line end" if character in "\r\n" else "a control character"
                return f"the secret {ref.name} holds {what} (U+{ord(character):04X})"
    return None


def _secrets(node: Map | Seq, base: Path) -> Iterator[tuple[Any, Any, Path]]:
    """Every secret below `node`, by its owner (a `Map` or `Seq`) and its key there, with its path."""
    items: Iterable[tuple[Any, Any]] = node.items() if isinstance(node, Map) else enumerate(node)
    for key, value in items:
        if isinstance(value, Secret):
            yield node, key, (*base, key)
        elif isinstance(value, Map | Seq):
            yield from _secrets(value, (*base, key))


def _in_json(parts: tuple[str | SecretRef, ...]) -> tuple[str | SecretRef, ...]:
    """Inside a JSON string the value is escaped; outside of one it becomes a JSON value."""
    first = next((part.lstrip() for part in parts if isinstance(part, str) and part.strip()), "{")
    # A text part in front decides; where the body begins with the secret itself, it is taken for JSON.
    if first[0] not in '{["' and isinstance(parts[0], str):
        return parts  # no JSON at all, such as a form
    encoded: list[str | SecretRef] = []
    is_inside = False
    for part in parts:
        if isinstance(part, SecretRef):
            part = replace(part, encoding=Encoding.JSON_TEXT if is_inside else Encoding.JSON_VALUE)
        else:
            # A placeholder is taken out first: its fallback may hold quotes of its own.
            quotes = [found for found in _QUOTE.findall(PLACEHOLDER.sub("", part)) if found == '"']
            is_inside ^= len(quotes) % 2 == 1
        encoded.append(part)
    return tuple(encoded)


def _in_url(parts: tuple[str | SecretRef, ...]) -> tuple[str | SecretRef, ...]:
    """At the beginning of a URL the value is part of the address as it is; after that it is percent-encoded."""
    before, encoded = "", []
    for part in parts:
        if isinstance(part, SecretRef):
            part = replace(part, encoding=Encoding.URL_PART) if before.strip() else part
            before += "x"  # whatever the value is, what follows no longer begins the URL
        else:
            before += part
        encoded.append(part)
    return tuple(encoded)


def _wrong(secret: Secret, path: Path) -> tuple[str, str] | None:
    """(what is wrong, what to do about it) with the values of `secret` at `path`, if they are known."""
    refs = [part for part in secret.parts if isinstance(part, SecretRef)]
    place = path_text(path)
    if (unfit := unfit_characters(refs)) is not None:
        return f"{unfit}, which {place} can't carry", "set the value anew, without line ends: printf '%s' writes none"
    if not secret.is_revealable:
        return None
    if "headers" in path or "headersArray" in path:
        for ref in refs:
            value = ref.value or ""
            if not value.isascii() or not value.isprintable() or value != value.strip():
                summary = f"the secret {ref.name} has characters that no header carries ({place})"
                return summary, "use printable ASCII without blanks at either end, for example Base64"
    if path[-1] in _ADDRESSES and not _is_url(secret.reveal()):
        names = ", ".join(ref.name for ref in refs)
        return f"with the secret {names} in it, {place} is no URL", "give it a scheme and a host: https://host/path"
    return None


def _is_url(text: str) -> bool:
    text = PLACEHOLDER.sub("x", text)
    try:
        split = urlsplit(text)
        host, _ = split.hostname, split.port
    except ValueError:
        return False
    return (
        split.scheme in ("http", "https", "ws", "wss")
        and bool(host)
        and "%" not in (host or "")
        and not re.search(r"[\s<>\"]", text)
    )


__all__ = ["encode_secrets", "unfit_characters"]
