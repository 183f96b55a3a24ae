"""Types commands in a pseudo-terminal, as a person does, and reads what is shown there."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CTRL_C = "\x03"
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PATIENCE_S = 60.0  # a busy machine is no failure


@dataclass(slots=True)
class Typed:
    """One command that runs in a terminal of its own."""

    pid: int
    screen: int
    raw: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        """What was shown, without colours and movements."""
        return _CODES.sub("", self.raw.decode(errors="replace")).replace("\r\n", "\n")

    def wait_for(self, text: str) -> Typed:
        """Returns when `text` is on the screen."""
        while text not in self.text:
            assert self.read(), f"it ended without {text!r}:\n{self.text}"
        return self

    def type(self, keys: str) -> Typed:
        os.write(self.screen, keys.encode())
        return self

    def end(self) -> int:
        """The exit code, negative for a signal, once the command has ended."""
        while self.read():
            pass
        os.close(self.screen)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def read(self) -> bool:
        """Reads what comes next; False at the end."""
        ready, _, _ = select.select([self.screen], [], [], _PATIENCE_S)
        assert ready, f"nothing more came:\n{self.text}"
        try:
            got = os.read(self.screen, 65536)
        except OSError:  # how Linux says that the other side is closed
            return False
        self.raw += got
        return bool(got)


def type_command(arguments: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> Typed:
    """Starts `agentops ARGUMENTS` in `folder` on a terminal of 100 columns."""
    pid, screen = pty.fork()
    if pid == 0:
        os.chdir(folder)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored by what a shell starts in the background
        command = [sys.executable, "-m", "agentops.cli.app", *arguments]
        os.execve(sys.executable, command, {**os.environ, "TERM": "xterm", "COLUMNS": "100", **(environ or {})})
    return Typed(pid, screen)


def running_in(folder: Path) -> list[int]:
    """The processes whose working folder is `folder`, as Linux lists them."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_until_nothing_runs_in(folder: Path) -> None:
    """Returns when no process works in `folder` any more; those that end with their parent need a moment."""
    until = time.monotonic() + _PATIENCE_S
    while running := running_in(folder):
        assert time.monotonic() < until, f"still running: {running}"
        select.select([], [], [], 0.05)
