"""The standing limit of requests a second that an account's plan has: a token bucket that holds one second's worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

RETRY_AFTER_S = 60  # what the platform's page on rate limits shows in a refusal


@dataclass(slots=True)
class TokenBucket:
    """At most `per_second` requests on the average, and as many at once after a second of rest. None: no limit."""

    per_second: float | None = None
    clock: Callable[[], float] = monotonic
    _tokens: float = field(init=False)
    _filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = max(self.per_second or 0.0, 1.0)  # below one a second it must still hold a whole request
        self._filled_at = self.clock()

    def lets_through(self) -> bool:
        """Whether one more request may be answered now."""
        if self.per_second is None:
            return True
        now = self.clock()
        self._tokens = min(max(self.per_second, 1.0), self._tokens + (now - self._filled_at) * self.per_second)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
