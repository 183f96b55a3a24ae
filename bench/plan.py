"""Planning a fleet against a stub platform with 50 ms latency: beside the ideal, and beside bare requests.

The ideal is latency x requests / requests in flight: no client can be faster. The bare side sends exactly the requests
that the plan sends, with the same library and nothing else. Unchanged, 1 % changed, and all changed.
"""

from __future__ import annotations

import asyncio
import math
import resource
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
from bench import report
from bench.fleet import KEY, load_fleet, stub_platform, write_fleet, write_seeds

LATENCY_MS = 50.0
IN_FLIGHT = 100
SIZES = (10, 100, 1000, 5000)


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


def exponent(small: tuple[int, float], large: tuple[int, float]) -> float:
    """k in time ~ size^k between two points."""
    return math.log(large[1] / small[1]) / math.log(large[0] / small[0])


def main(sizes: tuple[int, ...] = SIZES) -> None:
    print(f"{LATENCY_MS:g} ms latency, {IN_FLIGHT} in flight; seconds")
    print(
        f"{'agents':>7} {'changed':>8} {'requests':>9} {'wall':>7} {'ideal':>7} {'bare':>7} {'CPU':>7} {'bare CPU':>9}"
    )
    unchanged: dict[int, Measured] = {}
    for size in sizes:
        for stale in sorted({0, max(1, size // 100), size if size <= 1000 else 0}):
            with tempfile.TemporaryDirectory() as folder:
                found, bare = measure(Path(folder), size, stale)
            if stale == 0:
                unchanged[size] = found
            print(
                f"{size:>7} {stale:>8} {len(found.paths):>9} {found.wall_s:>7.2f} {found.ideal_s:>7.2f} {bare[0]:>7.2f}"
                f" {found.cpu_s:>7.2f} {bare[1]:>9.2f}",
                flush=True,
            )
            if stale == 0 and size == 1000:
                report("plan of 1,000 unchanged agents / the same bare requests, wall", found.wall_s / bare[0])
                report("plan of 1,000 unchanged agents / ideal", (found.wall_s - 0.5) / found.ideal_s, at_most=1.3)
                report("client CPU per unchanged agent, ms", found.cpu_s / size * 1000, at_most=1.0)
    if {100, 5000} <= unchanged.keys():
        points = [(size, unchanged[size].cpu_s) for size in (100, 5000)]
        report("growth exponent of CPU, 100 to 5,000 agents", exponent(*points), at_most=1.1)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report(f"peak memory up to {max(sizes)} agents, MB", peak_mb, at_most=300)


if __name__ == "__main__":
    main()
