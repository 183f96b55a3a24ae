"""How fast a run may go: one limiter for all its requests, and the budget that its retries share. No HTTP here."""

from __future__ import annotations

import asyncio
from types import TracebackType

from agentops.clock import Clock


class Pace:
    """Holds requests to `per_second` (None: no limit) and `in_flight` at a time; `hold` stops all of them for a while.

    A quiet limiter lets a burst of `in_flight` requests start at once (the generic cell rate algorithm).
    """

    def __init__(self, per_second: float | None, in_flight: int, clock: Clock) -> None:
        self._interval = 1.0 / per_second if per_second else 0.0
        self._slack = self._interval * max(in_flight - 1, 0)
        self._places = asyncio.Semaphore(in_flight)
        self._clock = clock
        self._due = 0.0
        self._held_until = 0.0

    def hold(self, seconds: float) -> None:
        """Starts nothing new for `seconds`: what a `Retry-After` asks of everyone, not only of the one refused."""
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    async def __aenter__(self) -> None:
        await self._places.acquire()
        try:
            await self._await_turn()
        except BaseException:
            self._places.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._places.release()

    async def _await_turn(self) -> None:
        now = self._clock.monotonic()
        start = max(now, self._due - self._slack)
        self._due = max(self._due, now) + self._interval
        while (wait := max(start, self._held_until) - now) > 0:
            await self._clock.sleep(wait)
            now = self._clock.monotonic()


class RetryBudget:
    """Retries as a share of requests, so that a struggling platform is not hit harder by everyone who fails.

    Starts at `floor` and grows by `share` with each request; each retry costs one.
    """

    def __init__(self, floor: int, share: float) -> None:
        self._left = float(floor)
        self._share = share

    def earn(self) -> None:
        self._left += self._share

    def spend(self) -> bool:
        if self._left < 1:
            return False
        self._left -= 1
        return True
