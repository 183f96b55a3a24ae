"""The migration certificate: every value's fate, and the same call beside one of the old agent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentops.cli.app import run
from agentops.importers.elevenlabs.old_call import OldTurn, read_old_call
from agentops.importers.fidelity_file import read_report

AGENT = {
    "name": "Tea House",
    "conversation_config": {
        "agent": {"first_message": "Good morning, tea house.", "prompt": {"prompt": "Sell tea.", "llm": "gpt-4o"}},
        "conversation": {"text_only": True},
    },
}
OLD = {
    "transcript": [
        {"role": "agent", "message": "Good morning, tea house.", "time_in_call_secs": 0},
        {"role": "user", "message": "Green | tea", "time_in_call_secs": 4},
        {"role": "agent", "message": None},
    ]
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tea.json").write_text(json.dumps(AGENT))
    source, root = str(tmp_path / "tea.json"), tmp_path / "project"
    assert run(["import", "elevenlabs", source, "--output", str(root), "--no-input", "--voice", "nyah"]) == 0
    return root


@pytest.mark.slow
def test_a_certificate_has_every_fate_and_both_calls(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = project / "old.json"
    old.write_text(json.dumps(OLD))
    assert run(["apply", "--yes", "--project", str(project)]) == 0
    arguments = ["import", "certificate", "tea-house", "--project", str(project), "--old", str(old)]
    assert run(arguments) == 0
    assert "tea-house: passed, 1 call made." in capsys.readouterr().out
    page = (project / "report/certificates/tea-house.md").read_text()
    report = read_report((project / "report/report.json").read_text(), "report.json")
    for item in report.agents[0].items:
        assert f"`{item.source}`" in page, item
    assert "| **agent:** Good morning, tea house. | **agent:** Good morning, tea house" in page
    assert "**caller:** Green \\| tea" in page


@pytest.mark.slow
def test_what_is_missing_is_said_before_anything_is_called(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["import", "certificate", "--project", str(project)]
    assert run([*arguments, "nobody"]) == 64
    assert "it has tea-house" in capsys.readouterr().err
    assert run([*arguments, "tea-house", "--old", str(project / "none.json")]) == 64
    spec = project / "agents/tea-house.yaml"
    spec.write_text(spec.read_text().partition("calls:\n")[0] + "calls: {none: listened to}\n")
    assert run([*arguments, "tea-house"]) == 64
    told = capsys.readouterr().err
    assert told.endswith(
        "error: tea-house has no call script to be called by\n  next: name one under `calls:` in its spec\n"
    )
    (project / "report/report.json").write_text("{}")
    assert run([*arguments, "tea-house"]) == 64
    assert "is not a fidelity report" in capsys.readouterr().err
    (project / "report/report.json").unlink()
    assert run([*arguments, "tea-house"]) == 64
    told = capsys.readouterr().err
    assert "report/report.json is not there\n  next: `agentops import elevenlabs SOURCE` writes it\n" in told


def test_old_calls_are_read_in_three_forms(tmp_path: Path) -> None:
    record, lines, sound = tmp_path / "a.json", tmp_path / "b.txt", tmp_path / "c.wav"
    record.write_text(json.dumps(OLD))
    lines.write_text("Agent: Good morning.\n[00:04] Customer: Green tea,\nplease.\n")
    sound.write_bytes(b"RIFF")
    assert read_old_call(record).turns == (
        OldTurn(True, "Good morning, tea house.", 0.0),
        OldTurn(False, "Green | tea", 4.0),
    )
    assert read_old_call(lines).turns == (OldTurn(True, "Good morning."), OldTurn(False, "Green tea, please."))
    assert read_old_call(sound).recording == sound
