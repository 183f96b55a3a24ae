"""What is read of the rows of conversations, and what of disposition metrics can be compared."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from agentops.compare.call_totals import CallTotals
from agentops.compare.comparison import MeasureFinding, free_text_metrics, measure
from agentops.errors import PlatformError


def row(**fields: Any) -> dict[str, Any]:
    return {"versionId": "r1", "status": "completed", "duration": 30, **fields}


def tallied(*rows: dict[str, Any]) -> CallTotals:
    calls = CallTotals("r1")
    for each in rows:
        calls.add(each)
    return calls


def test_rows_that_say_nothing_are_counted_apart() -> None:
    calls = tallied(
        row(),
        row(isTest=True),
        row(versionId=None),
        row(status="in_progress"),
        row(status="cancelled"),
        row(status="no_answer"),
        row(duration="a while"),
        {"versionId": "r1"},
    )
    assert (calls.ended, calls.answered) == (2, 1)
    assert calls.left_out == {"test": 1, "of no revision": 1, "unfinished": 1, "cancelled": 1, "unreadable": 2}


def test_a_row_of_another_revision_ends_the_reading() -> None:
    with pytest.raises(PlatformError, match="r2"):
        tallied(row(), row(versionId="r2"))


def test_a_calls_latency_is_its_median_turn() -> None:
    calls = tallied(
        row(turnLatencyMetrics={"medianLatency": 700, "latencies": [1, 2]}),
        row(turnLatencyMetrics={"latencies": [500, 900, 600]}),
        row(turnLatencyMetrics=None),
    )
    assert list(calls.latencies_ms) == [700, 600]


def test_dispositions_are_shares_medians_or_free_text() -> None:
    rows = [
        row(dispositionMetrics={"resolved": "true", "mood": "calm", "items": str(n), "remark": f"call {n}"})
        for n in range(30)
    ]
    calls = tallied(*rows, row(dispositionMetrics={"resolved": "false", "mood": "angry"}))
    found = {each.name: each for each in measure(calls, calls, Random(0))}
    assert found["disposition.resolved"].new.value == 30 / 31
    assert found["disposition.mood = angry"].new.value == 1 / 31
    assert found["disposition.items, median"].new.value == 14.5
    assert free_text_metrics(calls, calls) == ("remark",)
    assert not any("remark" in name for name in found)
    assert found["completion"].finding is MeasureFinding.TOO_FEW


def test_many_values_are_not_kept() -> None:
    calls = tallied(*(row(dispositionMetrics={"remark": f"call {n}"}) for n in range(1100)))
    assert calls.values == {"remark": None}
