"""Plans as files: saved by `plan --out`, applied as `apply FILE`."""

from __future__ import annotations

from pathlib import Path

from agentops.files import read_text, write_file
from agentops.plan.model import Plan
from agentops.plan.plan_json import to_json
from agentops.plan.serial import from_json


def read_plan(path: Path) -> Plan:
    """A saved plan. Raises UsageError if it can't be read."""
    what = f"the plan file {path}"
    return from_json(read_text(path, what, hint="save one with `agentops plan --out FILE`"), what)


def save_plan(plan: Plan, path: Path) -> None:
    """Saves a plan for `apply FILE`. Raises LocalError."""
    write_file(path, to_json(plan))
