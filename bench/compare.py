"""`agentops compare` of 100,000 conversations, as a command: its time, and that memory does not grow with them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import exponent, report
from bench.command import Cost, agentops
from bench.fleet import aim, load_fleet, stub_platform, write_fleet, write_seeds

FEW, MANY = 10_000, 100_000


def measured(conversations: int) -> Cost:
    """Of a comparison of two revisions with half of the conversations each, at 1,000 requests a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_fleet(folder, 1)
        write_seeds(folder / "seeds.json", load_fleet(folder).agents, calls=conversations // 2)
        with stub_platform(folder / "seeds.json", latency_ms=5.0) as platform:
            aim(folder, platform.base_url, per_second=1000)
            cost = agentops(folder, "compare", "branch-00000")
    print(f"{conversations:,} conversations: {cost.wall_s:.1f} s, {cost.cpu_s:.1f} s CPU, {cost.peak_mb:.0f} MB")
    return cost


def main() -> None:
    few, many = measured(FEW), measured(MANY)
    report(f"peak memory of comparing {MANY:,} conversations, MB", many.peak_mb, at_most=150)
    report(f"memory of {MANY:,} beside {FEW:,} conversations", many.peak_mb / few.peak_mb, at_most=1.5)
    report("CPU grows with the conversations ^", exponent((FEW, few.cpu_s), (MANY, many.cpu_s)), at_most=1.1)


if __name__ == "__main__":
    main()
