"""Times that the platform writes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentops.clock import platform_time

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-03-03T12:00:00Z", NOON),
        ("2026-03-03T12:00:00.000Z", NOON),
        ("2026-03-03T13:00:00+01:00", NOON),
        ("2026-03-03T12:00:00", NOON),  # without a zone it is UTC
        ("soon", None),
        ("", None),
        (1772539200, None),
        (None, None),
    ],
)
def test_a_time_of_the_platform_is_one_or_is_not_known(written: object, read: datetime | None) -> None:
    assert platform_time(written) == read
