"""Where nobody knows the platform the emulator chooses at random, and agentops must come out right all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentops.cli.app import run
from agentops.emulator.options import Choices, EmulatorOptions
from agentops.emulator.server import start

SPEC = """\
name: Shuffled
config:
  firstMessage: "Hello {{name}}"
  defaultVariables: {name: there}
  slmModel: gpt-4o
  transcriberType: pulse
  language: {default: en, supported: [en, es], switching: {isEnabled: true}}
  synthesizer: {voiceConfig: {model: waves_lightning_v3_1, voiceId: daniel}, speed: 1.1, sampleRate: 24000}
  redactionConfig: {isEnabled: false}
  timezone: {label: Europe/Berlin, offset: 60}
  singlePromptConfig:
    prompt: Be brief.
    tools: [{type: end_call, name: end_call, description: Ends the call.}]
"""


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "api"), [(3, "v2"), (4, "v2"), (5, "v2"), (6, "v1")])
def test_an_apply_converges_whatever_the_emulator_chose(
    seed: int, api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "shuffled.yaml").write_text(SPEC)
    (tmp_path / "agentops.yaml").write_text("project: shuffle\ndefault_environment: rig\nenvironments: {rig: {}}\n")
    monkeypatch.chdir(tmp_path)
    with start(EmulatorOptions(api=api, scan_delay_s=0.1, choices=Choices.shuffled(seed))) as emulator:
        monkeypatch.setenv("SMALLEST_BASE_URL", emulator.base_url)
        monkeypatch.setenv("SMALLEST_API_KEY", "sk_shuffle")
        assert run(["apply", "--yes"]) == 0, capfd.readouterr()
        assert run(["plan", "--detailed-exitcode"]) == 0, capfd.readouterr()
        (tmp_path / "agents" / "shuffled.yaml").write_text(SPEC.replace("Be brief.", "Be brief and kind."))
        assert run(["plan", "--detailed-exitcode"]) == 2, capfd.readouterr()
        assert run(["apply", "--yes"]) == 0, capfd.readouterr()
        assert run(["plan", "--detailed-exitcode"]) == 0, capfd.readouterr()
        revisions = emulator.store.database.all("revision")
    assert [revision["config"]["singlePromptConfig"]["prompt"] for revision in revisions] == [
        *("", "Be brief.", "Be brief and kind.")
    ]
