"""Runs many calls: repeats, at most so many at once, and which of them belong to one shard of several.

Says what happens through `Progress`; makes no files.
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from agentops.calls.model import CallReport, RunReport, ScriptReport
from agentops.calls.run import CallResult, Prepared, Wiring, run_call
from agentops.calls.session import Target

_SWITCH_S = 0.0005


@dataclass(frozen=True, slots=True)
class Appointment:
    """A script that is to be called, and where."""

    prepared: Prepared
    target: Target

    @property
    def times(self) -> int:
        return self.prepared.script.repeat.times


@dataclass(frozen=True, slots=True)
class CallStarted:
    title: str
    agent: str
    attempt: int
    times: int


@dataclass(frozen=True, slots=True)
class CallEnded:
    """`done` of `total` calls of the run have ended with this one."""

    report: CallReport
    done: int
    total: int


Progress: TypeAlias = Callable[[CallStarted | CallEnded], None]


def ignore_progress(event: CallStarted | CallEnded) -> None:
    """The watcher of a run that nobody watches."""


Keep: TypeAlias = Callable[[CallResult], CallReport]


def keep_report(result: CallResult) -> CallReport:
    """Keeps the report of a call and lets its recording go."""
    return result.report


@dataclass(frozen=True, slots=True)
class Plan:
    """How the calls are run: `concurrency` at once. `shard`: which part of a larger run this is, for its report.

    keep: what is done with a call when it has ended, in a thread; gives back its report, naming the files it wrote
    """

    environment: str = ""
    concurrency: int = 4
    shard: tuple[int, int] | None = None
    progress: Progress = ignore_progress
    keep: Keep = keep_report


async def run_calls(appointments: Sequence[Appointment], wiring: Wiring, plan: Plan) -> RunReport:
    """Calls all scripts and puts their reports together in the order they were given."""
    started, clock = wiring.now(), asyncio.get_running_loop().time
    began, total, done = clock(), sum(a.times for a in appointments), 0
    places = asyncio.Semaphore(plan.concurrency)

    async def call(appointment: Appointment, attempt: int) -> CallReport:
        nonlocal done
        async with places:
            script = appointment.prepared.script
            title = script.name or appointment.prepared.file
            plan.progress(CallStarted(title, script.agent, attempt, appointment.times))
            result = await run_call(appointment.prepared, appointment.target, wiring, attempt=attempt)
            report = await asyncio.to_thread(plan.keep, result)
            done += 1
            plan.progress(CallEnded(report, done, total))
            return report

    with attentive_threads():
        async with asyncio.TaskGroup() as group:
            tasks = [[group.create_task(call(a, n + 1)) for n in range(a.times)] for a in appointments]
    scripts = tuple(_gather(a, [task.result() for task in calls]) for a, calls in zip(appointments, tasks, strict=True))
    return RunReport(plan.environment, scripts, _stamp(started), (clock() - began) * 1000, plan.shard)


@contextmanager
def attentive_threads() -> Iterator[None]:
    """While recordings are listened to in a thread, the calls that go on get the processor back sooner.

    Python lets a busy thread run for 5 ms before another may; a chunk is late by then.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _gather(appointment: Appointment, calls: Sequence[CallReport]) -> ScriptReport:
    script = appointment.prepared.script
    return ScriptReport(appointment.prepared.file, script.name, script.agent, script.repeat.pass_rate, tuple(calls))


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def shard_of(files: Sequence[str], shard: tuple[int, int] | None) -> list[int]:
    """The indexes of the files that belong to `shard`, (index, count) from 1.

    Shards are as equal as can be, and every machine that is given the same files deals them out alike.
    """
    if shard is None:
        return list(range(len(files)))
    index, count = shard
    dealt = sorted(range(len(files)), key=lambda i: (zlib.crc32(files[i].encode()), files[i]))
    return sorted(dealt[index - 1 :: count])
