"""What serves in an environment, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from agentops.diagnostics import Diagnostic
from agentops.document import Draft, Generation, Revision
from agentops.plan.model import AgentChange


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """One agent.

    change:  what a plan would do now, with the drift that it sees
    is_read: whether its spec can be used; where not, what a plan would do is not known
    live:    the revision that serves, without its document; None before the first deploy
    commit:  as the label names it; `label` is all of the label that is for people
    verdict: of the calls after it went live ("passed", "failed", "inconclusive"), where this machine knows it
    draft:   the open draft, whoever opened it
    numbers: the phone numbers that reach it; None when the platform did not say
    """

    change: AgentChange
    is_read: bool = True
    live: Revision | None = None
    label: str = ""
    commit: str | None = None
    verdict: str | None = None
    draft: Draft | None = None
    numbers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The selected agents in the project's order.

    refused:     codes of what would keep a plan from being applied now
    diagnostics: what else is worth knowing of the environment, such as agents that no spec describes any more
    """

    project: str
    environment: str
    target: str
    generation: Generation
    agents: tuple[AgentStatus, ...]
    refused: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
