"""How many calls one process holds: how late 40 ms chunks leave, and what a call costs, beside bare client tasks.

Both sides of the comparison run against the same stub server in a process of its own, one after the other: ours with
everything a call does (protocol, record, waiting steps, checks), the bare tasks with nothing but the library.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from agentops.calls.audio import to_pcm
from agentops.calls.line import CHUNK_MS, Sound
from agentops.calls.protocol import audio_frame
from agentops.calls.report import percentile
from agentops.calls.run import PreparedScript, Wiring, run_call
from agentops.calls.schedule import attentive_threads
from agentops.calls.script import Script
from agentops.calls.session import Target

COUNTS = (1, 20, 100, 250)
RATE_HZ = 24_000
LENGTH_S = 12.0
_TONE = to_pcm(0.3 * np.sin(np.arange(RATE_HZ * 2) / 13))


@dataclass(frozen=True, slots=True)
class Measured:
    """lateness_ms of every chunk sent; cpu_share: processor time per call and second of wall time."""

    lateness_ms: Sequence[float]
    cpu_share: float

    def row(self, count: int, name: str) -> str:
        ordered = sorted(self.lateness_ms)
        p50, p99 = (percentile(ordered, share) or 0.0 for share in (0.5, 0.99))
        return f"{count:>6}  {name:<10}  {p50:>8.2f}  {p99:>8.2f}  {self.cpu_share:>10.2%}  {len(ordered):>8}"


def _script() -> PreparedScript:
    """Says something twice and otherwise listens, with the sound at hand: nothing is synthesized while measuring."""
    steps = [{"silence": 1}, {"say": "a"}, {"silence": 3}, {"say": "b"}, {"silence": LENGTH_S - 9}]
    script = Script.model_validate({"agent": "stub", "steps": steps, "checks": {"duration_s": {"min": 1}}})
    return PreparedScript(script, "bench.yaml", {1: Sound("a", _TONE), 3: Sound("b", _TONE)})


async def _our_calls(count: int, port: int) -> list[float]:
    target, prepared = Target(f"http://127.0.0.1:{port}", "stub", "sk_stub"), _script()

    async def call(number: int) -> Sequence[float]:
        await asyncio.sleep(number * 1.0 / count)  # calls do not start in the same instant
        return (await run_call(prepared, target, Wiring())).lateness_ms

    with attentive_threads():  # as `run_calls` does
        found = await asyncio.gather(*(call(number) for number in range(count)))
    return [lateness for call_lateness in found for lateness in call_lateness]


async def _bare_calls(count: int, port: int) -> list[float]:
    loop = asyncio.get_running_loop()
    size = RATE_HZ * CHUNK_MS // 1000 * 2
    frames = [audio_frame(_TONE[i : i + size]) for i in range(0, len(_TONE), size)]
    lateness: list[float] = []

    async def call(number: int) -> None:
        await asyncio.sleep(number * 1.0 / count)
        async with connect(f"ws://127.0.0.1:{port}/atoms/v1/agent/connect", compression=None, proxy=None) as socket:
            listening = asyncio.create_task(_drain(socket))
            began = loop.time()
            for n in range(int(LENGTH_S * 1000 / CHUNK_MS)):
                due = began + (n + 1) * CHUNK_MS / 1000
                if (early := due - loop.time()) > 0:
                    await asyncio.sleep(early)
                lateness.append((loop.time() - due) * 1000)
                await socket.send(frames[n % len(frames)])
            listening.cancel()

    await asyncio.gather(*(call(number) for number in range(count)))
    return lateness


async def _drain(socket: object) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for frame in socket:  # type: ignore[attr-defined]
            base64.b64decode(json.loads(frame).get("audio", ""))


async def _measured(calls: Callable[[int, int], Awaitable[list[float]]], count: int, port: int) -> Measured:
    cpu, wall = time.process_time(), time.monotonic()
    lateness = await calls(count, port)
    return Measured(lateness, (time.process_time() - cpu) / (time.monotonic() - wall) / count)


@contextmanager
def _stub_server() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-m", "bench.stub_agent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
            server.terminate()


def main(counts: Sequence[int] = COUNTS) -> None:
    """Prints one row per number of calls and kind. Takes about two minutes."""
    print(f"calls of {LENGTH_S:g} s over a loopback WebSocket; {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(f"{'calls':>6}  {'kind':<10}  {'p50 ms':>8}  {'p99 ms':>8}  {'CPU / call':>10}  {'chunks':>8}")
    with _stub_server() as port:
        for count in counts:
            for name, calls in (("agentops", _our_calls), ("bare", _bare_calls)):
                measured = asyncio.run(_measured(calls, count, port))
                print(measured.row(count, name), flush=True)


if __name__ == "__main__":
    main()
