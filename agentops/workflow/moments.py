"""Times as people write them on the command line: in a time zone, or with an offset of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentops.errors import UsageError


def read_moment(text: str, zone: str, *, option: str = "--at") -> datetime:
    """The moment that `text` names, in UTC: `2026-03-03 10:00` in `zone`, or with an offset. `option` is for messages.

    Raises UsageError if it is not a time, for an unknown zone, and for a time that the clocks of `zone` skip or repeat.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, OSError) as failure:
        raise UsageError(
            f"there is no time zone {zone!r}", hint="for example Europe/Berlin", code="no-zone"
        ) from failure
    except ValueError as failure:
        hint = f'write {option} "2026-03-03 10:00", or with an offset: {option} 2026-03-03T10:00+01:00'
        raise UsageError(
            f"{option} {text!r} with --zone {zone!r} is not a time", hint=hint, code="no-time"
        ) from failure
    return (moment if moment.tzinfo is not None else _placed(moment, place, text, option)).astimezone(UTC)


def _placed(moment: datetime, zone: ZoneInfo, text: str, option: str) -> datetime:
    early, late = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return early
    is_skipped = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment
    what = "does not exist" if is_skipped else "occurs twice"
    hint = f"write it with its offset: {option} {moment.isoformat()}{early:%z}"
    raise UsageError(f"{text!r} {what} in {zone.key}: the clocks are changed then", hint=hint, code="no-time")
