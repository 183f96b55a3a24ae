"""Connections side by side, one request on each at a time, handed out without looking at the others.

The client library's own pool examines every idle connection, with a system call each, for every request; with a hundred
open that costs more than the request. A lane is a client with a pool of one connection, and free lanes are a stack, so
the warmest is taken first and a request costs the same however many there are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2


class Lanes:
    """As many lanes as were ever in use at once, each opened when it is first needed and closed with all others."""

    def __init__(self, open_lane: Callable[[], httpx2.AsyncClient]) -> None:
        self._open_lane = open_lane
        self._free: list[httpx2.AsyncClient] = []
        self._opened = AsyncExitStack()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx2.AsyncClient]:
        """A lane for the time of one request."""
        lane = self._free.pop() if self._free else await self._opened.enter_async_context(self._open_lane())
        try:
            yield lane
        finally:
            self._free.append(lane)

    async def close(self) -> None:
        await self._opened.aclose()
