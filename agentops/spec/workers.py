"""Many specs on all cores: this process and forks of it, each taking the next few until none are left.

Forks, because they start in a few milliseconds with everything loaded; so only where forking is safe, which is on Linux
in a process without other threads. Elsewhere, and for projects that are done before forks would pay, all is done here.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

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
    from multiprocessing import current_process  # slow to load, and only large projects need it

    is_safe = sys.platform == "linux" and threading.active_count() == 1 and not current_process().daemon
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
        from multiprocessing import get_context

        context = get_context("fork")
        self._results, inlet = context.Pipe(duplex=False)
        self._process = context.Process(target=self._work, args=(do, numbers, inlet), daemon=True)
        self._process.start()
        inlet.close()

    def _work(self, do: Callable[[int], Any], numbers: int, inlet: Connection) -> None:
        """What happens in the fork. An exception is not told: the same work raises it where it is waited for."""
        self._results.close()
        with suppress(BaseException):
            for result in [pickle.dumps((number, do(number)), pickle.HIGHEST_PROTOCOL) for number in _drawn(numbers)]:
                inlet.send_bytes(result)

    def results(self) -> Iterator[tuple[int, Any]]:
        """Waits for the fork. The last ones are missing when it was killed while it sent them."""
        with suppress(EOFError, OSError):
            while True:
                yield pickle.loads(self._results.recv_bytes())

    def end(self) -> None:
        self._results.close()
        self._process.kill()
        self._process.join()
        self._process.close()
