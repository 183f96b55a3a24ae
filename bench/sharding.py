"""A plan in shards, each in a process of its own, merged: the distributed engine of a CI matrix, on one machine.

What must hold is that the merged plan has the digest of the whole one. The time on two cores says what a machine more
would bring: the shards share the platform's latency, and each loads the whole project.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import report
from bench.fleet import load_fleet, stub_platform, write_fleet, write_seeds

AGENTS = 1000
SHARDS = 2
LATENCY_MS = 50.0
_AGENTOPS = str(Path(sys.executable).with_name("agentops"))


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "SMALLEST_API_KEY": "sk_bench"}
    return subprocess.Popen(
        [_AGENTOPS, *arguments], cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def finish(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        assert process.wait(120) == 0


def digest(file: Path) -> str:
    return str(json.loads(file.read_text())["digest"])


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_fleet(folder, AGENTS)
        write_seeds(folder / "seeds.json", load_fleet(folder).agents, stale=AGENTS // 100)
        with stub_platform(folder / "seeds.json", LATENCY_MS) as base_url:
            project = folder / "agentops.yaml"
            project.write_text(project.read_text().replace("far: {", f"far: {{base_url: {base_url!r}, "))
            finish(start(folder, "plan", "--out", "warm.json"))
            began = time.perf_counter()
            finish(start(folder, "plan", "--out", "whole.json"))
            whole_s = time.perf_counter() - began
            shards = {f"{n}/{SHARDS}": f"shard{n}.json" for n in range(1, SHARDS + 1)}
            began = time.perf_counter()
            finish(*(start(folder, "plan", "--shard", shard, "--out", file) for shard, file in shards.items()))
            finish(start(folder, "merge", "plans", *shards.values(), "--out", "merged.json"))
            sharded_s = time.perf_counter() - began
        same = digest(folder / "whole.json") == digest(folder / "merged.json")
    print(f"{AGENTS:,} agents: whole {whole_s:.2f} s; {SHARDS} shards side by side and merged {sharded_s:.2f} s")
    report("merged shards have the digest of the whole", float(same), at_least=1)
    report("plan in one piece / in shards", whole_s / sharded_s)


if __name__ == "__main__":
    main()
