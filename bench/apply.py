"""Applying a fleet against a stub platform with 50 ms latency, beside a serial read and write per agent.

Applied once more, the unchanged fleet must send no write at all. The serial side does the least that any deploy must do
for one agent after the other: read it, write its draft, publish.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2

from agentops.apply.engine import apply_plan
from agentops.apply.model import Outcome
from agentops.net import NetOptions
from agentops.net.client import Exchange
from agentops.plan.build import PlanOptions
from agentops.remote.connect import connect
from agentops.spec import Project
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_deployment
from bench import exponent, report
from bench.fleet import KEY, load_fleet, stub_platform, write_fleet, write_seeds

LATENCY_MS = 50.0
IN_FLIGHT = 100
SERIAL_AGENTS = 20  # enough to know what one costs: every one costs the same


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds on the wall and of this process's CPU from plan to the last agent read back, and requests that write."""

    wall_s: float
    cpu_s: float
    writes: int
    outcomes: frozenset[Outcome]


async def apply_once(project: Project, base_url: str) -> Measured:
    writes = 0

    def count(exchange: Exchange) -> None:
        nonlocal writes
        writes += exchange.method != "GET"

    options = NetOptions(requests_per_second=None, max_in_flight=IN_FLIGHT, on_exchange=count)
    async with await connect(base_url, KEY, options=options) as account:
        deployment = Deployment(project, project.agents, account, KEY)
        wall, cpu = time.perf_counter(), time.process_time()
        plan = await plan_deployment(deployment, PlanOptions())
        result = await apply_plan(plan, account)
        taken = time.perf_counter() - wall, time.process_time() - cpu
    assert sum(result.counts.values()) == len(project.agents), result.counts
    return Measured(*taken, writes, frozenset(outcome for outcome, agents in result.counts.items() if agents))


async def serial_s(project: Project, base_url: str) -> float:
    """Seconds for one agent when each is read and written after the other."""
    root = f"{base_url}/atoms/v1/agent"
    async with httpx2.AsyncClient(timeout=60) as client:
        began = time.perf_counter()
        for number, agent in enumerate(project.agents[:SERIAL_AGENTS], 1):
            of_agent = f"{root}/{number:024x}"
            branches = (await client.get(f"{of_agent}/branches")).json()["data"]["branches"]
            branch = branches[0]["branch"]
            draft = f"{of_agent}/branches/{branch['_id']}/draft"
            await client.get(f"{of_agent}/branches/{branch['_id']}/revisions/{branch['headRevisionId']}")
            await client.put(draft, content=json.dumps(agent.config))
            await client.post(f"{draft}/publish", content=json.dumps({"label": "serial"}))
        return (time.perf_counter() - began) / min(SERIAL_AGENTS, len(project.agents))


def measure(folder: Path, count: int) -> tuple[Measured, Measured, float]:
    """A change of every agent, the same again, and the seconds that one after the other would take."""
    write_fleet(folder, count)
    project = load_fleet(folder)
    write_seeds(folder / "seeds.json", project.agents, stale=count)
    with stub_platform(folder / "seeds.json", LATENCY_MS) as base_url:
        first = asyncio.run(apply_once(project, base_url))
        again = asyncio.run(apply_once(project, base_url))
        serial = asyncio.run(serial_s(project, base_url)) * count
    assert first.outcomes == {Outcome.APPLIED}
    assert again.outcomes <= {Outcome.UNCHANGED}
    return first, again, serial


def main(sizes: tuple[int, ...] = (100, 1000)) -> None:
    print(f"{LATENCY_MS:g} ms latency, {IN_FLIGHT} in flight, every agent changed, then none; seconds")
    print(f"{'agents':>7} {'wall':>8} {'CPU':>8} {'writes':>8} {'again':>8} {'writes':>8} {'serial':>9}")
    times: dict[int, Measured] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            first, again, serial = measure(Path(folder), size)
        times[size] = first
        print(
            f"{size:>7} {first.wall_s:>8.2f} {first.cpu_s:>8.2f} {first.writes:>8} {again.wall_s:>8.2f}"
            f" {again.writes:>8} {serial:>9.1f}",
            flush=True,
        )
        limit = 25 if size >= 1000 else None
        report(f"serial read and write / apply of {size:,} changed agents", serial / first.wall_s, at_least=limit)
        report(f"writes when {size:,} unchanged agents are applied", again.writes, at_most=0)
    if len(times) > 1:
        small, large = min(times), max(times)
        growth = exponent((small, times[small].cpu_s), (large, times[large].cpu_s))
        report(f"growth exponent of an apply's CPU, {small} to {large:,} agents", growth, at_most=1.1)


if __name__ == "__main__":
    main()
