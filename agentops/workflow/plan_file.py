"""Plans as files: saved by `plan --out`, applied as `apply FILE`."""

from __future__ import annotations

from pathlib import Path

from agentops.errors import LocalError, UsageError
from agentops.plan.model import Plan
from agentops.plan.plan_json import to_json
from agentops.plan.serial import from_json


def read_plan(path: Path) -> Plan:
    """A saved plan. Raises UsageError when it can't be read."""
    try:
        return from_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(
            f"the plan file {path} can't be read: {reason}", hint="save one with `agentops plan --out FILE`"
        ) from None


def save_plan(plan: Plan, path: Path) -> None:
    """Saves a plan for `apply FILE`. Raises UsageError for a folder that is missing, else LocalError."""
    try:
        path.write_text(to_json(plan), "utf-8")
    except FileNotFoundError as error:
        hint = "name a file in a folder that exists"
        raise UsageError(f"the plan can't be saved to {path}: {error.strerror}", hint=hint) from None
    except OSError as error:
        raise LocalError.of(error, f"the plan {path}", doing="can't be saved") from None
