"""A project of its own for each test, and the command line as a function."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import Agentops, Ended
from printed_commands import require_pasteable

from agentops.cli.app import run
from agentops.commands import named_environment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's own examples, copied; the working directory is there."""
    shutil.copytree(ROOT / "agents", tmp_path / "agents")
    shutil.copy(ROOT / "agentops.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def agentops(capsys: pytest.CaptureFixture[str]) -> Agentops:
    def call(*arguments: str) -> Ended:
        code = run(list(arguments))
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        assert "internal error" not in printed.err
        require_pasteable(printed.out + printed.err, named_environment(list(arguments)))
        return Ended(code, printed.out, printed.err)

    return call
