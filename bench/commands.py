"""Whole commands, from the shell to the exit code: validate and plan of large projects, and the peer beside them.

The peer is octoDNS, the closest relative among the tools that reconcile YAML: it plans as many zones, of as many bytes,
from one folder of YAML to another, without any network. `agentops plan` has a platform with 50 ms latency to read,
through a rate limit of 1,000 requests a second (the highest that a project may set). Time and memory are those that the
operating system counts for the process and its forks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import exponent, report
from bench.fleet import load_fleet, stub_platform, write_fleet, write_seeds

LATENCY_MS = 50.0
ROUNDS = 3
_BIN = Path(sys.executable).parent
_ZONES = """\
providers:
  wanted: {class: octodns.provider.yaml.YamlProvider, directory: wanted, enforce_order: false}
  served: {class: octodns.provider.yaml.YamlProvider, directory: served, enforce_order: false}
zones:
  "*": {sources: [wanted], targets: [served]}
"""
RECORDS = 60  # about as many bytes of YAML as a spec of the fleet has


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds on the wall, seconds of CPU, and its peak memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float

    def row(self, name: str) -> str:
        return f"  {name:<52}{self.wall_s:>7.2f} s {self.cpu_s:>7.2f} s {self.peak_mb:>6.0f} MB"


# A process counts the memory of the one that started it until it is another program, so a small one starts it.
_LAUNCHER = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def run(command: list[str], folder: Path, **environ: str) -> Cost:
    """One run of a command, which must succeed."""
    began = time.perf_counter()
    told = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, *command],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    taken = time.perf_counter() - began
    code, cpu_s, peak_mb = json.loads(told.stdout)
    assert code == 0, told.stderr
    return Cost(taken, cpu_s, peak_mb)


def best(costs: list[Cost]) -> Cost:
    return min(costs, key=lambda cost: cost.wall_s)


def forget(folder: Path) -> None:
    for file in (folder / ".agentops" / "cache").glob("*"):
        file.unlink()


def agentops(folder: Path, *arguments: str) -> Cost:
    return run([str(_BIN / "agentops"), *arguments], folder, SMALLEST_API_KEY="sk_bench")


def plan_of(count: int, rounds: int = ROUNDS) -> tuple[Cost, Cost, Cost]:
    """(validate from cold, validate from the cache, plan from the cache) of so many unchanged agents."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_fleet(folder, count)
        write_seeds(folder / "seeds.json", load_fleet(folder).agents)
        cold, warm = [], []
        for _ in range(rounds):
            forget(folder)
            cold.append(agentops(folder, "validate"))
            warm.append(agentops(folder, "validate"))
        with stub_platform(folder / "seeds.json", LATENCY_MS) as base_url:
            project = folder / "agentops.yaml"
            project.write_text(project.read_text().replace("far: {", f"far: {{base_url: {base_url!r}, "))
            planned = [agentops(folder, "plan") for _ in range(rounds + 1)]
    print(f"{count:,} agents (best of {rounds}: wall, CPU, peak memory)")
    found = best(cold), best(warm), best(planned[1:])  # the first one fills the cache
    for title, cost in zip(("agentops validate, from cold", "agentops validate", "agentops plan"), found, strict=True):
        print(cost.row(title), flush=True)
    return found


def zone(n: int) -> str:
    """The records of one zone."""
    kinds = (
        "{{type: A, values: [192.0.2.{0}, 192.0.2.{1}], ttl: 300}}",
        '{{type: CNAME, value: "host{0}.zone{2}.example.", ttl: 600}}',
        '{{type: TXT, value: "record {0} of zone {2}, kept by team {1}"}}',
    )
    records = (kinds[m % 3].format(m + 1, m + 101, n) for m in range(RECORDS))
    return "".join(f"record{m}: {record}\n" for m, record in enumerate(records))


def octodns_of(count: int) -> Cost:
    """octoDNS planning so many zones of which none is changed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.yaml").write_text(_ZONES)
        for side in ("wanted", "served"):
            (folder / side).mkdir()
            for n in range(count):
                (folder / side / f"zone{n}.example.yaml").write_text(zone(n))
        cost = run([str(_BIN / "octodns-sync"), "--config-file", "config.yaml", "--quiet"], folder)
    print(cost.row(f"octodns-sync, a dry run of {count:,} zones"), flush=True)
    return cost


def main() -> None:
    """Prints what commands take, and the ratios."""
    _, _, hundred = plan_of(100)
    cold, warm, plan = plan_of(1000)
    peer = octodns_of(1000)
    _, _, five_thousand = plan_of(5000, rounds=1)
    report("octoDNS planning 1,000 zones / agentops planning 1,000 agents", peer.wall_s / plan.wall_s, at_least=5)
    report("validate of 1,000 from cold / from the cache", cold.wall_s / warm.wall_s)
    report("peak memory of agentops plan of 5,000 agents, MB", five_thousand.peak_mb, at_most=300)
    growth = exponent((100, hundred.cpu_s), (5000, five_thousand.cpu_s))
    report("growth exponent of agentops plan's CPU, 100 to 5,000", growth, at_most=1.1)


if __name__ == "__main__":
    main()
