"""What became of a campaign, as counts. People are counted apart by their numbers, which never leave this module."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_COUNTED = ("BOOLEAN", "ENUM")  # other kinds of disposition may quote people


@dataclass(frozen=True, slots=True)
class Results:
    """People and calls of a campaign so far.

    reached:      people of whom a call was completed
    answered:     calls that were completed
    retried:      people who were called more than once
    failed:       calls that were not completed, by the platform's reason
    dispositions: by metric, how often each value was found; free texts are counted as "(a text)"
    by_hour:      calls by the hour in which they began, in UTC: "2026-10-01 10:00"
    revisions:    calls by the agent's revision that served them: its number, or its id where that isn't known
    cost:         in the platform's unit; None where no call has one
    """

    people: int = 0
    called: int = 0
    reached: int = 0
    calls: int = 0
    answered: int = 0
    retried: int = 0
    minutes: float = 0.0
    cost: float | None = None
    failed: Mapping[str, int] = field(default_factory=dict)
    dispositions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    by_hour: Mapping[str, int] = field(default_factory=dict)
    revisions: Mapping[str, int] = field(default_factory=dict)


def summarise(people: int, calls: Iterable[Mapping[str, Any]], numbers: Mapping[str, int] | None = None) -> Results:
    """The results from the platform's rows of the campaign's calls, retries included.

    numbers: of the agent's revisions, by their ids
    """
    rows = list({str(row.get("callId")): row for row in calls}.values())
    by_person = Counter(str(row.get("to")) for row in rows)
    done = [row for row in rows if row.get("status") == "completed"]
    ended = [row for row in rows if row.get("status") in ("failed", "no_answer", "cancelled")]
    # Lists may leave retries out, so a person also counts as called again where a row names its retry.
    again = {str(row.get("to")) for row in rows if (row.get("retryCount") or 0) > 0 or row.get("retryCallId")}
    costs = [float(row["callCost"]) for row in rows if row.get("callCost") is not None]
    found: dict[str, Counter[str]] = {}
    for row in done:
        analytics = row.get("postCallAnalytics") or {}
        for metric in analytics.get("dispositionMetrics") or ():
            is_counted = metric.get("dispositionMetricType") in _COUNTED
            value = str(metric.get("value")) if is_counted else "(a text)"
            found.setdefault(str(metric.get("identifier")), Counter())[value] += 1
    return Results(
        people=people,
        called=len(by_person),
        reached=len({row.get("to") for row in done}),
        calls=len(rows),
        answered=len(done),
        retried=len({who for who, count in by_person.items() if count > 1} | again),
        minutes=round(sum(float(row.get("duration") or 0) for row in rows) / 60, 1),
        cost=round(sum(costs), 4) if costs else None,
        failed=_counted(_reason(row) for row in ended),
        dispositions={name: dict(sorted(values.items())) for name, values in sorted(found.items())},
        by_hour=_counted(f"{str(row.get('createdAt'))[:13].replace('T', ' ')}:00" for row in rows),
        revisions=_counted(_revision(row, numbers or {}) for row in rows),
    )


def _revision(row: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    revision_id = row.get("versionId")
    return str(row.get("versionNumber") or numbers.get(str(revision_id)) or revision_id or "not known")


def _reason(row: Mapping[str, Any]) -> str:
    """The platform's word for why a call failed; a sentence could quote the person, so then its status."""
    reasons = (row.get("callFailureReason"), row.get("disconnectionReason"))
    words = (text for text in reasons if isinstance(text, str) and re.fullmatch(r"[a-z]+([_-][a-z]+){0,5}", text))
    return next(words, str(row["status"]))


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
