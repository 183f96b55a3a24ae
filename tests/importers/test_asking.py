"""At a terminal the import asks: a number takes a proposal, a text is taken as it is, nothing leaves it open."""

from __future__ import annotations

import io

import pytest

from agentops.cli.import_ import ask
from agentops.importers.elevenlabs.importing import ImportOptions
from agentops.importers.fidelity import AgentFidelity, FidelityReport, OpenChoice

PROPOSALS = (("avery", "a reason"), ("liam", "another"))


def report_of(*choices: OpenChoice) -> FidelityReport:
    return FidelityReport("x", (AgentFidelity("desk", "Desk", "x", (), choices=choices),))


def test_answers_by_number_by_text_and_left_open(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("2\nnyah\n\n"))
    report = report_of(
        OpenChoice("desk", "voice", "Which voice?", PROPOSALS),
        OpenChoice("desk", "other_voice", "Which other?", PROPOSALS),
        OpenChoice("desk", "model", "Which model?"),
        OpenChoice("desk", "language", "Answered before.", answer="en"),
    )
    options = ask(ImportOptions(answers={"desk": {"language": "en"}}), report)
    assert options.answers == {"desk": {"language": "en", "voice": "liam", "other_voice": "nyah"}}
    told = capsys.readouterr().err
    assert "1. avery  (a reason)" in told
    assert "Answered before" not in told
