"""Reading the YAML files that the emulator is started with: seeds, faults and behaviours."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

from agentops.emulator.store.database import EmulatorError

_MAX_BYTES = 8_000_000
_MAX_DEPTH = 100


def read_yaml(path: Path, hint: str) -> Any:
    """What the file holds. Raises EmulatorError with `hint`, which describes a right file."""
    try:
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and found.st_size <= _MAX_BYTES:
            return _parse(path.read_bytes().decode("utf-8-sig"))  # as some editors on Windows write it
        if stat.S_ISREG(found.st_mode):
            why = f"it is larger than {_MAX_BYTES // 1_000_000} MB"
        else:  # a pipe would be waited for, and a device never ends
            why = "it is a folder" if stat.S_ISDIR(found.st_mode) else "it is not a regular file"
    except OSError as failure:
        why = failure.strerror or str(failure)
    except UnicodeDecodeError:
        why = "it is not UTF-8 text"
    except MarkedYAMLError as failure:
        mark = failure.problem_mark
        at = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        why = f"it is not YAML: {failure.problem}{at}"
    except YAMLError as failure:
        why = f"it is not YAML: {failure}"
    except ValueError as failure:
        why = str(failure)
    raise EmulatorError(f"{path} can't be read: {why}", hint)


def _parse(text: str) -> Any:
    """The one document of a YAML text. Raises YAMLError, and ValueError where it is nested too deep."""
    depth = 0
    for event in YAML(typ="safe").parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _MAX_DEPTH:  # the C loader follows nesting on its stack, and ends the process where that is full
            raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
    yaml = YAML(typ="safe")
    yaml.Constructor = _Constructor
    return _json_value(yaml.load(text), "", ())


class _Constructor(SafeConstructor):
    """Dates are text, as in agent files: JSON, which all of it becomes, knows none."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def _json_value(value: Any, path: str, around: tuple[int, ...]) -> Any:
    """`value`, which stands at `path` inside of those `around`. Raises ValueError where JSON has no such value."""
    place = path.removeprefix(".") or "it"
    if id(value) in around:
        raise ValueError(f"{place} contains itself")
    around = (*around, id(value))
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} in {place} is not text; write it in quotes")
            _json_value(inner, f"{path}.{key}", around)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _json_value(inner, f"{path}[{index}]", around)
    elif not isinstance(value, str | int | float | None):
        raise ValueError(f"{place} is neither text, a number, true, false, null, a list nor a mapping")
    return value
