"""The catalogue of codes: every example causes what it says, and every code that can occur is explained."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from spec_projects import Loader

import agentops.spec
from agentops.cli.app import run
from agentops.errors import SpecError
from agentops.spec.explanations import explanations
from agentops.spec.lint import lint_project
from agentops.spec.lint.registry import RULES

ROOT = Path(__file__).parents[2]
SHOWN = [code for code, entry in explanations().items() if entry.bad]
# Shown by a file that has to be made, see test_spec_hostile.
NOT_SHOWN = {
    "behaviour-file",
    "call-agent",
    "call-script",
    "bad-encoding",
    "file-too-large",
    "matrix-too-large",
    "missing-secret",
    "no-specs",
    "yaml-too-deep",
    "yaml-too-large",
}


def codes_of(load: Loader, example: str, files: dict[str, str]) -> Counter[str]:
    """The codes that validation and lint report for an example."""
    written = dict(files)
    if example.startswith("project:"):
        written |= {"agentops.yaml": example, "agents/line.yaml": "name: Line\nconfig: {firstMessage: Hello}\n"}
    elif example.startswith("# "):
        named = example.splitlines()[0].removeprefix("# ")
        written |= {named: example, "agents/line.yaml": "name: Line\nconfig: {firstMessage: Hello}\n"}
    else:
        written["agents/line.yaml"] = f"name: Line\n{example}"
    try:
        return Counter(each.code for each in lint_project(load(written)))
    except SpecError as error:
        return Counter(each.code for each in error.diagnostics)


@pytest.mark.parametrize("code", SHOWN)
def test_the_bad_example_causes_it_and_the_good_one_does_not(load: Loader, code: str) -> None:
    entry = explanations()[code]
    assert codes_of(load, entry.bad, dict(entry.files))[code] >= 1
    assert codes_of(load, entry.good, dict(entry.files))[code] == 0


@pytest.mark.parametrize("code", SHOWN)
def test_a_good_example_has_no_errors_at_all(load: Loader, code: str) -> None:
    entry = explanations()[code]
    codes_of(load, entry.good, dict(entry.files))
    errors = [each for each in load.diagnostics() if each.is_error]
    assert errors == []


def test_every_code_is_explained_and_nothing_else() -> None:
    """Codes are string literals in kebab case: the first argument of what makes a diagnostic."""
    makers = re.compile(
        r"Diagnostic|SourceError|TemplateError|FileProblem|_Mistake|problem|_report|rule|_closest|_duplicates|super"
    )
    found: set[str] = set()
    for path in Path(agentops.spec.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and makers.search(ast.unparse(node.func)) and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.islower():
                    found.add(first.value)
    usage_errors = {"no-environment", "no-project", "no-key"}
    found |= {"behaviour-file", "call-agent", "call-script"}  # of files that are no specs
    found = {code for code in found if re.fullmatch(r"[a-z]+(-[a-z]+)+", code)} - usage_errors
    assert found == set(explanations())


def test_the_page_about_them_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--format", "markdown"]) == 0
    page = ROOT / "docs" / "lint-rules.md"
    assert page.read_text() == capsys.readouterr().out, "run `agentops explain --format markdown > docs/lint-rules.md`"


def test_there_are_enough_lint_rules_and_each_has_an_example() -> None:
    assert len(RULES) >= 25
    assert set(RULES) <= set(SHOWN)
    assert set(explanations()) - set(SHOWN) == NOT_SHOWN
