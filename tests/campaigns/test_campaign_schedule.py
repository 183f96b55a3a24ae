"""`campaign start --at`: the platform dials by itself then, once, and only what was agreed to for that time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest
from campaign_world import CAMPAIGN
from command_line import Agentops

from agentops.cli import local
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.errors import OutcomeUnknownError, UnavailableError
from agentops.remote.outbound import CampaignRequests

pytestmark = pytest.mark.slow

BERLIN = ZoneInfo("Europe/Berlin")


def in_days(days: int) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(hour=12, minute=0, second=0, microsecond=0)


def digest_of(out: str) -> str:
    found = re.search(r"^digest: (\w+)$", out, re.MULTILINE)
    assert found is not None, out
    return found[1]


def test_it_is_scheduled_once_and_said_to_dial_by_itself(deployed: Path, agentops: Agentops) -> None:
    at = in_days(2)
    times = ("--at", f"{at.astimezone(BERLIN):%Y-%m-%d %H:%M}", "--zone", "Europe/Berlin")
    checked = agentops("campaign", "check", "renewals", *times)
    assert f"The window is checked for {at:%Y-%m-%d} 12:00 UTC" in checked.out
    digest = digest_of(checked.out)
    assert digest != digest_of(agentops("campaign", "check", "renewals").out)
    assert agentops("campaign", "create", "renewals").code == 0  # the draft gives way
    start_it = ("campaign", "start", "renewals", *times)
    assert agentops(*start_it, "--no-input").code == 64
    assert agentops("campaign", "start", "renewals", "--at", "2099-01-01", "--yes", "--digest", digest).code == 5
    ended = agentops(*start_it, "--yes", "--digest", digest)
    assert ended.code == 0
    assert f"The platform calls 20 people by itself at {at:%Y-%m-%d} 12:00 UTC." in ended.out
    assert "nothing is checked again" in ended.out
    assert agentops(*start_it, "--yes", "--digest", digest).code == 0  # is there already
    assert f"scheduled for {at:%Y-%m-%d}T12:00:00" in agentops("campaign", "status", "renewals").out
    for arguments, said in (
        (("--at", f"{in_days(3):%Y-%m-%d} 12:00"), "is scheduled for"),
        ((), "starts by itself at"),
    ):
        other = agentops("campaign", "start", "renewals", *arguments, "--yes", "--digest", digest)
        assert other.code == 1
        assert said in other.err
    assert "paused" in agentops("campaign", "pause", "renewals").out


def test_a_window_that_is_shut_then_refuses_it(deployed: Path, agentops: Agentops) -> None:
    at = in_days(2)
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[at.weekday()]
    shut = CAMPAIGN.replace('"23:59"', f'"23:59", days: [{", ".join({"mon", "tue"} - {day})}]')
    (deployed / "campaigns" / "renewals.yaml").write_text(shut)
    ended = agentops("campaign", "check", "renewals", "--at", f"{at:%Y-%m-%dT%H:%MZ}")
    assert ended.code == 4
    assert f"at {at:%Y-%m-%d} 12:00 UTC" in ended.out
    assert "[OUTSIDE_WINDOW]" in ended.out


@pytest.mark.parametrize(
    ("at", "zone", "said"),
    [
        ("2020-01-01 09:00", "UTC", "is past"),
        ("soon", "UTC", "is not a time"),
        ("2030-01-01 09:00", "Mars/Base", "no time zone"),
        ("2030-03-31 02:30", "Europe/Berlin", "does not exist in Europe/Berlin"),
        ("2030-10-27 02:30", "Europe/Berlin", "occurs twice in Europe/Berlin"),
    ],
)
def test_times_that_are_none(at: str, zone: str, said: str, project: Path, agentops: Agentops) -> None:
    ended = agentops("campaign", "start", "renewals", "--at", at, "--zone", zone)
    assert ended.code == 64
    assert said in ended.err


@pytest.mark.parametrize(
    ("write", "is_killed"), [("delete_campaign", True), ("create_audience", False), ("create_campaign", False)]
)
def test_what_was_broken_off_is_repeated_without_a_second_one(
    write: str, is_killed: bool, deployed: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ("--at", f"{in_days(2):%Y-%m-%d %H:%M}")
    digest = digest_of(agentops("campaign", "check", "renewals", *at).out)
    if write == "delete_campaign":
        assert agentops("campaign", "create", "renewals").code == 0
    original, broken = getattr(CampaignRequests, write), []

    async def breaks(self: CampaignRequests, *given: object, **more: object) -> object:
        result = await original(self, *given, **more)
        if not broken:
            broken.append(write)
            raise (UnavailableError if is_killed else OutcomeUnknownError)("gone")
        return result

    monkeypatch.setattr(CampaignRequests, write, breaks)
    for _ in range(2):
        agentops("campaign", "start", "renewals", *at, "--yes", "--digest", digest)
    assert broken
    assert "already exists: scheduled" in agentops("campaign", "create", "renewals").out


def test_the_platform_dials_when_it_is_time(deployed: Path, agentops: Agentops) -> None:
    behaviours = tuple(sorted((deployed / "agents" / "behaviours").glob("*.yaml")))
    options = EmulatorOptions(data=local.data_file(deployed), behaviours=behaviours, campaign_speed=1e6)
    with start(options) as emulator, local.announced(deployed, emulator.base_url):
        at = ("--at", f"{in_days(1):%Y-%m-%d %H:%M}")
        digest = digest_of(agentops("campaign", "check", "renewals", *at).out)
        assert agentops("campaign", "start", "renewals", *at, "--yes", "--digest", digest).code == 0
        for days, said in ((0, "0 of 20 called"), (2, "20 of 20 called")):
            # Twice: what has just started runs a moment later.
            for seconds in (days * 86_400, 60 * days):
                httpx2.post(f"{emulator.base_url}/_emulator/clock", json={"advance_s": seconds}).raise_for_status()
                shown = agentops("campaign", "status", "renewals").out
            assert said in shown
