"""What agentops itself deploys to the emulator: fields and voices that it does not know, and agents of playbooks."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from agentops.cli.app import run
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import RunningEmulator, start

pytestmark = pytest.mark.slow

UNKNOWN_FIELD = """\
name: Line
config:
  firstMessage: Hello
  singlePromptConfig: {prompt: Be brief.}
  synthesizer: {voiceConfig: {model: waves_lightning_v3_1, voiceId: meher, modelId: lightning-v3.1-pro}}
  $passthrough: {ambience: {name: harbour, level: 2}}
"""
UNKNOWN_VOICE = """\
name: Line
config:
  firstMessage: Hello
  singlePromptConfig: {prompt: Be brief.}
  synthesizer: {voiceConfig: {model: waves_lightning_v3_1, voiceId: not-yet-listed}}
"""
PLAYBOOKS = """\
name: Line
workflow_type: multi_agents
config:
  firstMessage: Hello
  globalPrompt: Help the caller.
  playbooks:
    router: {fallbackPlaybookId: general}
    conversationGuide: Be kind.
    auth:
      weakTools: [{type: api_call, name: know_number, description: d, method: GET, url: "https://crm.example/x"}]
    playbooks:
      - {id: general, name: General, intentName: general, intentDescription: Anything., prompt: Help.}
      - {id: card, name: Card, intentName: card, intentDescription: A stolen card., prompt: Freeze., authLevel: weak}
"""


def project(folder: Path, spec: str, monkeypatch: pytest.MonkeyPatch, emulator: RunningEmulator) -> None:
    (folder / "agents").mkdir()
    (folder / "agents" / "line.yaml").write_text(spec)
    (folder / "agentops.yaml").write_text("project: line\ndefault_environment: rig\nenvironments: {rig: {}}\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SMALLEST_BASE_URL", emulator.base_url)
    monkeypatch.setenv("SMALLEST_API_KEY", "sk_line")


@pytest.mark.parametrize(
    ("spec", "options", "flags"),
    [
        pytest.param(UNKNOWN_FIELD, {}, [], id="a field that only the platform knows"),
        pytest.param(UNKNOWN_VOICE, {}, ["--ack", "VOICE_UNKNOWN"], id="a voice that no catalog has"),
        pytest.param(PLAYBOOKS, {"multi_agents": True}, [], id="playbooks"),
    ],
)
def test_it_is_applied_and_then_nothing_is_left_to_do(
    spec: str,
    options: dict[str, bool],
    flags: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with start(EmulatorOptions(scan_delay_s=0.0, **options)) as emulator:  # type: ignore[arg-type]
        project(tmp_path, spec, monkeypatch, emulator)
        assert run(["apply", "--yes", *flags]) == 0, capfd.readouterr()
        assert run(["plan", "--detailed-exitcode", *flags]) == 0, capfd.readouterr()


def test_a_field_that_nobody_knows_is_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with start(EmulatorOptions(scan_delay_s=0.0)) as emulator:
        project(tmp_path, UNKNOWN_FIELD, monkeypatch, emulator)
        assert run(["apply", "--yes"]) == 0, capfd.readouterr()
        (agent,) = emulator.store.database.all("agent")
        with httpx2.Client(base_url=f"{emulator.base_url}/atoms/v1", headers={"Authorization": "Bearer sk_a"}) as http:
            config = http.get(f"/agent/{agent['_id']}").json()["data"]["_resolvedConfig"]
        assert config["ambience"] == {"name": "harbour", "level": 2}
        assert config["synthesizerArgs"]["modelId"] == "lightning-v3.1-pro"


def test_a_voice_that_the_platform_refuses_is_named_and_the_next_apply_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with start(EmulatorOptions(scan_delay_s=0.0, strict_voices=True)) as emulator:
        project(tmp_path, UNKNOWN_VOICE, monkeypatch, emulator)
        assert run(["apply", "--yes", "--ack", "VOICE_UNKNOWN"]) != 0
        assert "not-yet-listed" in capfd.readouterr().out
        (tmp_path / "agents" / "line.yaml").write_text(UNKNOWN_VOICE.replace("not-yet-listed", "yuvika"))
        assert run(["apply", "--yes"]) == 0, capfd.readouterr()
        assert len(emulator.store.database.all("agent")) == 1
