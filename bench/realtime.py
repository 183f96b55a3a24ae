"""How many real-time voice calls the emulator holds, and how late its audio is, beside a bare starlette echo.

Both servers run in a process of their own, one after the other, with the same callers: each streams 40 ms chunks and
is sent 20 ms deltas. An emulated call is a whole one: greeting, a spoken question that is recognised, a spoken answer.
A delta's jitter is how much later it arrives than the schedule of its own utterance or echo says.
Run it with `python -m bench.realtime [CALLS]`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from agentops import speech

CALLS = 100
RATE_HZ = 24000
CHUNK_BYTES = RATE_HZ // 25 * 2
ECHO_S = 12.0
RAMP_S = 6.0
OPTIONS: dict[str, Any] = {"open_timeout": 30, "ping_interval": None}
KEY = {"Authorization": "Bearer sk_bench"}
QUESTION = "What are your opening hours?"
BEHAVIOUR = """
agents: ["Bench*"]
turns:
  - {name: hours, hears: what are your opening hours, replies: {say: We open at nine and close at five.}}
"""


def to_frame(chunk: bytes) -> str:
    audio = base64.b64encode(chunk.ljust(CHUNK_BYTES, b"\0")).decode()
    return f'{{"type":"input_audio_buffer.append","audio":"{audio}"}}'


SILENCE = to_frame(b"")


@dataclass(slots=True)
class Tally:
    """What the callers saw. `late_ms` is one number per delta."""

    late_ms: list[float] = field(default_factory=list)
    completed: int = 0
    failures: list[str] = field(default_factory=list)

    def row(self, name: str, calls: int, server_cpu: float) -> str:
        ordered = sorted(self.late_ms)
        p50, p99 = (ordered[int(len(ordered) * share)] if ordered else float("nan") for share in (0.5, 0.99))
        return (
            f"{name:<10} {calls:>6} {self.completed:>10} {len(ordered):>8} {p50:>8.1f} {p99:>8.1f} {server_cpu:>8.2f}"
        )


class Stream:
    """The caller's side of one socket: silence, and what is put into `outgoing`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.outgoing: deque[str] = deque()
        self.is_over = False

    async def run(self) -> None:
        due = time.monotonic()
        with contextlib.suppress(ConnectionClosed):
            while not self.is_over:
                await self.socket.send(self.outgoing.popleft() if self.outgoing else SILENCE)
                due += 0.04
                await asyncio.sleep(max(0.0, due - time.monotonic()))


async def hold_call(url: str, question: Sequence[str], tally: Tally) -> None:
    """One whole call with the emulator."""
    try:
        async with (
            asyncio.timeout(60),
            connect(url, **OPTIONS, additional_headers=KEY) as socket,
        ):
            stream = Stream(socket)
            streaming = asyncio.create_task(stream.run())
            try:
                await _converse(socket, stream, question, tally)
            finally:
                stream.is_over = True
                await streaming
    except (OSError, TimeoutError, ConnectionClosed, AssertionError) as failure:
        tally.failures.append(f"{type(failure).__name__}: {failure}")


async def _converse(socket: ClientConnection, stream: Stream, question: Sequence[str], tally: Tally) -> None:
    answers: list[str] = []
    started, index, stops = 0.0, 0, 0
    async for frame in socket:
        now = time.monotonic()
        if str(frame).startswith('{"type":"output_audio.delta"'):
            # The first deltas come as a burst: a delta is late when it comes after its own moment of that burst's pace.
            started = started or now
            tally.late_ms.append(max(0.0, (now - started) * 1000 - max(0.0, index * 20.0 - 400.0)))
            index += 1
            continue
        message = json.loads(frame)
        if message["type"] == "agent_stop_talking":
            started, index, stops = 0.0, 0, stops + 1
            if stops == 1:
                stream.outgoing.extend(question)
        elif message["type"] == "transcript" and message["role"] == "assistant":
            answers.append(message["text"])
            if len(answers) == 2:
                await socket.send('{"type":"session.close"}')
        elif message["type"] == "session.closed":
            break
    assert answers[-1:] == ["We open at nine and close at five."], answers
    tally.completed += 1


