"""Whether another environment serves the same files and has passed its calls: from staging to production.

The marks on what serves carry a hash of the files that it was made from, so nothing is compared but what the platform
holds and what the checkout holds.
"""

from __future__ import annotations

from agentops.document import ObservedAgent, read_mark
from agentops.plan.drift import origin_of
from agentops.plan.model import AgentChange, Refusal


def why_untested(change: AgentChange | None, observed: ObservedAgent | None, sources: str, name: str) -> str | None:
    """Why the files with the hash `sources` don't count as tried in the environment `name`; None where they do.

    change, observed: what a plan of that environment finds of the agent; None where there is no such agent
    """
    if change is None or observed is None or observed.live is None:
        return f"{name} has no such agent in service"
    mark = read_mark(origin_of(observed.live, observed.history).label)
    if mark is None or mark.environment != name or change.is_drifted:
        return f"what serves in {name} was changed outside git"
    if change.uncalled_since is not None:
        return f"what serves in {name} has not passed its calls"
    if not mark.sources:
        return (
            f"nothing says that {name} tried what serves there: it was deployed without calls, or by an older agentops"
        )
    if mark.sources == sources:
        return None
    if change.is_change:
        return f"{name} serves another configuration, from other files"
    return f"{name} serves the same configuration from other files: a script or another environment's block has changed"


def refuse_untested(key: str, why: str, name: str, *, is_deployable: bool = True) -> Refusal:
    """is_deployable: whether an apply there would change anything, since otherwise it would try nothing either"""
    first = f"deploy it there first: `agentops apply -e {name} --agent {key}`"
    if not is_deployable:
        first = f"{name} has nothing to deploy, so the next change of the agent is tried there"
    return Refusal(
        code="UNTESTED",
        summary=f"{key}: {why}",
        hint=f"{first}; if it is meant untested, pass `--ack UNTESTED:{key}`",
        agent=key,
        acknowledgement="UNTESTED",
    )
