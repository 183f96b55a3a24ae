"""The memory of `agentops plan` of 5,000 unchanged agents, at 1,000 requests a second so that it takes no minutes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import report
from bench.command import agentops
from bench.fleet import aim, load_fleet, stub_platform, write_fleet, write_seeds

AGENTS = 5000


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_fleet(folder, AGENTS)
        write_seeds(folder / "seeds.json", load_fleet(folder).agents)
        with stub_platform(folder / "seeds.json", latency_ms=50.0) as platform:
            aim(folder, platform.base_url, per_second=1000)
            plan = agentops(folder, "plan")
    print(f"{AGENTS:,} agents: {plan.wall_s:.1f} s, {plan.cpu_s:.1f} s CPU, {plan.peak_mb:.0f} MB")
    report(f"peak memory of agentops plan of {AGENTS:,} agents, MB", plan.peak_mb, at_most=300)


if __name__ == "__main__":
    main()
