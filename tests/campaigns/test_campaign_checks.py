"""What speaks against dialling: windows over zones and changes of the clock; estimates say when nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agentops.campaigns.audience import Audience, Member
from agentops.campaigns.checks import CampaignEstimate, estimate, is_open, refusals
from agentops.campaigns.model import CallingHours, Campaign

OFFICE = CallingHours(time(9), time(20), frozenset(range(5)))
CAMPAIGN = Campaign("c", "p/e", "a", Path("x"), "phone", None, "", 2, 60, (), OFFICE)
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "hours", "lasts_h", "expected"),
    [
        ("Etc/UTC", 9, 0, True),
        ("Etc/UTC", 8.99, 0, False),
        ("Etc/UTC", 19, 2, False),
        ("Etc/UTC", 10, 24, False),
        ("America/Los_Angeles", 16, 0, False),
        ("America/Los_Angeles", 17, 1, True),
        ("Asia/Kolkata", 3.5, 0, True),
        ("Etc/UTC", -14, 0, False),  # Sunday
    ],
)
def test_the_window_is_the_called_persons(zone: str, hours: float, lasts_h: float, expected: bool) -> None:
    start = MONDAY + timedelta(hours=hours)
    assert is_open(OFFICE, ZoneInfo(zone), start, start + timedelta(hours=lasts_h)) is expected


def test_the_window_follows_summer_time() -> None:
    for day, hour in ((datetime(2026, 3, 27, tzinfo=UTC), 8), (datetime(2026, 3, 30, tzinfo=UTC), 7)):
        start = day + timedelta(hours=hour)
        assert is_open(OFFICE, ZoneInfo("Europe/Berlin"), start, start)
        assert not is_open(OFFICE, ZoneInfo("Europe/Berlin"), start - timedelta(minutes=1), start)


def test_every_refusal_of_the_audience() -> None:
    members = (Member(2, "+1", ()), Member(3, "+2", ("Etc/UTC", "Asia/Tokyo")), Member(4, "+3", ("Etc/UTC",)))
    found = refusals(
        CAMPAIGN,
        Audience(members, b""),
        CampaignEstimate(concurrency=0, cost=10.0),
        begins=MONDAY + timedelta(hours=12),
        not_to_call={"+3"},
        credits_left=1.0,
    )
    said = {each.code: each.summary for each in found}
    assert list(said) == ["ZONE_UNKNOWN", "OUTSIDE_WINDOW", "DO_NOT_CALL", "CREDITS", "CONCURRENCY"]
    assert "lines 3" in said["OUTSIDE_WINDOW"]
    assert "lines 4" in said["DO_NOT_CALL"]


def test_estimates() -> None:
    calls = [{"status": "completed", "duration": 60, "callCost": 2}, {"status": "no_answer", "duration": 0}]
    assert estimate(CAMPAIGN, 30, calls, 10) == CampaignEstimate(1, 10, 30.0, 9.0 + 120, 60.0)
    assert estimate(CAMPAIGN, 30, [], 10) == CampaignEstimate(concurrency=10)
    assert estimate(CAMPAIGN, 30, calls, None).lasts_min is None
