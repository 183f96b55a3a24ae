"""`python -m bench [NAME]...`: runs the measurements and says which limits they broke."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import bench

PARTS = {"stub_agent", "stub_platform", "fleet", "__main__"}  # what measurements are made of


def main() -> int:
    names = sys.argv[1:] or sorted(each.name for each in pkgutil.iter_modules(bench.__path__) if each.name not in PARTS)
    for name in names:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()
    print(f"\nbroken limits: {', '.join(bench.broken) or 'none'}")
    return 1 if bench.broken else 0


sys.exit(main())
