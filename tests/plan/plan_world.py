"""An emulated account without a socket, and projects that are planned and applied against it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from patient_clock import PatientClock

from agentops.apply.engine import apply_plan
from agentops.apply.model import ApplyOptions, ApplyResult, Hooks
from agentops.document import Deploy, DesiredAgent, Environment, Generation, Secret, SecretRef
from agentops.emulator.app import create_app
from agentops.emulator.options import Choices, EmulatorOptions
from agentops.emulator.store.state import Clock as EmulatorClock
from agentops.net import NetOptions
from agentops.plan.build import PlanOptions
from agentops.plan.model import Plan
from agentops.remote.connect import connect
from agentops.remote.port import Publication, Writer
from agentops.spec import Project
from agentops.workflow.deployment import Deployment
from agentops.workflow.drift import read_drift
from agentops.workflow.planning import plan_deployment

KEY = Secret((SecretRef("KEY", "sk_test"),))
PROD = Environment(project="acme", name="prod", deploy=Deploy(label="abc1234 A change"))


class Counting(httpx2.AsyncBaseTransport):
    """Passes every request on and counts it; paths that start with one of `silent` get no answer of use."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self.inner = inner
        self.requests: list[str] = []
        self.silent: tuple[str, ...] = ()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(f"{request.method} {request.url.path}")
        if self.silent and request.url.path.startswith(self.silent):
            return httpx2.Response(503, text="<html>try later</html>", request=request)
        return await self.inner.handle_async_request(request)


@dataclass(slots=True)
class PlanWorld:
    """One account; every method is what a command does."""

    writer: Writer
    clock: PatientClock
    transport: Counting

    def deployment(self, agents: Sequence[DesiredAgent], environment: Environment = PROD) -> Deployment:
        project = Project(
            root=Path(__file__).parents[2],  # where the call scripts of the examples are
            name=environment.project,
            environment=environment,
            agents=tuple(agents),
            diagnostics=(),
        )
        return Deployment(project=project, agents=tuple(agents), account=self.writer, api_key=KEY)

    async def plan(
        self, agents: Sequence[DesiredAgent], environment: Environment = PROD, *, prune: bool = False, **options: Any
    ) -> Plan:
        return await plan_deployment(self.deployment(agents, environment), PlanOptions(**options), prune=prune)

    async def drift(self, agents: Sequence[DesiredAgent], environment: Environment = PROD) -> Plan:
        return await read_drift(self.deployment(agents, environment), PlanOptions(today="2026-11-22"))

    async def apply(self, plan: Plan) -> ApplyResult:
        hooks = Hooks(clock=self.clock, run_id="run-1")
        return await apply_plan(plan, self.writer, ApplyOptions(deploy=PROD.deploy), hooks)

    async def deploy(self, agents: Sequence[DesiredAgent], environment: Environment = PROD) -> ApplyResult:
        plan = await self.plan(agents, environment)
        assert plan.is_applyable, plan.refusals
        return await self.apply(plan)

    async def edit_in_console(self, name: str, body: dict[str, Any], label: str = "tuned by hand") -> None:
        """What a person does in the console: draft, publish, make live."""
        listing = next(each for each in await self.writer.list_agents() if each.name == name)
        observed = await self.writer.read_agent(listing)
        draft = await self.writer.open_draft(observed, "by hand")
        draft = await self.writer.write_draft(observed, draft, body)
        started = Publication(
            agent_id=listing.agent_id,
            label=label,
            newest_before=(await self.writer.read_slot(observed.agent_id, observed.branch_id)).newest,
            branch_id=observed.branch_id,
            draft_id=draft.draft_id,
        )
        publication = await self.writer.publish_draft(started)
        while (revision := await self.writer.read_publication(publication)) is None:
            await self.clock.sleep(2)
        await self.writer.make_live(listing.agent_id, revision)


@asynccontextmanager
async def open_plan_world(generation: Generation, choices: Choices | None = None) -> AsyncIterator[PlanWorld]:
    clock = PatientClock()
    options = EmulatorOptions(seed=1, api=generation.value, choices=choices or Choices())
    app = create_app(options, clock=EmulatorClock(clock.now))
    transport = Counting(httpx2.ASGITransport(app))
    net = NetOptions(requests_per_second=None, max_in_flight=32)
    try:
        async with await connect("http://emulator.test", KEY, options=net, transport=transport, clock=clock) as writer:
            yield PlanWorld(writer, clock, transport)
    finally:
        app.state.store.close()
