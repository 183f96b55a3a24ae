"""The result of one agent, from the last stage that it reached."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from agentops.apply.model import AgentResult, Outcome, Problem, Stage
from agentops.apply.reached import (
    Archived,
    Called,
    Created,
    Deployed,
    Drafted,
    Guarded,
    Live,
    Mixed,
    Opened,
    Overtook,
    Planned,
    Published,
    Publishing,
    Reached,
    Restoring,
    Superseded,
    Verified,
)
from agentops.document import Revision
from agentops.plan.model import AgentChange
from agentops.remote.port import Head


def result_of(
    reached: Reached, outcome: Outcome, detail: str = "", *, stage: Stage | None = None, problem: Problem | None = None
) -> AgentResult:
    """How an agent ended that got as far as `reached`, which also says what serves its calls."""
    return replace(_known_of(reached), outcome=outcome, detail=detail, stage=stage, problem=problem)


def _known_of(reached: Reached) -> AgentResult:
    match reached:
        case Planned(change):
            base = Head(change.base_revision_id, change.base_number)
            return _result(change, change.agent_id, serving=base)
        case Created(change, agent_id):
            return _result(change, agent_id)
        case Guarded(change) | Opened(Guarded(change)) | Drafted(Guarded(change)) | Publishing(Guarded(change)):
            before = reached.agent.served_before
            return _result(change, reached.agent.agent_id, before=before, serving=before)
        case Published(agent, revision):
            before = agent.served_before
            return _result(agent.change, agent.agent_id, revision, before, serving=before)
        case Live(agent, revision) | Overtook(agent, revision) | Mixed(agent, revision) | Verified(agent, revision):
            return _result(agent.change, agent.agent_id, revision, agent.served_before, serving=revision)
        case Called(agent, revision, verdict) | Deployed(agent, revision, verdict):
            before = agent.served_before
            known = _result(agent.change, agent.agent_id, revision, before, serving=revision or before)
            return replace(known, verdict=verdict)
        case Superseded(change, head, revision, before, verdict):
            return replace(_result(change, change.agent_id, revision, before, serving=head), verdict=verdict)
        case Restoring(undone):
            return replace(_known_of(undone), serving_revision_id=None, serving_number=None)
        case Archived(agent):
            return _result(agent.change, agent.agent_id, before=agent.served_before)
        case _:
            assert_never(reached)


def _result(
    change: AgentChange,
    agent_id: str | None,
    revision: Revision | None = None,
    before: Revision | None = None,
    *,
    serving: Revision | Head | None = None,
) -> AgentResult:
    return AgentResult(
        key=change.key,
        name=change.name,
        action=change.action,
        outcome=Outcome.NOT_ATTEMPTED,
        agent_id=agent_id,
        revision_id=revision.revision_id if revision else None,
        number=revision.number if revision else None,
        previous_revision_id=before.revision_id if before else None,
        previous_number=before.number if before else None,
        serving_revision_id=serving.revision_id if serving else None,
        serving_number=serving.number if serving else None,
        fingerprint=change.fingerprint,
        calls=str(change.calls or ""),
    )
