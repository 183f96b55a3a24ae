"""A project with a campaign, its people outside of it, and the command line as a function."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))

from campaign_world import CALLEES, CAMPAIGN, rows  # noqa: E402
from command_line import Agentops, Ended  # noqa: E402

from agentops.cli import local  # noqa: E402
from agentops.cli.app import run  # noqa: E402


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def write_project(root: Path) -> None:
    (root / "campaigns").mkdir(parents=True)
    shutil.copytree(ROOT / "agents", root / "agents")
    shutil.copy(ROOT / "agentops.yaml", root)
    (root / "campaigns" / "renewals.yaml").write_text(CAMPAIGN)
    with (root / "agents" / "behaviours" / "support.yaml").open("a") as file:
        file.write(CALLEES)


@pytest.fixture
def project(tmp_path: Path, people: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    write_project(root)
    people.write_text(rows(20))
    monkeypatch.setenv("PEOPLE", str(people))
    monkeypatch.setattr(local, "CAMPAIGN_SPEED", 1e6)
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="session")
def state_after_apply(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an apply of the agent leaves in `.agentops`: the emulator's state; copied by each test that needs it."""
    root = tmp_path_factory.mktemp("deployed") / "project"
    write_project(root)
    assert run(["apply", "--project", str(root), "--yes", "--agent", "support"]) == 0
    return root / ".agentops"


@pytest.fixture
def deployed(project: Path, state_after_apply: Path) -> Path:
    shutil.copytree(state_after_apply, project / ".agentops")
    return project


@pytest.fixture
def agentops(capfd: pytest.CaptureFixture[str]) -> Agentops:
    """Whatever is printed is looked through for people."""

    def call(*arguments: str) -> Ended:
        code = run(list(arguments))
        printed = capfd.readouterr()
        for text in (printed.out, printed.err):
            assert "internal error" not in text
            assert "415200" not in text
            assert "Zebedee" not in text
        return Ended(code, printed.out, printed.err)

    return call
