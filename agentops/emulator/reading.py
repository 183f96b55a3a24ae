"""The YAML files that a start of the emulator names: seeds, faults and behaviours."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from agentops.emulator.store.database import EmulatorError

_MAX_BYTES = 8_000_000


def read_yaml(path: Path, hint: str) -> Any:
    """What the file holds. `hint` says what is wanted there. Raises EmulatorError."""
    try:
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and found.st_size <= _MAX_BYTES:
            return YAML(typ="safe").load(path.read_bytes().decode("utf-8-sig"))
        if stat.S_ISREG(found.st_mode):
            why = f"it is larger than {_MAX_BYTES // 1_000_000} MB"
        else:  # a pipe would be waited for, and a device never ends
            why = "it is a folder" if stat.S_ISDIR(found.st_mode) else "it is no regular file"
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
    except RecursionError:
        why = "it is nested too deeply"
    raise EmulatorError(f"{path} can't be read: {why}", hint)
