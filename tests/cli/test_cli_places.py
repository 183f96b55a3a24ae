"""Mistakes in any file of a project are shown where they are: the line, a caret, what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Agentops

from agentops.errors import ExitCode


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops) -> Path:
    monkeypatch.chdir(tmp_path)
    assert agentops("init", "--name", "acme").code == 0
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "shown", "meant"),
    [
        ("calls/support-hours.yaml", "expect: {contains: M", "expct: {contains: M", "- expct: ", "mean expect?"),
        ("calls/support-hours.yaml", "within_s: 10", "within_s: ten", "within_s: ten}", "`agentops schema call`"),
        ("calls/support-hours.yaml", "agent: support", "agent: suport", "agent: suport", "write `agent: support`"),
        ("behaviours/support.yaml", "hears:", "heers:", "    heers:", "did you mean `hears`?"),
        ("behaviours/support.yaml", "(opening", "((opening", "    matches: ", "`agentops schema behaviour`"),
        ("behaviours/support.yaml", "turns:", "turns: [", "  - name: hours", "check the indentation"),
        ("support.yaml", "inbound: true", "inbound true", "inbound true", "write `key: value`"),
    ],
)  # fmt: skip
def test_the_line_and_what_was_meant(
    started: Path, agentops: Agentops, file: str, old: str, new: str, shown: str, meant: str
) -> None:
    path = started / "agents" / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    ended = agentops("validate")
    assert ended.code == ExitCode.FAILED
    [line] = [each for each in ended.out.splitlines() if shown in each]
    caret = ended.out.splitlines()[ended.out.splitlines().index(line) + 1]
    assert line.startswith("  | ")
    assert caret.startswith("  | ")
    assert caret.endswith("^")
    assert meant in ended.out


def test_a_broken_behaviour_file_stops_the_emulator_with_its_place(started: Path, agentops: Agentops) -> None:
    path = started / "agents/behaviours/support.yaml"
    path.write_text(path.read_text("utf-8").replace("hears:", "heers:", 1), "utf-8")
    ended = agentops("plan")
    assert (ended.code, ended.out) == (ExitCode.FAILED, "")
    assert "agents/behaviours/support.yaml:6:5: error[behaviour-file]" in ended.err


def test_every_bad_expression_of_a_text_with_statements_is_told(started: Path, agentops: Agentops) -> None:
    text = "${{ vars.nope }}\n${% if %}\n${{ vars.compny }}\n${% for x in %}\n${{ x.y( }}\n"
    (started / "agents/prompts/support.md").write_text(text)
    out = agentops("validate", "-e", "local").out
    for place in ("1:10", "2:1", "4:1", "5:1"):
        assert f"agents/prompts/support.md:{place}: error" in out
    assert "vars.compny" not in [line for line in out.splitlines() if "error[" in line], (
        "nobody knows whether it is read"
    )
    good = "${% set nope = 1 %}${{ nope }}${% if vars.company == 'x' %}${{ vars.nope }}${% endif %} ${{ vars.nope2 }}"
    (started / "agents/prompts/support.md").write_text(good)
    assert agentops("validate", "-e", "local").out.count("error[") == 1


def test_a_secret_that_lint_finds_is_not_quoted(started: Path, agentops: Agentops) -> None:
    path = started / "agents/prompts/support.md"
    path.write_text(path.read_text("utf-8") + "\nThe token is sk_live_4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c 😀.\n", "utf-8")
    ended = agentops("lint")
    assert "error[secret-in-text]" in ended.out
    assert "4f9a8b7c6d5e" not in ended.out + ended.err
