"""What a run writes down on this machine: one JSON Lines file per run, and the lock that keeps runs apart.

Evidence for people, never read to decide anything: the platform says what is there. A run whose journal can't be begun
changes nothing; one whose journal can't go on goes on without, since what it began must be brought to an end. No secret
is in it: no event carries a value of a document, and what the platform is quoted with is scrubbed.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from agentops.apply.model import Event
from agentops.clock import Clock
from agentops.errors import LocalError, StaleError
from agentops.files import private_file
from agentops.scrub import NO_SECRETS, Scrubber
from agentops.state import state_folder

FORMAT_VERSION = 1


def new_run_id(now: datetime) -> str:
    """A name for a run that sorts by time: `20261122T171500Z-3f9c1e`."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def event_data(event: Event) -> dict[str, Any]:
    """An event as JSON data: its type under `event`, its fields as they are named."""
    name = type(event).__name__
    return {"event": "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_"), **_data(event)}


def _data(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _data(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_data(item) for item in value]
    return value


class Journal:
    """Appends every event of one run to its file; each line is on disk before `write` returns.

    `lost` says why it ended before the run did. Raises LocalError where it can't be begun.
    """

    def __init__(self, root: Path, run_id: str, clock: Clock, scrubber: Scrubber = NO_SECRETS) -> None:
        self.path = state_folder(root) / "runs" / f"{run_id}.jsonl"
        self.lost: LocalError | None = None
        self._clock, self._scrubber = clock, scrubber
        self._has_begun = False
        try:
            self.path.parent.mkdir(exist_ok=True)
            self._file: BinaryIO = open(self.path, "ab", buffering=0, opener=private_file)  # noqa: SIM115 - closed by `__exit__`
        except OSError as failure:
            raise self._refused(failure) from None

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def write(self, event: Event) -> None:
        if self.lost is not None:
            return
        data = event_data(self._scrubber.deep(event))
        line = {"format_version": FORMAT_VERSION, "at": self._clock.now().isoformat(), **data}
        try:
            written = json.dumps(line).encode() + b"\n"
            # Unbuffered, so that a full disk may take part of a line without an error.
            if (self._file.write(written) or 0) < len(written):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as failure:
            self.lost = self._refused(failure)
            if not self._has_begun:
                raise self.lost from None
        self._has_begun = True

    def _refused(self, failure: OSError) -> LocalError:
        return LocalError.of(failure, f"the journal {self.path}", doing="can't be written")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


@contextmanager
def environment_lock(root: Path, environment: str, clock: Clock) -> Iterator[None]:
    """Keeps a second apply on the same environment out while this one runs, on this machine.

    The operating system drops the lock however its holder ends, so a file that a killed run left locks nothing. Across
    machines the moved base gives a second run away. Raises StaleError that names the holder.
    """
    folder = state_folder(root) / "locks"
    lock = FileLock(folder / f"{environment}.lock", blocking=False, mode=0o600)
    # A file of its own: Windows lets nobody read a locked one.
    holder = folder / f"{environment}.json"
    try:
        folder.mkdir(exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StaleError(
            f"another apply is running on environment {environment!r}: {_read_holder(holder)}",
            hint="wait until it has ended, then plan again",
            code="locked",
        ) from None
    except OSError as failure:
        raise LocalError.of(failure, lock.lock_file, doing="can't be written") from None
    try:
        _write_holder(holder, Holder(os.getpid(), platform.node(), clock.now().isoformat(timespec="seconds")))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _write_holder(path: Path, holder: Holder) -> None:
    try:
        with open(path, "wb", opener=private_file) as file:
            file.write(json.dumps(_data(holder)).encode())
    except OSError as failure:
        raise LocalError.of(failure, path, doing="can't be written") from None


def _read_holder(path: Path) -> str:
    try:
        return str(Holder(**json.loads(path.read_bytes())))
    except (OSError, ValueError, TypeError):
        return "it is not known which process"
