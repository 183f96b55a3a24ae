"""A call script as YAML, for a person to edit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9 _-]*[A-Za-z0-9])?")
# YAML 1.1, which many editors still speak, reads the last four as booleans.
_RESERVED_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_HEAD = "# yaml-language-server: $schema=../../schemas/call.schema.json\n"


def script_yaml(script: Mapping[str, Any]) -> str:
    """The script's file, with a blank line before each block."""
    return _HEAD + "".join(f"{line}\n" for key, value in script.items() for line in _entry(key, value, ""))


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and (
        len(value) > 3 or any(isinstance(item, Mapping | list | tuple) for item in value.values())
    ):
        yield f"{indent}{_scalar(key)}:"
        for inner, item in value.items():
            yield from _entry(str(inner), item, indent + "  ")
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        yield f"{indent}{_scalar(key)}:"
        for item in value:
            yield from _item(item, indent + "  ")
    else:
        yield f"{indent}{_scalar(key)}: {_flow(value)}"


def _item(value: Any, indent: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{indent}- {_flow(value)}"
        return
    lines = [line for key, item in value.items() for line in _entry(str(key), item, indent + "  ")]
    yield f"{indent}- {lines[0].lstrip()}"
    yield from lines[1:]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """JSON's text form is YAML too; a text that can't be mistaken for anything else needs no quotes."""
    is_plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _RESERVED_WORDS
    return str(value) if is_plain and "," not in value else json.dumps(value, ensure_ascii=False)
