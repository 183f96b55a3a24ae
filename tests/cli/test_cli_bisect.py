"""`smoke --revision` and `bisect`: calls to copies of what served before, on an account with a history."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from command_line import Agentops, Ended
from ruamel.yaml import YAML
from terminal import CTRL_C, type_command

from agentops.cli import local
from agentops.emulator.app import create_app
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
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


@pytest.fixture
def breaks() -> Iterator[Callable[..., None]]:
    """Breaks requests to the project's emulator."""
    with start(EmulatorOptions(data=local.data_file(Path()))) as running, local.announced(Path(), running.base_url):

        def arm(method: str, path: str, **more: Any) -> None:
            fault = {"kind": "status", "method": method, "path": path, "status": 400, **more}
            httpx2.post(f"{running.base_url}/_emulator/faults", json=fault).raise_for_status()

        yield arm


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


def test_a_copy_that_can_not_be_put_up_is_no_failed_call(agentops: Agentops, breaks: Callable[..., None]) -> None:
    breaks("POST", "/atoms/v1/agent", text="no more agents", times=1)
    ended = agentops("smoke", "--agent", "desk", "--revision", "5")
    assert ended.code == ExitCode.FAILED
    assert "error: no copy of revision 5 of desk could be put up: " in ended.err
    assert "no more agents" in ended.err
    assert previews(agentops) == "no previews\n"


def test_a_copy_that_can_not_be_taken_down_is_named(agentops: Agentops, breaks: Callable[..., None]) -> None:
    breaks("DELETE", "/atoms/v1/agent/*/archive", times=1)
    ended = agentops("smoke", "--agent", "desk", "--revision", "5", "-e", "test")
    assert ended.code == ExitCode.DONE, ended.err
    assert "it could not be taken down: `agentops preview gc -e test` does it later" in ended.err
    assert previews(agentops).startswith("revision-")


def test_ctrl_c_while_a_copy_is_put_up_takes_it_away(agentops: Agentops, tmp_path: Path) -> None:
    emulator = type_command(["emulator", "--port", "0", "--scan-delay", "60"], tmp_path).wait_for("Ctrl-C ends it")
    words = ["bisect", "agents/calls/greeting.yaml", "--agent", "desk", "--good", "5", "-v"]
    calling = type_command(words, tmp_path).wait_for("/publish")
    assert calling.type(CTRL_C).end() == ExitCode.INTERRUPTED
    assert "Traceback" not in calling.text
    assert previews(agentops) == "no previews\n"
    assert emulator.type(CTRL_C).end() == ExitCode.DONE


def test_a_revision_is_one_agents(agentops: Agentops) -> None:
    sales = SPEC.replace("Acme desk", "Acme sales").replace("[calls/greeting.yaml]", "{none: tried by hand}")
    Path("agents/sales.yaml").write_text(sales, "utf-8")
    assert agentops("apply", "--yes", "--no-smoke", "--agent", "sales").code == ExitCode.DONE
    ended = agentops("bisect", "agents/calls/greeting.yaml", "--agent", "*")
    assert ended.code == ExitCode.USAGE
    assert ended.err.endswith(
        "error: revisions are one agent's, and these are several: desk, sales\n  next: name one with --agent\n"
    )


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


def test_a_copy_is_called_again_where_one_call_is_not_enough(agentops: Agentops) -> None:
    ended = bisect(agentops, "--good", "5", "--bad", "6", "--repeat", "2", "--format", "json")
    assert ended.code == ExitCode.DONE, ended.err
    found = json.loads(ended.out)
    assert [(each["number"], each["passed"], each["failed"]) for each in found["calls"]] == [(5, 4, 0), (6, 0, 4)]


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
