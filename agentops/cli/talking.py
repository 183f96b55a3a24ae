"""Says something to the person at the terminal: on stderr, so that stdout stays data."""

from __future__ import annotations

import sys


def talk(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
