"""How many REST requests a second the emulator answers without an error, beside a bare starlette echo.

Each server has a process of its own and meets the same load from this one, one after the other: raw keep-alive
connections, so that the client costs little of the two cores. The emulator's mix is what a deploy sends: lists, reads
of agents and revisions, and one durable draft write in ten.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bench import report

CONNECTIONS = 16
SECONDS = 6.0
TARGET_PER_S = 500
_ECHO = """
import socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def echo(request):
    return JSONResponse({"status": True})

# named as TCP, or asyncio leaves small answers waiting for the next one (Nagle)
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listener.bind(("127.0.0.1", 0)); listener.listen(512)
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
app = Starlette(routes=[Route("/", echo)])
uvicorn.Server(uvicorn.Config(app, http="h11", log_config=None, access_log=False)).run([listener])
"""


@dataclass(frozen=True, slots=True)
class Result:
    """answered: requests with the expected status; failed: all others; cpu_s: processor time of the server."""

    answered: int
    failed: int
    seconds: float
    cpu_s: float
    latencies_ms: Sequence[float]

    def row(self, name: str) -> str:
        ordered = sorted(self.latencies_ms)
        p50, p99 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
        rate = self.answered / self.seconds
        return f"{name:<34}{rate:>8.0f}/s  {p50:>7.1f}  {p99:>7.1f}  {self.cost_ms:>7.2f}  {self.failed:>7}"

    @property
    def cost_ms(self) -> float:
        """The server's processor time per request."""
        return self.cpu_s / len(self.latencies_ms) * 1000


def main() -> None:
    print(f"{CONNECTIONS} connections, {SECONDS:.0f} s each; milliseconds")
    print(f"{'server':<34}{'requests':>10}  {'p50':>7}  {'p99':>7}  {'cpu':>7}  {'failed':>7}")
    with _server([sys.executable, "-c", _ECHO]) as server:
        echo = asyncio.run(_load(server, [_request("GET", "/")]))
        print(echo.row("bare starlette echo"))
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "emulator.db")
        command = [sys.executable, "-m", "agentops.cli.app", "emulator", "--port", "0", "--data", data]
        with _server(command) as server:
            requests = _deploy_mix(server.url)
            result = asyncio.run(_load(server, requests))
            print(result.row("emulator, a deploy's mix, on disk"))
            paced = asyncio.run(_load(server, requests, per_second=TARGET_PER_S))
            print(paced.row(f"emulator, paced at {TARGET_PER_S}/s"))
    report("emulator_rest: failed requests", result.failed + paced.failed, at_most=0)
    report("emulator_rest: processor time, times a bare echo", result.cost_ms / echo.cost_ms, at_most=5)
    # What one core allows; the rate above is lower on a machine that is busy with something else.
    report("emulator_rest: requests per second of processor", 1000 / result.cost_ms, at_least=TARGET_PER_S)


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    pid: int

    def cpu_s(self) -> float:
        """Processor time used so far; needs /proc."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _server(command: list[str]) -> Iterator[Server]:
    """A server that prints its address as its first line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield Server(process.stdout.readline().strip(), process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _deploy_mix(url: str) -> list[bytes]:
    """Ten requests: lists, reads, a diff, and one write to a draft."""
    headers = {"Authorization": "Bearer sk_bench"}
    with httpx2.Client(base_url=f"{url}/atoms/v1", headers=headers) as client:
        agents = [client.post("/agent", json={"name": f"Agent {number}"}).json()["data"] for number in range(20)]
        agent = agents[0]
        branch = client.get(f"/agent/{agent}/branches").json()["data"]["branches"][0]["branch"]
    path, head = f"/atoms/v1/agent/{agent}", branch["headRevisionId"]
    draft = f"{path}/branches/{branch['_id']}"
    return [
        _request("PUT", f"{draft}/draft", {"firstMessage": "Hello there"}),
        _request("GET", f"{path}/diff?a={head}&b={branch['_id']}:draft"),
        _request("GET", "/atoms/v1/agent?page=1&offset=10"),
        *[_request("GET", f"/atoms/v1/agent/{each}") for each in agents[:3]],
        _request("GET", f"{path}/branches"),
        _request("GET", f"{draft}/revisions?limit=1"),
        _request("GET", f"{draft}/revisions/{head}"),
        _request("GET", "/atoms/v1/user/subscription"),
    ]


def _request(method: str, path: str, body: object = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer sk_bench\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


async def _load(server: Server, requests: list[bytes], *, per_second: int | None = None) -> Result:
    """Sends the requests in turn on every connection until the time is over."""
    latencies: list[float] = []
    failed = 0
    started, used = time.perf_counter(), server.cpu_s()

    async def drive(offset: int) -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
        turn = offset
        while (now := time.perf_counter()) - started < SECONDS:
            if per_second is not None:
                due = started + (len(latencies) + offset) / per_second
                if due > now:
                    await asyncio.sleep(due - now)
                    continue
            sent = time.perf_counter()
            latencies.append(0.0)
            place = len(latencies) - 1
            writer.write(requests[turn % len(requests)])
            failed += not await _read_answer(reader)
            latencies[place] = (time.perf_counter() - sent) * 1000
            turn += 1
        writer.close()

    await asyncio.gather(*(drive(number) for number in range(CONNECTIONS)))
    elapsed = time.perf_counter() - started
    return Result(len(latencies) - failed, failed, elapsed, server.cpu_s() - used, latencies)


async def _read_answer(reader: asyncio.StreamReader) -> bool:
    """Reads one answer and says whether it was a success."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return head.startswith(b"http/1.1 2")


if __name__ == "__main__":
    main()
