"""The revisions of one agent as people ask about them: who, what, when, ours or not, live or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agentops.document import Environment, Mark, Revision, label_text, read_mark


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One revision. `text` is the user's part of its label; `mark` says which spec of which project it came from.

    verdict: of the calls after it went live ("passed", "failed", "inconclusive"), where this machine knows it
    """

    revision: Revision
    is_live: bool
    is_ours: bool
    text: str
    mark: Mark | None = None
    restored_from: int | str | None = None
    verdict: str | None = None


def build_history(
    environment: Environment,
    revisions: Sequence[Revision],
    live_revision_id: str | None,
    verdicts: Mapping[str, str] | None = None,
) -> tuple[HistoryEntry, ...]:
    """One entry per revision, in the order given (newest first). `verdicts` is by revision id."""
    numbers = {revision.revision_id: revision.number for revision in revisions}
    known = verdicts or {}
    return tuple(
        replace(_entry(environment, revision, live_revision_id, numbers), verdict=known.get(revision.revision_id))
        for revision in revisions
    )


def _entry(
    environment: Environment, revision: Revision, live_revision_id: str | None, numbers: dict[str, int | None]
) -> HistoryEntry:
    mark = read_mark(revision.label)
    source = revision.restored_from
    return HistoryEntry(
        revision=revision,
        is_live=revision.revision_id == live_revision_id,
        is_ours=mark is not None and (mark.project, mark.environment) == (environment.project, environment.name),
        text=label_text(revision.label),
        mark=mark,
        restored_from=(numbers.get(source) or source) if source else None,
    )
