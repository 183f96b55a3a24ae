"""What a bisection has found: where a call script began to fail, and the calls that show it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agentops.compare.bisection import Boundary, NotFound, NotFoundReason, Tally
from agentops.document import Revision
from agentops.errors import ExitCode


@dataclass(frozen=True, slots=True)
class CalledRevision:
    """One revision that was called. `pages` are the reports of its calls, in the order of the calls."""

    revision: Revision
    tally: Tally
    pages: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class BisectResult:
    """What was found among `revisions`, both ends included; `called` are those that were called. Both oldest first."""

    key: str
    script: str
    revisions: tuple[Revision, ...]
    called: tuple[CalledRevision, ...]
    end: Boundary | NotFound

    @property
    def exit_code(self) -> ExitCode:
        match self.end:
            case Boundary():
                return ExitCode.DONE
            case NotFound(NotFoundReason.NEVER_FAILS | NotFoundReason.ALWAYS_FAILS):
                return ExitCode.FAILED
            case _:
                return ExitCode.CALLS_FAILED

    def called_at(self, index: int) -> CalledRevision:
        """The calls of the revision at `index`, which was called."""
        revision_id = self.revisions[index].revision_id
        return next(each for each in self.called if each.revision.revision_id == revision_id)
