"""Takes the secrets out of an agent before anything else sees it, and puts references to them into what is written.

In between, a mark stands for each: conversions can move it about, and no report, file or message can show a value that
is no longer there. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agentops.credentials import (
    Credential,
    credentials_within,
    emails_within,
    is_credential,
    names_credential,
    secret_name,
)
from agentops.importers.elevenlabs.paths import Place
from agentops.importers.fidelity import NOT_COPIED

_MARK = re.compile(r"⟦([A-Z][A-Z0-9_]*)⟧")
_NAMED_MAPS = {"request_headers", "headers", "dynamic_variable_placeholders", "dynamic_variables", "variables"}


@dataclass(frozen=True, slots=True)
class Exposed:
    """A secret that stood in the clear at `place`; `name` is what it is called from now on."""

    name: str
    place: Place


def mark(name: str) -> str:
    """What stands for the secret `name` until files are written."""
    return f"⟦{name}⟧"


def is_marked(value: Any) -> bool:
    return isinstance(value, str) and bool(_MARK.search(value))


def marks_in(value: Any) -> list[str]:
    """The names of the secrets that `value` holds marks of."""
    return list(dict.fromkeys(_MARK.findall(value))) if isinstance(value, str) else []


def with_references(value: Any) -> Any:
    """`value` with an expression of the spec language in place of each mark."""
    if isinstance(value, dict):
        return {with_references(key): with_references(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_references(inner) for inner in value]
    return _MARK.sub(r"${{ secrets.\1 }}", value) if isinstance(value, str) else value


def with_variables(value: Any) -> Any:
    """`value` with a call-time variable in place of each mark: prompts and other texts can hold no secret."""
    return _MARK.sub(lambda match: "{{" + match[1].lower() + "}}", value) if isinstance(value, str) else value


def without_marks(value: Any) -> Any:
    """`value` for a place that takes no expressions: what a mark stood for is left out."""
    if isinstance(value, dict):
        return {without_marks(key): without_marks(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_marks(inner) for inner in value]
    return _MARK.sub(NOT_COPIED, value) if isinstance(value, str) else value


class Withdrawal:
    """Walks the tree of one agent. The same value gets the same name wherever it stands."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._names: dict[str, str] = {}
        self.exposed: list[Exposed] = []

    def take(self, tree: Any, place: Place = (), within: str = "") -> Any:
        """`tree` with marks in place of secrets. `within` names the tool around it, for the names of secrets."""
        if isinstance(tree, dict):
            named = tree.get("name")
            inner = named if len(place) > 1 and place[-2] == "tools" and isinstance(named, str) else within
            return {key: self.take(value, (*place, key), inner) for key, value in tree.items()}
        if isinstance(tree, list):
            return [self.take(value, (*place, index), within) for index, value in enumerate(tree)]
        return self._clean(tree, place, within) if isinstance(tree, str) else tree

    def _clean(self, text: str, place: Place, within: str) -> str:
        keys = [str(part) for part in place]
        last, parent = keys[-1], keys[-2] if len(keys) > 1 else ""
        if self._is_whole(text, last, parent):
            label = parent if last == "constant_value" else last.removeprefix("secret__")
            return self._mark(text, place, within or self._around(keys), label)
        if last == "id" or last.endswith(("_id", "_ids")) or parent.endswith("_ids"):
            return text
        found = credentials_within(text)
        if parent in ("dynamic_variable_placeholders", "dynamic_variables"):
            found += emails_within(text)
        for credential in sorted(_apart(found), key=lambda each: each.start, reverse=True):
            value = text[credential.start : credential.end]
            label = last if value == text and parent in _NAMED_MAPS else credential.kind
            made = self._mark(value, place, within or self._around(keys), label)
            text = text[: credential.start] + made + text[credential.end :]
        return text

    @staticmethod
    def _is_whole(text: str, last: str, parent: str) -> bool:
        """Whether the whole value is a secret, by the name it has."""
        if not text.strip() or "{{" in text:
            return False
        if parent in ("request_headers", "headers"):
            return is_credential(last, text)
        if parent in ("dynamic_variable_placeholders", "dynamic_variables") and last.startswith("secret__"):
            return True
        name = {"constant_value": parent}.get(last, last if parent in _NAMED_MAPS else "")
        is_one_word = " " not in text.strip() and len(text.strip()) >= 4
        return bool(name) and is_one_word and names_credential(name, at_the_end=True)

    @staticmethod
    def _around(keys: list[str]) -> str:
        if "conversation_initiation_client_data_webhook" in keys:
            return "pre_call"
        return "prompt" if keys[-1] == "prompt" else ""

    def _mark(self, value: str, place: Place, *words: str) -> str:
        if value not in self._names:
            base = name = secret_name(self._key, *filter(None, words))
            number = 2
            while name in self._names.values():
                name, number = f"{base}_{number}", number + 1
            self._names[value] = name
        self.exposed.append(Exposed(self._names[value], place))
        return mark(self._names[value])


def _apart(found: list[Credential]) -> list[Credential]:
    """The findings without those that overlap an earlier one."""
    kept: list[Credential] = []
    for each in found:
        if not any(each.start < other.end and other.start < each.end for other in kept):
            kept.append(each)
    return kept
