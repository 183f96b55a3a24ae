"""Two runs on one account, held before chosen requests, so that every order of their requests can be played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from deploy_world import KEY, World, open_world
from faulty import FaultyTransport

from agentops.apply.model import ApplyResult
from agentops.document import DesiredAgent, Generation
from agentops.net import NetOptions
from agentops.plan.model import Plan
from agentops.remote.connect import connect


@dataclass(slots=True)
class Turnstile(FaultyTransport):
    """Holds its run before request number `hold_at` (from 1) until it is let go; every request takes a moment."""

    clock: Any = None
    hold_at: int = 0
    count: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.count += 1
        if self.count == self.hold_at:
            self.held.set()
            await self.go.wait()
        self.clock.elapsed_s += 0.001
        return await FaultyTransport.handle_async_request(self, request)


@dataclass(slots=True)
class Runner:
    """One of the two runs: a machine with a checkout of its own."""

    world: World
    turnstile: Turnstile
    wanted: list[DesiredAgent]
    plan: Plan | None = None
    task: asyncio.Task[ApplyResult] | None = None

    async def prepare(self) -> None:
        self.plan = await self.world.plan(self.wanted)
        self.turnstile.count = 0

    def start(self, hold_at: int = 0) -> None:
        assert self.plan is not None
        self.turnstile.hold_at = hold_at
        self.task = asyncio.create_task(self.world.apply(self.plan))

    async def reached(self) -> None:
        """Returns when the run is held, or has ended without coming so far."""
        assert self.task is not None
        waiting = asyncio.create_task(self.turnstile.held.wait())
        await asyncio.wait([waiting, self.task], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def end(self) -> ApplyResult:
        assert self.task is not None
        self.turnstile.go.set()
        return await self.task


@asynccontextmanager
async def two_runs(
    generation: Generation, base: Sequence[DesiredAgent], one: list[DesiredAgent], other: list[DesiredAgent]
) -> AsyncIterator[tuple[World, Runner, Runner]]:
    """An account in which `base` serves, and two runs that have planned on it."""
    async with open_world(generation) as world:
        await world.deploy(base)
        runners = []
        net = NetOptions(requests_per_second=None, max_in_flight=32)
        for wanted in (one, other):
            turnstile = Turnstile(world.transport.inner, clock=world.clock)
            writer = await connect(
                "http://emulator.test", KEY, generation=generation, options=net, transport=turnstile, clock=world.clock
            )
            runner = Runner(
                World(generation, writer, world.store, world.clock, turnstile, world.app), turnstile, wanted
            )
            await runner.prepare()
            runners.append(runner)
        yield world, runners[0], runners[1]
