"""Applying a fleet against a stub platform with 50 ms latency, beside a serial read and write per agent.

The serial side does the least that any deploy must do for one agent after the other: read it, write its draft, publish.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

import httpx2

from agentops.apply.engine import apply_plan
from agentops.apply.model import Outcome
from agentops.net import NetOptions
from agentops.plan.build import PlanOptions
from agentops.remote.connect import connect
from agentops.spec import Project
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_deployment
from bench import report
from bench.fleet import KEY, load_fleet, stub_platform, write_fleet, write_seeds

LATENCY_MS = 50.0
IN_FLIGHT = 100
SERIAL_AGENTS = 20  # enough to know what one costs: every one costs the same


async def apply_once(project: Project, base_url: str) -> tuple[float, float]:
    """Wall and CPU seconds from plan to the last agent read back."""
    options = NetOptions(requests_per_second=None, max_in_flight=IN_FLIGHT)
    async with await connect(base_url, KEY, options=options) as account:
        deployment = Deployment(project, project.agents, account, KEY)
        wall, cpu = time.perf_counter(), time.process_time()
        plan = await plan_deployment(deployment, PlanOptions())
        result = await apply_plan(plan, account)
        taken = time.perf_counter() - wall, time.process_time() - cpu
    assert result.counts[Outcome.APPLIED] == len(project.agents), result.counts
    return taken


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


def measure(folder: Path, count: int) -> tuple[float, float, float]:
    write_fleet(folder, count)
    project = load_fleet(folder)
    write_seeds(folder / "seeds.json", project.agents, stale=count)
    with stub_platform(folder / "seeds.json", LATENCY_MS) as base_url:
        wall_s, cpu_s = asyncio.run(apply_once(project, base_url))
        serial = asyncio.run(serial_s(project, base_url)) * count
    return wall_s, cpu_s, serial


def main(sizes: tuple[int, ...] = (100, 1000)) -> None:
    print(f"{LATENCY_MS:g} ms latency, {IN_FLIGHT} in flight, every agent changed; seconds")
    print(f"{'agents':>7} {'wall':>8} {'CPU':>8} {'serial':>9}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            wall_s, cpu_s, serial = measure(Path(folder), size)
        print(f"{size:>7} {wall_s:>8.2f} {cpu_s:>8.2f} {serial:>9.1f}", flush=True)
        report(
            f"serial read and write / apply of {size:,} changed agents",
            serial / wall_s,
            at_least=25 if size >= 1000 else None,
        )


if __name__ == "__main__":
    main()
