"""`make mutants`: changes the code a little, many times, and asks whether the tests notice. Not part of the test run.

Each mutant is one change: an inverted comparison, `and` for `or`, a flipped constant, a loop that never runs. A sample
of them is taken from the package, and its tests run on a copy of the tree. A mutant that they pass is printed with
its line: it wants a test of what the line is for, or the line is not needed. Exits with 1 below the goal.

    python tests/mutants.py [plan] [apply] [remote] [checks] [--sample 40] [--seed 1] [--workers 2] [--only GLOB]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from queue import Queue

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).parents[1]
GOAL = 0.95  # of the mutants; the rest are changes that change nothing
COPIED = ("agentops", "tests", "schemas", "docs", "agents", "agentops.yaml", "pyproject.toml", "README.md", "Makefile")

# Each part of the product with the tests that are there for it, quick ones first: most mutants never meet the others.
PARTS = {
    "plan": (
        "agentops/plan/*.py agentops/fields.py",
        "tests/plan/test_plan_cases.py tests/plan/test_plan_codes.py tests/plan tests/test_fields.py",
    ),
    "apply": ("agentops/apply/*.py", "tests/apply/test_apply_lifecycle.py tests/apply"),
    "remote": ("agentops/remote/*.py", "tests/remote tests/test_fields.py tests/apply/test_apply_lifecycle.py"),
    "checks": ("agentops/calls/checks.py", "tests/calls/test_calls_expectations.py tests/calls"),
}
OPERATORS = (
    *("ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq", "ReplaceComparisonOperator_Is_IsNot"),
    *("ReplaceComparisonOperator_IsNot_Is", "ReplaceComparisonOperator_Lt_LtE", "ReplaceComparisonOperator_LtE_Lt"),
    *("ReplaceComparisonOperator_Gt_GtE", "ReplaceComparisonOperator_GtE_Gt", "ReplaceComparisonOperator_Lt_Gt"),
    *(
        "ReplaceComparisonOperator_Gt_Lt",
        "ReplaceAndWithOr",
        "ReplaceOrWithAnd",
        "AddNot",
        "ReplaceUnaryOperator_Delete_Not",
    ),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "NumberReplacer", "ZeroIterationForLoop"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
    *("ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add", "ReplaceBinaryOperator_Mul_Div"),
)
# Nothing that runs depends on these: dataclass flags, and what is there for the type checker.
SKIPPED_LINES = ("@", "assert ", "if TYPE_CHECKING")


class Fate(StrEnum):
    KILLED = "killed"
    SURVIVED = "survived"
    HUNG = "killed by the clock"


@dataclass(frozen=True, slots=True)
class Mutant:
    """The `occurrence`-th place in a file that an operator changes. `path` is relative to the root of the tree."""

    path: Path
    operator: str
    occurrence: int
    line: int

    def code(self) -> str:
        code: str | None = mutate_code((ROOT / self.path).read_text("utf-8"), _operator(self.operator), self.occurrence)
        assert code is not None
        return code

    def __str__(self) -> str:
        was = (ROOT / self.path).read_text("utf-8").splitlines()
        changes = [text for text in unified_diff(was, self.code().splitlines(), n=0, lineterm="") if text[0] in "+-"]
        return "\n    ".join([f"{self.path}:{self.line} ({self.operator})", *changes[2:]])


def _operator(name: str):  # type: ignore[no-untyped-def]  # cosmic-ray has no types
    return get_operator(f"core/{name}")()


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    text = (ROOT / path).read_text("utf-8")
    lines = text.splitlines()
    nodes = list(ast_nodes(get_ast(text)))
    for name in OPERATORS:
        operator, occurrence = _operator(name), 0
        for node in nodes:
            for (line, _), _ in operator.mutation_positions(node):
                if not lines[line - 1].lstrip().startswith(SKIPPED_LINES):
                    yield Mutant(path, name, occurrence, line)
                occurrence += 1


def run_tests(tree: Path, tests: str, timeout_s: float | None) -> Fate:
    """The tests on a copy of the tree, until the first that fails. Random examples are the same for every mutant."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "mutants_profile"]
    environ = {**os.environ, "PYTHONPATH": f"{tree}{os.pathsep}{tree / 'profile'}", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            [*command, *tests.split()], cwd=tree, env=environ, capture_output=True, text=True, timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        return Fate.HUNG
    if ended.returncode not in (0, 1, 2):  # passed, failed, broken before the first test; anything else is our fault
        raise SystemExit(f"the tests can't be run:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return Fate.KILLED if ended.returncode else Fate.SURVIVED


# Looking for the smallest example of a failure takes minutes, and nobody reads it.
_PROFILE = """from hypothesis import Phase, settings

def pytest_collection_modifyitems():
    settings.register_profile("mutants", derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutants")
"""


def copy_tree(to: Path) -> Path:
    """The parts of the tree that tests need, in a folder where they may be broken."""
    to.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", ".agentops"))
        else:
            shutil.copy(ROOT / name, to / name)
    (to / "profile").mkdir()
    (to / "profile" / "mutants_profile.py").write_text(_PROFILE)
    return to


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--sample", type=int, default=40, help="mutants of each part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="*", help="a glob over paths, such as '*/drift.py'")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - PARTS.keys():
        parser.error(f"unknown part {', '.join(unknown)}: choose of {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as folder:
        trees: Queue[Path] = Queue()
        for number in range(asked.workers):
            trees.put(copy_tree(Path(folder, str(number))))
        reached = [_measure(part, asked, trees) for part in asked.parts or PARTS]
    return 0 if all(reached) else 1


def _measure(part: str, asked: argparse.Namespace, trees: Queue[Path]) -> bool:
    """Tries a sample of one part, prints the survivors and the score. Whether the goal is reached."""
    globs, tests = PARTS[part]
    paths = sorted(path.relative_to(ROOT) for glob in globs.split() for path in ROOT.glob(glob))
    every = [mutant for path in paths if fnmatchcase(str(path), asked.only) for mutant in mutants_of(path)]
    sample = random.Random(asked.seed).sample(every, min(asked.sample, len(every)))
    tree = trees.get()
    started = time.monotonic()
    if run_tests(tree, tests, None) is not Fate.SURVIVED:
        raise SystemExit(f"the tests of {part} fail without any mutant: run `python -m pytest {tests}`")
    timeout_s = 4 * (time.monotonic() - started) + 10
    trees.put(tree)

    def attempt(mutant: Mutant) -> Fate:
        tree = trees.get()
        target = tree / mutant.path
        target.write_text(mutant.code(), "utf-8")
        try:
            return run_tests(tree, tests, timeout_s)
        finally:
            shutil.copy(ROOT / mutant.path, target)
            trees.put(tree)

    survivors = 0
    with ThreadPoolExecutor(asked.workers) as pool:
        for mutant, fate in zip(sample, pool.map(attempt, sample), strict=True):
            if fate is Fate.SURVIVED:
                survivors += 1
                sys.stdout.write(f"  {mutant}\n")
                sys.stdout.flush()
    score = 1 - survivors / len(sample) if sample else 1.0
    killed = len(sample) - survivors
    sys.stdout.write(f"{part}: {killed} of {len(sample)} killed ({score:.0%}), {len(every)} mutants in all\n")
    return score >= GOAL


if __name__ == "__main__":
    sys.exit(main())
