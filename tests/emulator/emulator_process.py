"""`agentops emulator` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

COMMAND = [sys.executable, "-m", "agentops.cli.app", "emulator", "--port", "0", "--scan-delay", "0"]
HEADERS = {"Authorization": "Bearer sk_test"}


@contextmanager
def running(*options: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    """The command in a process of its own, and a client for the address that it announced."""
    process = subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        with httpx2.Client(base_url=f"{address}/atoms/v1", headers=HEADERS) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
