"""Connections of our own to one origin: kept open between requests, the warmest taken first.

Made for one thing, many small requests to one address at a tenth of the CPU that a general library takes. It knows no
proxies, redirects, cookies or streams; `net.library` does what is not done here.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from agentops.net.connection import Connection
from agentops.net.sending import NotSentError, Reply, Route, quoted

_PORTS = {"http": 80, "https": 443}
_NEXT_ADDRESS_AFTER_S = 0.25  # RFC 8305: a host with several addresses gets another try when one is slow
_WRITES = frozenset({"POST", "PUT", "PATCH"})


class Direct:
    """A `Sender`. Opens as many connections as were ever in use at once."""

    def __init__(self, route: Route) -> None:
        parts = urlsplit(route.origin)
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._path = quoted(parts.path)
        self._route = route
        sent = {"Host": parts.netloc, "Accept-Encoding": "gzip", **route.headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self._free: list[Connection] = []
        self._open: set[Connection] = set()

    async def send(self, method: str, target: str, content: bytes | None = None) -> Reply:
        connection = self._warmest() or await self._connect()
        try:
            return await connection.exchange(method, self._request(method, target, content), self._route.read_timeout_s)
        finally:
            if connection.is_free:
                self._free.append(connection)

    async def close(self) -> None:
        self._free.clear()
        for connection in self._open:
            connection.abort()
        await asyncio.gather(*(connection.ended for connection in self._open))

    def _request(self, method: str, target: str, content: bytes | None) -> bytes:
        length = f"Content-Length: {len(content or b'')}\r\n" if content is not None or method in _WRITES else ""
        kind = "Content-Type: application/json\r\n" if content is not None else ""
        head = f"{method} {self._path}{target} HTTP/1.1\r\n{self._head}{kind}{length}\r\n"
        return head.encode("latin-1") + (content or b"")

    def _warmest(self) -> Connection | None:
        while self._free:
            connection = self._free.pop()
            if connection.is_fresh(self._route.idle_s):
                return connection
            connection.abort()
        return None

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(self._route.connect_timeout_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection,
                    self._host,
                    self._port,
                    ssl=self._route.tls,
                    happy_eyeballs_delay=_NEXT_ADDRESS_AFTER_S,
                )
        except TimeoutError:
            raise NotSentError("no answer in time") from None
        except (OSError, ValueError) as error:  # ValueError: a host name that no name server can be asked for
            raise NotSentError(getattr(error, "strerror", None) or str(error) or type(error).__name__) from None
        self._open.add(connection)
        connection.ended.add_done_callback(lambda _: self._open.discard(connection))
        return connection
