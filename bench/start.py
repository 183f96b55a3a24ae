"""Start-up: what a person waits for before anything happens, beside Python itself and a bare typer program."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import report

ROUNDS = 31
TYPER = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = ""): "The first."
@app.command()
def two(name: str = ""): "The second."
app()
"""


def median_ms(commands: Sequence[list[str]]) -> list[float]:
    """The median wall time of each, in milliseconds. They take turns, so that a busy moment hits them all."""
    taken: list[list[float]] = [[] for _ in commands]
    for _ in range(ROUNDS):
        for command, times in zip(commands, taken, strict=True):
            began = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            times.append((time.perf_counter() - began) * 1000)
    return [statistics.median(times) for times in taken]


def main() -> None:
    agentops = str(Path(sys.executable).with_name("agentops"))
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bare.py"
        program.write_text(TYPER)
        bare, typer, version, overview, help_of_plan = median_ms(
            [
                [sys.executable, "-c", "pass"],
                [sys.executable, str(program), "--help"],
                [agentops, "--version"],
                [agentops, "--help"],
                [agentops, "plan", "--help"],
            ]
        )
    print(f"python -c pass {bare:.0f} ms, bare typer --help {typer:.0f} ms, agentops --version {version:.0f} ms,")
    print(f"agentops --help {overview:.0f} ms, agentops plan --help {help_of_plan:.0f} ms")
    report("agentops --version / python -c pass", version / bare, at_most=1.5)
    report("agentops --help / bare typer --help", overview / typer, at_most=1.25)
    report("agentops plan --help / bare typer --help", help_of_plan / typer)


if __name__ == "__main__":
    main()
