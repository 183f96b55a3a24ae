"""Many specs on all cores: this process and forks of it, each taking the next few until none are left.

Forks, because they start in a few milliseconds with everything loaded; so only where forking is safe, which is on Linux
in a process without other threads. Elsewhere, and for projects that are done before forks would pay, all is done here.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")

_WORTH_IT = 300  # specs: measured with two cores, where fewer gain nothing that a person would notice
_PARTS = 200  # so many that nobody waits long for who is slow; and their numbers fit into the smallest pipe


def in_parallel(work: Callable[[str], Result], paths: Sequence[str]) -> list[Result]:
    """`work(path)` for each path, in order.

    What a fork has not done is done here, whatever the reason: it may have been killed for its memory, or its results
    can't be sent, or there was an exception, which the same work then raises here.
    """
    forks = _usable_cores() - 1 if len(paths) >= _WORTH_IT else 0
    size = -(-len(paths) // _PARTS) or 1
    parts = [paths[start : start + size] for start in range(0, len(paths), size)]

    def do(number: int) -> list[Result]:
        return [work(path) for path in parts[number]]

    done = _done_together(do, len(parts), forks) if forks else {}
    return [result for number in range(len(parts)) for result in (done[number] if number in done else do(number))]


def _usable_cores() -> int:
    is_safe = sys.platform == "linux" and threading.active_count() == 1
    return len(os.sched_getaffinity(0)) if is_safe else 1


def _done_together(do: Callable[[int], Any], count: int, forks: int) -> Mapping[int, Any]:
    """What `do(number)` gives for the numbers below `count`; those that were lost with a fork are not there."""
    numbers, inlet = os.pipe()
    os.write(inlet, array("I", range(count)).tobytes())
    os.close(inlet)
    started: list[_Fork] = []
    try:
        with suppress(OSError):  # no more processes are allowed
            started.extend(_Fork(do, numbers) for _ in range(forks))
        done = {number: do(number) for number in _drawn(numbers)}
        for fork in started:
            done.update(fork.results())
        return done
    finally:
        os.close(numbers)
        for fork in started:
            fork.end()


def _drawn(numbers: int) -> Iterator[int]:
    """The numbers that this process draws from the pipe that all draw from."""
    while drawn := os.read(numbers, array("I").itemsize):
        yield array("I", drawn)[0]


class _Fork:
    """A fork that draws numbers, does what they stand for, and sends all its results at its end."""

    def __init__(self, do: Callable[[int], Any], numbers: int) -> None:
        self._outlet, inlet = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            try:
                os.close(self._outlet)
                results = [pickle.dumps((number, do(number)), pickle.HIGHEST_PROTOCOL) for number in _drawn(numbers)]
                with open(inlet, "wb") as stream:
                    stream.writelines(results)
            finally:
                os._exit(0)  # whatever happened: nothing of what this process does at its end is for a fork to do
        os.close(inlet)

    def results(self) -> Iterator[tuple[int, Any]]:
        """Waits for the fork. The last ones are missing when it was killed while it sent them."""
        with open(self._outlet, "rb", closefd=False) as stream, suppress(EOFError, pickle.UnpicklingError):
            while True:
                yield pickle.load(stream)

    def end(self) -> None:
        os.close(self._outlet)
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
