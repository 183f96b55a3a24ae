"""Holds the share of lines and branches that the tests run, part by part, to a floor that only rises.

Usage: coverage_floors.py REPORT.json, a report of `coverage json`. Ends with 1 when a part is below its floor, or has
one and was not measured.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

# Percent of a part's lines and branches. They are raised when a part has gone well beyond its own, and never lowered.
FLOORS = {"plan": 99.0, "remote": 99.0, "workflow": 97.0, "apply": 96.0, "calls": 96.0, "cli": 97.0, "spec": 95.0}
FLOOR_OF_THE_REST = 93.0


def covered(report: dict[str, Any]) -> dict[str, float]:
    """Percent of lines and branches run, by part: the packages and modules right below `agentops`."""
    run: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for file, measured in report["files"].items():
        part, totals = Path(file).parts[1].removesuffix(".py"), measured["summary"]
        run[part] += totals["covered_lines"] + totals["covered_branches"]
        whole[part] += totals["num_statements"] + totals["num_branches"]
    return {part: 100 * run[part] / whole[part] for part in sorted(whole) if whole[part]}


def main(path: str) -> int:
    shares = covered(json.loads(Path(path).read_text(encoding="utf-8")))
    below = 0
    for part, share in shares.items():
        floor = FLOORS.get(part, FLOOR_OF_THE_REST)
        is_below = share < floor
        below += is_below
        verdict = f", below its floor of {floor:.0f} %" if is_below else ""
        sys.stdout.write(f"{part:12} {share:5.1f} % of lines and branches{verdict}\n")
    unmeasured = FLOORS.keys() - shares.keys()
    for part in sorted(unmeasured):
        sys.stdout.write(f"{part:12} has a floor and was not measured\n")
    return 1 if below or unmeasured else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
