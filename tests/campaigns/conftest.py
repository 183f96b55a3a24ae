"""A project with a campaign, its people outside of it, and the command line as a function."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))

from campaign_world import CALLEES, CAMPAIGN, rows  # noqa: E402
from command_line import Agentops, Ended  # noqa: E402

from agentops.cli import campaign, local  # noqa: E402
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
    monkeypatch.setattr(campaign, "_WATCHED_EVERY_S", 0.5)
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
def agentops(project: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Agentops]:
    """Whatever is printed is looked through for people, and so is every file that a command leaves in the project.

    The emulator's data is the platform's.
    """

    def look(text: str, place: str) -> None:
        for personal in ("415200", "Zebedee"):
            assert personal not in text, f"{place} holds {personal!r}"

    def call(*arguments: str) -> Ended:
        code = run(list(arguments))
        printed = capfd.readouterr()
        for place, text in (("stdout", printed.out), ("stderr", printed.err)):
            assert "internal error" not in text
            look(text, place)
        return Ended(code, printed.out, printed.err)

    written_by_tests = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    yield call
    for path in (each for each in project.rglob("*") if each.is_file() and not each.name.startswith("emulator.db")):
        content = path.read_bytes()
        if written_by_tests.get(path) != content and path.parent.name != "campaigns":
            look(content.decode("utf-8", "replace"), str(path))
            look(path.name, "a file's name")