async def hold_echo(url: str, tally: Tally) -> None:
    """The same traffic without an agent: the server answers each chunk with two deltas."""
    try:
        async with connect(url, **OPTIONS) as socket:
            stream = Stream(socket)
            streaming = asyncio.create_task(stream.run())
            started, index = 0.0, 0
            async for _ in socket:
                now = time.monotonic()
                started = started or now
                tally.late_ms.append(max(0.0, (now - started) * 1000 - index // 2 * 40.0))
                index += 1
                if now - started > ECHO_S:
                    break
            stream.is_over = True
            await streaming
            tally.completed += 1
    except (OSError, ConnectionClosed) as failure:
        tally.failures.append(f"{type(failure).__name__}: {failure}")


@contextmanager
def serving(arguments: Sequence[str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server of this module in a process of its own, and its address."""
    process = subprocess.Popen([sys.executable, "-m", "bench.realtime", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.wait()


def serve_emulator(behaviour: str) -> None:
    from agentops.emulator.options import EmulatorOptions
    from agentops.emulator.server import serve

    options = EmulatorOptions(behaviours=(Path(behaviour),), scan_delay_s=0.0)
    serve(options, on_ready=lambda address, _keys: print(address, flush=True))


def serve_echo() -> None:
    import socket as sockets

    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket, WebSocketDisconnect

    delta = f'{{"type":"output_audio.delta","audio":"{base64.b64encode(bytes(960)).decode()}"}}'

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.receive_text()
                await socket.send_text(delta)
                await socket.send_text(delta)

    listener = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM, sockets.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    app = Starlette(routes=[WebSocketRoute("/", echo)])
    uvicorn.Server(uvicorn.Config(app, log_config=None, ws="websockets-sansio", ws_per_message_deflate=False)).run(
        [listener]
    )


def _cpu_s(process: subprocess.Popen[str]) -> float:
    """Processor seconds of a running process and of the processes it started (Linux)."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return sum(_process_cpu_s(pid) for pid in (process.pid, *map(int, children)))


def _process_cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100.0


async def _all(makers: Sequence[object], calls: int) -> None:
    async def later(index: int) -> None:
        await asyncio.sleep(RAMP_S * index / calls)
        await makers[index]()  # type: ignore[operator]

    await asyncio.gather(*(later(index) for index in range(calls)))


async def measure_echo(calls: int) -> str:
    tally = Tally()
    with serving(["echo"]) as (address, process):
        started = time.monotonic()
        await _all([lambda: hold_echo(address.replace("http", "ws") + "/", tally)] * calls, calls)
        share = _cpu_s(process) / (time.monotonic() - started)
    return tally.row("echo", calls, share)


async def measure_emulator(calls: int) -> tuple[str, Tally]:
    tally = Tally()
    pcm = speech.synthesize(QUESTION, sample_rate_hz=RATE_HZ, voice="m3")
    question = [to_frame(pcm[start : start + CHUNK_BYTES]) for start in range(0, len(pcm), CHUNK_BYTES)]
    with tempfile.TemporaryDirectory() as folder:
        behaviour = Path(folder) / "bench.yaml"
        behaviour.write_text(BEHAVIOUR)
        with serving(["emulator", str(behaviour)]) as (address, process):
            async with httpx2.AsyncClient(base_url=f"{address}/atoms/v1", headers=KEY) as client:
                agent = (await client.post("/agent", json={"name": "Bench"})).json()["data"]
            url = f"{address.replace('http', 'ws')}/atoms/v1/agent/connect?agent_id={agent}"
            started, before = time.monotonic(), _cpu_s(process)
            await _all([lambda: hold_call(url, question, tally)] * calls, calls)
            share = (_cpu_s(process) - before) / (time.monotonic() - started)
    return tally.row("emulator", calls, share), tally


def main(calls: int = CALLS) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    print(f"{'server':<10} {'calls':>6} {'completed':>10} {'deltas':>8} {'p50 ms':>8} {'p99 ms':>8} {'cores':>8}")
    print(asyncio.run(measure_echo(calls)), flush=True)
    row, tally = asyncio.run(measure_emulator(calls))
    print(row)
    for failure in sorted(set(tally.failures)):
        print(f"  {tally.failures.count(failure)} x {failure}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["echo"]:
            serve_echo()
        case ["emulator", behaviour]:
            serve_emulator(behaviour)
        case [count]:
            main(int(count))
        case _:
            main()
