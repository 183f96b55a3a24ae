"""Many specs on all cores: forks of this process, each resolving some of them.

Forks, because they start in a few milliseconds with everything loaded; so only where forking is safe, which is on Linux
in a process without other threads. Elsewhere, and for projects that are done before forks would pay, it happens here.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Result = TypeVar("Result")

_WORTH_IT = 300  # specs: measured with two cores, where fewer gain nothing that a person would notice
_CHUNK = 8

_work: Callable[[str], Any] | None = None  # what a fork does; forks inherit it, so it need not be picklable


def in_parallel(work: Callable[[str], Result], paths: Sequence[str]) -> Iterator[Result]:
    """`work(path)` for each path, in order. Results must be picklable; an exception is raised here as it was there."""
    done = 0
    if len(paths) >= _WORTH_IT and (cores := _usable_cores()) > 1:
        try:
            for result in _forked(work, paths, cores):
                done += 1
                yield result
        except BrokenProcessPool:
            pass  # a fork was killed, for its memory perhaps; the rest is done here
    yield from map(work, paths[done:])


def _usable_cores() -> int:
    is_safe = sys.platform == "linux" and threading.active_count() == 1
    return len(os.sched_getaffinity(0)) if is_safe and not multiprocessing.current_process().daemon else 1


def _forked(work: Callable[[str], Result], paths: Sequence[str], cores: int) -> Iterator[Result]:
    global _work
    _work = work
    try:
        with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("fork")) as pool:
            yield from pool.map(_call, paths, chunksize=_CHUNK)
    finally:
        _work = None


def _call(path: str) -> Any:
    assert _work is not None
    return _work(path)
