"""Measurements. Each module has a `main()` that measures one thing, prints what it found and `report`s its ratios.

Every ratio compares two things measured in the same run on the same machine, so that it means the same anywhere.
`python -m bench` runs all modules, `python -m bench plan start` only these; the exit code is 1 when a limit is broken.
"""

from __future__ import annotations

import json
import math

broken: list[str] = []


def report(name: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> None:
    """Prints one JSON line: what was measured, its limit, and whether it holds. A broken limit is remembered."""
    holds = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
    limit = {"at_most": at_most} if at_most is not None else {"at_least": at_least} if at_least is not None else {}
    print(json.dumps({"bench": name, "value": round(value, 3), **limit, "holds": holds}), flush=True)
    if not holds:
        broken.append(name)


def exponent(small: tuple[float, float], large: tuple[float, float]) -> float:
    """k in cost ~ size^k between two points of (size, cost): 1 is linear growth."""
    return math.log(large[1] / small[1]) / math.log(large[0] / small[0])
