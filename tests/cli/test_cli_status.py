"""What serves, as one table: before a deploy, after it, and when a spec has changed since."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Agentops
from terminal import CTRL_C, type_command

pytestmark = pytest.mark.slow


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


def test_the_status_of_more_agents_takes_two_requests_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agentops.yaml").write_text("project: many\nenvironments: {local: {target: emulator}}\n")
    voice = "voiceConfig: {model: waves_lightning_v3_1, voiceId: nyah}"
    for number in range(6):
        config = f"{{firstMessage: Hi, singlePromptConfig: {{prompt: Help.}}, synthesizer: {{{voice}}}}}"
        (tmp_path / f"agents/a{number}.yaml").write_text(f"name: Agent {number}\nconfig: {config}\n")
    assert agentops("apply", "--yes").code == 0
    few = agentops("status", "-v", "--agent", "a0").err.count(" -> ")
    assert agentops("status", "-v").err.count(" -> ") - few <= 5 * 2


def test_watching_draws_anew_until_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops) -> None:
    monkeypatch.chdir(tmp_path)
    assert agentops("init", "--name", "acme").code == 0
    watching = type_command(["status", "--watch", "--every", "1"], tmp_path)
    drawn = "Status of acme, environment local"
    while watching.text.count(drawn) < 2:
        assert watching.read()
    assert watching.raw.count(b"\x1b[2J") >= 2
    assert watching.type(CTRL_C).end() == 130
    assert "Traceback" not in watching.text
