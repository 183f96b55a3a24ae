"""The budget for the calls of an apply: kept before anything is written, and counting every call that would be made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import Agentops

pytestmark = pytest.mark.slow

APPLY = ("apply", "-e", "demo", "--agent", "bilingual", "--yes")


@pytest.fixture
def minutes(project: Path, agentops: Agentops) -> float:
    """About how long the calls of `bilingual` take, all of them in text so that they take no time here."""
    spec = project / "agents" / "bilingual.yaml"
    spec.write_text(spec.read_text().replace("  - calls/bilingual-english.yaml\n", ""))
    told = agentops("smoke", "--dry-run", "-e", "demo", "--agent", "bilingual").out
    assert "1 script, " in told
    seconds = re.search(r"about (\d+) s", told)
    assert seconds is not None
    return int(seconds[1]) / 60


def allow(project: Path, minutes: float) -> None:
    path = project / "agentops.yaml"
    head, demo = path.read_text().split("  demo:\n")
    demo = demo.replace("      smoke: live\n", f"      smoke: live\n      call_minutes: {minutes!r}\n", 1)
    path.write_text(f"{head}  demo:\n{demo}")


def test_calls_over_the_budget_refuse_the_apply_before_anything_is_written(
    project: Path, agentops: Agentops, minutes: float
) -> None:
    allow(project, minutes / 2)
    ended = agentops(*APPLY)
    assert ended.code == 4
    assert f"the calls would take about {minutes:.1f} minutes, deploy.call_minutes is" in " ".join(ended.err.split())
    assert "--agent" in ended.err
    assert "deploy.call_minutes" in ended.err
    assert not (project / ".agentops" / "runs").exists()
    planned = agentops("plan", "-e", "demo", "--agent", "bilingual")
    assert planned.code == 4
    assert "CALL_MINUTES" in planned.out
    assert agentops(*APPLY, "--no-smoke").code == 0


def test_calls_within_the_budget_are_made(project: Path, agentops: Agentops, minutes: float) -> None:
    allow(project, minutes * 1.5)
    ended = agentops(*APPLY)
    assert ended.code == 0, ended.err
    assert "call passed" in ended.out


def test_the_calls_of_a_preview_gate_count_as_well(project: Path, agentops: Agentops, minutes: float) -> None:
    allow(project, minutes * 1.5)
    ended = agentops(*APPLY, "--gate", "preview")
    assert ended.code == 4
    assert f"would take about {minutes * 2:.1f} minutes" in " ".join(ended.err.split())


@pytest.mark.parametrize("written", ["0", "-1", "lots"])
def test_a_budget_is_a_number_of_minutes(project: Path, agentops: Agentops, written: str) -> None:
    path = project / "agentops.yaml"
    path.write_text(path.read_text().replace("smoke: live\n", f"smoke: live\n      call_minutes: {written}\n"))
    ended = agentops("validate", "-e", "demo")
    assert ended.code == 1
    assert "call_minutes" in ended.out + ended.err
