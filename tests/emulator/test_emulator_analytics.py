"""Analytics count the calls that the emulator holds: how many, how they ended, how long they were, and when."""

from __future__ import annotations

from typing import Any

import pytest
from emulated import Account

AGENT_CALLS: list[dict[str, Any]] = [
    {"createdAt": "2026-09-30T10:00:10.000Z", "status": "completed", "duration": 20, "to": "+14155550111"},
    {"createdAt": "2026-09-30T10:00:20.000Z", "status": "completed", "duration": 100, "to": "+14155550112"},
    {"createdAt": "2026-09-30T23:59:00.000Z", "status": "no_answer", "duration": 0, "to": "+14155550113"},
    {"createdAt": "2026-10-01T09:00:00.000Z", "status": "completed", "duration": 400, "to": "+14155550113"},
    {"createdAt": "2026-10-01T09:30:00.000Z", "status": "failed", "duration": 0, "to": "+14155550111"},
    {"createdAt": "2026-09-20T08:00:00.000Z", "status": "completed", "duration": 60, "to": "+14155550111"},
]


@pytest.fixture
async def agent(account: Account) -> str:
    agent = await account.agent()
    for number, call in enumerate(AGENT_CALLS):
        facts = {"callId": f"CALL-{1790000000000 + number}-abcdef", "agentId": agent, "type": "telephony_outbound"}
        account.store.add_call({**facts, "from": "+14155550100", **call})
    return agent


async def read(account: Account, name: str, **query: str) -> dict[str, Any]:
    return dict(await account.call("GET", f"/analytics/{name}", params=query))


async def test_a_summary_stands_beside_that_of_the_period_before(account: Account, agent: str) -> None:
    found = await read(account, "summary", dateFrom="2026-09-24", dateTo="2026-10-01")
    assert found["totalCalls"] == {"current": 5, "previous": 1, "percentChange": 400}
    assert found["pickupRate"] == {"current": 60, "previous": 100, "percentChange": -40}
    assert found["uniqueUsersReached"]["current"] == 3
    assert found["medianDurationMs"] == 100_000
    assert found["period"]["to"] == "2026-10-02T00:00:00.000Z"
    assert found["previousPeriod"]["from"] == "2026-09-16T00:00:00.000Z"


async def test_days_without_calls_are_counted_as_such(account: Account, agent: str) -> None:
    points = (await read(account, "call-volume-timeseries", dateFrom="2026-09-29", dateTo="2026-10-01"))["dataPoints"]
    assert [(each["date"], each["totalCalls"], each["answeredCalls"], each["noAnswerCalls"]) for each in points] == [
        *(("2026-09-29", 0, 0, 0), ("2026-09-30", 3, 2, 1), ("2026-10-01", 2, 1, 0))
    ]
    ended = await read(account, "call-outcomes-timeseries", dateFrom="2026-09-29", dateTo="2026-10-01")
    assert ended["totals"] == {"answered": 3, "noAnswer": 1, "failed": 1, "cancelled": 0, "total": 5}


async def test_lengths_are_those_of_answered_calls(account: Account, agent: str) -> None:
    found = await read(account, "duration-stats", dateFrom="2026-09-29", dateTo="2026-10-01")
    assert (found["medianDurationMs"], found["p90DurationMs"], found["totalDurationMs"]) == (100_000, 400_000, 520_000)
    assert (found["shortCallsPercent"], found["longCallsPercent"]) == (33.33, 33.33)


async def test_each_more_attempt_shows_what_it_brings(account: Account, agent: str) -> None:
    found = await read(account, "attempt-cohort", dateFrom="2026-09-29", dateTo="2026-10-01")
    assert [(each["attemptNumber"], each["totalCalls"], each["cumulativeAnswered"]) for each in found["cohorts"]] == [
        *((1, 3, 2), (2, 2, 3))
    ]
    assert (found["totalUniqueNumbers"], found["avgAttemptsToPickup"]) == (3, 1.33)


async def test_a_day_shows_how_many_talked_at_once(account: Account, agent: str) -> None:
    found = await read(account, "concurrency", date="2026-09-30", includeAgents="true")
    assert (found["peakConcurrent"], found["dataPoints"][0]) == (2, {"minute": "10:00", "concurrentCalls": 2})
    assert found["byAgent"] == [{"agentId": agent, "peakConcurrent": 2, "avgConcurrent": 1.33, "totalCalls": 3}]
    starts = await read(account, "call-start-distribution", date="2026-09-30")
    assert starts["dataPoints"] == [{"minute": "10:00", "callCount": 2}, {"minute": "23:59", "callCount": 1}]
    day = await read(account, "daily-call-summary", date="2026-09-30")
    assert (day["answeredCalls"], day["unansweredCalls"], day["failedCalls"]) == (2, 1, 0)


async def test_calls_are_counted_by_number_hour_week_and_agent(account: Account, agent: str) -> None:
    period = {"dateFrom": "2026-09-29", "dateTo": "2026-10-01"}
    (number,) = (await read(account, "pickup-rate-by-number", **period))["numbers"]
    assert (number["phoneNumber"], number["totalCalls"], number["lastActiveDate"]) == ("+14155550100", 5, "2026-10-01")
    hours = (await read(account, "hourly-performance", **period))["hours"]
    assert [each["hour"] for each in hours if each["totalCalls"]] == [9, 10, 23]
    (week,) = (await read(account, "weekly-trends", **period))["weeks"]
    assert (week["weekStart"], week["p90Duration"]) == ("2026-09-28", 400)
    (row,) = (await read(account, "agent-performance", **period))["agents"]
    assert (row["agentId"], row["totalCalls"], row["pickupRate"]) == (agent, 5, 60)
    board = await read(account, "dashboard", **period)
    assert board["durationStats"] == await read(account, "duration-stats", **period)


async def test_the_log_is_filtered_and_paged(account: Account, agent: str) -> None:
    found = await read(account, "call-counts-log", callStatus="completed", limit="2")
    assert (found["totalCalls"], found["totalPages"], len(found["calls"])) == (4, 2, 2)
    other = await account.agent("Other")
    assert (await read(account, "call-counts-log", agentId=other))["totalCalls"] == 0
    one = await read(account, "conversation-details/CALL-1790000000000-abcdef")
    assert one["callDurationMs"] == 20_000
    await account.call("GET", "/analytics/conversation-details/CALL-1790000000009-abcdef", 404)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("summary?dateFrom=yesterday", "dateFrom: Invalid date"),
        ("dashboard?dateFrom=0001-01-01", "dateFrom: Invalid date"),
        ("summary?dateFrom=2026-10-02&dateTo=2026-10-01T00:00:00Z", "dateFrom: must not be after dateTo"),
        ("concurrency", "date: Required"),
        ("daily-call-summary?date=2026-13-01", "date: Required"),
    ],
)
async def test_a_malformed_period_is_refused(account: Account, path: str, words: str) -> None:
    assert words in (await account.call("GET", f"/analytics/{path}", 400))["errors"][0]
