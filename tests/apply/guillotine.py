"""Kills a client's process at a request of its choice: a door before an emulator, and how such a process starts."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["agentops.workflow.planning", "agentops.apply.engine", "agentops.apply.journal", "agentops.emulator.app"]
)


@dataclass(slots=True)
class Guillotine:
    """Counts the requests to whatever emulator stands behind it, and kills the client at the one it was told."""

    app: ASGIApp | None = None
    methods: list[str] = field(default_factory=list)
    kill_at: int = 0
    before: bool = True
    victim: BaseProcess | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.methods.append(scope["method"])
        falls = len(self.methods) == self.kill_at
        if falls and self.before:
            self._fall()
            return
        if not falls:
            await self.app(scope, receive, send)
            return

        async def never(message: Any) -> None:
            """The answer that the client does not live to see."""

        await self.app(scope, receive, never)
        self._fall()

    def _fall(self) -> None:
        if self.victim is not None and self.victim.pid is not None:
            os.kill(self.victim.pid, signal.SIGKILL)


@contextmanager
def open_guillotine() -> Iterator[tuple[Guillotine, str]]:
    """With the address that clients take it for an emulator by."""
    guillotine = Guillotine()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(guillotine, log_config=None, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield guillotine, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(5)
