"""Whole commands, from the shell to the exit code. Time and memory are those that the operating system counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_AGENTOPS = str(Path(sys.executable).with_name("agentops"))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds on the wall, seconds of CPU, and its peak memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float


# A process counts the memory of the one that started it until it is another program, so a small one starts it.
_LAUNCHER = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def run(command: list[str], folder: Path, **environ: str) -> Cost:
    """One run of a command, which must succeed."""
    # Where compiled code is not kept, as on many build machines, a start takes three times as long as people's.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    told = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, *command],
        cwd=folder,
        env={**inherited, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    taken = time.perf_counter() - began
    code, cpu_s, peak_mb = json.loads(told.stdout)
    assert code == 0, told.stderr
    return Cost(taken, cpu_s, peak_mb)


def agentops(folder: Path, *arguments: str) -> Cost:
    return run([_AGENTOPS, *arguments], folder, SMALLEST_API_KEY="sk_bench")
