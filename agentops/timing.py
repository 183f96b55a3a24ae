"""When an environment may be deployed to: freezes, and the calm hours in which somebody looks after a deploy. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing is deployed from `starts` until just before `ends`, both in UTC; `zone` is the one that people wrote."""

    name: str
    reason: str
    starts: datetime
    ends: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class CalmHours:
    """Deploys happen from `opens` to `closes` in `zone`, on `days` (Monday is 0); past midnight where it closes before
    it opens, and then the day is the one on which it opened."""

    opens: time
    closes: time
    days: frozenset[int]
    zone: str
    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nothing is deployed now. `code` and `name`: what an override names; `until`: when it ends, in words."""

    code: str
    name: str
    summary: str
    until: str


def moment_of(local: datetime, zone: str, *, is_end: bool = False) -> datetime:
    """The time that `zone`'s clocks show, in UTC; where they show it twice or skip it, the one that freezes longer."""
    both = [local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]
    return max(both) if is_end else min(both)


def closed_at(now: datetime, freezes: tuple[Freeze, ...], calm: CalmHours | None) -> Iterator[Closed]:
    """Everything that speaks against deploying at `now`."""
    for each in freezes:
        if each.starts <= now < each.ends:
            until = _shown(each.ends, each.zone)
            yield Closed("FREEZE", each.name, f"frozen until {until}: {each.reason}", until)
    if calm is not None and not _is_calm(now, calm):
        until = _shown(_next_calm(now, calm), calm.zone)
        local = _shown(now, calm.zone)
        hours = f"{calm.opens:%H:%M} to {calm.closes:%H:%M}"
        yield Closed("CALM_HOURS", "", f"it is {local}, deploys happen from {hours}: {calm.reason}", until)


def _is_calm(now: datetime, calm: CalmHours) -> bool:
    local = now.astimezone(ZoneInfo(calm.zone))
    clock, day = local.time(), local.weekday()
    if calm.opens < calm.closes:
        return day in calm.days and calm.opens <= clock < calm.closes
    return (day in calm.days and clock >= calm.opens) or ((day - 1) % 7 in calm.days and clock < calm.closes)


def _next_calm(now: datetime, calm: CalmHours) -> datetime:
    """The next opening. A clock that skips the hour opens when it goes on."""
    zone = ZoneInfo(calm.zone)
    today = now.astimezone(zone).date()
    for days in range(9):
        day = today + timedelta(days=days)
        opens = moment_of(datetime.combine(day, calm.opens), zone.key)
        if opens > now and day.weekday() in calm.days:
            return opens
    raise AssertionError(calm)  # a week has every day


def _shown(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M} ({zone})"
