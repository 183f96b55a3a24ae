"""What the platform refuses while agents are read is told as what it is, by every verb that reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from command_line import Agentops

from agentops.cli import local
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

pytestmark = pytest.mark.slow

SPEC = """\
name: Acme desk
config:
  firstMessage: Hello, how can I help?
  singlePromptConfig: {prompt: Help the caller of Acme with orders and bookings.}
"""


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an emulator, for the project in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("agents").mkdir()
    Path("agents/desk.yaml").write_text(SPEC, "utf-8")
    Path("agentops.yaml").write_text("project: acme\nenvironments: {test: {target: emulator}}\n", "utf-8")
    with (
        start(EmulatorOptions(scan_delay_s=0, data=local.data_file(Path()))) as running,
        local.announced(Path(), running.base_url),
    ):
        yield running.base_url


@pytest.mark.parametrize(("status", "told"), [(401, "does not accept the API key"), (403, "Emulated"), (500, "500")])
def test_the_error_is_told(platform: str, agentops: Agentops, status: int, told: str) -> None:
    assert agentops("apply", "--yes").code == 0
    fault = {"kind": "status", "method": "GET", "path": "*/revisions/*", "status": status}
    httpx2.post(f"{platform}/_emulator/faults", json=fault).raise_for_status()
    for command in ("plan", "apply --yes", "drift", "status", "pull", "diff", "rollback desk", "history desk"):
        ended = agentops(*command.split())
        assert ended.code == 1, command
        assert told in ended.err, command
