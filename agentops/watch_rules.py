"""What an environment asks of callers' calls after a deploy: the rules of `deploy.watch` as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WatchLimit(StrEnum):
    """How a rule of `deploy.watch` bounds its metric: beside the revision before (drop, rise), or by itself."""

    DROP = "drop_at_most"
    RISE = "rise_at_most"
    LEAST = "at_least"
    MOST = "at_most"

    @property
    def is_relative(self) -> bool:
        return self in (WatchLimit.DROP, WatchLimit.RISE)


# What rules of `deploy.watch` may name, besides `disposition.NAME`. All but the latency are shares of calls.
WATCH_LATENCY = "latency_p95_ms"
WATCH_DISPOSITION = "disposition."
WATCH_METRICS = ("answered", "completion", "hang_ups", "transfers", "system_errors", WATCH_LATENCY)


@dataclass(frozen=True, slots=True)
class WatchRule:
    """What callers' calls may not fall short of after a deploy.

    amount: a share (0..1) or a difference of shares; milliseconds for the latency
    answer: the value of a disposition metric that is counted; None: yes
    """

    metric: str
    limit: WatchLimit
    amount: float
    answer: str | None = None
