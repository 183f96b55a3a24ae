"""The emulator's own options from the command line, as far as they are refused before it listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Agentops

from agentops.cli import local
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.errors import ExitCode


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--llm-url", "http://127.0.0.1:1/v1"], "--llm-url and --llm-model belong together"),
        (["--llm-model", "tiny"], "--llm-url and --llm-model belong together"),
        (["--llm-url", "localhost:1", "--llm-model", "tiny"], "http:// or https://"),
    ],
)
def test_a_language_model_that_cannot_be_meant(
    agentops: Agentops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = agentops("emulator", "--port", "0", *arguments)
    assert ended.code == ExitCode.USAGE
    assert said in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("is_patient", [True, False])
def test_a_command_waits_for_another_one_that_uses_the_projects_emulator(
    project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch, is_patient: bool
) -> None:
    told: list[str] = []
    with start(EmulatorOptions(data=local.data_file(project))) as other:

        def talk(text: str) -> None:
            told.append(text)
            other.stop()

        monkeypatch.setattr(local, "talk", talk)
        monkeypatch.setattr(local, "_TELL_AFTER_S", 0.0)
        monkeypatch.setattr(local, "_WAIT_S", 60.0 if is_patient else 0.0)
        ended = agentops("plan", "--agent", "support")
    if is_patient:
        waiting = "waiting for another agentops command that uses this project's emulator (Ctrl-C gives up) ..."
        assert told[0] == waiting
        assert len(told) == 2
        assert (ended.code, "1 to create" in ended.out) == (ExitCode.DONE, True)
    else:
        assert (ended.code, ended.out, told) == (ExitCode.USAGE, "", [])
        assert "emulator.db is in use" in ended.err
