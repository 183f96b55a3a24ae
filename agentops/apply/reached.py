"""How far one agent of a run has come: a frozen value for each stage reached, each made from the one before.

What a value holds is what is known then, so an error that carries the last one says what there is to clean up, what
serves, and what can be restored. The usual order, per generation:

    v1: Planned, Guarded, Opened, Drafted, Publishing, Published, Live, Verified, Called, Deployed
    v2: Planned, Guarded, Opened, Drafted, Publishing, Live, Verified, Called, Deployed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from agentops.apply.model import SmokeVerdict, Stage
from agentops.document import Document, Draft, Note, ObservedAgent, Revision
from agentops.errors import AgentopsError, ExitCode
from agentops.plan.diff import Difference
from agentops.plan.model import AgentChange
from agentops.remote.port import Head, Publication, Slot


@dataclass(frozen=True, slots=True)
class Planned:
    """Nothing has been done yet."""

    change: AgentChange


@dataclass(frozen=True, slots=True)
class Created:
    """The agent was just created; the platform's own first revision has not been read yet."""

    change: AgentChange
    agent_id: str


@dataclass(frozen=True, slots=True)
class Guarded:
    """The agent exists, and the world is the one that the plan was made for.

    observed:      as the plan saw it, with the draft that is open now
    served_before: the revision that served when the run began, with its document; None for an agent it created
    back_to:       what a deploy that fails goes back to: the same, or an older one where that had not passed its calls
    note:          what its description carries now
    """

    change: AgentChange
    observed: ObservedAgent
    served_before: Revision | None = None
    back_to: Revision | None = None
    note: Note | None = None

    @property
    def agent_id(self) -> str:
        return self.observed.agent_id

    @property
    def agent(self) -> Guarded:
        return self

    @property
    def base_id(self) -> str | None:
        """The revision that this run replaces."""
        return self.observed.live.revision_id if self.observed.live else None

    @property
    def is_first_deploy(self) -> bool:
        """Nobody's work served before, so there is nothing to go back to."""
        before = self.back_to
        return before is None or (before.number in (None, 1) and not before.label and not _has_prompt(before.document))


def _has_prompt(document: Document | None) -> bool:
    held = document or {}
    return bool((held.get("singlePromptConfig") or {}).get("prompt") or held.get("globalPrompt"))


@dataclass(frozen=True, slots=True)
class _WithAgent:
    agent: Guarded

    @property
    def change(self) -> AgentChange:
        return self.agent.change


@dataclass(frozen=True, slots=True)
class Opened(_WithAgent):
    """A draft of ours is open, or the next write opens it (v2)."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Drafted(_WithAgent):
    """The draft holds all that is wanted, and nothing else differs from what serves. `seen` is what it held then."""

    draft: Draft
    seen: Document | None = None


@dataclass(frozen=True, slots=True)
class Publishing(_WithAgent):
    """Sent to be published; the security scan decides. `draft` is None where an earlier run sent it.

    before: the slot as it was right before
    """

    publication: Publication
    draft: Draft | None
    seen: Document | None = None
    before: Slot | None = None


@dataclass(frozen=True, slots=True)
class Published(_WithAgent):
    """v1: published and scanned; it serves nobody yet."""

    revision: Revision
    seen: Document | None = None


@dataclass(frozen=True, slots=True)
class Live(_WithAgent):
    """`revision` serves calls. `before` is the slot right before it did, None where that was before this run."""

    revision: Revision
    seen: Document | None = None
    before: Slot | None = None


@dataclass(frozen=True, slots=True)
class Superseded:
    """Somebody else's revision serves: the one of `head`. `revision` is the one of this run, if it got that far."""

    change: AgentChange
    head: Head
    revision: Revision | None = None
    served_before: Revision | None = None
    verdict: SmokeVerdict | None = None


@dataclass(frozen=True, slots=True)
class Overtook(_WithAgent):
    """`revision` of this run serves in the place of `theirs`, which nobody here knew of when it went live."""

    revision: Revision
    theirs: Revision


@dataclass(frozen=True, slots=True)
class Mixed(_WithAgent):
    """`revision` of this run serves with somebody else's `edits` in it."""

    revision: Revision
    edits: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Verified(_WithAgent):
    """What serves was read back, with its document, and is what was wanted."""

    revision: Revision


@dataclass(frozen=True, slots=True)
class Called(_WithAgent):
    """Its calls have ended. `revision` is the one that was called; None where only unversioned fields change."""

    revision: Revision | None
    verdict: SmokeVerdict


@dataclass(frozen=True, slots=True)
class Deployed(_WithAgent):
    """Everything is written, the unversioned fields too.

    revision:             None where only unversioned fields changed
    has_written_metadata: there are unversioned fields to put back
    """

    revision: Revision | None
    verdict: SmokeVerdict | None = None
    has_written_metadata: bool = False


@dataclass(frozen=True, slots=True)
class Restoring:
    """What served before is being put back. Until that has been read back, nobody knows what serves."""

    undone: Undoable

    @property
    def change(self) -> AgentChange:
        return self.undone.change


@dataclass(frozen=True, slots=True)
class Archived(_WithAgent):
    """It takes no calls any more."""


Ready: TypeAlias = Guarded | Drafted | Published | Live
Serving: TypeAlias = Guarded | Verified
Undoable: TypeAlias = Guarded | Live | Overtook | Mixed | Verified | Called | Deployed
UnderWay: TypeAlias = (
    Planned
    | Created
    | Guarded
    | Opened
    | Drafted
    | Publishing
    | Published
    | Live
    | Overtook
    | Mixed
    | Verified
    | Called
    | Deployed
    | Restoring
)
Reached: TypeAlias = UnderWay | Superseded | Archived


class StoppedError(Exception):
    """An agent can't go on: `stage` failed because of `cause`, and `reached` is where it stands."""

    def __init__(self, reached: Reached, stage: Stage, cause: AgentopsError) -> None:
        super().__init__(cause.summary)
        self.reached = reached
        self.stage = stage
        self.cause = cause


class VerifyError(AgentopsError):
    """What serves is not what was wanted."""


class UncalledError(AgentopsError):
    """What serves has not passed its calls."""

    exit_code = ExitCode.CALLS_FAILED
