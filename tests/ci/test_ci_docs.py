"""The page about GitHub names what exists: every input, output, refusal and pinned action."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from runner import PINS, ROOT

PAGE = (ROOT / "docs" / "github.md").read_text()
ACTION = YAML(typ="safe").load((ROOT / ".github/actions/agentops/action.yml").read_text())
CODES = {
    code for path in (ROOT / "agentops" / "ci").glob("*.py") for code in re.findall(r'\bcode="(\w+)"', path.read_text())
}


@pytest.mark.parametrize("name", [*ACTION["inputs"], *ACTION["outputs"]])
def test_every_input_and_output_is_explained(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_refusal_has_a_row_with_a_remedy(code: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{code}` (")]
    assert len(rows) == 1
    assert rows[0].count("|") == 4


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/workflows").glob("agentops-*.yml")), ids=lambda path: path.stem
)
def test_every_workflow_is_in_the_table_with_its_rights(path: Path) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{path.stem}` |")]
    for job in YAML(typ="safe").load(path.read_text())["jobs"].values():
        for name, level in job["permissions"].items():
            assert f"`{name}: {level}`" in row or (name, level) == ("contents", "read")


def test_what_is_shown_is_pinned_like_the_real_thing() -> None:
    shown = re.findall(r"uses: ([\w-]+/[\w-]+)@(\w+) # (\S+)", PAGE)
    assert shown
    for action, commit, tag in shown:
        assert PINS[action] == (commit, tag)
