"""Every way a command can end: a message on stderr, an exit code, and a traceback only for those who ask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from command_line import Agentops

from agentops.cli import doctor as doctor_verb
from agentops.cli import forget as forget_verb
from agentops.cli.app import main, run
from agentops.errors import ExitCode, PlatformError, RefusedError, SpecError


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(doctor_verb, "read_project", broken)


def test_a_verb_that_does_not_exist_is_answered_with_the_nearest(agentops: Agentops) -> None:
    ended = agentops("aply")
    assert (ended.code, "did you mean `agentops apply`?" in ended.err) == (64, True)
    assert "did you mean" not in agentops("xyzzy").err
    assert agentops("plan", "--no-such-option").code == 64
    assert agentops().code == 64
    assert agentops("--help").code == 0


def test_a_refusal_names_what_acknowledges_it(monkeypatch: pytest.MonkeyPatch, agentops: Agentops) -> None:
    fail_with(monkeypatch, RefusedError("too many", hint="apply fewer", acknowledgement="LIMIT"))
    ended = agentops("doctor")
    assert ended.code == ExitCode.REFUSED
    assert ended.err == "error: too many\n  next: apply fewer\n  to go on all the same: --ack LIMIT\n"


def test_a_failure_of_the_platform_names_the_request(monkeypatch: pytest.MonkeyPatch, agentops: Agentops) -> None:
    fail_with(monkeypatch, PlatformError("it said no", request="GET /agent", request_id="r-1"))
    assert agentops("doctor").err == "error: it said no\n  while: GET /agent (request id r-1)\n"
    fail_with(monkeypatch, SpecError([]))
    assert agentops("doctor").code == ExitCode.FAILED


def test_a_defect_of_ours_is_one_line_unless_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, ZeroDivisionError("oops"))
    assert run(["doctor"]) == 1
    quiet = capsys.readouterr().err
    assert "internal error: ZeroDivisionError" in quiet
    assert "Traceback" not in quiet
    monkeypatch.setenv("AGENTOPS_DEBUG", "1")
    assert run(["doctor"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_module_of_ours_that_can_not_be_loaded_is_a_defect_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, ImportError("cannot import name 'gone'", name="agentops.workflow"))
    assert run(["doctor"]) == ExitCode.FAILED
    assert capsys.readouterr().err.startswith("internal error: ImportError; this is a bug in agentops")


def test_a_verb_with_verbs_of_its_own_lists_them(agentops: Agentops) -> None:
    ended = agentops("webhook")
    assert ended.code == ExitCode.USAGE
    assert "secret  Print the secret that" in ended.out + ended.err


@pytest.mark.slow
def test_a_reader_that_goes_away_is_told_nothing() -> None:
    command = [sys.executable, "-m", "agentops.cli.app", "schema", "agent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as printing:
        assert printing.stdout is not None
        assert printing.stderr is not None
        printing.stdout.close()
        assert printing.stderr.read() == ""
        assert printing.wait() == ExitCode.FAILED


def test_whoever_says_no_forgets_no_agent(project: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops) -> None:
    asked: list[str] = []

    def no(question: str, *, err: bool) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr(forget_verb, "is_interactive", lambda: True)
    monkeypatch.setattr(typer, "confirm", no)
    ended = agentops("forget", "support")
    assert ended.code == ExitCode.FAILED
    assert len(asked) == 1
    assert asked[0].startswith("Stop managing Acme Support")
    assert ended.err.endswith(
        "error: nothing was changed: you answered no\n  next: run the command again once you agree\n"
    )
    assert (project / "agents/support.yaml").exists()


def test_an_interrupt_ends_with_the_shells_code(monkeypatch: pytest.MonkeyPatch, agentops: Agentops) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    ended = agentops("doctor")
    assert (ended.code, ended.err) == (130, "interrupted\n")


def test_the_program_exits_with_the_verbs_code(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["explain", "no-such-code"])
    assert ended.value.code == 64
    assert "no-such-code" in capsys.readouterr().err


def test_the_doctor_says_what_is_well_and_what_to_do(project: Path, agentops: Agentops) -> None:
    well = agentops("doctor")
    assert well.code == 0, well.out
    assert "ok    platform: http://127.0.0.1:" in well.out
    lacking = agentops("doctor", "-e", "staging")
    assert lacking.code == 1
    assert "FAIL  API key" in lacking.out
    assert "      next: export SMALLEST_API_KEY_STAGING" in lacking.out


def test_a_call_that_was_recorded_can_be_written_once(project: Path, agentops: Agentops) -> None:
    assert agentops("record", "CALL-0", "-e", "local").code == 1
    assert agentops("merge", "reports", "missing.json", "--output", "all").code == 64
    assert agentops("smoke", "agents/calls/missing.yaml").code == 64


@pytest.mark.slow
def test_files_of_specs(project: Path, agentops: Agentops) -> None:
    assert agentops("validate").code == 0
    assert agentops("lint", "--format", "sarif").code == 0
    assert "firstMessage" in agentops("render", "--agent", "support").out
    assert "agents/support.yaml" in agentops("render", "--agent", "support", "--explain", "config.firstMessage").out
    assert agentops("fmt", "--check").code == 0
    assert agentops("schema", "call").out.startswith("{")
    assert agentops("schema", "nothing").code == 64
    assert agentops("schema", "--output", "made").code == 0
    assert agentops("schema", "--output", "made", "--check").code == 0
    (project / "made/call.schema.json").write_text("{}")
    assert agentops("schema", "--output", "made", "--check").code == 1
    assert "unknown-field" in agentops("explain").out
    assert agentops("explain", "unknown-field", "--format", "json").out.startswith("{")
    assert "Next:" in agentops("explain", "REDEPLOY").out
    assert agentops("explain", "--format", "markdown").out.startswith("#")
    assert agentops("explain", "unknown-feld").code == 64


def test_client_code_is_scanned(project: Path, agentops: Agentops) -> None:
    (project / "client.js").write_text("fetch('https://api.elevenlabs.io/v1/convai/agents')\n")
    assert "client.js" in agentops("scan-client", "client.js").out
    assert agentops("scan-client", "client.js", "--format", "json").out.lstrip().startswith(("{", "["))
