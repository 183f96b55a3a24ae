"""Reads what was changed outside git: a plan of everything, with the revision that introduced each drifted field."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from agentops.document import Revision
from agentops.errors import PlatformError
from agentops.plan.blame import blame
from agentops.plan.build import PlanOptions
from agentops.plan.drift import spec_unread
from agentops.plan.model import AgentChange, Plan
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_agents, survey


async def read_drift(deployment: Deployment, options: PlanOptions) -> Plan:
    """The plan of the selected agents, its drifted fields attributed. Reads nothing that only an apply needs."""
    plan = await plan_agents(deployment, await survey(deployment), options)
    changes = await asyncio.gather(*(_attributed(deployment, change) for change in plan.changes))
    notes = [spec_unread(key) for key in deployment.project.unresolved if any(key == each.key for each in changes)]
    return replace(plan, changes=tuple(changes), diagnostics=(*plan.diagnostics, *notes))


async def _attributed(deployment: Deployment, change: AgentChange) -> AgentChange:
    """`change` with its drifted fields attributed. Revisions between base and live are read only if there are any."""
    observed = change.observed
    if not change.drift_fields or observed is None or observed.live is None or observed.base is None:
        return change
    between = [r for r in _since(observed.history, observed.base) if r.revision_id != observed.live.revision_id]
    found = await asyncio.gather(*(_read(deployment, observed.agent_id, revision) for revision in between))
    return blame(change, [observed.base, *found, observed.live])


def _since(history: tuple[Revision, ...], base: Revision) -> list[Revision]:
    """The revisions newer than `base`, oldest first."""
    ids = [revision.revision_id for revision in history]
    newer = history[: ids.index(base.revision_id)] if base.revision_id in ids else ()
    return list(reversed(newer))


async def _read(deployment: Deployment, agent_id: str, revision: Revision) -> Revision:
    """The revision with its document; without it if it can't be read, as on a branch that was archived since."""
    try:
        return await deployment.account.read_revision(agent_id, revision.revision_id, branch_id=revision.branch_id)
    except PlatformError:
        return revision
