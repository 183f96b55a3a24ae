"""`make soak`: a fleet, random faults, applies until it converges; prints what happened. Not part of the test run.

Arguments: number of agents (500), share of requests that meet a fault (0.2), seed (1).
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace

import httpx2
from deploy_world import World, agent, open_world
from faulty import Fault, FaultyTransport

from agentops.document import DesiredAgent, Generation, read_mark
from agentops.emulator.options import EmulatorOptions
from agentops.errors import AgentopsError

KINDS = (
    Fault("", "", "connect"),
    Fault("", "", "timeout"),
    Fault("", "", "timeout_after"),
    Fault("", "", "truncated"),
    Fault("", "", "answer", 429, {"message": "Rate limit exceeded"}, {"retry-after": "1"}),
    Fault("", "", "answer", 500, {"status": False, "errors": ["Internal server error"]}),
    Fault("", "", "answer", 502, "<html><body>Bad Gateway</body></html>"),
)


@dataclass(slots=True)
class Weather(FaultyTransport):
    """Bad luck for a share of all requests."""

    share: float = 0.0  # good at first: connecting is not what is tested
    luck: random.Random = field(default_factory=random.Random)
    met: Counter[str] = field(default_factory=Counter)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.log.append(f"{request.method} {request.url.path}")
        if self.share == 0 or self.luck.random() >= self.share:
            return await self.inner.handle_async_request(request)
        fault = self.luck.choice(KINDS)
        self.met[fault.kind if fault.kind != "answer" else str(fault.status)] += 1
        return await self._misbehave(fault, request)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def converge(world: World, agents: list[DesiredAgent], weather: Weather) -> Counter[str]:
    """Applies until a run ends well; the counts of all outcomes on the way."""
    seen: Counter[str] = Counter()
    while True:
        seen["runs"] += 1
        try:
            plan = await world.plan(agents)
            if not plan.is_applyable:
                raise SystemExit(f"refused: {plan.refusals[0].summary}")
            result = await world.apply(plan)
        except AgentopsError as error:
            seen[f"planning failed: {error.code}"] += 1
            continue
        seen.update(outcome.value for outcome in (each.outcome for each in result.agents))
        if not result.exit_code:
            return seen


async def soak(generation: Generation, count: int, share: float, seed: int) -> None:
    options = EmulatorOptions(seed=seed, scan_delay_s=1.0)
    async with open_world(generation, options, lambda inner: Weather(inner, luck=random.Random(seed))) as world:
        weather = world.transport
        assert isinstance(weather, Weather)
        weather.share = share
        agents = [agent(f"line-{number}") for number in range(count)]
        for step in ("create", "change"):
            began = time.perf_counter()
            if step == "change":
                agents = [replace(each, config={**each.config, "firstMessage": "Hello again."}) for each in agents]
            seen = await converge(world, agents, weather)
            counts = ", ".join(f"{name} {number}" for name, number in seen.items())
            say(f"{generation.value} {step}: {counts} ({time.perf_counter() - began:.0f} s)")
        weather.share = 0
        await check(world, agents)
        faults = ", ".join(f"{kind} {number}" for kind, number in sorted(weather.met.items()))
        say(f"{generation.value}: {len(weather.log)} requests, {weather.met.total()} faults ({faults})")


async def check(world: World, agents: list[DesiredAgent]) -> None:
    """An empty plan, no agent and no fingerprint twice, no open draft."""
    assert (await world.plan(agents)).is_empty
    listings = await world.writer.list_agents()
    assert len(listings) == len({each.name for each in listings}) == len(agents)
    for listing in listings:
        assert not (await world.writer.read_head(listing.agent_id)).has_draft, listing.name
        marks = [read_mark(revision.label) for revision in await world.writer.list_revisions(listing.agent_id)]
        fingerprints = [mark.fingerprint for mark in marks if mark]
        assert len(fingerprints) == len(set(fingerprints)), listing.name


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    share = float(sys.argv[2]) if len(sys.argv) > 2 else 0.2
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for generation in (Generation.V2, Generation.V1):
        asyncio.run(soak(generation, count, share, seed))


if __name__ == "__main__":
    main()
