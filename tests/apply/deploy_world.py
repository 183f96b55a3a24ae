"""A small world to deploy into: an emulated account without a socket, a clock that only moves when somebody waits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
from faulty import FaultyTransport
from patient_clock import PatientClock
from starlette.applications import Starlette

from agentops.apply.engine import apply_plan
from agentops.apply.model import ApplyOptions, ApplyResult, Event, EventSink, Hooks, Record, Smoke, ignore_event
from agentops.document import (
    Deploy,
    DesiredAgent,
    Document,
    Environment,
    Generation,
    ObservedAgent,
    Secret,
    SecretRef,
)
from agentops.emulator.app import create_app
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.store.state import Clock as EmulatorClock
from agentops.emulator.store.state import Store
from agentops.net import NetOptions
from agentops.plan.build import PlanOptions
from agentops.plan.model import Plan
from agentops.remote.connect import connect
from agentops.remote.port import Writer
from agentops.spec import Project
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_deployment

KEY = Secret((SecretRef("KEY", "sk_test"),))


def agent(key: str = "support", prompt: str = "Help the caller.", **config: Any) -> DesiredAgent:
    """A small desired agent; `config` adds and replaces top-level fields."""
    document: Document = {
        "firstMessage": f"Hello from {key}.",
        "singlePromptConfig": {
            "prompt": prompt,
            "tools": [{"type": "end_call", "name": "end_call", "description": "End the call."}],
        },
        "synthesizer": {"voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "nyah"}},
        **config,
    }
    return DesiredAgent(key=key, name=f"Acme {key}", config=document, metadata={"description": f"The {key} line"})


@dataclass(slots=True)
class World:
    """One account, and what a project wants of it."""

    generation: Generation
    writer: Writer
    store: Store
    clock: PatientClock
    transport: FaultyTransport
    app: Starlette
    events: list[Event] = field(default_factory=list)
    watch: EventSink = ignore_event

    async def plan(
        self, agents: Sequence[DesiredAgent], *, environment: str = "test", prune: bool = False, **options: Any
    ) -> Plan:
        target = Environment(project="acme", name=environment, deploy=Deploy(label="abc123 A change"))
        project = Project(root=Path("/nowhere"), name="acme", environment=target, agents=tuple(agents), diagnostics=())
        deployment = Deployment(project=project, agents=tuple(agents), account=self.writer, api_key=KEY)
        return await plan_deployment(deployment, PlanOptions(**options), prune=prune)

    async def apply(
        self,
        plan: Plan,
        *,
        smoke: Smoke | None = None,
        options: ApplyOptions | None = None,
        record: Record | None = None,
    ) -> ApplyResult:
        chosen = options or self.options()
        hooks = Hooks(smoke=smoke, record=record, on_event=self._told, clock=self.clock, run_id="run-1")
        return await apply_plan(plan, self.writer, chosen, hooks)

    def options(self, *, discard_draft: bool = False) -> ApplyOptions:
        return ApplyOptions(deploy=Deploy(label="abc123 A change"), discard_draft=discard_draft)

    def _told(self, event: Event) -> None:
        self.events.append(event)
        self.watch(event)

    async def deploy(self, agents: Sequence[DesiredAgent], **options: Any) -> ApplyResult:
        plan = await self.plan(agents, **options)
        assert plan.is_applyable, plan.refusals
        return await self.apply(plan)

    async def live_prompt(self, name: str = "Acme support") -> str | None:
        found = [each for each in await self.writer.list_agents() if each.name == name]
        live = (await self.writer.read_agent(found[0])).live if found else None
        return live.document["singlePromptConfig"]["prompt"] if live and live.document else None

    async def observe(self, name: str) -> ObservedAgent:
        listing = next(each for each in await self.writer.list_agents() if each.name == name)
        return await self.writer.read_agent(listing, mine=("acme", "test"))


@asynccontextmanager
async def open_world(
    generation: Generation,
    options: EmulatorOptions | None = None,
    wrap: Callable[[httpx2.AsyncBaseTransport], FaultyTransport] = FaultyTransport,
) -> AsyncIterator[World]:
    clock = PatientClock()
    chosen = replace(options or EmulatorOptions(seed=1, scan_delay_s=3.0), api=generation.value)
    app = create_app(chosen, clock=EmulatorClock(clock.now))
    transport = wrap(httpx2.ASGITransport(app))
    net = NetOptions(requests_per_second=None, max_in_flight=32)
    try:
        async with await connect("http://emulator.test", KEY, options=net, transport=transport, clock=clock) as writer:
            assert writer.generation is generation
            yield World(generation, writer, app.state.store, clock, transport, app)
    finally:
        app.state.store.close()
