"""How far one agent of a run has come: a frozen value for each stage reached, each made from the one before.

What a value holds is what is known then, so an error that carries the last one says what there is to clean up, what
serves, and what can be restored. The usual order, per generation:

    v1: Planned, Guarded, Opened, Drafted, Publishing, Published, Live, Verified, Deployed, Called
    v2: Planned, Guarded, Opened, Drafted, Publishing, Live, Verified, Deployed, Called
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from agentops.apply.model import SmokeVerdict, Stage
from agentops.document import Draft, ObservedAgent, Revision
from agentops.errors import AgentopsError
from agentops.plan.model import AgentChange
from agentops.remote.port import Head, Publication


@dataclass(frozen=True, slots=True)
class Planned:
    """Nothing was done yet."""

    change: AgentChange


@dataclass(frozen=True, slots=True)
class Created:
    """The agent exists since a moment ago; the platform's own first revision has not been read."""

    change: AgentChange
    agent_id: str


@dataclass(frozen=True, slots=True)
class Guarded:
    """The agent exists, and the world is the one that the plan was made for.

    observed:      as the plan saw it, with the draft that is open now
    served_before: the revision that served when the run began, with its document; None for an agent it created
    """

    change: AgentChange
    observed: ObservedAgent
    served_before: Revision | None = None

    @property
    def agent_id(self) -> str:
        return self.observed.agent_id

    @property
    def agent(self) -> Guarded:
        return self

    @property
    def is_first_deploy(self) -> bool:
        """Nothing of anybody's served before: there is nothing to go back to."""
        before, seen = self.served_before, self.change.observed
        if before is None:
            return True
        is_platforms_own = self.change.base_number in (None, 1) and not before.label
        return is_platforms_own and (seen is None or (seen.base is None and len(seen.history) <= 1))


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
    """The draft holds all that is wanted, and nothing else differs from what serves."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Publishing(_WithAgent):
    """Sent to be published; the security scan decides. `draft` is None where an earlier run sent it."""

    publication: Publication
    draft: Draft | None


@dataclass(frozen=True, slots=True)
class Published(_WithAgent):
    """v1: published and scanned, and serving nobody."""

    revision: Revision


@dataclass(frozen=True, slots=True)
class Live(_WithAgent):
    """`revision` serves calls."""

    revision: Revision


@dataclass(frozen=True, slots=True)
class Superseded:
    """Somebody else's revision serves: the one of `head`. `revision` is the one of this run, if it got so far."""

    change: AgentChange
    head: Head
    revision: Revision | None = None
    served_before: Revision | None = None


@dataclass(frozen=True, slots=True)
class Verified(_WithAgent):
    """What serves was read back, with its document, and is what was wanted."""

    revision: Revision


@dataclass(frozen=True, slots=True)
class Deployed(_WithAgent):
    """Everything is written, the unversioned fields too.

    revision:             None where only unversioned fields changed
    has_written_metadata: there are unversioned fields to put back
    trouble:              why those could not be written; no reason not to call the agent, which serves already
    """

    revision: Revision | None
    has_written_metadata: bool = False
    trouble: StoppedError | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """Its calls have ended."""

    deployed: Deployed
    verdict: SmokeVerdict

    @property
    def agent(self) -> Guarded:
        return self.deployed.agent

    @property
    def change(self) -> AgentChange:
        return self.deployed.change


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
Undoable: TypeAlias = Guarded | Live | Verified | Deployed | Called
Reached: TypeAlias = (
    Planned
    | Created
    | Guarded
    | Opened
    | Drafted
    | Publishing
    | Published
    | Live
    | Superseded
    | Verified
    | Deployed
    | Called
    | Restoring
    | Archived
)


class StoppedError(Exception):
    """An agent can't go on: `stage` failed because of `cause`, and `reached` is where it stands."""

    def __init__(self, reached: Reached, stage: Stage, cause: AgentopsError) -> None:
        super().__init__(cause.summary)
        self.reached = reached
        self.stage = stage
        self.cause = cause


class VerifyError(AgentopsError):
    """What serves is not what was wanted."""
