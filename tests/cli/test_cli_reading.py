"""How far reading an account has come, for whoever waits: nothing at first, then a line."""

from __future__ import annotations

import io

import pytest

from agentops.cli.reading import ReadingProgress


class Told:
    """A progress on a clock that a test sets, and what it has written."""

    def __init__(self, *, redraws: bool) -> None:
        self.now = 0.0
        self.stream = io.StringIO()
        self.progress = ReadingProgress(self.stream, redraws, lambda: self.now)

    def at(self, now: float, done: int, total: int = 1000) -> str:
        """What is written when `done` agents have been read at `now`, in seconds."""
        self.now = now
        before = self.stream.tell()
        self.progress.show(done, total)
        return self.stream.getvalue()[before:]


def test_a_terminal_has_a_line_that_is_redrawn_and_taken_away() -> None:
    told = Told(redraws=True)
    assert told.at(0.0, 1) == told.at(0.9, 10) == ""
    assert told.at(1.0, 12) == "\r\x1b[KReading agents: 12 of 1,000"
    assert told.at(1.05, 13) == ""
    assert told.at(1.2, 20) == "\r\x1b[KReading agents: 20 of 1,000"
    assert told.at(1.25, 1000) == "\r\x1b[K"


def test_a_log_has_a_line_now_and_then() -> None:
    told = Told(redraws=False)
    lines = [told.at(float(second), 8 * second) for second in range(1, 61)]
    assert [line for line in lines if line] == [f"Reading agents: {done} of 1,000\n" for done in (128, 248, 368)]


@pytest.mark.parametrize("redraws", [True, False])
def test_what_is_done_at_once_says_nothing(redraws: bool) -> None:
    told = Told(redraws=redraws)
    assert told.at(0.0, 1, 3) + told.at(0.2, 2, 3) + told.at(0.4, 3, 3) == ""


def test_a_failure_leaves_no_half_line_behind() -> None:
    told = Told(redraws=True)
    with told.progress:
        told.at(0.0, 1)
        told.at(2.0, 2)
    assert told.stream.getvalue().endswith("\r\x1b[K")
    assert told.at(2.1, 3) == "", "the next reading waits again before it says anything"
