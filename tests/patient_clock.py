"""The clock of tests in virtual time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class PatientClock:
    """Time that passes only where somebody sleeps, so that a busy machine misses nothing."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self.start = start
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.elapsed_s += max(seconds, 0.0)
        await asyncio.sleep(0)
