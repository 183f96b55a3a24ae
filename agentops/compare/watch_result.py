"""What watching has come to for each agent, and which revisions may be taken back at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentops.compare.watch import Ruling
from agentops.document import Environment, Revision, Verdict, read_mark
from agentops.errors import ExitCode


@dataclass(frozen=True, slots=True)
class JudgedCalls:
    """The calls of one revision: how many were judged, and why others were left out."""

    calls: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchedAgent:
    """One agent's verdict.

    live, before: the revision that serves, and the one that served before it; None where there is none
    why:          why there are no rulings; None where there are
    unchanged:    the agents whose calls were read to rule out an outage; None when none were needed
    restored:     the revision that serves again, by number or id
    kept:         why a revision that has failed goes on serving
    """

    key: str
    verdict: Verdict = Verdict.INCONCLUSIVE
    live: Revision | None = None
    before: Revision | None = None
    rulings: tuple[Ruling, ...] = ()
    why: str | None = None
    new_calls: JudgedCalls = JudgedCalls()
    old_calls: JudgedCalls = JudgedCalls()
    unchanged: tuple[str, ...] | None = None
    restored: str | None = None
    kept: str | None = None


@dataclass(frozen=True, slots=True)
class WatchResult:
    """The watched agents of an environment."""

    environment: str
    agents: tuple[WatchedAgent, ...]

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.CALLS_FAILED if any(a.verdict is Verdict.FAILED for a in self.agents) else ExitCode.DONE


def is_going_back(live: Revision, revisions: Sequence[Revision]) -> bool:
    """Whether what serves was restored: a copy of an older revision (v2), or a version that had successors (v1).

    revisions: newest first
    """
    newer = revisions[: next((i for i, each in enumerate(revisions) if each.revision_id == live.revision_id), 0)]
    return live.restored_from is not None or any(each.activated_at is not None for each in newer)


def why_kept(environment: Environment, live: Revision, revisions: Sequence[Revision]) -> str | None:
    """Why `live` is not taken back although it has failed; None when it is. `revisions`: newest first.

    Somebody else's revision is theirs to take back. A configuration that was taken back before has been deployed again
    by somebody who knew: the second time, they decide.
    """
    mark = read_mark(live.label)
    if mark is None or (mark.project, mark.environment) != (environment.project, environment.name):
        who = f" by {live.published_by}" if live.published_by else ""
        return f"it was published{who} outside agentops"
    ids = [each.revision_id for each in revisions]
    older = list(revisions[ids.index(live.revision_id) + 1 :]) if live.revision_id in ids else []
    for index, twin in enumerate(older):
        theirs = read_mark(twin.label)
        if theirs is None or theirs.fingerprint != mark.fingerprint:
            continue
        is_copied_over = any(each.restored_from is not None for each in older[:index])
        back_to = [each.activated_at for each in older[index + 1 :] if each.activated_at is not None]
        is_passed_over = twin.activated_at is not None and any(at > twin.activated_at for at in back_to)
        if is_copied_over or is_passed_over:
            return f"the same configuration was taken back before, as revision {twin.name}"
    return None
