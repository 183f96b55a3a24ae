"""The emulator's own options from the command line, as far as they are refused before it listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Agentops

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
