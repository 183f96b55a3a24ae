"""Standard output and error as everything but the terminal's own drawing reaches them.

One boundary for all that is printed: nothing that others wrote acts on a terminal or on a workflow's runner, and no
character is too much for the encoding of a pipe.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from agentops.commands import in_project
from agentops.render.style import COLOURS
from agentops.render.visible import json_number, visible_in_json

_COLOURS = re.compile(f"({COLOURS})")
_BY_NUMBER = "agentops-by-number"
_COMMAND = re.compile(r"^([^\S\n]*)(::|##\[)", re.MULTILINE)


class SafeStream:
    """Writes to `trusted` what may be shown. Of control sequences our own colours are left, on a terminal.

    What is written may be JSON, so a character that must not be shown is written as its JSON escape.

    is_obeyed: a runner reads along, and takes a line that begins with `::` for a command
    project: the folder that the person at the terminal named, for the commands that are shown there
    is_talk: whether what is written is said to that person, so that its commands are completed with the folder
    """

    def __init__(self, trusted: TextIO, *, is_obeyed: bool, project: str | None = None, is_talk: bool = False) -> None:
        self.trusted = trusted
        self.project = project
        self._is_talk = is_talk
        self._is_terminal = trusted.isatty()
        self._is_obeyed = is_obeyed

    def write(self, text: str) -> int:
        size = len(text)
        if self._is_talk and self.project is not None:
            text = in_project(text, self.project)
        if self._is_terminal:
            parts = _COLOURS.split(text)
            shown = "".join(part if index % 2 else visible_in_json(part) for index, part in enumerate(parts))
        else:
            shown = visible_in_json(text)
        self.trusted.write(_COMMAND.sub(r"\1\\\2", shown) if self._is_obeyed else shown)
        return size

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.trusted, name)


def trusted(stream: Any) -> TextIO:
    """The stream itself, for what we draw or command and others have no text in that wasn't made visible before."""
    found: TextIO = getattr(stream, "trusted", stream)
    return found


@contextmanager
def safe_streams(*, is_on_runner: bool, project: str | None = None) -> Iterator[None]:
    """Puts both streams behind the boundary while a verb runs. `project`: the folder that the command line names."""
    streams = sys.stdout, sys.stderr
    codecs.register_error(_BY_NUMBER, _by_number)
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_BY_NUMBER)
    said_to = None if is_on_runner else project  # the log of a runner is read elsewhere
    made: list[Any] = [
        SafeStream(each, is_obeyed=is_on_runner and not _is_file(each), project=said_to, is_talk=each is streams[1])
        for each in streams
    ]
    sys.stdout, sys.stderr = made
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


def _by_number(error: UnicodeError) -> tuple[str, int]:
    """What an encoding doesn't have, as `codecs.register_error` wants it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json_number(error.object[error.start : error.end]), error.end


def _is_file(stream: TextIO) -> bool:
    """Whether the stream goes into a file, which is data that no runner reads."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False
