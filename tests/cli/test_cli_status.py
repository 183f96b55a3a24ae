"""What serves, as one table: before a deploy, after it, and when a spec has changed since."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Agentops


def test_status_says_what_serves_and_what_a_plan_would_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path)
    assert agentops("init").code == 0
    [new] = json.loads(agentops("status", "--format", "json").out)["agents"]
    assert (new["live"], new["plan"]["action"]) == (None, "create")
    assert agentops("apply", "--yes", "--no-smoke").code == 0
    spec = tmp_path / "agents/support.yaml"
    spec.write_text(spec.read_text().replace("How can I help?", "What is it?"))
    row = next(line for line in agentops("status").out.splitlines() if line.startswith("support"))
    assert "revision 2" in row
    assert "update 1 field" in row
    assert "not known" in row  # nobody has called it
    assert "| support | revision 2 |" in agentops("status", "--format", "markdown").out
