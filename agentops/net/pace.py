"""How fast a run may go: one limiter for all its requests, and the budget that its retries share. No HTTP here.

The platform documents 10 requests a second (free), 100 (pro) or a number agreed with the customer, and calls the table
approximate; being refused costs a minute. So a run starts at the lowest tier, goes up as soon as the account is known
to have more, never beyond the documented number, and goes down when it is refused all the same (additive increase,
multiplicative decrease).
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from agentops.clock import Clock

_SHARE = 0.9  # of a limit: however unevenly requests start and travel, no second holds more than the limit
_CATCH_UP_S = 0.05  # the longest delay that is made up for by starting the next requests closer together
_STEPS, _STEP_S = 3, 0.1  # from one tier to the next
_CUT, _FLOOR, _CUT_AGAIN_AFTER_S = 0.7, 0.5, 1.0
_RECOVERY, _SLOW_RECOVERY = 0.5, 0.1  # requests a second, gained each second after the first cut and after later ones
_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.5, 30.0
_JITTER_S = 0.2


@dataclass(frozen=True, slots=True)
class Tiers:
    """The documented limits in requests a second: where every run starts, and what paying accounts may do."""

    start: float = 10.0
    highest: float = 100.0


class Pace:
    """Lets requests start in the order in which they came, with `in_flight` of them under way at most.

    limit: requests a second, never exceeded; with `Tiers`, the lowest until `rise` is called; None: no limit
    """

    def __init__(
        self,
        limit: float | Tiers | None,
        in_flight: int,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        fixed = limit if isinstance(limit, float | int) else math.inf
        self._tiers = limit if isinstance(limit, Tiers) else Tiers(fixed, fixed)
        self._ceiling = self._rate = self._tiers.start * _SHARE
        self._places = asyncio.Semaphore(in_flight)
        self._turn = asyncio.Lock()
        self._clock, self._jitter = clock, jitter
        self._due = self._held_until = self._rate_at = 0.0
        self._started: deque[float] = deque()
        self._cuts = self._refusals = 0
        self._cut_at = -math.inf
        self._refused_since: float | None = None

    def rise(self) -> None:
        """The account has more than the lowest tier: go up to the highest, in steps."""
        self._allow(self._tiers.highest)

    def fall(self) -> None:
        """The account has the lowest tier after all."""
        self._allow(self._tiers.start)

    def _allow(self, limit: float) -> None:
        if self._ceiling == limit * _SHARE:
            return
        now = self._clock.monotonic()
        self._advance(now)
        self._rate_at = now - _STEP_S  # the first step is taken at once
        self._ceiling = limit * _SHARE
        self._rate = min(self._rate, self._ceiling)

    def refused(self, sent_at: float, retry_after_s: float | None) -> float:
        """The request that was sent at `sent_at` was refused for coming too fast: everyone pauses, then goes slower.

        One burst is cut once, however late some of its refusals arrive: a request that was sent before the last cut, or
        so soon after it that the platform still counted the requests before it, says nothing about the slower pace.

        Returns the seconds from now to the end of the pause.
        """
        now = self._clock.monotonic()
        self._advance(now)
        self._refused_since = now if self._refused_since is None else self._refused_since
        if sent_at - self._cut_at >= _CUT_AGAIN_AFTER_S:
            measured = max(self._in_last_second(now), 1)
            self._rate = max(_FLOOR, _CUT * min(measured, self._rate))
            self._cuts, self._cut_at = self._cuts + 1, now
        if retry_after_s is None and now >= self._held_until:
            self._refusals += 1
            retry_after_s = min(_BACK_OFF_S * 2 ** (self._refusals - 1), _LONGEST_BACK_OFF_S)
        if retry_after_s is not None:
            self._held_until = max(self._held_until, now + retry_after_s + self._jitter() * _JITTER_S)
        return self._held_until - now

    def answered(self) -> None:
        """A request was let through: back-off starts from its shortest pause again."""
        self._refusals, self._refused_since = 0, None

    @property
    def refused_for_s(self) -> float:
        """How long nothing has been let through, since the first refusal."""
        return 0.0 if self._refused_since is None else self._clock.monotonic() - self._refused_since

    async def __aenter__(self) -> None:
        await self._places.acquire()
        try:
            async with self._turn:  # a lock is fair: whoever came first goes first, repeated requests behind the others
                await self._await_turn()
        except BaseException:
            self._places.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._places.release()

    async def _await_turn(self) -> None:
        """The generic cell rate algorithm, with a rate that may change while somebody waits."""
        now = self._clock.monotonic()
        while (wait_s := self._wait_s(now)) > 0:
            await self._clock.sleep(wait_s)
            now = self._clock.monotonic()
        self._due = max(self._due, now) + 1 / self._rate
        self._in_last_second(now)
        self._started.append(now)

    def _wait_s(self, now: float) -> float:
        self._advance(now)
        return max(self._due - _CATCH_UP_S, self._held_until) - now

    def _advance(self, now: float) -> None:
        """Brings the rate up to date: a few steps up to a new ceiling, or slowly back after a cut."""
        if self._rate < self._ceiling:
            elapsed = now - self._rate_at
            if self._cuts:
                # time spent paused shows nothing about how much would be let through, so it doesn't count
                elapsed = max(now - max(self._rate_at, self._held_until), 0.0)
                gained = elapsed * (_RECOVERY if self._cuts == 1 else _SLOW_RECOVERY)
            else:
                elapsed -= elapsed % _STEP_S
                gained = round(elapsed / _STEP_S) * self._ceiling / _STEPS
                now = self._rate_at + elapsed
            self._rate = min(self._ceiling, self._rate + gained)
        self._rate_at = now

    def _in_last_second(self, now: float) -> int:
        while self._started and self._started[0] <= now - 1.0:
            self._started.popleft()
        return len(self._started)


class RetryBudget:
    """Limits retries to a share of all requests, so that they don't multiply the load on a platform that struggles.

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
