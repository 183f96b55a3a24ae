"""The files that commands read by name and those that they write, with errors that people can act on.

A file is written whole or not at all: a full disk leaves the one that was there.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from agentops.errors import LocalError, UsageError

MAX_READ_BYTES = 64_000_000
_BINARY = getattr(os, "O_BINARY", 0)  # without it, Windows would change line ends


def read_bytes(path: Path, what: str = "", *, hint: str, code: str = "file") -> bytes:
    """The content of a regular file that a command is to read. `what` names it in errors, `hint` is what was expected.

    Raises UsageError: a pipe would be waited for, and a device never ends.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            why = "it is a folder"
        elif not stat.S_ISREG(found.st_mode):
            why = "it is not a regular file"
        elif found.st_size > MAX_READ_BYTES:
            why = f"it is larger than {MAX_READ_BYTES // 1_000_000} MB"
        else:
            return path.read_bytes()
    except (OSError, ValueError) as failure:  # a path with a NUL in it is a ValueError
        why = getattr(failure, "strerror", None) or str(failure)
    raise UsageError(f"{what or path} can't be read: {why}", hint=hint, code=code)


def read_text(path: Path, what: str = "", *, hint: str, code: str = "file") -> str:
    """Like `read_bytes`, as text: UTF-8, with or without a BOM. Raises UsageError."""
    try:
        return read_bytes(path, what, hint=hint, code=code).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{what or path} can't be read: it is not UTF-8 text", hint=hint, code=code) from None


def write_file(path: Path, data: str | bytes, *, is_private: bool = False, is_new: bool = False) -> None:
    """Writes a file into a folder that is there; text as UTF-8 with LF.

    is_private: for its owner alone, whatever it was before
    is_new: never overwrites

    Raises LocalError; UsageError where the folder isn't there, or what was to be new is.
    """
    content = data.encode() if isinstance(data, str) else data
    if is_new and os.path.lexists(path):
        raise UsageError(f"{path} already exists", hint="name a new file", code="output")
    try:
        if path.exists() and not path.is_file():
            _pour(path, content)
        else:
            # Resolved, so that a link stays a link, and the file that it points to is replaced.
            _replace(path.resolve(), content, is_private=is_private)
    except FileNotFoundError:
        hint = "make it, or name a file in a folder that is there"
        raise UsageError(
            f"{path} can't be written: there is no folder {path.parent}", hint=hint, code="output"
        ) from None
    except OSError as failure:
        raise LocalError.of(failure, path, doing="can't be written") from None


def append_text(path: Path, text: str) -> None:
    """Adds to the end of a file. Raises LocalError."""
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as failure:
        raise LocalError.of(failure, path, doing="can't be written") from None


def make_folder(path: Path) -> None:
    """Makes the folder and those above it where they are missing. Raises LocalError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise LocalError.of(failure, path, doing="can't be made") from None


def copy_folder(source: Path, target: Path) -> None:
    """Copies the regular files below `source`, for their owner alone. Links are left out. Raises LocalError."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.is_symlink():
            copy = target / path.relative_to(source)
            make_folder(copy.parent)
            write_file(copy, path.read_bytes(), is_private=True)


def private_file(path: str, flags: int) -> int:
    """An opener for files that hold what only their owner may read."""
    return os.open(path, flags, 0o600)


def _replace(path: Path, content: bytes, *, is_private: bool) -> None:
    """Writes beside `path` and moves it there. The permissions of a file that was there stay."""
    beside = path.with_name(f".agentops-{secrets.token_hex(6)}.tmp")
    mode = 0o600 if is_private else 0o666
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode), "wb") as file:
            file.write(content)
        if path.exists() and not is_private:
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _pour(path: Path, content: bytes) -> None:
    """Writes into what is not a file: a terminal, a device, or a pipe that somebody reads. A pipe without a reader is
    refused, where opening it plainly would wait for one."""
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "wb") as file:
        os.set_blocking(descriptor, True)
        file.write(content)
