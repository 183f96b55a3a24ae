"""`smoke --revision` and `bisect`: calls to copies of what served before, on an account with a history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Agentops, Ended
from ruamel.yaml import YAML

from agentops.emulator.app import create_app
from agentops.emulator.options import EmulatorOptions
from agentops.errors import ExitCode, UnavailableError
from agentops.workflow import calls as calls_workflow

pytestmark = pytest.mark.slow

PROJECT = "project: acme\nenvironments: {test: {target: emulator}}\n"
SPEC = """\
name: Acme desk
calls: [calls/greeting.yaml]
config:
  firstMessage: Hello, how can I help?
  singlePromptConfig: {prompt: Help the caller of Acme with orders and bookings.}
"""
SCRIPT = "agent: desk\nmode: chat\nsteps:\n  - expect: {contains: how can I help, within_s: 0.3}\n"
COUNT, FIRST_BAD = 8, 6  # by number; revision 1 has no label


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project whose agent greets wrongly from a revision on, each made from a commit of its own."""
    monkeypatch.chdir(tmp_path)
    for path, text in {
        "agentops.yaml": PROJECT,
        "agents/desk.yaml": SPEC,
        "agents/calls/greeting.yaml": SCRIPT,
    }.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, "utf-8")
    revisions = [
        {"label": f"deploy abcdef{number}", "config": {"firstMessage": "Go away" if number >= FIRST_BAD else GREETING}}
        for number in range(2, COUNT + 1)
    ]
    desk = {"name": "Acme desk", "config": {"firstMessage": "Hello?"}, "revisions": revisions}
    with Path("seed.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump({"agents": [desk]}, file)
    Path(".agentops").mkdir()
    app = create_app(EmulatorOptions(data=Path(".agentops/emulator.db"), seed_file=Path("seed.yaml")))
    app.state.store.close()


GREETING = "Hello, how can I help?"


def bisect(agentops: Agentops, *arguments: str) -> Ended:
    return agentops("bisect", "agents/calls/greeting.yaml", "--agent", "desk", "--repeat", "1", *arguments)


def previews(agentops: Agentops) -> str:
    return agentops("preview", "list").out


def test_any_revision_is_called_and_its_copy_goes_away(agentops: Agentops) -> None:
    good = agentops("smoke", "--agent", "desk", "--revision", "5", "--format", "json")
    assert good.code == ExitCode.DONE, good.err
    assert json.loads(good.out)["environment"] == "test, a copy of revision 5"
    assert agentops("smoke", "--agent", "desk", "--revision", "abcdef7").code == ExitCode.CALLS_FAILED
    assert previews(agentops) == "no previews\n"
    assert agentops("smoke", "--revision", "99").code == ExitCode.USAGE
    assert agentops("smoke", "--revision", "5", "--mutate").code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("failure", "code"),
    [(UnavailableError("the line is dead"), ExitCode.FAILED), (KeyboardInterrupt(), ExitCode.INTERRUPTED)],
)
def test_a_copy_goes_away_when_calling_it_fails(
    agentops: Agentops, monkeypatch: pytest.MonkeyPatch, failure: BaseException, code: int
) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise failure

    monkeypatch.setattr(calls_workflow, "run_calls", fail)
    assert agentops("smoke", "--agent", "desk", "--revision", "5").code == code
    assert previews(agentops) == "no previews\n"


def test_the_revision_in_which_a_script_began_to_fail_is_found(agentops: Agentops) -> None:
    ended = bisect(agentops)
    assert ended.code == ExitCode.DONE, ended.err
    assert "desk: 7 revisions, 2 to 8: about 5 calls" in ended.err
    lines = ended.out.splitlines()
    assert lines[0].startswith("desk: agents/calls/greeting.yaml began to fail in revision 6, ")
    assert "last good:  revision 5" in lines[1]
    assert "passed 1 of 1 call; listen: " in lines[1]
    assert Path(lines[2].rpartition("listen: ")[2]).is_file()
    assert lines[3] == "  commit:     abcdef6"
    assert '"Hello, how can I help?" -> "Go away"' in ended.out
    assert previews(agentops) == "no previews\n"


def test_it_is_said_as_data_too(agentops: Agentops) -> None:
    found = json.loads(bisect(agentops, "--good", "5", "--bad", "6", "--format", "json").out)
    assert (found["good"]["number"], found["bad"]["number"], found["bad"]["commit"]) == (5, 6, "abcdef6")
    assert [each["path"] for each in found["changed"]] == [["firstMessage"]]
    assert [(each["number"], each["passed"], each["failed"]) for each in found["calls"]] == [(5, 1, 0), (6, 0, 1)]


def test_both_ends_are_called_before_anything_is_believed(agentops: Agentops) -> None:
    ended = bisect(agentops, "--good", "3", "--bad", "5")
    assert (ended.code, "it passes on the newest of them, too" in ended.out) == (ExitCode.FAILED, True)
    ended = bisect(agentops, "--good", "7")
    assert (ended.code, "it fails on the oldest of them already" in ended.out) == (ExitCode.FAILED, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--dry-run",), ExitCode.DONE, "Nothing was called."),
        (("--budget", "0.1"), ExitCode.REFUSED, "the budget is 0.1"),
        (("--good", "7", "--bad", "3"), ExitCode.USAGE, "has to be older than 3"),
        (("--good", "99"), ExitCode.USAGE, "no revision is called '99'"),
        (("--bad", "deploy"), ExitCode.USAGE, "could be any of revisions"),
    ],
)
def test_what_can_not_be_searched_is_said_before_anybody_is_called(
    agentops: Agentops, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = bisect(agentops, *arguments)
    assert (ended.code, said in ended.err) == (code, True), ended.err
    assert not Path(".agentops/calls").exists()
