"""`agentops apply` with the settings that people have, on platforms with 50 ms latency that allow 10 and 100 requests a
second: every agent changed, and then none.

The ideal is what the tier allows: the requests that were sent / requests a second. Applied once more, the unchanged
fleet must send no write.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import report
from bench.command import Cost, agentops
from bench.fleet import Served, aim, load_fleet, stub_platform, write_fleet, write_seeds

LATENCY_MS = 50.0
CASES = ((50, 10.0), (50, 100.0), (200, 100.0))


def measure(count: int, per_second: float) -> tuple[Cost, Cost, Served, Served]:
    """What the start and `apply` of a changed fleet cost, and what the platform saw of this and of one apply more."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_fleet(folder, count)
        write_seeds(folder / "seeds.json", load_fleet(folder).agents, stale=count)
        with stub_platform(folder / "seeds.json", LATENCY_MS, per_second) as first:
            aim(folder, first.base_url)
            start = agentops(folder, "apply", "--help")
            changed = agentops(folder, "apply", "--yes")
        write_seeds(folder / "seeds.json", load_fleet(folder).agents)
        with stub_platform(folder / "seeds.json", LATENCY_MS, None) as second:
            aim(folder, second.base_url)
            agentops(folder, "apply", "--yes")
    return start, changed, first.served, second.served


def main() -> None:
    print(f"{LATENCY_MS:g} ms latency, default settings, every agent changed; seconds beyond the start of the process")
    print(f"{'agents':>7} {'allowed':>8} {'requests':>9} {'429':>4} {'time':>7} {'ideal':>7} {'CPU':>6}")
    for count, per_second in CASES:
        start, changed, served, again = measure(count, per_second)
        wall_s, ideal_s = changed.wall_s - start.wall_s, served.requests / per_second
        print(
            f"{count:>7} {per_second:>8g} {served.requests:>9} {served.refused:>4} {wall_s:>7.2f} {ideal_s:>7.2f}"
            f" {changed.cpu_s - start.cpu_s:>6.2f}",
            flush=True,
        )
        what = f"apply of {count} changed agents, {per_second:g} requests/s"
        report(f"{what}: refused with 429", served.refused, at_most=0)
        report(f"{what}: (time - 1 s) / what the tier allows", (wall_s - 1) / ideal_s, at_most=1.3)
        report(f"writes when {count} unchanged agents are applied", again.writes, at_most=0)


if __name__ == "__main__":
    main()
