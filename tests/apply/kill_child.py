"""A process that deploys and may be killed at any request: what `agentops apply` does, without the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_world import KEY, agent

from agentops.apply.engine import apply_plan
from agentops.apply.journal import Journal, environment_lock, new_run_id
from agentops.apply.model import ApplyOptions, ApplyResult, Hooks, SmokeVerdict, Verdict
from agentops.clock import SystemClock
from agentops.document import Deploy, DesiredAgent, Environment, Generation
from agentops.net import NetOptions
from agentops.plan.build import PlanOptions
from agentops.plan.model import AgentChange, Plan
from agentops.remote.connect import connect
from agentops.remote.port import Writer
from agentops.spec import Project
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_deployment

OLD = agent(prompt="Old.")
NEW = agent(prompt="New.")


CALLED = "called"  # the file that says that the calls came to an end


@dataclass(frozen=True, slots=True)
class Calls:
    verdict: Verdict
    root: Path

    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        (self.root / CALLED).touch()
        return SmokeVerdict(self.verdict, "silence")


async def plan_for(writer: Writer, agents: Sequence[DesiredAgent], **options: frozenset[str]) -> Plan:
    environment = Environment(project="acme", name="test")
    project = Project(root=Path("/nowhere"), name="acme", environment=environment, agents=tuple(agents), diagnostics=())
    deployment = Deployment(project=project, agents=tuple(agents), account=writer, api_key=KEY)
    return await plan_deployment(deployment, PlanOptions(**options))  # type: ignore[arg-type]


async def deploy(
    base_url: str, generation: Generation, wanted: DesiredAgent, root: Path, *, fails: bool = False
) -> ApplyResult | None:
    """Plans and applies once, journalled and locked; None when the plan was refused or empty."""
    net = NetOptions(requests_per_second=None)
    clock = SystemClock()
    async with await connect(base_url, KEY, generation=generation, options=net) as writer:
        plan = await plan_for(writer, [wanted])
        if plan.is_empty or not plan.is_applyable:
            return None
        options = ApplyOptions(deploy=Deploy(label="abc1234"), poll_interval_s=0.05)
        run_id = new_run_id(clock.now())
        with environment_lock(root, "test", clock), Journal(root, run_id, clock) as journal:
            calls = Calls(Verdict.FAILED if fails else Verdict.PASSED, root)
            return await apply_plan(plan, writer, options, Hooks(calls, journal, run_id=run_id))


def deploy_in_a_process(base_url: str, generation: str, root: str, fails: bool) -> None:
    kinds = Generation(generation), NEW, Path(root)
    asyncio.run(deploy(base_url, *kinds, fails=fails))
