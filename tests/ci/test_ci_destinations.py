"""A pull request that moves where keys and secrets go says so above its plan."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agentops.errors import UsageError
from agentops.spec.destinations import moved_destinations
from agentops.workflow.git import file_where_left

BEFORE = """\
project: p
environments:
  prod:
    base_url: https://api.smallest.ai
    api_key: ${{ secrets.PROD_KEY }}
    secrets: {CRM: {env: CRM_TOKEN}, OLD: {value: literal-value}}
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "https://api.smallest.ai",
            "https://evil.example",
            "prod: base_url was https://api.smallest.ai, becomes",
        ),
        ("secrets.PROD_KEY", "secrets.OTHER", "prod: api_key was ${{ secrets.PROD_KEY }}, becomes ${{ secrets.OTHER"),
        (
            "CRM_TOKEN",
            "PROD_KEY",
            "secret CRM was the environment variable CRM_TOKEN, becomes the",
        ),
        ("{env: CRM_TOKEN}", "{file: /tmp/x}", "becomes the file /tmp/x"),
        (", OLD: {value: literal-value}", "", "prod: the source of secret OLD was a literal, becomes not set"),
        ("    api_key", "    hosts: [proxy.example]\n    api_key", "prod: hosts was not set, becomes proxy.example"),
        ("prod:", "new:", "new: api_key was not set, becomes ${{ secrets.PROD_KEY }}"),
    ],
)
def test_what_moves_is_told(old: str, new: str, told: str) -> None:
    moved = moved_destinations(BEFORE, BEFORE.replace(old, new))
    assert any(told in each for each in moved), moved
    assert "literal-value" not in "".join(moved)


def test_what_stays_is_not_told() -> None:
    assert moved_destinations(BEFORE, BEFORE + "variables: {a: 1}\n# a comment\n") == []
    assert moved_destinations(BEFORE, BEFORE.replace("literal-value", "another")) == []


def test_a_file_that_is_new_or_broken_is_told() -> None:
    assert moved_destinations(None, BEFORE)
    assert "can't be compared" in moved_destinations("a: [", BEFORE)[0]


def test_the_file_is_read_where_the_branch_began(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=dana", "-c", "user.email=dana@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def commit(text: str) -> None:
        (tmp_path / "p").mkdir(exist_ok=True)
        (tmp_path / "p" / "agentops.yaml").write_text(text)
        git("add", "-A")
        git("commit", "-qm", text)

    git("init", "-q", "--initial-branch=main")
    commit("one")
    git("checkout", "-qb", "topic")
    commit("two")
    git("checkout", "-q", "main")
    commit("three")
    git("checkout", "-q", "topic")
    assert file_where_left(tmp_path / "p", "main", "agentops.yaml") == "one"
    assert file_where_left(tmp_path / "p", "main", "other.yaml") is None
    for reference in ("nowhere", "--output=x"):
        with pytest.raises(UsageError):
            file_where_left(tmp_path / "p", reference, "agentops.yaml")
    assert not (tmp_path / "p" / "x").exists()
