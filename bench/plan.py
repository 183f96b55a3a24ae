"""Planning a fleet against a stub platform with 50 ms latency: beside the ideal, and beside bare requests.

The ideal is latency x requests / requests in flight: no client can be faster. The bare side sends exactly the requests
that the plan sends, with httpx2 and nothing else. Unchanged, 1 % changed, and all changed; and one plan against the
emulator, where the emulator is what is measured. The memory of a whole plan is measured by `commands`.
"""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2

from agentops.net import NetOptions
from agentops.net.client import Exchange
from agentops.plan.build import PlanOptions
from agentops.plan.model import Plan
from agentops.remote.connect import connect
from agentops.spec import Project
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_deployment
from bench import exponent, report
from bench.fleet import KEY, emulator, load_fleet, stub_platform, write_fleet, write_seeds

LATENCY_MS = 50.0
IN_FLIGHT = 100
SIZES = (10, 100, 1000, 5000)
ON_THE_EMULATOR = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds on the wall and of this process's CPU, and the paths that were asked for."""

    wall_s: float
    cpu_s: float
    paths: tuple[str, ...]
    changed: int

    @property
    def ideal_s(self) -> float:
        return LATENCY_MS / 1000 * math.ceil(len(self.paths) / IN_FLIGHT)


async def plan_once(project: Project, base_url: str) -> Measured:
    paths: list[str] = []

    def count(exchange: Exchange) -> None:
        paths.append(exchange.path)

    options = NetOptions(requests_per_second=None, max_in_flight=IN_FLIGHT, on_exchange=count)
    async with await connect(base_url, KEY, options=options) as account:
        deployment = Deployment(project, project.agents, account, KEY)
        wall, cpu = time.perf_counter(), time.process_time()
        plan: Plan = await plan_deployment(deployment, PlanOptions())
        taken = time.perf_counter() - wall, time.process_time() - cpu
    assert not plan.refusals
    return Measured(*taken, tuple(paths), sum(change.is_change for change in plan.changes))


async def bare_requests(base_url: str, paths: tuple[str, ...]) -> tuple[float, float]:
    """The same requests with the library alone: wall and CPU seconds."""
    limits = httpx2.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    async with httpx2.AsyncClient(base_url=base_url, limits=limits, timeout=60) as client:
        wall, cpu = time.perf_counter(), time.process_time()
        answers = await asyncio.gather(*(client.get(path) for path in paths))
        for answer in answers:
            answer.json()
        return time.perf_counter() - wall, time.process_time() - cpu


def measure(folder: Path, count: int, stale: int) -> tuple[Measured, tuple[float, float]]:
    write_fleet(folder, count)
    project = load_fleet(folder)
    write_seeds(folder / "seeds.json", project.agents, stale=stale)
    with stub_platform(folder / "seeds.json", LATENCY_MS) as base_url:
        asyncio.run(plan_once(project, base_url))  # the first one warms the stub and this process
        measured = asyncio.run(plan_once(project, base_url))
        bare = asyncio.run(bare_requests(base_url, measured.paths))
    assert measured.changed == stale
    return measured, bare


async def bring_up(project: Project, base_url: str) -> None:
    """Makes the agents of `project` on an emulator, published with their first messages."""
    root = f"{base_url}/atoms/v1/agent"
    async with httpx2.AsyncClient(timeout=60, headers={"Authorization": "Bearer sk_bench"}) as client:
        for agent in project.agents:
            made = (await client.post(root, content=json.dumps({"name": agent.name}))).json()
            branches = (await client.get(f"{root}/{made['data']}/branches")).json()["data"]["branches"]
            draft = f"{root}/{made['data']}/branches/{branches[0]['branch']['_id']}/draft"
            await client.put(draft, content=json.dumps(agent.config))
            (await client.post(f"{draft}/publish", content=json.dumps({"label": "bench"}))).raise_for_status()


def on_the_emulator(count: int) -> Measured:
    """A plan of agents that somebody else made, so that their history is read, too."""
    with tempfile.TemporaryDirectory() as name, emulator() as base_url:
        folder = Path(name)
        write_fleet(folder, count)
        project = load_fleet(folder)
        asyncio.run(bring_up(project, base_url))
        return asyncio.run(plan_once(project, base_url))


def report_thousand(found: Measured, bare: tuple[float, float]) -> None:
    report("plan of 1,000 unchanged agents / the same bare requests, wall", found.wall_s / bare[0])
    report("plan of 1,000 unchanged agents less 0.5 s / ideal", (found.wall_s - 0.5) / found.ideal_s, at_most=1.3)
    report("client CPU per unchanged agent, ms", found.cpu_s / 1000 * 1000, at_most=1.0)


def report_growth(unchanged: dict[int, Measured]) -> None:
    small, large = (100, unchanged[100]), (5000, unchanged[5000])
    cpu = exponent((small[0], small[1].cpu_s), (large[0], large[1].cpu_s))
    wall = exponent((small[0], small[1].wall_s), (large[0], large[1].wall_s))
    report("growth exponent of a plan's CPU, 100 to 5,000 agents", cpu, at_most=1.1)
    report("growth exponent of a plan's time, 100 to 5,000 agents", wall, at_most=1.1)


def main(sizes: tuple[int, ...] = SIZES) -> None:
    print(f"{LATENCY_MS:g} ms latency, {IN_FLIGHT} in flight; seconds")
    print(
        f"{'agents':>7} {'changed':>8} {'requests':>9} {'wall':>7} {'ideal':>7} {'bare':>7} {'CPU':>7} {'bare CPU':>9}"
    )
    unchanged: dict[int, Measured] = {}
    for size in sizes:
        for stale in sorted({0, max(1, size // 100), size}):
            with tempfile.TemporaryDirectory() as folder:
                found, bare = measure(Path(folder), size, stale)
            print(
                f"{size:>7} {stale:>8} {len(found.paths):>9} {found.wall_s:>7.2f} {found.ideal_s:>7.2f} {bare[0]:>7.2f}"
                f" {found.cpu_s:>7.2f} {bare[1]:>9.2f}",
                flush=True,
            )
            if stale == 0:
                unchanged[size] = found
            if stale == 0 and size == 1000:
                report_thousand(found, bare)
    if {100, 5000} <= unchanged.keys():
        report_growth(unchanged)
    real = on_the_emulator(ON_THE_EMULATOR)
    print(
        f"on the emulator: {ON_THE_EMULATOR} agents, {len(real.paths)} requests, {real.wall_s:.2f} s,"
        f" {real.cpu_s:.2f} s CPU of the client"
    )


if __name__ == "__main__":
    main()
