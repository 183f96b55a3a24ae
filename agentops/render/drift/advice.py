"""The way out of each kind of drift."""

from __future__ import annotations

from agentops.commands import in_environment
from agentops.plan.model import AgentChange, Drift

_KEEP_OR_UNDO = (
    "keep it with `agentops pull --agent {key}`, or undo it with `agentops apply --agent {key} --overwrite-drift`"
)
_ADVICE = {
    Drift.NONE: "nothing to do",
    Drift.EDITED: _KEEP_OR_UNDO,
    Drift.RESTORED: _KEEP_OR_UNDO,
    Drift.BRANCH_SWITCHED: _KEEP_OR_UNDO + "; publishing goes to the branch that is live",
    Drift.ROLLED_BACK: "revert the commit whose deploy was rolled back, or fix it and deploy again",
    Drift.FOREIGN: "let one project or environment deploy to it: rename it in the other, or bind another agent",
    Drift.UNMANAGED: "take it over with `agentops pull --agent {key}` and then `agentops apply --ack ADOPT`",
    Drift.RENAMED: "rename it in the spec, or give it the old name again with `--overwrite-drift`",
    Drift.ARCHIVED: "unarchive it in the console, or remove its spec",
}


def advice(change: AgentChange, environment: str) -> str:
    """What to do about the drift of one agent."""
    return in_environment(_ADVICE[change.drift].format(key=change.key), environment)
