"""Says on stderr how far reading the account has come, if it takes long: one line redrawn, or one now and then.

The rate limit makes minutes of a large account, and a program that says nothing for minutes looks broken.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

_QUIET_S = 1.0  # most plans are done by then and need no such line
_REDRAWN_EVERY_S = 0.1
_LINE_EVERY_S = 15.0  # in a log
_CLEAR = "\r\x1b[K"


@dataclass(slots=True)
class ReadingProgress:
    """`redraws`: whether `stream` is a terminal on which a line can be written over."""

    stream: TextIO
    redraws: bool
    clock: Callable[[], float] = time.monotonic
    next_at: float | None = None
    is_shown: bool = False

    def __enter__(self) -> ReadingProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, done: int, total: int) -> None:
        """`done` agents of `total` have been read."""
        now = self.clock()
        if done == total:
            self.clear()
        elif self.next_at is None:
            self.next_at = now + (_QUIET_S if self.redraws else _LINE_EVERY_S)
        elif now >= self.next_at:
            text = f"Reading agents: {done:,} of {total:,}"
            self.stream.write(f"{_CLEAR}{text}" if self.redraws else f"{text}\n")
            self.stream.flush()
            self.is_shown = self.redraws
            self.next_at = now + (_REDRAWN_EVERY_S if self.redraws else _LINE_EVERY_S)

    def clear(self) -> None:
        """Takes the line away: what comes next stands in its place. The next reading starts anew."""
        if self.is_shown:
            self.stream.write(_CLEAR)
            self.stream.flush()
        self.is_shown, self.next_at = False, None
