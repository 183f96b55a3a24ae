"""The verbs of scripted calls from the command line, on the embedded emulator, in text so that they take no time."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from command_line import Agentops

from agentops import speech
from agentops.installation import install_command

pytestmark = pytest.mark.slow

CHAT = ("agents/calls/support-goodbye.yaml", "agents/calls/bilingual-chat.yaml")


@pytest.fixture
def deployed(project: Path, agentops: Agentops) -> Path:
    assert agentops("apply", "-e", "local", "--yes").code == 0
    return project


def test_a_good_line_passes_and_leaves_reports(deployed: Path, agentops: Agentops) -> None:
    ended = agentops("smoke", *CHAT, "--output", "out")
    assert ended.code == 0, ended.err
    assert "PASSED: 2 passed" in ended.out
    assert {"report.html", "report.json", "junit.xml", "summary.md"} <= {p.name for p in (deployed / "out").iterdir()}
    assert (deployed / "out" / "support-goodbye" / "events.jsonl").exists()
    assert not (deployed / "out" / "support-goodbye" / "recording.wav").exists()


def test_a_line_that_says_something_else_fails_with_exit_6(deployed: Path, agentops: Agentops) -> None:
    script = deployed / CHAT[0]
    script.write_text(script.read_text().replace("How can I help", "Welcome to the zoo"))
    ended = agentops("smoke", CHAT[0], "--output", "out")
    assert ended.code == 6
    assert 'expected: agent contains "Welcome to the zoo" within 10 s' in ended.out
    assert "support-goodbye.yaml:7:5" in ended.out


def test_the_second_run_is_compared_with_the_first(deployed: Path, agentops: Agentops) -> None:
    agentops("smoke", CHAT[0], "--output", "out/one")
    report = json.loads((deployed / "out/one/report.json").read_text())
    report["started_at"] = "2020-01-01T00:00:00+00:00"
    (deployed / "out/one/report.json").write_text(json.dumps(report))
    agentops("smoke", CHAT[0], "--output", "out/two")
    assert '"previous":{"verdict":"passed"' in (deployed / "out/two/report.html").read_text("utf-8")


def test_shards_are_called_apart_and_merged(deployed: Path, agentops: Agentops) -> None:
    for part in ("1", "2"):
        assert agentops("smoke", *CHAT, "--shard", f"{part}/2", "--output", f"part{part}").code == 0
    ended = agentops("merge", "reports", "part1/report.json", "part2/report.json", "--output", "all")
    assert ended.code == 0
    assert "PASSED: 2 passed" in ended.out
    assert len(json.loads((deployed / "all/report.json").read_text())["scripts"]) == 2


def test_a_dry_run_calls_nobody(project: Path, agentops: Agentops) -> None:
    ended = agentops("smoke", "--dry-run", "--tag", "tools")
    assert ended.code == 0
    assert "appointments: The desk books an appointment" in ended.out
    assert "Nothing was called." in ended.out
    assert not (project / ".agentops").exists()


def test_a_budget_is_kept(project: Path, agentops: Agentops) -> None:
    ended = agentops("smoke", "--dry-run", "--budget", "0.1")
    assert ended.code == 4
    assert "the budget is 0.1" in ended.err


def test_a_call_becomes_a_script_that_can_be_called(deployed: Path, agentops: Agentops) -> None:
    agentops("smoke", CHAT[1], "--output", "out")
    call_id = json.loads((deployed / "out/report.json").read_text())["scripts"][0]["calls"][0]["call_id"]
    assert agentops("record", call_id, "--output", "agents/calls/recorded.yaml").code == 0
    assert "¿A qué hora abren?" in (deployed / "agents/calls/recorded.yaml").read_text("utf-8")
    assert agentops("smoke", "agents/calls/recorded.yaml", "--output", "again").code == 0
    assert agentops("record", call_id, "--output", "agents/calls/recorded.yaml").code == 64  # never overwrites
    shown = agentops("record", call_id)
    assert (shown.code, shown.out) == (0, (deployed / "agents/calls/recorded.yaml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("smoke", "agents/calls/none.yaml"), 64, "can't be read"),
        (("smoke", "--tag", "nothing"), 64, "no call script fits"),
        (("smoke", "--shard", "6/5"), 64, "is not I/N"),
        (("smoke", "--agent", "nobody"), 64, "nobody"),
        (("record", "CALL-0-none"), 1, "there is no call"),
        (("merge", "reports", "none.json", "--output", "x"), 64, "can't be read"),
    ],
)
def test_mistakes_end_in_a_message(
    deployed: Path, agentops: Agentops, arguments: tuple[str, ...], code: int, told: str
) -> None:
    ended = agentops(*arguments)
    assert ended.code == code
    assert told in ended.err


def test_an_agent_that_is_not_deployed_is_said_so(project: Path, agentops: Agentops) -> None:
    ended = agentops("smoke", CHAT[0])
    assert ended.code == 64
    assert "agentops apply -e local" in ended.err


def test_a_broken_script_is_told_with_its_line_and_nobody_is_called(deployed: Path, agentops: Agentops) -> None:
    (deployed / CHAT[0]).write_text("agent: support\nsteps:\n  - expekt: hello\n")
    ended = agentops("smoke", CHAT[0])
    assert ended.code == 1
    assert "support-goodbye.yaml:3:5: error[call-script]: steps.0 is not a step" in ended.err


def test_a_spoken_call_without_the_extra_says_what_to_install(
    deployed: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)  # how Python itself marks what can't be imported
    ended = agentops("smoke", "agents/calls/support-hours.yaml")
    assert ended.code == 64
    assert f"next: `{install_command('speech')}`, or" in ended.err
    assert agentops("smoke", CHAT[0], "--output", "out").code == 0


@pytest.mark.speech
@pytest.mark.skipif(not speech.is_available(), reason="the speech extra is not installed")
def test_the_gate_sees_broken_agents(project: Path, agentops: Agentops) -> None:
    ended = agentops("smoke", "--mutate", "agents/calls/support-hours.yaml", *CHAT)
    assert ended.code == 0, ended.out
    assert ended.out.count("ok    ") == 4 + 2 + 2
    assert not (project / ".agentops").exists()


def test_a_script_that_a_broken_agent_passes_is_caught(project: Path, agentops: Agentops) -> None:
    (project / CHAT[0]).write_text("agent: support\nmode: chat\nsteps:\n  - expect: How can I help\n")
    ended = agentops("smoke", "--mutate", CHAT[0])
    assert ended.code == 6
    assert "NOT OK agents/calls/support-goodbye.yaml, it understands nothing: passed" in ended.out


def test_what_is_said_is_told_line_by_line_but_not_to_programs(deployed: Path, agentops: Agentops) -> None:
    ended = agentops("smoke", CHAT[0], "--output", "out")
    report = json.loads((deployed / "out/report.json").read_text())
    [call] = [call for each in report["scripts"] for call in each["calls"]]
    told = [line.split("  ", 3)[3] for line in ended.err.splitlines() if line.startswith("  support  0:")]
    assert told == [f"{turn['role']}: {turn['text']}" for turn in call["turns"]]
    assert "  support  0:" not in agentops("smoke", CHAT[0], "--output", "again", "--format", "json").err
