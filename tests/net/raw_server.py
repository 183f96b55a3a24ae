"""A server of bytes: answers each request with what the test wrote down, down to closing the connection in the middle.

A step is the bytes of an answer or a function that does something with the connection; the last one stands for all
requests that follow.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Peer:
    """The server's end of one connection. `gone` is set when that has ended."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hang_up(self) -> None:
        self.writer.close()


Step = bytes | Callable[[Peer], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Seen:
    connection: int
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class RawServer:
    steps: list[Step]
    port: int = 0
    takes_bodies: bool = True  # else they are left to the steps
    seen: list[Seen] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(len(self.peers) + 1, reader, writer)
        self.peers.append(peer)
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            while not writer.is_closing():
                self.seen.append(await _read_request(peer, self.takes_bodies))
                step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
                await (peer.say(step) if isinstance(step, bytes) else step(peer))
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            peer.gone.set()
            writer.close()
            self.tasks.discard(task)


async def _read_request(peer: Peer, takes_body: bool) -> Seen:
    head = (await peer.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rows = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (row.split(": ", 1) for row in rows)}
    assert len(headers) == len(rows)
    length = int(headers.get("content-length", 0)) if takes_body else 0
    return Seen(peer.number, line, headers, await peer.reader.readexactly(length))


@asynccontextmanager
async def raw_server(
    *steps: Step, tls: ssl.SSLContext | None = None, takes_bodies: bool = True
) -> AsyncIterator[RawServer]:
    running = RawServer(list(steps), takes_bodies=takes_bodies)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # what the test does not read, the client still has
    server = await asyncio.start_server(running.serve, sock=listener, ssl=tls)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        for task in list(running.tasks):
            task.cancel()
        for peer in running.peers:
            if peer.writer.transport is not None:
                peer.writer.transport.abort()
        await asyncio.gather(*running.tasks)
        await server.wait_closed()


def answer(body: bytes | str = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    content = body.encode() if isinstance(body, str) else body
    rows = "".join(f"{row}\r\n" for row in (f"Content-Length: {len(content)}", *headers))
    return f"HTTP/1.1 {status}\r\n{rows}\r\n".encode() + content


def chunked(*parts: bytes, headers: str = "", trailer: str = "") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n"
    return head.encode() + body + b"0\r\n" + trailer.encode() + b"\r\n"


async def stall(peer: Peer) -> None:
    """Says nothing for as long as the client stays."""
    await peer.reader.read()
    raise EOFError


async def hang_up(peer: Peer) -> None:
    await peer.hang_up()


def then_hang_up(data: bytes) -> Step:
    async def step(peer: Peer) -> None:
        await peer.say(data)
        await peer.hang_up()

    return step
