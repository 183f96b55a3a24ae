"""Which revision served at a moment: told where the platform keeps it, called not known where it does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentops.document import DesiredAgent, Environment, Revision
from agentops.errors import UsageError
from agentops.plan.history import build_history
from agentops.workflow.history import AgentHistory, commit_of
from agentops.workflow.serving import read_past, served_at

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 12, tzinfo=UTC)


def published(number: int, on: int, *, activated: int | None = None, **fields: str) -> Revision:
    went_live = None if activated is None else f"2026-03-{activated:02}T10:00:00.000Z"
    at = f"2026-03-{on:02}T09:00:00.000Z"
    return Revision(f"r{number}", number, published_at=at, activated_at=went_live, **fields)


def history(*revisions: Revision, live: str) -> AgentHistory:
    environment = Environment("acme", "prod")
    return AgentHistory(DesiredAgent("desk", "Desk", {}), "a1", build_history(environment, revisions, live))


def test_publishing_on_the_one_branch_was_going_live() -> None:
    found = history(published(2, 5, branch_id="b"), published(1, 2, branch_id="b"), live="r2")
    told = [(served_at(found, day(on)).entry, served_at(found, day(on)).doubt) for on in (1, 3, 6)]
    assert [(entry and entry.revision.number, doubt) for entry, doubt in told] == [(None, None), (1, None), (2, None)]


def test_before_the_oldest_that_is_listed_nothing_is_known() -> None:
    for activated in (None, 4):
        found = history(published(8, 4, activated=activated), live="r8")
        served = served_at(found, day(1))
        assert (served.entry, served.doubt) == (None, "the platform does not list the revisions of that time")


def test_with_several_branches_the_switch_is_not_known() -> None:
    found = history(published(2, 5, branch_id="b"), published(1, 2, branch_id="other"), live="r2")
    served = served_at(found, day(6))
    assert served.entry is not None
    assert served.entry.revision.number == 2
    assert "not known" in (served.doubt or "")


def test_versions_say_when_they_last_went_live() -> None:
    found = history(published(2, 5, activated=6), published(1, 2, activated=3), live="r2")
    served = served_at(found, day(4))
    assert served.entry is not None
    assert (served.entry.revision.number, served.doubt) == (1, None)


def test_a_version_that_came_back_hides_when_it_served_before() -> None:
    found = history(published(2, 5, activated=6), published(1, 2, activated=9), live="r1")
    assert served_at(found, day(4)).entry is None
    assert "1" in (served_at(found, day(4)).doubt or "")
    assert served_at(found, day(10)).doubt is None


def test_a_restored_revision_has_the_commit_of_its_origin() -> None:
    first = published(1, 2, branch_id="b", label="deploy abcdef1")
    found = history(published(2, 5, branch_id="b", restored_from="r1"), first, live="r2")
    assert commit_of(found, found.entries[0]) == "abcdef1"


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-03-03 10:00", "UTC", "2026-03-03T10:00:00+00:00"),
        ("2026-03-03 10:00", "Europe/Berlin", "2026-03-03T09:00:00+00:00"),
        ("2026-07-03 10:00", "Europe/Berlin", "2026-07-03T08:00:00+00:00"),
        ("2026-03-03T10:00+05:30", "Europe/Berlin", "2026-03-03T04:30:00+00:00"),
    ],
)
def test_a_moment_is_read_in_its_zone(text: str, zone: str, expected: str) -> None:
    assert read_past(text, zone, NOW).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "zone", "why"),
    [
        ("yesterday", "UTC", "is not a time"),
        ("2027-03-03 10:00", "UTC", "still to come"),
        ("2026-03-03 10:00", "Mars/Olympus", "no time zone"),
        ("2026-03-29 02:30", "Europe/Berlin", "does not exist in Europe"),
        ("2026-10-25 02:30", "Europe/Berlin", "occurs twice"),
    ],
)
def test_what_is_no_single_moment_is_refused(text: str, zone: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_past(text, zone, NOW)
