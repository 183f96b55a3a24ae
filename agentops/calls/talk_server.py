"""The local page of `talk`: serves it on this machine, and passes sound between it and a call.

The page gets a token of its own and never the account's key. Requests with another token, another host's name or from
another page are refused, so that no site that is open in the same browser can use the microphone's line.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from agentops.calls.protocol import AgentAudio, Event, Interruption, Role, Transcript
from agentops.calls.talk import Microphone

RATE_HZ = 24_000
_POLICY = "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; connect-src 'self'"

# Makes one call with the page's microphone. Calls back with the agent's events, hangs up when the asyncio.Event is set,
# and returns what to show at the end.
PlaceCall = Callable[[Microphone, Callable[[Event], None], asyncio.Event], Awaitable[str]]


@dataclass(slots=True)
class TalkServer:
    """One page for one agent; one call at a time. `url` is where to open it."""

    agent: str
    call: PlaceCall
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    port: int = 0
    _is_busy: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/?t={self.token}"

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[None]:
        """Serves while the block runs; port 0 is any free one."""
        async with serve(self._talk, "127.0.0.1", port, process_request=self._answer, max_size=2**20) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answers requests for the page; None lets the WebSocket through. Refuses all who did not open our URL."""
        parts = urlsplit(request.path)
        given = (parse_qs(parts.query).get("t") or [""])[0]
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        ours = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        is_ours = host in ours and (origin is None or origin in {f"http://{each}" for each in ours})
        if not is_ours or not secrets.compare_digest(given.encode(), self.token.encode()):
            return _response(HTTPStatus.FORBIDDEN, "text/plain", "open the address that agentops printed")
        match parts.path:
            case "/":
                page = files("agentops.calls").joinpath("talk_page.html").read_text("utf-8")
                return _response(HTTPStatus.OK, "text/html", page)
            case "/agent":
                return _response(HTTPStatus.OK, "text/plain", self.agent)
            case "/talk" if not self._is_busy:
                return None
            case "/talk":
                return _response(HTTPStatus.CONFLICT, "text/plain", "somebody is already on the line")
        return _response(HTTPStatus.NOT_FOUND, "text/plain", "there is nothing here")

    async def _talk(self, browser: ServerConnection) -> None:
        self._is_busy = True
        microphone, stop = Microphone(RATE_HZ), asyncio.Event()
        outgoing: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        listening = asyncio.create_task(_listen(browser, microphone, stop))
        speaking = asyncio.create_task(_speak(browser, outgoing))

        def hear(event: Event) -> None:
            if (message := _message(event)) is not None:
                outgoing.put_nowait(message)

        try:
            ended = await self.call(microphone, hear, stop)
            outgoing.put_nowait(json.dumps({"ended": ended}))
            outgoing.put_nowait(None)
            await speaking
        finally:
            for task in (listening, speaking):
                task.cancel()
            await asyncio.gather(listening, speaking, return_exceptions=True)
            self._is_busy = False


async def _listen(browser: ServerConnection, microphone: Microphone, stop: asyncio.Event) -> None:
    """Feeds the page's sound to `microphone`. A text message and a closed page both hang up."""
    with suppress(ConnectionClosed):
        async for message in browser:
            if isinstance(message, bytes):
                microphone.feed(message[: len(message) // 2 * 2])  # whole samples
            else:
                break
    stop.set()


async def _speak(browser: ServerConnection, outgoing: asyncio.Queue[str | bytes | None]) -> None:
    """Sends what is put into `outgoing`, until that is None."""
    with suppress(ConnectionClosed):
        while (message := await outgoing.get()) is not None:
            await browser.send(message)


def _message(event: Event) -> str | bytes | None:
    match event:
        case AgentAudio(pcm=pcm):
            return pcm
        case Interruption():
            return json.dumps({"interrupted": True})
        case Transcript(role=role, text=text, is_final=is_final):
            return json.dumps({"who": "agent" if role is Role.AGENT else "you", "text": text, "final": is_final})
    return None


def _response(status: HTTPStatus, kind: str, text: str) -> Response:
    body = text.encode()
    headers = Headers(
        {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return Response(status.value, status.phrase, headers, body)
