"""A process that deploys a project with tools, knowledge and webhooks, and may be killed at any request."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deploy_world import KEY
from shelf_world import as_pdf

from agentops.apply.engine import apply_plan
from agentops.apply.journal import Journal, environment_lock, new_run_id
from agentops.apply.model import ApplyOptions, Hooks
from agentops.clock import SystemClock
from agentops.document import Deploy, Generation
from agentops.net import NetOptions
from agentops.plan.build import PlanOptions
from agentops.remote.connect import connect
from agentops.spec import load_project
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_deployment


async def deploy(base_url: str, root: Path, acknowledged: frozenset[str] = frozenset()) -> None:
    """Plans and applies once, journalled and locked, as `agentops apply` does."""
    project = load_project(root, environ={"TOKEN": "s3cret-value"}, environment="test", needs_secrets=True)
    net, clock = NetOptions(requests_per_second=None), SystemClock()
    async with await connect(base_url, KEY, generation=Generation.V2, options=net) as writer:
        plan = await plan_deployment(
            Deployment(project, project.agents, writer, KEY), PlanOptions(acknowledged=acknowledged)
        )
        assert plan.is_applyable, plan.refusals
        options = ApplyOptions(deploy=Deploy(label="abc1234"), poll_interval_s=0.05)
        run_id = new_run_id(clock.now())
        with environment_lock(root, "test", clock), Journal(root, run_id, clock) as journal:
            await apply_plan(plan, writer, options, Hooks(None, journal, run_id=run_id, read_file=as_pdf))


def deploy_in_a_process(base_url: str, root: str, acknowledged: frozenset[str]) -> None:
    asyncio.run(deploy(base_url, Path(root), acknowledged))
