"""What can be told from a phone number: whether it can exist, and which time zones it may be in.

An area code is no location, since people keep their mobile numbers when they move; and the library knows one zone for
some countries that have several. What it does not know counts as unknown and never as some default.
"""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentops.errors import UsageError
from agentops.installation import install_command

_SIGNS = re.compile(r"[\s().\-/]")
_NOWHERE = "Etc/Unknown"


@cache
def _library() -> ModuleType:
    try:
        # 22 MB that only campaigns need: an extra.
        import phonenumbers
        import phonenumbers.timezone
    except ImportError:
        hint = f"`{install_command('campaigns')}`"
        raise UsageError("campaigns need the extra `campaigns`", hint=hint, code="missing-extra") from None
    return phonenumbers


def normal(written: str) -> str | None:
    """The number in the form +14155550123; None where it isn't written with + and country code."""
    digits = _SIGNS.sub("", written.strip())
    return digits if re.fullmatch(r"\+[1-9][0-9]{6,14}", digits) else None


def is_possible(number: str) -> bool:
    """Whether the country's numbering plan has such a number."""
    library = _library()
    try:
        return bool(library.is_valid_number(library.parse(number, None)))
    except library.NumberParseException:
        return False


def zones_of(number: str, written: str = "") -> tuple[str, ...] | None:
    """Every time zone that the number may be in; none for toll-free numbers and others that belong to no place.

    written: the zone that the audience's own column has, which is believed; the result is None when it is no zone
    """
    if zone := written.strip():
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
        return (zone,)
    library = _library()
    parsed = library.parse(number, None)
    kind = library.PhoneNumberType
    if library.number_type(parsed) in (kind.TOLL_FREE, kind.PREMIUM_RATE, kind.SHARED_COST, kind.UAN, kind.VOIP):
        return ()
    found = library.timezone.time_zones_for_number(parsed)
    return () if _NOWHERE in found else tuple(found)
