"""`agentops history`: everything as a table for programs, and what served at a moment."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from command_line import Agentops

from agentops.errors import ExitCode

pytestmark = pytest.mark.slow

SPEC = """\
name: Acme desk
config:
  firstMessage: {greeting}
  singlePromptConfig: {{prompt: Help the caller of Acme with orders and bookings.}}
  synthesizer: {{voiceConfig: {{model: waves_lightning_v3_1, voiceId: nyah}}}}
"""


@pytest.fixture(params=["v1", "v2"])
def api(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops) -> str:
    """The platform's generation, with an agent that was deployed twice and rolled back."""
    generation = str(request.param)
    (tmp_path / "agentops.yaml").write_text("project: acme\nenvironments: {test: {target: emulator}}\n", "utf-8")
    (tmp_path / "agents").mkdir()
    monkeypatch.chdir(tmp_path)
    for greeting in ("Hello", "Good morning"):
        Path("agents/desk.yaml").write_text(SPEC.format(greeting=greeting), "utf-8")
        assert agentops("apply", "--yes", "--api", generation).code == ExitCode.DONE
    assert agentops("rollback", "desk", "--yes", "--api", generation).code == ExitCode.DONE
    return generation


def test_every_revision_is_a_row(agentops: Agentops, api: str) -> None:
    listed = json.loads(agentops("history", "--api", api, "--format", "json").out)[0]["revisions"]
    rows = list(csv.DictReader(StringIO(agentops("history", "--api", api, "--format", "csv").out)))
    assert [row["revision_id"] for row in rows] == [each["revision_id"] for each in listed]
    assert [row["is_live"] for row in rows].count("true") == 1
    assert {row["calls"] for row in rows} == {"not known"}
    assert any(row["restored_from"] for row in rows) == (api == "v2")


def test_what_serves_now_served_just_now(agentops: Agentops, api: str) -> None:
    now = datetime.now(UTC).isoformat()
    served = json.loads(agentops("history", "--api", api, "--at", now, "--format", "json").out)[0]
    assert served["revision"]["is_live"] is True
    assert served["doubt"] is None
    text = agentops("history", "--api", api, "--at", now)
    assert "calls         not known" in text.out
    rows = list(csv.DictReader(StringIO(agentops("history", "--api", api, "--at", now, "--format", "csv").out)))
    assert [row["revision_id"] for row in rows] == [served["revision"]["revision_id"]]
    before = agentops("history", "--api", api, "--at", "2020-01-01 10:00").out
    assert "no revision had been published" in before
    assert agentops("history", "--api", api, "--at", "2999-01-01").code == ExitCode.USAGE
