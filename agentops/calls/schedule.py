"""Runs many calls: the repeats of each script, some at once, and which scripts belong to one shard of several.

Reports what happens through `RunOptions.progress`; writes no files.
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

from agentops.calls.protocol import Role
from agentops.calls.report import CallReport, RunReport, ScriptReport
from agentops.calls.run import CallResult, PreparedScript, Wiring, run_call
from agentops.calls.session import Target
from agentops.errors import LocalError

_SWITCH_INTERVAL_S = 0.0005  # a tenth of Python's default


@dataclass(frozen=True, slots=True)
class ScheduledCall:
    """A script that is to be called, and the agent it calls."""

    prepared: PreparedScript
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


@dataclass(frozen=True, slots=True)
class Overheard:
    """Something that the agent or the caller has said in a call that is still going on."""

    agent: str
    role: Role
    text: str
    at_ms: float


CallEvent: TypeAlias = CallStarted | Overheard | CallEnded
Progress: TypeAlias = Callable[[CallEvent], None]


def ignore_progress(event: CallEvent) -> None:
    """For a run that nobody watches."""


Keep: TypeAlias = Callable[[CallResult], CallReport]


def keep_report(result: CallResult) -> CallReport:
    """Keeps the report of a call and lets its recording go."""
    return result.report


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How the calls are run.

    concurrency: how many calls at once, at most
    shard:       which part of a larger run this is, for its report: (index, count), both from 1
    keep:        called in a thread when a call has ended; returns its report, which then names the files it wrote
    """

    environment: str = ""
    concurrency: int = 4
    shard: tuple[int, int] | None = None
    progress: Progress = ignore_progress
    keep: Keep = keep_report


async def run_calls(scheduled: Sequence[ScheduledCall], wiring: Wiring, options: RunOptions) -> RunReport:
    """Makes all calls. Their reports come in the order in which the scripts were given."""
    started, clock = wiring.now(), asyncio.get_running_loop().time
    began, total, done = clock(), sum(item.times for item in scheduled), 0
    places = asyncio.Semaphore(options.concurrency)

    async def call(item: ScheduledCall, attempt: int) -> CallReport:
        nonlocal done
        async with places:
            script = item.prepared.script
            options.progress(CallStarted(script.name or item.prepared.file, script.agent, attempt, item.times))

            def overhear(role: Role, text: str, at_ms: float) -> None:
                options.progress(Overheard(script.agent, role, text, at_ms))

            result = await run_call(item.prepared, item.target, wiring, attempt=attempt, overhear=overhear)
            try:
                report = await asyncio.to_thread(options.keep, result)
            except LocalError as failure:  # a full disk must not take the verdict away
                note = f"not all files were kept: {failure.summary}"
                report = replace(result.report, notes=(*result.report.notes, note))
            done += 1
            options.progress(CallEnded(report, done, total))
            return report

    with attentive_threads():
        async with asyncio.TaskGroup() as group:
            tasks = [[group.create_task(call(item, n + 1)) for n in range(item.times)] for item in scheduled]
    reports = []
    for item, calls in zip(scheduled, tasks, strict=True):
        script, made = item.prepared.script, tuple(task.result() for task in calls)
        reports.append(ScriptReport(item.prepared.file, script.name, script.agent, script.repeat.pass_rate, made))
    duration_ms = (clock() - began) * 1000
    return RunReport(
        options.environment, tuple(reports), started.isoformat(timespec="seconds"), duration_ms, options.shard
    )


@contextmanager
def attentive_threads() -> Iterator[None]:
    """While recordings are listened to in a thread, the calls that go on get the processor back sooner.

    Python lets a busy thread run for 5 ms before it switches to another, and chunks would leave late.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def shard_of(files: Sequence[str], shard: tuple[int, int] | None) -> list[int]:
    """The indexes of the files that belong to `shard`, (index, count) from 1.

    Shards are as equal as can be, and every machine that is given the same files deals them out alike.
    """
    if shard is None:
        return list(range(len(files)))
    index, count = shard
    dealt = sorted(range(len(files)), key=lambda i: (zlib.crc32(files[i].encode()), files[i]))
    return sorted(dealt[index - 1 :: count])
