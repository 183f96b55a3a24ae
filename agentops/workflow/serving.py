"""Which revision served at a moment, as far as the platform remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentops.clock import platform_time
from agentops.errors import UsageError
from agentops.plan.history import HistoryEntry
from agentops.workflow.history import AgentHistory
from agentops.workflow.moments import read_moment


@dataclass(frozen=True, slots=True)
class Served:
    """What served an agent's calls at a moment.

    entry: the revision; None if none was published yet, or nothing is known
    doubt: what the platform doesn't remember, so that the answer isn't certain; None if it is
    """

    history: AgentHistory
    entry: HistoryEntry | None
    doubt: str | None = None


def read_past(text: str, zone: str, now: datetime) -> datetime:
    """The moment in `text`, in UTC. Raises UsageError as `read_moment` does, and for one in the future."""
    moment = read_moment(text, zone)
    if moment > now:
        raise UsageError(f"--at {text!r} is still to come", hint="name a time in the past", code="no-time")
    return moment


def served_at(history: AgentHistory, moment: datetime) -> Served:
    """The revision that served at `moment`."""
    entries = [entry for entry in history.entries if entry.revision.is_published]
    if any(entry.revision.activated_at for entry in entries):
        return _activated_by(history, entries, moment)
    live = next((entry for entry in entries if entry.is_live), None)
    branch = live.revision.branch_id if live else None
    on_branch = [entry for entry in entries if entry.revision.branch_id == branch]
    found = next((entry for entry in on_branch if _is_by(entry.revision.published_at, moment)), None)
    if found is None and not _goes_back_to_the_first(entries):
        return Served(history, None, "the platform does not list the revisions of that time")
    if len(on_branch) < len(entries):
        return Served(history, found, "when a branch was switched live is not known, and this agent has several")
    return Served(history, found)


def _activated_by(history: AgentHistory, entries: list[HistoryEntry], moment: datetime) -> Served:
    """The version that served, by the last time that each went live: v1 remembers no other time."""
    went_live = [entry for entry in entries if _is_by(entry.revision.activated_at, moment)]
    found = max(went_live, key=lambda entry: platform_time(entry.revision.activated_at) or moment, default=None)
    hidden = [
        str(entry.revision.number)
        for entry in entries
        if _is_by(entry.revision.published_at, moment)
        and entry.revision.activated_at is not None
        and not _is_by(entry.revision.activated_at, moment)
    ]
    if hidden:
        doubt = f"whether {', '.join(hidden)} served then is not known: only when it last went live is kept"
        return Served(history, found, doubt)
    if found is None and not _goes_back_to_the_first(entries):
        return Served(history, None, "the platform does not list the revisions of that time")
    return Served(history, found)


def _goes_back_to_the_first(entries: list[HistoryEntry]) -> bool:
    return not entries or any(entry.revision.number == 1 for entry in entries)


def _is_by(text: str | None, moment: datetime) -> bool:
    at = platform_time(text)
    return at is not None and at <= moment
