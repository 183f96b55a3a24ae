"""Ctrl-C in a terminal: exit code 130, a last line that is true, nothing left running or locked."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from command_line import Agentops
from terminal import CTRL_C, type_command, wait_until_nothing_runs_in

from agentops.errors import ExitCode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what is left running"),
]


@pytest.fixture
def started(tmp_path: Path, agentops: Agentops) -> Path:
    """A project as `agentops init` makes it."""
    folder = tmp_path / "desk"
    assert agentops("init", str(folder)).code == 0
    return folder


def test_at_a_prompt_which_nobody_else_waits_for(started: Path) -> None:
    asked = type_command(["apply"], started).wait_for("Apply this to local? [y/N]")
    other = type_command(["plan"], started)
    assert other.end() == ExitCode.DONE
    assert "1 to create" in other.text
    assert asked.type(CTRL_C).end() == ExitCode.INTERRUPTED
    assert asked.text.rstrip().endswith("interrupted")
    assert "Traceback" not in asked.text
    wait_until_nothing_runs_in(started)


def test_what_was_approved_is_refused_when_it_no_longer_holds(started: Path) -> None:
    asked = type_command(["apply"], started).wait_for("[y/N]")
    assert type_command(["apply", "--yes", "--no-smoke"], started).end() == ExitCode.DONE
    spec = started / "agents/support.yaml"
    spec.write_text(spec.read_text().replace("How can I help?", "What is it?"))
    assert asked.type("y\n").end() == ExitCode.STALE
    assert "the approved plan no longer holds" in asked.text


@pytest.mark.parametrize("verb", ["smoke", "apply"])
def test_in_the_first_second_of_a_call(started: Path, agentops: Agentops, verb: str) -> None:
    if verb == "smoke":
        assert type_command(["apply", "--yes", "--no-smoke"], started).end() == ExitCode.DONE
    calling = type_command([verb, "--yes"] if verb == "apply" else [verb], started).wait_for("calling support")
    assert calling.type(CTRL_C).end() == ExitCode.INTERRUPTED
    assert "Traceback" not in calling.text
    wait_until_nothing_runs_in(started)
    if verb == "apply":
        said, command = calling.text.rstrip().splitlines()[-2:]
        assert said == "Interrupted. what was planned serves, not called to the end: support."
        assert command == "next: `agentops apply -e local`"
    after = type_command(["plan", "--detailed-exitcode"], started)
    assert after.end() in (ExitCode.DONE, ExitCode.CHANGES)  # the database is free


def test_while_a_scan_goes_on(started: Path) -> None:
    emulator = type_command(["emulator", "--port", "0", "--scan-delay", "60"], started).wait_for("Ctrl-C ends it")
    applying = type_command(["apply", "--yes", "--no-smoke"], started).wait_for("scan")
    assert applying.type(CTRL_C).end() == ExitCode.INTERRUPTED
    said, command = applying.text.rstrip().splitlines()[-2:]
    assert (said, command) == ("Interrupted. as before: 1 agent.", "next: `agentops apply -e local`")
    copying = type_command(["preview", "up", "try"], started).wait_for("scan")
    assert copying.type(CTRL_C).end() == ExitCode.INTERRUPTED
    assert copying.text.rstrip().splitlines()[-1] == "next: `agentops preview up try -e local`"
    assert "Traceback" not in applying.text + copying.text
    assert emulator.type(CTRL_C).end() == ExitCode.DONE
    wait_until_nothing_runs_in(started)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["chat", "support"], "How can I help?"),
        (["status", "--watch"], "1 agent: "),
        (["rollback", "support"], "Apply this to local? [y/N]"),
        (["forget", "support"], "Stop managing"),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_while_it_waits_for_a_person(started: Path, agentops: Agentops, words: list[str], shown: str) -> None:
    """Deployed twice, so that there is something to go back to."""
    spec = started / "agents/support.yaml"
    for greeting in ("How can I help?", "How can I help? Tell me."):
        spec.write_text(spec.read_text().replace("How can I help?", greeting))
        assert agentops("apply", "--yes", "--no-smoke", "--project", str(started)).code == ExitCode.DONE
    waiting = type_command(words, started).wait_for(shown)
    assert waiting.type(CTRL_C).end() == ExitCode.INTERRUPTED
    assert waiting.text.rstrip().endswith("interrupted")
    assert "Traceback" not in waiting.text
    wait_until_nothing_runs_in(started)


@pytest.mark.parametrize("verb", ["plan", "pull", "drift", "apply"])
def test_while_a_platform_does_not_answer(started: Path, verb: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = started / "agentops.yaml"
        text = settings.read_text()
        variables = '{voice: nyah, transfer_to: "+14155550100"}'
        added = f"environments:\n  silent: {{base_url: '{base_url}', variables: {variables}}}"
        settings.write_text(text.replace("environments:", added, 1))
        waiting = type_command([verb, "-e", "silent"], started, {"SMALLEST_API_KEY": "sk_x"})
        silent.settimeout(30)
        connection, _ = silent.accept()
        with connection:
            assert waiting.type(CTRL_C).end() == ExitCode.INTERRUPTED
    assert waiting.text.rstrip().endswith("interrupted")
    assert "Traceback" not in waiting.text
    wait_until_nothing_runs_in(started)


def test_an_emulator_is_stopped(started: Path) -> None:
    emulator = type_command(["emulator", "--port", "0"], started).wait_for("Ctrl-C ends it")
    attached = type_command(["plan"], started)
    assert attached.end() == ExitCode.DONE
    address = emulator.text.splitlines()[0].strip()
    assert f"Emulator and its console: {address}" in attached.text
    second = type_command(["emulator", "--port", "0"], started)
    assert second.end() == ExitCode.USAGE
    assert f"is already running at {address}" in second.text
    assert emulator.type(CTRL_C).end() == ExitCode.DONE
    assert emulator.text.rstrip().endswith("stopped")
    assert not (started / ".agentops/emulator.address").exists()
    wait_until_nothing_runs_in(started)
