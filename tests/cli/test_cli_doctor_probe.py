"""`agentops doctor --probe`: what it says before it asks, what it writes, and what it tells of what it left."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer
from command_line import Agentops

from agentops.cli import doctor as doctor_verb
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.remote.probe import ProbeAnswer
from agentops.remote.scratch import SCRATCH
from agentops.workflow import probing
from agentops.workflow.probing import ProbeReport, ProbeTarget

ELSEWHERE = """
  there:
    base_url: {}
    api_key: ${{{{ secrets.KEY }}}}
    variables: {{voice: nyah, transfer_to: "+14155550199"}}
    secrets:
      KEY: {{value: sk_emulator}}
      CRM_TOKEN: {{value: demo-token}}
"""


class SkippingClock:
    """Real time, with what somebody waited for on top of it."""

    skipped_s = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() + SkippingClock.skipped_s

    async def sleep(self, seconds: float) -> None:
        SkippingClock.skipped_s += seconds
        await asyncio.sleep(0)


@pytest.mark.slow
def test_an_account_is_asked_and_its_answers_are_written(
    project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentops.net.client.SystemClock", SkippingClock)
    monkeypatch.setattr(probing, "SystemClock", SkippingClock)
    with start(EmulatorOptions(seed=1, scan_delay_s=0.0)) as emulator:
        settings = (project / "agentops.yaml").read_text()
        (project / "agentops.yaml").write_text(settings + ELSEWHERE.format(emulator.base_url))
        ended = agentops("doctor", "--probe", "-e", "there", "--yes", "--output", "found.json")
        left = httpx2.get(f"{emulator.base_url}/atoms/v1/agent", headers={"Authorization": "Bearer sk_emulator"})
    assert ended.code == 0, ended.err
    assert f"The probe asks {emulator.base_url} " in ended.err
    assert f"It makes two scratch agents called '{SCRATCH}' and the time" in ended.err
    assert "Written to found.json" in ended.err
    answers = json.loads((project / "found.json").read_text())["answers"]
    assert answers["chat_session"] == {"answer": "opened", "reason": None}
    assert "chat_session: opened\n" in ended.out
    assert "number_move: not known (not asked: it would take a number away from another agent)\n" in ended.out
    assert len(ended.out.splitlines()) == len(answers)
    assert left.json()["data"]["agents"] == []


REPORT = ProbeReport(
    "2026-11-22T10:30:00+00:00", (ProbeAnswer("mirrors", "live"), ProbeAnswer("tool_name", None, "no tool"))
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ProbeTarget]:
    """Nobody is asked: who would have been."""
    targets: list[ProbeTarget] = []

    async def run_probe(target: ProbeTarget, on_finding: Callable[[ProbeAnswer], None]) -> ProbeReport:
        targets.append(target)
        for found in REPORT.answers:
            on_finding(found)
        return REPORT

    monkeypatch.setattr(probing, "run_probe", run_probe)
    return targets


def test_an_account_is_named_and_nothing_is_asked_without_consent(
    project: Path, agentops: Agentops, asked: list[ProbeTarget]
) -> None:
    unnamed = agentops("doctor", "--probe", "--yes")
    assert (unnamed.code, "`agentops doctor --probe -e ENV`" in unnamed.err) == (64, True)
    alone = agentops("doctor", "--clean", "-e", "local")
    assert (alone.code, "--clean goes with --probe" in alone.err) == (64, True)
    unattended = agentops("doctor", "--probe", "-e", "local")
    assert (unattended.code, "add --yes" in unattended.err) == (64, True)
    assert "The probe asks the local emulator " in unattended.err
    assert (asked, (project / "agentops-probe.json").exists()) == ([], False)


@pytest.mark.parametrize(("typed", "code"), [("local", 0), ("prod", 1)])
def test_at_a_terminal_the_environments_name_is_typed(
    typed: str,
    code: int,
    project: Path,
    agentops: Agentops,
    asked: list[ProbeTarget],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor_verb, "is_interactive", lambda: True)
    monkeypatch.setattr(typer, "prompt", lambda text, **_: typed)
    ended = agentops("doctor", "--probe", "-e", "local")
    assert ended.code == code
    assert len(asked) == (0 if code else 1)
    assert ("Nothing was asked." in ended.err) is bool(code)
    assert (project / "agentops-probe.json").exists() is not bool(code)


def test_as_json_the_report_alone_is_printed(project: Path, agentops: Agentops, asked: list[ProbeTarget]) -> None:
    ended = agentops("doctor", "--probe", "-e", "local", "--yes", "--format", "json")
    assert ended.code == 0
    assert ended.out == (project / "agentops-probe.json").read_text() == REPORT.to_json()
    assert json.loads(ended.out)["answers"]["tool_name"] == {"answer": None, "reason": "no tool"}
    assert (
        agentops("doctor", "--probe", "-e", "local", "--yes").out == "mirrors: live\ntool_name: not known (no tool)\n"
    )


def test_what_could_not_be_taken_away_is_named_with_what_tries_again(
    project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run_probe(target: ProbeTarget, on_finding: Any) -> ProbeReport:
        return ProbeReport(REPORT.made_at, (), ("agentops probe 2026",))

    monkeypatch.setattr(probing, "run_probe", run_probe)
    ended = agentops("doctor", "--probe", "-e", "local", "--yes")
    assert ended.code == 1
    again = "`agentops doctor --probe --clean -e local`"
    assert f"warning: 'agentops probe 2026' is still there: {again} tries again" in ended.err


def test_cleaning_says_how_much_it_took_away(
    project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned = agentops("doctor", "--probe", "--clean", "-e", "local")
    assert (cleaned.code, cleaned.out) == (0, "took away 0 of 0 scratch agents and tools\n")

    async def clean_up(target: ProbeTarget) -> tuple[int, int]:
        return 1, 2

    monkeypatch.setattr(probing, "clean_up", clean_up)
    cleaned = agentops("doctor", "--probe", "--clean", "-e", "local")
    assert (cleaned.code, cleaned.out) == (1, "took away 1 of 3 scratch agents and tools\n")
    cleaned = agentops("doctor", "--probe", "--clean", "-e", "local", "--format", "json")
    assert (cleaned.code, json.loads(cleaned.out)) == (1, {"archived": 1, "left": 2})
