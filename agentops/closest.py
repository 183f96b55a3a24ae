"""The known name that a mistyped one most likely means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(name: object, known: Iterable[str], *, cutoff: float = 0.5) -> str | None:
    """The name in `known` that is nearest to `name`, upper and lower case counting as one; None when none is near."""
    folded = {each.lower(): each for each in known}
    found = difflib.get_close_matches(str(name).lower(), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else None
