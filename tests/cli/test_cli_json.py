"""`--format json` gives one JSON document on stdout, whatever else is said, and ends as the text does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from command_line import Agentops

sys.path.append(str(Path(__file__).parents[1] / "importers"))
from account_console import console

pytestmark = pytest.mark.slow

PROJECT = """\
project: acme
default_environment: local
environments:
  local: {target: emulator}
  prod: {target: emulator}
"""
SPEC = """\
name: Desk (${{ environment }})
config:
  firstMessage: Hello
  singlePromptConfig: {prompt: Help the caller with orders and bookings.}
  synthesizer: {voiceConfig: {model: waves_lightning_v3_1, voiceId: nyah}}
"""
SCRIPT = "agent: desk\nmode: chat\nsteps:\n  - expect: {contains: Hello, within_s: 2}\n"

READING = [
    ("validate", 0),
    ("lint", 0),
    ("fmt --check", 1),
    ("fmt --diff", 1),
    ("render", 0),
    ("render --explain config.firstMessage", 0),
    ("explain", 0),
    ("explain DRIFT", 0),
    ("explain unknown-field", 0),
    ("plan", 5),
    ("plan -e prod --detailed-exitcode", 2),
    ("status", 0),
    ("drift", 2),
    ("diff --from spec --to live --detailed-exitcode", 2),
    ("history", 0),
    ("history --at 2099-01-01", 64),
    ("calls list desk", 0),
    ("preview list", 0),
    ("smoke --dry-run agents/calls/hello.yaml", 0),
    ("smoke agents/calls/hello.yaml", 6),
    ("pull --dry-run", 2),
    ("import atoms --all --dry-run", 0),
    ("doctor", 0),
    ("apply --yes", 5),
    ("rollback desk --to 1 --yes", 4),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deployed")


@pytest.fixture
def deployed(folder: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops) -> Path:
    """One agent that was edited in the console after its deploy. Nothing that reads changes it, so it is made once."""
    monkeypatch.chdir(folder)
    deploy(folder, agentops)
    return folder


def deploy(folder: Path, agentops: Agentops) -> None:
    if not (folder / "agentops.yaml").exists():
        (folder / "agents/calls").mkdir(parents=True)
        (folder / "agents/calls/hello.yaml").write_text(SCRIPT)
        (folder / "agents/desk.yaml").write_text(SPEC)
        (folder / "agentops.yaml").write_text(PROJECT)
        assert agentops("apply", "--yes").code == 0
        edit_in_console(folder)


def edit_in_console(folder: Path) -> None:
    with console(folder / ".agentops/emulator.db") as found:
        found.edit("Desk (local)", {"firstMessage": "Welcome"})


@pytest.mark.parametrize(("command", "code"), READING, ids=[command for command, _ in READING])
def test_one_document_and_the_same_end(deployed: Path, agentops: Agentops, command: str, code: int) -> None:
    text = agentops(*command.split())
    told = agentops(*command.split(), "--format", "json")
    assert (text.code, told.code) == (code, code), text.err + told.err
    if text.out or code == 0:
        json.loads(told.out)
    else:
        assert told.out == ""


def test_what_was_done_is_one_document_even_where_it_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path)  # what writes changes the agent, so it has one of its own
    deploy(tmp_path, agentops)
    for command in ("apply --yes --overwrite-drift", "apply --yes", "preview up x", "preview down x"):
        told = json.loads(agentops(*command.split(), "--format", "json").out)
        assert [(agent["key"][:4], agent["outcome"]) for agent in told["agents"]] == [("desk", "applied")] or (
            command == "apply --yes" and told["counts"]["unchanged"] == 1
        )
