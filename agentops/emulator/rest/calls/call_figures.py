"""Figures about calls: how many, how long, how they ended, and when. Pure: call records in, numbers out.

Where the platform does not say how it counts, the choice is simple and named here: a call counts as answered when it
was completed; a short call has less than 30 seconds and a long one more than 300; percentiles are nearest ranks.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agentops.emulator.store.database import Body
from agentops.emulator.store.state import from_iso, to_iso

SHORT_MS, LONG_MS = 30_000, 300_000
DAY = timedelta(days=1)


def turn_latencies(transitions: Sequence[Body], processed_at: str) -> Body | None:
    """`turnLatencyMetrics` of a call record, in ms; None without a turn. `transitions`: each with its `latency`."""
    if not transitions:
        return None
    values = [each["latency"] for each in transitions]
    return {
        "avgLatency": round(statistics.fmean(values), 1),
        "medianLatency": round(statistics.median(values), 1),
        "minLatency": min(values),
        "maxLatency": max(values),
        "turns": len(values),
        "latencies": values,
        "transitions": transitions,
        "processedAt": processed_at,
    }


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` on, up to but not including `end`."""

    start: datetime
    end: datetime

    @classmethod
    def of_day(cls, date: str) -> Period:
        """Raises ValueError when `date` is no `YYYY-MM-DD`."""
        start = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
        return cls(start, start + DAY)

    def before(self) -> Period:
        """The period of the same length that ends where this one begins."""
        return Period(self.start - (self.end - self.start), self.start)

    def contains(self, call: Body) -> bool:
        return self.start <= from_iso(call["createdAt"]) < self.end

    def days(self) -> list[str]:
        first = self.start.replace(hour=0, minute=0, second=0, microsecond=0)
        count = math.ceil((self.end - first) / DAY)
        return [f"{first + index * DAY:%Y-%m-%d}" for index in range(count)]

    def to_dict(self) -> Body:
        return {"from": to_iso(self.start), "to": to_iso(self.end)}


def is_answered(call: Body) -> bool:
    return bool(call["status"] == "completed")


def duration_ms(call: Body) -> float:
    return round(float(call.get("duration") or 0) * 1000, 1)


def number_of(call: Body) -> str | None:
    """The number of the other side; calls in a browser have none."""
    return call.get("from") if call["type"] == "telephony_inbound" else call.get("to")


def percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def pickup(calls: Sequence[Body]) -> Body:
    answered = sum(map(is_answered, calls))
    return {
        "totalCalls": len(calls),
        "answeredCalls": answered,
        "pickupRate": percent(answered, len(calls)),
    }


def grouped(calls: Iterable[Body], key: Callable[[Body], Any]) -> dict[Any, list[Body]]:
    groups: dict[Any, list[Body]] = defaultdict(list)
    for call in calls:
        groups[key(call)].append(call)
    return groups


def day_of(call: Body) -> str:
    return str(call["createdAt"])[:10]


def minute_of(call: Body) -> str:
    return str(call["createdAt"])[11:16]


def durations(calls: Sequence[Body]) -> Body:
    """Of the answered calls, in milliseconds."""
    lengths = sorted(duration_ms(call) for call in calls if is_answered(call))
    return {
        "avgDurationMs": round(statistics.fmean(lengths), 1) if lengths else 0,
        "medianDurationMs": round(statistics.median(lengths), 1) if lengths else 0,
        "p90DurationMs": _rank(lengths, 0.9),
        "p95DurationMs": _rank(lengths, 0.95),
        "shortCallsPercent": percent(sum(length < SHORT_MS for length in lengths), len(lengths)),
        "longCallsPercent": percent(sum(length > LONG_MS for length in lengths), len(lengths)),
        "totalDurationMs": round(sum(lengths), 1),
    }


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0


def outcomes(calls: Sequence[Body]) -> Body:
    ended = Counter(call["status"] for call in calls)
    return {
        "answered": ended["completed"],
        "noAnswer": ended["no_answer"],
        "failed": ended["failed"],
        "cancelled": ended["cancelled"],
        "total": len(calls),
    }


def trend(now: float, before: float) -> Body:
    """A figure beside that of the period before; from nothing to something is 100 percent."""
    change = percent(now - before, before) if before else (100.0 if now else 0.0)
    return {"current": now, "previous": before, "percentChange": change}


def summary(calls: Sequence[Body], earlier: Sequence[Body]) -> Body:
    """The figures of a period, each beside that of the period before."""

    def figures(some: Sequence[Body]) -> Body:
        # A call without a number counts as a person of its own.
        reached = {number_of(call) or call["callId"] for call in some if is_answered(call)}
        counted, lengths = pickup(some), durations(some)
        return {
            "totalCalls": counted["totalCalls"],
            "pickupRate": counted["pickupRate"],
            "avgDurationMs": lengths["avgDurationMs"],
            "totalDurationMs": lengths["totalDurationMs"],
            "uniqueUsersReached": len(reached),
            "totalCost": cost(some),
        }

    now, before = figures(calls), figures(earlier)
    trends = {name: trend(now[name], before[name]) for name in now}
    return {**trends, "medianDurationMs": durations(calls)["medianDurationMs"]}


def cost(calls: Iterable[Body]) -> float:
    return round(sum(float(call.get("callCost") or 0) for call in calls), 4)


