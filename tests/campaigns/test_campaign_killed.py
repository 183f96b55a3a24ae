"""SIGKILL at each write of `campaign create` and `start`, before the platform carries it out and after; then again."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from campaign_world import create_and_start
from command_line import Agentops
from starlette.types import ASGIApp, Receive, Scope, Send

from agentops.emulator.app import create_app
from agentops.emulator.options import EmulatorOptions

pytestmark = pytest.mark.slow

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["agentops.cli.campaign", "agentops.workflow.campaigns"])
WRITES = ("POST /atoms/v1/audience", "POST /atoms/v1/campaign", "POST /atoms/v1/campaign/ID/start")


@dataclass(slots=True)
class Guillotine:
    """Kills the client at the write that it was told, before or after the emulator behind it has carried it out."""

    app: ASGIApp | None = None
    writes: list[str] = field(default_factory=list)
    kill_at: int = 0
    before: bool = True
    victim: BaseProcess | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        if scope["type"] == "http" and scope["method"] != "GET":
            path = "/".join("ID" if len(part) == 24 else part for part in scope["path"].split("/"))
            self.writes.append(f"{scope['method']} {path}")
            if len(self.writes) == self.kill_at:
                if not self.before:
                    await self.app(scope, receive, _lost)
                assert self.victim is not None
                assert self.victim.pid is not None
                os.kill(self.victim.pid, signal.SIGKILL)
                return
        await self.app(scope, receive, send)


async def _lost(message: Any) -> None:
    """The answer that the client does not live to see."""


@pytest.fixture
def served(deployed: Path) -> Iterator[tuple[Guillotine, str]]:
    """An emulator behind the guillotine, and the project's environment pointed at it."""
    guillotine = Guillotine()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(guillotine, log_config=None, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = deployed / "agentops.yaml"
    target = f"  local:\n    base_url: {address}\n    api_key: ${{{{ secrets.SMALLEST_API_KEY }}}}\n"
    target += "    rate_limit: {requests_per_second: 1000}\n"
    settings.write_text(settings.read_text().replace("  local:\n    target: emulator\n", target))
    yield guillotine, address
    server.should_exit = True
    thread.join(5)


def test_a_kill_at_any_write_leaves_no_second_audience_and_no_second_campaign(
    served: tuple[Guillotine, str],
    deployed: Path,
    agentops: Agentops,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guillotine, address = served
    monkeypatch.setenv("SMALLEST_API_KEY", "sk_emulator")
    digest = ""
    for kill_at in range(1, len(WRITES) + 1):
        for before in (True, False):
            data = tmp_path / f"{kill_at}-{before}.db"
            shutil.copy(deployed / ".agentops" / "emulator.db", data)
            guillotine.app, guillotine.before, guillotine.kill_at = create_app(EmulatorOptions(data=data)), before, 0
            digest = digest or agentops("campaign", "check", "renewals").out.rpartition("digest: ")[2].strip()
            guillotine.writes.clear()
            child = PROCESSES.Process(target=create_and_start, args=(str(deployed), digest, dict(os.environ)))
            guillotine.victim, guillotine.kill_at = child, kill_at
            child.start()
            child.join(200)
            assert child.exitcode == -signal.SIGKILL
            assert agentops("campaign", "create", "renewals").code == 0
            assert agentops("campaign", "start", "renewals", "--yes", "--digest", digest).code == 0
            repeated = [guillotine.kill_at] if before else []
            assert guillotine.writes == sorted([*WRITES, *(WRITES[each - 1] for each in repeated)], key=WRITES.index)
            for kind, name in (("audience", None), ("campaign", "campaigns")):
                answer = httpx2.get(f"{address}/atoms/v1/{kind}", headers={"Authorization": "Bearer sk_emulator"})
                found = answer.json()["data"]
                assert len(found[name] if name else found) == 1
