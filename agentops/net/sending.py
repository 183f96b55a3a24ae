"""The seam between deciding what to ask and putting it on the wire: one request out, one reply back, nothing else.

`net.direct` sends over connections of its own; `net.library` sends what that one does not do. Neither retries, paces or
judges: a reply is what came back, whatever its status, and a failure says only whether the request may have arrived.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

_PATH_SIGNS = "/:@!$&'()*+,;=-._~%"  # what stands for itself in a path (RFC 3986); % since paths may come quoted


def quoted(path: str) -> str:
    """`path` as it is sent: nothing in it can end the line or start another part of the request."""
    return quote(path, safe=_PATH_SIGNS)


class NotSentError(Exception):
    """Nothing was sent: it is as if nobody had asked."""


class LostError(Exception):
    """The request may have arrived, and no usable reply came back: what it did is not known."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests go, what all of them carry, and how long nothing may move. The headers must be fit to be sent.

    trusts_env: proxies that the environment names are used
    idle_s:     how long an unused connection is kept; many servers close one after 5 s, and a request that meets that
                moment on its way is lost
    """

    origin: str
    headers: Mapping[str, str] = field(repr=False)
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    idle_s: float = 4.0
    tls: ssl.SSLContext | None = None
    trusts_env: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Header names are in lower case, `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Sender(Protocol):
    """Sends requests to one origin, as many at once as it is asked to."""

    async def send(self, method: str, target: str, content: bytes | None = None) -> Reply:
        """`target` is the quoted path with its query. Raises NotSentError and LostError."""
        ...

    async def close(self) -> None: ...