def concurrency(calls: Sequence[Body], period: Period) -> Body:
    """Calls at the same time, by minute of one day; minutes without a call are left out."""
    open_in: Counter[str] = Counter()
    for call in calls:
        begin = from_iso(call["createdAt"])
        # A call that ends on the full minute isn't open in the next one; a call of no length still counts once.
        end = max(begin, begin + timedelta(milliseconds=duration_ms(call) - 1))
        minute = begin.replace(second=0, microsecond=0)
        while minute <= end:
            if period.start <= minute < period.end:
                open_in[f"{minute:%H:%M}"] += 1
            minute += timedelta(minutes=1)
    counts = list(open_in.values())
    return {
        "dataPoints": [{"minute": minute, "concurrentCalls": open_in[minute]} for minute in sorted(open_in)],
        "peakConcurrent": max(counts, default=0),
        "avgConcurrent": round(statistics.fmean(counts), 2) if counts else 0,
        "totalMinutes": len(counts),
    }


def cohorts(calls: Sequence[Body], period: Period) -> Body:
    """By attempt: the first call to each number, the second one, ... and how many more people each attempt reached."""
    by_number = {number: each for number, each in grouped(calls, number_of).items() if number}
    attempts: dict[int, list[Body]] = defaultdict(list)
    until_pickup: list[int] = []
    for each in by_number.values():
        ordered = sorted(each, key=lambda call: str(call["createdAt"]))
        for attempt, call in enumerate(ordered, start=1):
            attempts[attempt].append(call)
        first = next((index for index, call in enumerate(ordered, start=1) if is_answered(call)), None)
        until_pickup += [first] if first else []
    rows, reached = [], 0
    for attempt, each in sorted(attempts.items()):
        counted, before = pickup(each), reached
        reached = sum(number <= attempt for number in until_pickup)
        rows.append(
            {
                "attemptNumber": attempt,
                **counted,
                "cumulativeAnswered": reached,
                "cumulativeRate": percent(reached, len(by_number)),
                "marginalGain": percent(reached - before, len(by_number)),
            }
        )
    return {
        "cohorts": rows,
        "totalUniqueNumbers": len(by_number),
        "maxAttemptsSeen": max(attempts, default=0),
        "avgAttemptsToPickup": round(statistics.fmean(until_pickup), 2) if until_pickup else 0,
    }


# -- by day, number, hour and week


def volume_by_day(calls: list[Body], period: Period) -> Body:
    by_day = grouped(calls, day_of)
    points = []
    for day in period.days():
        that_day = by_day.get(day, [])
        ended = outcomes(that_day)
        points.append(
            {
                "date": day,
                "totalCalls": ended["total"],
                "answeredCalls": ended["answered"],
                "noAnswerCalls": ended["noAnswer"],
                "failedCalls": ended["failed"],
                "cancelledCalls": ended["cancelled"],
                "totalDurationMs": durations(that_day)["totalDurationMs"],
            }
        )
    return {"dataPoints": points}


def outcomes_by_day(calls: list[Body], period: Period) -> Body:
    by_day = grouped(calls, day_of)
    points = [{"date": day, **outcomes(by_day.get(day, []))} for day in period.days()]
    return {"dataPoints": points, "totals": outcomes(calls)}


def _by_own_number(calls: list[Body]) -> dict[str, list[Body]]:
    """Calls by the account's own number; calls that have none are left out."""
    by_number = grouped(
        calls,
        lambda call: call.get("to") if call["type"] == "telephony_inbound" else call.get("from"),
    )
    return {number: calls for number, calls in by_number.items() if number}


def pickup_by_number(calls: list[Body], period: Period) -> Body:
    return {
        "numbers": [
            {"phoneNumber": number, **pickup(calls), "lastActiveDate": day_of(calls[-1])}
            for number, calls in _by_own_number(calls).items()
        ]
    }


def trends_by_number(calls: list[Body], period: Period) -> Body:
    trends = []
    for number, its_calls in _by_own_number(calls).items():
        by_day = grouped(its_calls, day_of)
        points = [{"date": day, **pickup(by_day.get(day, []))} for day in period.days()]
        trends.append({"phoneNumber": number, "dataPoints": points})
    return {"trends": trends}


def by_hour_of_day(calls: list[Body], period: Period) -> Body:
    by_hour = grouped(calls, lambda call: int(minute_of(call)[:2]))
    hours = []
    for hour in range(24):
        calls = by_hour.get(hour, [])
        lengths = durations(calls)
        lengths = {name: lengths[name] for name in ("totalDurationMs", "avgDurationMs")}
        hours.append({"hour": hour, **pickup(calls), **lengths})
    return {"hours": hours}


def duration_stats(calls: list[Body], period: Period) -> Body:
    return {**durations(calls), "totalCalls": len(calls)}


def by_week(calls: list[Body], period: Period) -> Body:
    def monday_of(call: Body) -> str:
        moment = from_iso(call["createdAt"])
        return f"{moment - timedelta(days=moment.weekday()):%Y-%m-%d}"

    weeks = []
    for monday, that_week in sorted(grouped(calls, monday_of).items()):
        lengths = durations(that_week)
        weeks.append(
            {
                "weekStart": monday,
                **pickup(that_week),
                "avgDuration": lengths["avgDurationMs"] / 1000,
                "medianDuration": lengths["medianDurationMs"] / 1000,
                "p90Duration": lengths["p90DurationMs"] / 1000,
                "shortCallsPercent": lengths["shortCallsPercent"],
                "longCallsPercent": lengths["longCallsPercent"],
            }
        )
    return {"weeks": weeks}
