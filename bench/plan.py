"""`agentops plan` with the settings that people have, on platforms with 50 ms latency that allow 10 and 100 requests a
second, and any number.

The tier that the platform allows is the ideal: requests / requests a second. What is timed is the whole command less
`agentops plan --help`, the start of the same process; reading the specs counts. A platform that allows 10 says in its
subscription that it is the free one.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench import exponent, report
from bench.command import Cost, agentops
from bench.fleet import Served, aim, load_fleet, stub_platform, write_fleet, write_seeds

LATENCY_MS = 50.0
TIERS = (10.0, 100.0, None)
SIZES = (6, 50, 200, 1000)
LONGEST_S = 60.0  # 1,000 agents at 10 requests a second take minutes and say nothing that 200 do not


@dataclass(frozen=True, slots=True)
class Measured:
    """A plan of unchanged agents beside the start of its process, and what the platform saw of it."""

    plan: Cost
    start: Cost
    served: Served

    @property
    def wall_s(self) -> float:
        return self.plan.wall_s - self.start.wall_s

    @property
    def cpu_s(self) -> float:
        return self.plan.cpu_s - self.start.cpu_s


def measure(count: int, per_second: float | None) -> Measured:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_fleet(folder, count)
        write_seeds(folder / "seeds.json", load_fleet(folder).agents)
        with stub_platform(folder / "seeds.json", LATENCY_MS, per_second) as platform:
            aim(folder, platform.base_url)
            start = agentops(folder, "plan", "--help")
            plan = agentops(folder, "plan")
    return Measured(plan, start, platform.served)


def report_one(count: int, per_second: float | None, found: Measured) -> None:
    tier = "any number of" if per_second is None else f"{per_second:g}"
    what = f"plan of {count:,} agents, {tier} requests/s"
    report(f"{what}: refused with 429", found.served.refused, at_most=0)
    if per_second is not None:
        ideal_s = found.served.requests / per_second
        report(f"{what}: (time - 1 s) / what the tier allows", (found.wall_s - 1) / ideal_s, at_most=1.3)
    if per_second == 100 and count in (50, 200):
        report(f"{what}: seconds beyond the start", found.wall_s, at_most={50: 1.5, 200: 6.0}[count])


def main() -> None:
    print(f"{LATENCY_MS:g} ms latency, default settings, no agent changed; seconds beyond the start of the process")
    print(f"{'agents':>7} {'allowed':>8} {'requests':>9} {'429':>4} {'time':>7} {'ideal':>7} {'CPU':>6} {'MB':>5}")
    cpu: dict[int, float] = {}
    for per_second in TIERS:
        for count in SIZES:
            if per_second and 2 * count / per_second > LONGEST_S:
                continue
            found = measure(count, per_second)
            ideal = f"{found.served.requests / per_second:.2f}" if per_second else "-"
            print(
                f"{count:>7} {per_second or 'any':>8} {found.served.requests:>9} {found.served.refused:>4}"
                f" {found.wall_s:>7.2f} {ideal:>7} {found.cpu_s:>6.2f} {found.plan.peak_mb:>5.0f}",
                flush=True,
            )
            report_one(count, per_second, found)
            cpu[count] = found.cpu_s
    report("CPU per unchanged agent, its spec read, ms", cpu[1000], at_most=4)  # seconds of 1,000 are ms of one
    report(
        "growth exponent of a plan's CPU, 200 to 1,000 agents",
        exponent((200, cpu[200]), (1000, cpu[1000])),
        at_most=1.1,
    )


if __name__ == "__main__":
    main()
