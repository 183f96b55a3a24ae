"""The live view of an apply: what its frames say, and who gets it: a person at a terminal, and nobody else."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from agentops.apply.model import (
    AgentFinished,
    AgentResult,
    Outcome,
    RunStarted,
    Stage,
    StageFinished,
    StageStarted,
    Warned,
)
from agentops.cli.live import LiveView
from agentops.plan.model import Action

pytestmark = pytest.mark.slow

APPLY = ("apply", "-e", "local", "--agent", "bilingual", "--yes", "--no-smoke")


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Screen:
    """A view on a screen of 60 columns and 9 lines, and its frames as plain lines."""

    def __init__(self) -> None:
        self.time = Seconds()
        self.written = io.StringIO()
        self.view = LiveView(self._console(self.written), self.time)

    @staticmethod
    def _console(file: io.StringIO) -> Console:
        return Console(file=file, width=60, height=9, force_terminal=True, color_system=None)

    def lines(self) -> list[str]:
        paper = io.StringIO()
        self._console(paper).print(self.view.frame())
        return [line.rstrip() for line in paper.getvalue().splitlines()]

    def finish(self, key: str, outcome: Outcome, detail: str = "") -> None:
        self.view.show(AgentFinished(AgentResult(key, key, Action.UPDATE, outcome, detail)))


@pytest.fixture
def screen() -> Iterator[Screen]:
    made = Screen()
    with made.view:
        yield made


def test_each_agent_has_a_line_with_its_stages_and_the_time_in_the_last(screen: Screen) -> None:
    screen.view.show(RunStarted("run-1", "prod", ("desk", "sales", "support")))
    for stage in (Stage.GUARD, Stage.DRAFT, Stage.PATCH, Stage.COMPARE):
        screen.view.show(StageStarted("sales", stage))
        screen.view.show(StageFinished("sales", stage))
    screen.view.show(StageStarted("sales", Stage.PUBLISH))
    screen.time.now = 7.2
    screen.finish("support", Outcome.UNCHANGED)
    assert screen.lines() == [
        "Applying to prod: 1 of 3 agents done, 7 s",
        "  desk     waiting",
        "  sales    draft > patch > compare > publish  7 s",
        "  support  unchanged",
    ]


def test_how_an_agent_ended_is_counted_and_cut_to_the_screen(screen: Screen) -> None:
    screen.view.show(RunStarted("run-1", "prod", ("desk", "sales")))
    screen.finish("desk", Outcome.ROLLED_BACK, "revision 3 serves again\nand much more is told about it " * 3)
    head, desk, _ = screen.lines()
    assert head == "Applying to prod: 1 of 2 agents done, 1 with problems, 0 s"
    assert desk.startswith("  desk   rolled back  revision 3 serves again and much more")
    assert len(desk) <= 60


def test_a_fleet_that_does_not_fit_shows_what_is_at_work_and_what_went_wrong_first(screen: Screen) -> None:
    keys = tuple(f"line{number:02}" for number in range(40))
    screen.view.show(RunStarted("run-1", "prod", keys))
    screen.finish("line00", Outcome.APPLIED)
    screen.finish("line30", Outcome.FAILED, "the scan failed")
    screen.view.show(StageStarted("line20", Stage.SCAN))
    lines = screen.lines()
    assert len(lines) < 9
    assert lines[1].startswith("  line20  scan")
    assert lines[2] == "  line30  failed  the scan failed"
    assert lines[-1] == "  and 34 more"
    assert not any("line00" in line for line in lines)


def test_a_warning_scrolls_past_without_what_a_terminal_would_act_on(screen: Screen) -> None:
    screen.view.show(RunStarted("run-1", "prod", ("desk",)))
    screen.view.show(Warned("desk", "a draft is open \x1b]0;owned\x07"))
    assert "  desk: warning: a draft is open" in screen.written.getvalue()
    assert "\x1b]0;" not in screen.written.getvalue()


def test_a_second_run_starts_its_own_lines(screen: Screen) -> None:
    screen.view.show(RunStarted("gate", "prod-preview", ("desk (preview gate)",)))
    screen.view.show(RunStarted("run-1", "prod", ("desk",)))
    assert screen.lines() == ["Applying to prod: 0 of 1 agent done, 0 s", "  desk  waiting"]


def on_a_terminal(project: Path, *arguments: str, **environ: str) -> str:
    """What a person sees who runs agentops in a terminal of 80 x 24; it must end well."""
    keyboard, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "agentops.cli.app", *arguments]
    inherited = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    started = subprocess.Popen(
        command, cwd=project, stdin=screen, stdout=screen, stderr=screen, env={**inherited, "TERM": "xterm", **environ}
    )
    os.close(screen)
    seen = b""
    try:
        while chunk := os.read(keyboard, 65536):
            seen += chunk
    except OSError:  # how Linux says that the last program has left the terminal
        pass
    os.close(keyboard)
    assert started.wait(60) == 0, seen.decode()
    return seen.decode()


HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"


def test_a_person_at_a_terminal_sees_the_view_and_then_the_result(project: Path) -> None:
    seen = on_a_terminal(project, *APPLY)
    assert "0 of 1 agent done" in seen
    assert "bilingual: publish" not in seen  # no line of the log
    assert seen.index(HIDDEN) < seen.index("1 of 1 agent done") < seen.index(SHOWN) < seen.index("1 agent: 1 applied.")


@pytest.mark.parametrize(
    ("more", "environ"), [((), {"CI": "true"}), ((), {"TERM": "dumb"}), (("--progress", "lines"), {})]
)
def test_a_log_and_who_asks_for_lines_get_lines(project: Path, more: tuple[str, ...], environ: dict[str, str]) -> None:
    seen = on_a_terminal(project, *APPLY, *more, **environ)
    assert "bilingual: publish" in seen
    assert HIDDEN not in seen
    assert "agent done" not in seen
