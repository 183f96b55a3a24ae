"""`python -m bench [NAME]...`: runs the measurements and says which of them broke a limit.

Each runs in a process of its own: memory and threads that one leaves behind would change what the next one measures.
"""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import bench

PARTS = {"stub_agent", "stub_platform", "fleet", "command", "__main__"}  # what measurements are made of


def main() -> int:
    all_names = sorted(each.name for each in pkgutil.iter_modules(bench.__path__) if each.name not in PARTS)
    names = sys.argv[1:] or all_names
    if unknown := set(names) - set(all_names):
        print(
            f"no measurement is called {', '.join(sorted(unknown))}; there are: {', '.join(all_names)}", file=sys.stderr
        )
        return 2
    if len(names) > 1:
        failed = [name for name in names if run_alone(name) != 0]
        print(f"\nbroken limits in: {', '.join(failed) or 'none'}")
        return 1 if failed else 0
    print(f"\n== {names[0]}", flush=True)
    importlib.import_module(f"bench.{names[0]}").main()
    print(f"broken limits: {', '.join(bench.broken) or 'none'}")
    return 1 if bench.broken else 0


def run_alone(name: str) -> int:
    return subprocess.run([sys.executable, "-m", "bench", name], check=False).returncode


sys.exit(main())
