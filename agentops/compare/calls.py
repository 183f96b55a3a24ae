"""The calls that one revision served, added up row by row: no row is kept, since rows are customers' data."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentops.errors import PlatformError

_UNFINISHED = frozenset({"pending", "in_progress", "in_queue", "processing", "active"})
_BROKEN = frozenset({"connection_error", "system_error", "timeout"})
_MOST_VALUES = 1000  # of one disposition metric; more than that is free text


class _Latencies(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    median_ms: float | None = Field(None, alias="medianLatency")
    turns_ms: list[float] | None = Field(None, alias="latencies")

    @property
    def typical_ms(self) -> float | None:
        """The median turn of a call: turns of one call resemble each other, so a call counts once."""
        return self.median_ms if self.median_ms is not None else median(self.turns_ms) if self.turns_ms else None


class _Row(BaseModel):
    """What is read of a row of the conversation list."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    version_id: str | None = Field(None, alias="versionId")
    status: str
    duration_s: float | None = Field(None, alias="duration")
    reason: str | None = Field(None, alias="disconnectionReason")
    cost: float | None = Field(None, alias="callCost")
    is_test: bool | None = Field(None, alias="isTest")
    latencies: _Latencies | None = Field(None, alias="turnLatencyMetrics")
    dispositions: dict[str, Any] | None = Field(None, alias="dispositionMetrics")


@dataclass(slots=True)
class Calls:
    """What is known of the calls of one revision.

    ended:      calls that came to an end, answered or not; everything else is of answered ones
    left_out:   why rows were left out (tests, unfinished, cancelled, unreadable, of no revision) and how many
    values:     disposition metric -> its values as text; None once there are too many for anything but free text
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

    def add(self, data: Mapping[str, Any]) -> None:
        """Adds one row of the conversation list. Raises PlatformError when it is another revision's."""
        try:
            row = _Row.model_validate(data)
        except ValidationError:
            self.left_out["unreadable"] += 1
            return
        if row.version_id is not None and row.version_id != self.revision_id:
            raise PlatformError(
                f"asked for the calls of revision {self.revision_id}, the platform also listed one of {row.version_id}",
                hint="it ignores `versionFilter`, so nothing can be said about single revisions",
                code="filter_ignored",
            )
        if (reason := _why_left_out(row)) is not None:
            self.left_out[reason] += 1
            return
        self.ended += 1
        if row.status == "completed" or (row.status == "failed" and row.duration_s):
            self._add_answered(row)

    def _add_answered(self, row: _Row) -> None:
        self.answered += 1
        self.completed += row.status == "completed" and row.reason not in _BROKEN
        self.reasons[row.reason or "not said"] += 1
        if row.duration_s is not None:
            self.durations_s.append(row.duration_s)
        if row.cost is not None:
            self.costs.append(row.cost)
        if row.latencies is not None and (latency := row.latencies.typical_ms) is not None:
            self.latencies_ms.append(latency)
        for name, value in (row.dispositions or {}).items():
            known = self.values.setdefault(name, Counter())
            if known is None or value is None:
                continue
            known[str(value)] += 1
            if len(known) > _MOST_VALUES:
                self.values[name] = None


def _why_left_out(row: _Row) -> str | None:
    if row.version_id is None:
        return "of no revision"
    if row.is_test:
        return "test"
    if row.status in _UNFINISHED:
        return "unfinished"
    return "cancelled" if row.status == "cancelled" else None
