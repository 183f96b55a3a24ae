"""Requests through httpx2: what `net.direct` does not do. Proxies, transports that tests bring, and streams."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx2

from agentops.net.lanes import Lanes
from agentops.net.sending import LostError, NotSentError, Reply, Route

# How a request leaves this process; tests bring their own.
Transport = httpx2.AsyncBaseTransport

_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


def is_for_library(route: Route) -> bool:
    """Whether `route` is one that only httpx2 knows.

    Where a proxy is configured at all, httpx2 decides whether it is for this host: the rules for exceptions are its.
    """
    parts = urlsplit(route.origin)
    if "@" in parts.netloc or not route.origin.isascii():
        return True
    return route.trusts_env and bool(getproxies().keys() & {parts.scheme, "all"})


def tls_context() -> ssl.SSLContext:
    """Trusts what the system trusts, or what `SSL_CERT_FILE` names. Slow to build, so one serves all connections."""
    context = httpx2.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class RefusedError(Exception):
    """A stream that was asked for and is none: `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Library:
    """A `Sender` that streams, too."""

    def __init__(self, route: Route, transport: Transport | None = None) -> None:
        self._route = route
        self._transport = transport
        self._timeout = httpx2.Timeout(route.read_timeout_s, connect=route.connect_timeout_s, pool=None)
        self._endless = httpx2.Timeout(None, connect=route.connect_timeout_s)
        self._lanes = Lanes(self._open_lane)

    def _open_lane(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers=self._route.headers,
            transport=self._transport,
            timeout=self._timeout,
            limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1),
            verify=self._route.tls or False,
            trust_env=self._route.trusts_env,
            follow_redirects=False,  # a redirect would hand the key to whoever it points at
        )

    async def send(self, method: str, target: str, content: bytes | None = None) -> Reply:
        headers = {"Content-Type": "application/json"} if content is not None else None
        with _told_apart():
            async with self._lanes.one() as lane:
                response = await lane.request(method, self._route.origin + target, content=content, headers=headers)
        return _reply(response)

    async def lines(self, target: str) -> AsyncGenerator[str, None]:
        """The lines of an answer that goes on for as long as there is something to say.

        Raises RefusedError when the answer is no success, NotSentError and LostError.
        """
        with _told_apart():
            async with (
                self._lanes.one() as lane,
                lane.stream("GET", self._route.origin + target, timeout=self._endless) as response,
            ):
                if not response.is_success:
                    await response.aread()
                    raise RefusedError(_reply(response))
                async for line in response.aiter_lines():
                    yield line

    async def close(self) -> None:
        await self._lanes.close()


def _reply(response: httpx2.Response) -> Reply:
    return Reply(response.status_code, dict(response.headers), response.content)


@contextmanager
def _told_apart() -> Iterator[None]:
    """The library's errors as the two that matter."""
    try:
        yield
    except _NOT_SENT as error:
        raise NotSentError(_name(error)) from None
    except httpx2.RequestError as error:
        raise LostError(_name(error)) from None


def _name(error: httpx2.RequestError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "no answer in time"
    return str(error).strip() or type(error).__name__
