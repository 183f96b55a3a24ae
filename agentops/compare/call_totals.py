"""The calls of one revision, read row by row and added up. No row is kept, since rows are customers' data."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentops.clock import ALWAYS, Period
from agentops.errors import PlatformError

_UNFINISHED = frozenset({"pending", "in_progress", "in_queue", "processing", "active"})
_BROKEN = frozenset({"connection_error", "system_error", "timeout"})
_MOST_VALUES = 1000  # of one disposition metric: one with more is free text, and would grow without end


class _Latencies(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    median_ms: float | None = Field(None, alias="medianLatency")
    turns_ms: list[float] | None = Field(None, alias="latencies")

    @property
    def typical_ms(self) -> float | None:
        """The median of a call's turns: they resemble each other, so that a call counts once."""
        return self.median_ms if self.median_ms is not None else median(self.turns_ms) if self.turns_ms else None


class CallRow(BaseModel):
    """What is read of a row of `GET /conversation`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    version_id: str | None = Field(None, alias="versionId")
    status: str
    created_at: datetime | None = Field(None, alias="createdAt")
    duration_s: float | None = Field(None, alias="duration")
    reason: str | None = Field(None, alias="disconnectionReason")
    cost: float | None = Field(None, alias="callCost")
    is_test: bool | None = Field(None, alias="isTest")
    latencies: _Latencies | None = Field(None, alias="turnLatencyMetrics")
    dispositions: dict[str, Any] | None = Field(None, alias="dispositionMetrics")

    @property
    def moment(self) -> datetime | None:
        """When the call began, in UTC: a time without a zone is UTC."""
        at = self.created_at
        return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at

    @property
    def is_answered(self) -> bool:
        """Whether somebody took the call: one that failed was answered if it lasted."""
        return self.status == "completed" or (self.status == "failed" and bool(self.duration_s))

    @property
    def is_completed(self) -> bool:
        """Whether it was answered, and not ended by an error or a time-out."""
        return self.status == "completed" and self.reason not in _BROKEN

    @property
    def latency_ms(self) -> float | None:
        return self.latencies.typical_ms if self.latencies is not None else None


def read_row(data: Mapping[str, Any], revision_id: str, period: Period = ALWAYS) -> CallRow | str:
    """A row of an ended call of the revision, or in a word why it is left out.

    Raises PlatformError when it is another revision's.
    """
    try:
        row = CallRow.model_validate(data)
    except ValidationError:
        return "unreadable"
    if row.version_id is not None and row.version_id != revision_id:
        raise PlatformError(
            f"asked for the calls of revision {revision_id}, the platform also listed one of {row.version_id}",
            hint="it ignores `versionFilter`, so that revisions can't be compared",
            code="filter_ignored",
        )
    if row.version_id is None:
        return "of no revision"
    if row.is_test:
        return "test"
    if row.status in _UNFINISHED:
        return "unfinished"
    if row.status == "cancelled":
        return "cancelled"
    if period == ALWAYS:
        return row
    if row.moment is None:
        return "of no known time"
    return row if period.contains(row.moment) else "outside the dates"


@dataclass(slots=True)
class CallTotals:
    """The calls of one revision, added up.

    ended:      calls that came to an end, answered or not; everything else is about answered calls
    values:     disposition metric -> its values as text; None once there are too many for anything but free text
    left_out:   why rows were left out (tests, unfinished, cancelled, unreadable, ...), and how many
    period:     when the calls that count began
    """

    revision_id: str
    ended: int = 0
    answered: int = 0
    completed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    durations_s: array[float] = field(default_factory=lambda: array("d"))
    latencies_ms: array[float] = field(default_factory=lambda: array("d"))
    costs: array[float] = field(default_factory=lambda: array("d"))
    values: dict[str, Counter[str] | None] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    period: Period = ALWAYS

    def add(self, data: Mapping[str, Any]) -> None:
        """Adds one row of the conversation list. Raises PlatformError when it is another revision's."""
        row = read_row(data, self.revision_id, self.period)
        if isinstance(row, str):
            self.left_out[row] += 1
            return
        self.ended += 1
        if not row.is_answered:
            return
        self.answered += 1
        self.completed += row.is_completed
        self.reasons[row.reason or "unknown reason"] += 1
        if row.duration_s is not None:
            self.durations_s.append(row.duration_s)
        if row.cost is not None:
            self.costs.append(row.cost)
        if (latency := row.latency_ms) is not None:
            self.latencies_ms.append(latency)
        for name, value in (row.dispositions or {}).items():
            known = self.values.setdefault(name, Counter())
            if known is None or value is None:
                continue
            known[str(value)] += 1
            if len(known) > _MOST_VALUES:
                self.values[name] = None
