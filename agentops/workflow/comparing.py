"""Compares callers' experience with two revisions of an agent, from the platform's own list of conversations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from agentops.apply.rollback import PREVIOUS, choose_revision
from agentops.clock import ALWAYS, Period
from agentops.compare.call_totals import CallTotals
from agentops.compare.comparison import RevisionComparison, free_text_metrics, measure
from agentops.document import Revision
from agentops.errors import AgentopsError, UsageError
from agentops.workflow.deployment import Deployment
from agentops.workflow.history import REVISIONS, list_deployed

CALL_TYPES = ("telephony_inbound", "telephony_outbound", "webcall", "chat")
_SEED = 1998  # fixed, so that the same calls give the same intervals


async def compare_revisions(
    deployment: Deployment,
    names: tuple[str, str] | None,
    call_types: tuple[str, ...],
    period: Period,
    on_read: Callable[[int], None],
) -> RevisionComparison:
    """The one selected agent with the revisions `names` (old, new); None: the one that served before, and the live one.

    period:  only calls that began in it count
    on_read: called after each page with the number of rows read so far

    Raises UsageError for an agent that is not deployed, or revisions that can't be compared; PlatformError if the
    platform ignores a filter; AgentopsError if nobody called.
    """
    deployed = await list_deployed(deployment)
    if len(deployed) != 1:
        keys = ", ".join(agent.key for agent, _ in deployed)
        raise UsageError(
            f"one agent at a time can be compared, not {keys}", hint="name one of them", code="several-agents"
        )
    agent, listing = deployed[0]
    reader = deployment.account
    live = await reader.read_live(listing.agent_id)
    revisions = await reader.list_revisions(listing.agent_id, limit=REVISIONS)
    old, new = _choose(agent.key, live, revisions, names)
    done = 0
    both = []
    for revision in (old, new):
        calls = CallTotals(revision.revision_id, period=period)
        async for page in reader.list_calls(listing.agent_id, revision.revision_id, call_types, period):
            for row in page:
                calls.add(row)
            done += len(page)
            on_read(done)
        both.append(calls)
    if not any(calls.ended for calls in both):
        raise AgentopsError(
            f"{agent.key}: neither revision has served a call of type {', '.join(call_types)}"
            + ("" if period == ALWAYS else " between these times"),
            hint="`--type webcall` compares calls from the web, our own among them",
            code="no_calls",
        )
    measures = measure(both[1], both[0], Random(_SEED))
    free_text = free_text_metrics(both[1], both[0])
    return RevisionComparison(agent.key, call_types, period, old, new, both[0], both[1], measures, free_text)


def _choose(
    key: str, live: Revision | None, revisions: Sequence[Revision], names: tuple[str, str] | None
) -> tuple[Revision, Revision]:
    if names is None:
        if live is None:
            raise UsageError(
                f"{key}: no revision serves calls",
                hint=f"`agentops apply --agent {key}` deploys it",
                code="not-deployed",
            )
        return choose_revision(key, live, revisions, PREVIOUS), live
    old, new = (choose_revision(key, live, revisions, name) for name in names)
    if old.revision_id == new.revision_id:
        raise UsageError(
            f"{key}: {names[0]!r} and {names[1]!r} are the same revision",
            hint=f"`agentops history {key}` lists them",
            code="same_revision",
        )
    return old, new
