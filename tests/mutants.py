"""`make mutants`: changes the code a little, many times, and asks whether the tests notice. Not part of the test run.

Each mutant is one change: an inverted comparison, `and` for `or`, a flipped constant, a loop that never runs. A sample
of them is taken from the package. The package's tests run once on a copy of the tree, to see which of them come by
which line; for each mutant those that come by its line run, quick ones first, until one fails. A mutant that they pass
is printed with its line: it wants a test of what the line is for, or the line is not needed. Exits with 1 below the
goal.

    python tests/mutants.py [plan] [apply] [remote] [checks] [--sample 40] [--seed 1] [--workers 2] [--only GLOB]
"""

from __future__ import annotations

import argparse
import ast
import compileall
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import Queue

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from coverage import CoverageData

ROOT = Path(__file__).parents[1]
GOAL = 0.95  # of the mutants; the rest are changes that change nothing
COPIED = ("agentops", "tests", "schemas", "docs", "agents", "agentops.yaml", "pyproject.toml", "README.md", "Makefile")

# Each part of the product with the tests that are there for it. What runs in another process isn't seen, so the tests
# that kill one would be chosen by no line.
PARTS = {
    "plan": (
        "agentops/plan/*.py agentops/fields.py",
        "tests/plan tests/test_fields.py tests/apply/test_apply_resources.py tests/apply/test_apply_rollback.py",
    ),
    "apply": ("agentops/apply/*.py", "tests/apply --ignore tests/apply/test_apply_killed.py"),
    "remote": (
        "agentops/remote/*.py",
        "tests/remote tests/test_fields.py tests/apply/test_apply_lifecycle.py "
        "tests/workflow/test_probing.py tests/campaigns/test_campaign_verbs.py",
    ),
    "checks": ("agentops/calls/checks.py", "tests/calls"),
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
    code = (ROOT / path).read_text("utf-8")
    lines = code.splitlines()
    nodes = list(ast_nodes(get_ast(code)))
    for name in OPERATORS:
        operator, occurrence = _operator(name), 0
        for node in nodes:
            is_signature = node.parent is not None and node.parent.type == "parameters"  # its star multiplies nothing
            for (line, _), _ in operator.mutation_positions(node):
                if not is_signature and not lines[line - 1].lstrip().startswith(SKIPPED_LINES):
                    yield Mutant(path, name, occurrence, line)
                occurrence += 1


# Looking for the smallest example of a failure takes minutes, and nobody reads it. `chosen.json` is what runs, in its
# order; `seconds.json` what each test took.
_PROFILE = """import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import Phase, settings

seconds = Counter()

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    settings.register_profile("mutants", derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutants")
    if Path("chosen.json").exists():
        by_id = {item.nodeid: item for item in items}
        chosen = json.loads(Path("chosen.json").read_text("utf-8"))
        items[:] = [by_id[test] for test in chosen if test in by_id]  # a case may have gone with what it came from

def pytest_runtest_logreport(report):
    seconds[report.nodeid] += report.duration

def pytest_sessionfinish():
    Path("seconds.json").write_text(json.dumps(seconds), "utf-8")
"""
_COVERAGE = "[run]\nsource = agentops\nconcurrency = thread\ndisable_warnings = no-data-collected\n"
_MEASURED = ("--cov", "--cov-config=profile/coverage.ini", "--cov-context=test", "--cov-report=")


@dataclass(frozen=True, slots=True)
class Reach:
    """What each test of a part took, in the order in which they run, and which tests come by which line of a file."""

    seconds: dict[str, float]
    by_line: dict[Path, dict[int, list[str]]]

    def tests_of(self, mutant: Mutant) -> list[str]:
        """The tests that come by the statement of a mutant, quick ones first."""
        lines = self.by_line.get(mutant.path, {})
        contexts = {context for line in _statement(mutant) for context in lines.get(line, ())}
        if "" in contexts:  # run when modules are imported, so whatever comes later may depend on it
            reached = set(self.seconds)
        else:
            reached = {context.rpartition("|")[0] for context in contexts}
            # What a fixture did for a whole file is put down to the first test of it.
            shared = {context.partition("::")[0] for context in contexts if context.endswith("|setup")}
            reached |= {test for test in self.seconds if test.partition("::")[0] in shared}
        chosen = [test for test in self.seconds if test in reached]
        return sorted(chosen, key=lambda test: [self.seconds[test] > limit for limit in (0.1, 1)])


def _statement(mutant: Mutant) -> range:
    """The lines of the statement that a mutant changes: of a compound one, those of its head."""
    found = range(mutant.line, mutant.line + 1)
    for node in ast.walk(ast.parse((ROOT / mutant.path).read_text("utf-8"))):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno if body else (node.end_lineno or node.lineno) + 1
            lines = range(node.lineno, max(end, node.lineno + 1))
            if mutant.line in lines:
                found = lines  # `walk` comes to what is inside later
    return found


def measure(tree: Path, tests: str) -> Reach:
    """Runs all tests of a part on a tree that nothing was changed in."""
    if _pytest(tree, [*_MEASURED, *tests.split()], None) is not Fate.SURVIVED:
        raise SystemExit(f"the tests fail without any mutant: run `python -m pytest {tests}`")
    data = CoverageData(str(tree / ".coverage"))
    data.read()
    measured = {Path(name).relative_to(tree): data.contexts_by_lineno(name) for name in data.measured_files()}
    return Reach(json.loads((tree / "seconds.json").read_text("utf-8")), measured)


def try_mutant(tree: Path, mutant: Mutant, reach: Reach) -> Fate:
    """The tests that come by a mutant, until the first that fails."""
    chosen = reach.tests_of(mutant)
    if not chosen:
        return Fate.SURVIVED
    timeout_s = 60 + 5 * sum(reach.seconds[test] for test in chosen)
    (tree / "chosen.json").write_text(json.dumps(chosen), "utf-8")
    (tree / mutant.path).write_text(mutant.code(), "utf-8")
    try:
        return _pytest(tree, sorted({test.partition("::")[0] for test in chosen}), timeout_s)
    finally:
        shutil.copy(ROOT / mutant.path, tree / mutant.path)
        (tree / "chosen.json").unlink()


def _pytest(tree: Path, arguments: list[str], timeout_s: float | None) -> Fate:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "mutants_profile",
        *arguments,
    ]
    environ = {**os.environ, "PYTHONPATH": f"{tree}{os.pathsep}{tree / 'profile'}"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        ended = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return Fate.HUNG
    # Passed, failed, broken before the first test (2, 4), or without a test; anything else is our fault.
    if ended.returncode not in (0, 1, 2, 4, 5):
        raise SystemExit(f"the tests can't be run:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return Fate.SURVIVED if ended.returncode in (0, 5) else Fate.KILLED


def copy_tree(to: Path) -> Path:
    """The parts of the tree that tests need, in a folder where they may be broken."""
    to.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", ".agentops"))
        else:
            shutil.copy(ROOT / name, to / name)
    (to / "profile").mkdir()
    (to / "profile" / "mutants_profile.py").write_text(_PROFILE, "utf-8")
    (to / "profile" / "coverage.ini").write_text(_COVERAGE, "utf-8")
    # By its content and not by its time: a mutant is written within the second, and often has the same size.
    compileall.compile_dir(to / "agentops", quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
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
    reach = measure(tree, tests)
    trees.put(tree)

    def attempt(mutant: Mutant) -> Fate:
        tree = trees.get()
        try:
            return try_mutant(tree, mutant, reach)
        finally:
            trees.put(tree)

    fates: Counter[Fate] = Counter()
    with ThreadPoolExecutor(asked.workers) as pool:
        for mutant, fate in zip(sample, pool.map(attempt, sample), strict=True):
            fates[fate] += 1
            if fate is not Fate.KILLED:
                sys.stdout.write(f"  {fate}: {mutant}\n")
                sys.stdout.flush()
    killed = len(sample) - fates[Fate.SURVIVED]
    score = killed / len(sample) if sample else 1.0
    sys.stdout.write(f"{part}: {killed} of {len(sample)} killed ({score:.0%}), {len(every)} mutants in all\n")
    return score >= GOAL


if __name__ == "__main__":
    sys.exit(main())
