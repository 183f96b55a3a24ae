"""A new project is whole at once: it validates, lints clean, is in canonical form, deploys, and its call passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Agentops


@pytest.mark.slow
@pytest.mark.speech
@pytest.mark.parametrize("template", ["support", "appointments", "survey"])
def test_a_new_project_works_from_the_first_command_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops, template: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert agentops("init", "--template", template).code == 0
    for check in (["validate"], ["lint", "--strict"], ["fmt", "--check"]):
        ended = agentops(*check)
        assert ended.code == 0, ended.out + ended.err
    applied = agentops("apply", "--yes", "--smoke")
    assert applied.code == 0, applied.out + applied.err
    assert "passed" in applied.out
    assert agentops("plan", "--detailed-exitcode").code == 0


def test_what_is_there_is_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "agentops.yaml"
    mine.write_text("project: mine\n")
    refused = agentops("init")
    assert refused.code == 4
    assert "agentops.yaml" in refused.err
    assert mine.read_text() == "project: mine\n"
    assert [path.name for path in tmp_path.iterdir()] == ["agentops.yaml"]
