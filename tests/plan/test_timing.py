"""When an environment may be deployed to: zones, changes of the clock, hours past midnight, overrides by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from agentops.document import Environment
from agentops.errors import SpecError
from agentops.plan.model import Action, AgentChange, ResourceAction, ResourceChange
from agentops.plan.safety import refuse_closed
from agentops.resources import Address, Kind
from agentops.spec import load_project
from agentops.timing import CalmHours, closed_at, moment_of

PROJECT = """\
project: acme
environments:
  prod:
    target: emulator
"""
FREEZE = """\
    freeze:
      - {name: year-end, from: 2026-12-24, to: 2026-12-26, timezone: America/New_York, reason: nobody is here}
      - {name: launch, from: 2026-12-26 09:00, to: 2026-12-26 12:00, timezone: America/New_York, reason: the launch}
"""
CALM = (
    "    calm_hours: {from: '10:00', to: '16:00', days: [mon, tue], timezone: Europe/Berlin, reason: somebody looks}\n"
)


def environment_of(root: Path, written: str) -> Environment:
    (root / "agentops.yaml").write_text(PROJECT + written)
    project = load_project(root, environ={})
    if problems := [each for each in project.diagnostics if each.is_error]:
        raise SpecError(problems)
    return project.environment


def codes(environment: Environment, at: str) -> list[str]:
    now = datetime.fromisoformat(at)
    return [f"{each.code} {each.name}".strip() for each in closed_at(now, environment.freezes, environment.calm_hours)]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-12-24T04:59:59Z", []),
        ("2026-12-24T05:00:00Z", ["FREEZE year-end"]),
        ("2026-12-26T15:00:00Z", ["FREEZE year-end", "FREEZE launch"]),
        ("2026-12-27T04:59:59Z", ["FREEZE year-end"]),  # the last day counts as a whole, in New York
        ("2026-12-27T05:00:00Z", []),
    ],
)
def test_a_freeze_holds_by_its_own_clock(at: str, expected: list[str], tmp_path: Path) -> None:
    assert codes(environment_of(tmp_path, FREEZE), at) == expected


@pytest.mark.parametrize(
    ("at", "is_calm"),
    [
        ("2026-03-23T09:00:00Z", True),  # Monday, 10 o'clock, winter time
        ("2026-03-23T08:59:00Z", False),
        ("2026-03-30T08:00:00Z", True),  # a week later, summer time
        ("2026-03-30T14:00:00Z", False),
        ("2026-03-25T10:00:00Z", False),  # Wednesday
    ],
)
def test_calm_hours_follow_summer_time(at: str, is_calm: bool, tmp_path: Path) -> None:
    assert codes(environment_of(tmp_path, CALM), at) == ([] if is_calm else ["CALM_HOURS"])


@pytest.mark.parametrize(
    ("day", "hour", "is_calm"),
    [(2, 22, True), (3, 3, True), (3, 5, False), (2, 21, False), (3, 22, False), (2, 3, False)],
)
def test_calm_hours_past_midnight_belong_to_the_day_on_which_they_began(day: int, hour: int, is_calm: bool) -> None:
    night = CalmHours(time(22), time(5), frozenset({0}), "Etc/UTC", "callers sleep")  # 2 March 2026 is a Monday
    assert (not list(closed_at(datetime(2026, 3, day, hour, tzinfo=UTC), (), night))) is is_calm


def test_what_the_clock_skips_or_shows_twice_freezes_longer() -> None:
    twice = datetime.fromisoformat("2026-10-25 02:30")
    assert moment_of(twice, "Europe/Berlin").hour == 0
    assert moment_of(twice, "Europe/Berlin", is_end=True).hour == 1
    skipped = datetime.fromisoformat("2026-03-29 02:30")
    assert moment_of(skipped, "Europe/Berlin") < moment_of(skipped, "Europe/Berlin", is_end=True)


def test_when_it_opens_again_is_said(tmp_path: Path) -> None:
    [closed] = closed_at(datetime(2026, 3, 24, 20, tzinfo=UTC), (), environment_of(tmp_path, CALM).calm_hours)
    assert closed.until == "Mon 2026-03-30 10:00 (Europe/Berlin)"
    assert (
        "it is Tue 2026-03-24 21:00 (Europe/Berlin), deploys happen from 10:00 to 16:00: somebody looks"
        in closed.summary
    )


def test_only_what_deploys_is_refused_and_each_freeze_by_its_name(tmp_path: Path) -> None:
    environment = environment_of(tmp_path, FREEZE)
    closed = list(closed_at(datetime(2026, 12, 26, 15, tzinfo=UTC), environment.freezes, None))
    change = AgentChange("a", "A", Action.UPDATE, "")
    found = refuse_closed(environment, [change], [], closed)
    assert [each.acknowledgement for each in found] == ["FREEZE:year-end", "FREEZE:launch"]
    assert "pass `--ack FREEZE:launch`" in found[1].hint
    for action in (Action.UNCHANGED, Action.CALL):
        assert refuse_closed(environment, [AgentChange("a", "A", action, "")], [], closed) == []
    webhook = ResourceChange(Address(Kind.WEBHOOK, "crm"), "crm", ResourceAction.UPDATE, "")
    assert refuse_closed(environment, [], [webhook], closed) == found
    assert refuse_closed(environment, [], [replace(webhook, action=ResourceAction.UNCHANGED)], closed) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (FREEZE.replace("to: 2026-12-26,", "to: 2026-12-23,"), "the freeze never begins"),
        (FREEZE.replace("12:00", "09:00"), "the freeze never begins"),
        (FREEZE.replace("2026-12-24", "2026-02-30"), "there is no such date"),
        (FREEZE.replace("2026-12-24", "soon"), "from is 'soon'"),
        (FREEZE.replace("America/New_York", "America/Nowhere"), "timezone is 'America/Nowhere'"),
        (FREEZE.replace("reason: nobody is here", "reason: ''"), "reason is empty"),
        (CALM.replace("16:00", "10:00"), "the calm hours never open"),
        (CALM.replace("[mon, tue]", "[]"), "days is empty"),
        (CALM.replace("Europe/Berlin", "../etc"), "timezone is '../etc'"),
    ],
)
def test_times_that_never_are_are_mistakes(written: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as raised:
        environment_of(tmp_path, written)
    assert said in " ".join(each.summary for each in raised.value.diagnostics)
