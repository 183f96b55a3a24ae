"""What is no longer there says what to use, and nothing else of the command line is taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Agentops


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (("plan", "--shard", "1/2"), "without it"),
        (("plan", "-e", "local", "--shard=2/2"), "without it"),
        (("merge", "plans", "a.json", "b.json"), "`agentops plan --out FILE` saves the whole"),
    ],
)
def test_a_removed_mode_names_what_replaces_it(
    project: Path, agentops: Agentops, words: tuple[str, ...], instead: str
) -> None:
    ended = agentops(*words)
    assert ended.code == 64
    assert instead in ended.err
    assert ended.out == ""
    assert not (project / ".agentops").exists()


def test_a_file_or_a_value_may_be_called_like_what_is_gone(project: Path, agentops: Agentops) -> None:
    (project / "plans").write_text("{}")
    assert "plans is not a call report" in agentops("merge", "reports", "plans", "--output", "all").err
    assert "dry run" not in agentops("validate", "--agent", "--dry-run").err
    assert "dry run" not in agentops("apply", "--agent", "--dry-run", "--no-input").err
    assert "there is no --json" in agentops("plan", "--agent", "x", "--json").err


def test_shards_of_calls_stay(project: Path, agentops: Agentops) -> None:
    parts = [agentops("smoke", "--dry-run", "--tag", "tools", "--shard", f"{part}/2") for part in (1, 2)]
    assert [part.code for part in parts] == [0, 0]
    assert agentops("smoke", "--dry-run", "--shard", "3/2").code == 64
