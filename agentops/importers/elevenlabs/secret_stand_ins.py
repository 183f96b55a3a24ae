"""Takes the secrets out of an agent before anything else reads it, and puts references to them into what is written.

In between, a stand-in takes each secret's place: conversions can move it about, and no report, file or message can
show a value that is no longer there. Pure.
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

_STAND_IN = re.compile(r"⟦([A-Z][A-Z0-9_]*)⟧")
_NAMED_MAPS = {"request_headers", "headers", "dynamic_variable_placeholders", "dynamic_variables", "variables"}


@dataclass(frozen=True, slots=True)
class ExposedSecret:
    """A secret that was in the clear at `place`, and the `name` that refers to it from now on."""

    name: str
    place: Place


def stand_in_for(name: str) -> str:
    """The text that takes the place of the secret `name` until files are written."""
    return f"⟦{name}⟧"


def has_stand_in(value: Any) -> bool:
    return isinstance(value, str) and bool(_STAND_IN.search(value))


def secret_names_in(value: Any) -> list[str]:
    """The names of the secrets whose stand-ins are in `value`."""
    return list(dict.fromkeys(_STAND_IN.findall(value))) if isinstance(value, str) else []


def with_references(value: Any) -> Any:
    """`value` with an expression of the spec language in place of each stand-in."""
    if isinstance(value, dict):
        return {with_references(key): with_references(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_references(inner) for inner in value]
    return _STAND_IN.sub(r"${{ secrets.\1 }}", value) if isinstance(value, str) else value


def with_variables(value: Any) -> Any:
    """`value` with a call-time variable in place of each stand-in: prompts and other texts can hold no secret."""
    return _STAND_IN.sub(lambda match: "{{" + match[1].lower() + "}}", value) if isinstance(value, str) else value


def without_stand_ins(value: Any) -> Any:
    """`value` for a place that takes no expressions: a note takes the place of each stand-in."""
    if isinstance(value, dict):
        return {without_stand_ins(key): without_stand_ins(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_stand_ins(inner) for inner in value]
    return _STAND_IN.sub(NOT_COPIED, value) if isinstance(value, str) else value


class SecretExtractor:
    """Walks the tree of one agent. The same value gets the same name wherever it is."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._names: dict[str, str] = {}
        self.exposed: list[ExposedSecret] = []

    def extract(self, tree: Any, place: Place = (), within: str = "") -> Any:
        """`tree` with stand-ins in place of secrets. `within` is the tool around it, after which secrets are named."""
        if isinstance(tree, dict):
            named = tree.get("name")
            inner = named if len(place) > 1 and place[-2] == "tools" and isinstance(named, str) else within
            return {key: self.extract(value, (*place, key), inner) for key, value in tree.items()}
        if isinstance(tree, list):
            return [self.extract(value, (*place, index), within) for index, value in enumerate(tree)]
        return self._clean(tree, place, within) if isinstance(tree, str) else tree

    def _clean(self, text: str, place: Place, within: str) -> str:
        keys = [str(part) for part in place]
        last, parent = keys[-1], keys[-2] if len(keys) > 1 else ""
        if self._is_whole(text, last, parent):
            label = parent if last == "constant_value" else last.removeprefix("secret__")
            return self._stand_in(text, place, within or self._around(keys), label)
        if last == "id" or last.endswith(("_id", "_ids")) or parent.endswith("_ids"):
            return text  # an id may look like a key, and tools, tests and documents are found by it
        found = credentials_within(text)
        if parent in ("dynamic_variable_placeholders", "dynamic_variables"):
            found += emails_within(text)
        for credential in sorted(_apart(found), key=lambda each: each.start, reverse=True):
            value = text[credential.start : credential.end]
            label = last if value == text and parent in _NAMED_MAPS else credential.kind
            made = self._stand_in(value, place, within or self._around(keys), label)
            text = text[: credential.start] + made + text[credential.end :]
        return text

    @staticmethod
    def _is_whole(text: str, last: str, parent: str) -> bool:
        """Whether the whole value is a secret, judged by its name."""
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

    def _stand_in(self, value: str, place: Place, *words: str) -> str:
        if value not in self._names:
            base = name = secret_name(self._key, *filter(None, words))
            number = 2
            while name in self._names.values():
                name, number = f"{base}_{number}", number + 1
            self._names[value] = name
        self.exposed.append(ExposedSecret(self._names[value], place))
        return stand_in_for(self._names[value])


def _apart(found: list[Credential]) -> list[Credential]:
    """The credentials without those that overlap an earlier one."""
    kept: list[Credential] = []
    for each in found:
        if not any(each.start < other.end and other.start < each.end for other in kept):
            kept.append(each)
    return kept
