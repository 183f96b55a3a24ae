"""What speaks against starting a campaign now: people outside of the window, on the do-not-call list, money.

The window is looked at once, at the start, up to the estimated end: the platform itself keeps no window.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agentops.campaigns.audience import Audience, listed
from agentops.campaigns.model import CallingHours, Campaign

CALLS_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class StartRefusal:
    """One reason not to dial. `code` is stable."""

    code: str
    summary: str
    hint: str


@dataclass(frozen=True, slots=True)
class CampaignEstimate:
    """What the campaign would take, from the agent's last calls; None is not known.

    based_on:    how many calls the figures come from
    concurrency: calls at once that the account leaves for this agent
    minutes:     of calls, if everybody answered at once
    lasts_min:   from the start to the last call, with every retry made
    cost:        in the unit in which the platform gives the cost of calls
    """

    based_on: int = 0
    concurrency: int | None = None
    minutes: float | None = None
    lasts_min: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """What a start would do, and the reasons against it.

    digest:      approves exactly this: the campaign, its audience, the revision that would call, and the time if one
                 was named
    status:      of the campaign on the platform; None if it isn't created yet
    unanswered:  what could not be read of the account, in words
    """

    name: str
    environment: str
    agent: str
    people: int
    revision: str | None
    digest: str
    status: str | None
    estimate: CampaignEstimate
    credits: float | None
    refused: tuple[StartRefusal, ...]
    unanswered: tuple[str, ...] = ()
    at: datetime | None = None


def estimate(
    campaign: Campaign, people: int, calls: Sequence[Mapping[str, Any]], concurrency: int | None
) -> CampaignEstimate:
    """`calls`: the agent's last ones, as rows of the platform's list."""
    done = [call for call in calls if call.get("status") == "completed" and _number(call.get("duration"))]
    if not done:
        return CampaignEstimate(concurrency=concurrency)
    minutes = people * sum(_number(call["duration"]) for call in done) / len(done) / 60
    costs = [_number(call.get("callCost")) for call in done]
    waits = campaign.max_retries * campaign.retry_delay_min
    # Each retry is another round through everybody at worst.
    rounds = 1 + campaign.max_retries
    return CampaignEstimate(
        based_on=len(done),
        concurrency=concurrency,
        minutes=minutes,
        lasts_min=minutes * rounds / concurrency + waits if concurrency else None,
        cost=people * sum(costs) / len(done) if any(costs) else None,
    )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def refusals(
    campaign: Campaign,
    audience: Audience,
    estimated: CampaignEstimate,
    *,
    begins: datetime,
    is_now: bool = True,
    not_to_call: Collection[str],
    credits_left: float | None,
) -> Iterator[StartRefusal]:
    """Everything that speaks against dialling from `begins` on, but for what the agent itself says.

    is_now: whether that is the present, which only changes the words
    """
    placeless = [member.line for member in audience.members if not member.zones]
    if placeless:
        yield StartRefusal(
            "ZONE_UNKNOWN",
            f"{len(placeless)} numbers are toll-free or have no known time zone: lines {listed(placeless)}",
            "add a column with IANA time zones and name it: `zone_column:`",
        )
    end = begins + timedelta(minutes=estimated.lasts_min or 0)
    zones = {zone for member in audience.members for zone in member.zones}
    open_in = {zone: is_open(campaign.window, ZoneInfo(zone), begins, end) for zone in zones}
    outside = [m.line for m in audience.members if not all(open_in[zone] for zone in m.zones)]
    if outside:
        start = "now" if is_now else f"{begins:%Y-%m-%d %H:%M} UTC"
        until = f"from {start} until the estimated end ({end:%Y-%m-%d %H:%M} UTC)"
        if estimated.lasts_min is None:
            until = start if is_now else f"at {start}"
        yield StartRefusal(
            "OUTSIDE_WINDOW",
            f"{len(outside)} {_people(outside)} may be outside of the window {until}: lines {listed(outside)}",
            "start it at another time (`--at`), or split the audience by time zone",
        )
    unwanted = [member.line for member in audience.members if member.number in not_to_call]
    if unwanted:
        yield StartRefusal(
            "DO_NOT_CALL",
            f"{len(unwanted)} {_people(unwanted)} on the do-not-call list would be called: lines {listed(unwanted)}",
            "take these lines out of the file",
        )
    if estimated.cost is not None and credits_left is not None and estimated.cost > credits_left:
        yield StartRefusal(
            "CREDITS",
            f"about {estimated.cost:.2f} credits are needed, the account has {credits_left:.2f}",
            "buy credits, or call fewer people",
        )
    if estimated.concurrency == 0:
        yield StartRefusal("CONCURRENCY", "every call slot is reserved for other agents", "reserve some for this agent")


def _people(lines: Sequence[int]) -> str:
    return "person" if len(lines) == 1 else "people"


def is_open(window: CallingHours, zone: ZoneInfo, start: datetime, end: datetime) -> bool:
    """Whether one opening of the window covers everything from `start` to `end`."""
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    is_same_day = begins.date() == ends.date()
    return (
        is_same_day
        and begins.weekday() in window.days
        and window.opens <= begins.time()
        and ends.time() <= window.closes
    )
