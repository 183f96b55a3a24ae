"""One value of a field as a short text, and the words for actions, drift and who changed a field."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Any

from agentops.document import CLEARED, Secret
from agentops.plan.concealment import MARK
from agentops.plan.model import Action, AgentChange, ChangedBy, Drift, FieldChange, Operation, Plan
from agentops.plan.plan_json import value_data
from agentops.render.visible import on_one_line

SYMBOLS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.GO_LIVE: ">",
    Action.RESTORE: "<",
    Action.ARCHIVE: "-",
    Action.CALL: "?",
    Action.UNCHANGED: "=",
}

ACTION_WORDS = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.GO_LIVE: "go live",
    Action.RESTORE: "restore",
    Action.ARCHIVE: "archive",
    Action.CALL: "call again",
    Action.UNCHANGED: "unchanged",
}

FIELD_SYMBOLS = {Operation.ADD: "+", Operation.REMOVE: "-", Operation.REPLACE: "~"}

DRIFT_WORDS = {
    Drift.NONE: "no drift",
    Drift.EDITED: "edited outside git",
    Drift.ROLLED_BACK: "rolled back",
    Drift.RESTORED: "restored in the console",
    Drift.FOREIGN: "deployed from elsewhere",
    Drift.UNMANAGED: "never deployed from here",
    Drift.RENAMED: "renamed in the console",
    Drift.ARCHIVED: "archived in the console",
    Drift.BRANCH_SWITCHED: "another branch was made live",
}

CHANGED_BY_WORDS = {
    ChangedBy.GIT: "git",
    ChangedBy.CONSOLE: "console",
    ChangedBy.BOTH: "git and console",
}

_PROMPTS = ("prompt", "globalPrompt")
_LONG = 160  # characters


def is_long_text(change: FieldChange) -> bool:
    """Whether a change reads better as a word-level diff than as two values: prompts, and any text of many words."""
    sides = [side for side in (change.before, change.after) if side is not None]
    is_text = bool(sides) and all(isinstance(side, str) for side in sides)
    return is_text and (change.path[-1] in _PROMPTS or any("\n" in side or len(side) > _LONG for side in sides))


def value_text(value: Any) -> str:
    """A value on one line: texts in quotes, secrets by reference, objects as JSON."""
    if value is None:
        return "(not set)"
    if value is CLEARED:
        return "(emptied)"
    if isinstance(value, Secret):
        return _secret_text(value)
    return json.dumps(_readable(value), ensure_ascii=False)


def has_another_value(change: FieldChange) -> bool:
    """Whether all that can be said is that the value of a secret differs from what the platform holds."""
    before, after = change.before, change.after
    if not (isinstance(before, Secret) and isinstance(after, Secret) and after.names):
        return False
    return before.reference in (MARK, after.reference)


def _secret_text(secret: Secret) -> str:
    shown = on_one_line(secret.reference)
    return f"secret {shown}" if secret.names else shown


def first_line_number(change: FieldChange) -> int:
    """The number of the text's first line in its file: a prompt file starts with it, a block in YAML is one below."""
    if change.where is None:
        return 1
    return change.where.line + 1 if change.where.file.endswith((".yaml", ".yml")) else change.where.line


def _readable(value: Any) -> Any:
    """JSON data in which a secret is its reference in words."""
    if isinstance(value, Secret):
        return _secret_text(value)
    if isinstance(value, dict):
        return {name: _readable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    return value_data(value)


def uncalled_text(change: AgentChange) -> str:
    """What is known of the calls of what serves: where the calls ended otherwise, a journal or a report says how."""
    return f"not passed its calls since revision {change.uncalled_since}; how they ended is not known here"


def apply_command(plan: Plan, agents: Iterable[str] = ()) -> str:
    """What applies exactly this plan. `agents`: the keys that it was made for, where it is not about all of them."""
    words = ["agentops", "apply", "-e", plan.environment]
    words += [word for key in agents for word in ("--agent", key)]
    words += ["--prune"] if plan.archives else []
    words += [word for code in plan.acknowledged for word in ("--ack", code)]
    return shlex.join([*words, "--digest", plan.digest])
