"""Where a call script began to fail, and the calls that it is known from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agentops.compare.bisection import Boundary, NotFound, NotFoundReason, Tally
from agentops.document import Revision
from agentops.errors import ExitCode


@dataclass(frozen=True, slots=True)
class CalledRevision:
    """One revision that was called. `pages` are the reports of its calls, beside their recordings, in their order."""

    revision: Revision
    tally: Tally
    pages: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class BisectResult:
    """What was found among `revisions`, both ends included; `heard` are those that were called, oldest first too."""

    key: str
    script: str
    revisions: tuple[Revision, ...]
    heard: tuple[CalledRevision, ...]
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

    def heard_at(self, index: int) -> CalledRevision:
        """The calls of the revision at `index`, which was called."""
        revision_id = self.revisions[index].revision_id
        return next(each for each in self.heard if each.revision.revision_id == revision_id)
