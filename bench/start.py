"""Start-up: what a person waits for before anything happens, beside Python itself and a bare typer program."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import report

RUNS = 21
TYPER = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = ""): "The first."
@app.command()
def two(name: str = ""): "The second."
app()
"""


def median_ms(command: list[str]) -> float:
    """The median wall time of RUNS runs, in milliseconds."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def main() -> None:
    agentops = str(Path(sys.executable).with_name("agentops"))
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bare.py"
        program.write_text(TYPER)
        bare = median_ms([sys.executable, "-c", "pass"])
        typer = median_ms([sys.executable, str(program), "--help"])
        version = median_ms([agentops, "--version"])
        overview = median_ms([agentops, "--help"])
        help_of_plan = median_ms([agentops, "plan", "--help"])
    print(f"python -c pass {bare:.0f} ms, bare typer --help {typer:.0f} ms, agentops --version {version:.0f} ms,")
    print(f"agentops --help {overview:.0f} ms, agentops plan --help {help_of_plan:.0f} ms")
    report("agentops --version / python -c pass", version / bare, at_most=1.5)
    report("agentops --help / bare typer --help", overview / typer, at_most=1.25)
    report("agentops plan --help / bare typer --help", help_of_plan / typer)


if __name__ == "__main__":
    main()
