"""Time that passes at once, for many tasks side by side: when all of them wait, the next one's time comes."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

_SETTLING = 50  # turns of the loop after which nobody does anything any more


class VirtualClock:
    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.elapsed_s + max(seconds, 0.0), next(self._order), future))
        await future

    async def run(self, *work: Coroutine[Any, Any, Any]) -> list[Any]:
        """Does all of `work` side by side and lets time pass whenever everyone waits."""
        together = asyncio.gather(*work)
        while not together.done():
            for _ in range(_SETTLING):
                await asyncio.sleep(0)
            if self._waiting and not together.done():
                self.elapsed_s, _, future = heapq.heappop(self._waiting)
                if not future.done():
                    future.set_result(None)
        return await together
