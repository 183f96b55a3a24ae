"""Reading the YAML files that the emulator is started with: seeds, faults and behaviours."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
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
    except (YAMLError, ValueError) as failure:
        why = f"it is not YAML: {failure}"
    raise EmulatorError(f"{path} can't be read: {why}", hint)


def _parse(text: str) -> Any:
    """The one document of a YAML text. Raises YAMLError, and ValueError where it is nested too deep."""
    depth = 0
    for event in YAML(typ="safe").parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _MAX_DEPTH:  # the C loader follows nesting on its stack, and ends the process where that is full
            raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
    return YAML(typ="safe").load(text)
