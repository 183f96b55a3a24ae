"""What the platform reports about a call besides the socket: tools from its event stream or record, metrics afterwards.

The socket shows only the tools that the caller declared itself, so scripts that check tools need one of the two.
Waiting is bounded; what was not reported in time is None, never an empty answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from agentops.calls.criteria import Checks
from agentops.calls.report import ToolUse
from agentops.calls.session import Platform
from agentops.errors import PlatformError

_STREAM_GRACE_S = 2.0  # for the events that are under way when the call has ended
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0
_RECORD_WITHIN_S = 15.0  # the platform writes a call's record only after the call
_STARTS = "tool_call_start"
_HOPS = "hopping"
_ENDS = frozenset({"sse_close", "call_end"})


@dataclass(slots=True)
class EventStream:
    """Follows the events of a call while it lasts; `has_opened` says whether any came."""

    platform: Platform
    now_ms: Callable[[], float]
    on_tool: Callable[[ToolUse], None] = lambda use: None
    tools: list[ToolUse] = field(default_factory=list)
    playbooks: list[str] = field(default_factory=list)
    has_opened: bool = False
    _task: asyncio.Task[None] | None = None

    def start(self, call_id: str) -> None:
        self._task = asyncio.create_task(self._follow(call_id))

    async def finish(self) -> None:
        """Gives the stream a moment to deliver its last events, then leaves it. Raises what following failed with."""
        if self._task is None:
            return
        await asyncio.wait([self._task], timeout=_STREAM_GRACE_S)
        if failure := await self.leave():
            raise failure

    async def leave(self) -> BaseException | None:
        """Closes the stream now. Returns the exception that following it failed with, if it did."""
        if self._task is None:
            return None
        self._task.cancel()
        await asyncio.wait([self._task])
        return None if self._task.cancelled() else self._task.exception()

    async def _follow(self, call_id: str) -> None:
        with suppress(PlatformError):
            async with aclosing(self.platform.watch_call(call_id)) as events:
                async for event in events:
                    self.has_opened = True
                    if event.get("event_type") == _STARTS:
                        self.tools.append(_tool_use(event, self.now_ms()))
                        self.on_tool(self.tools[-1])
                    elif event.get("event_type") == _HOPS:
                        self.playbooks.append(str(event.get("to_node_id") or ""))
                    elif event.get("event_type") in _ENDS:
                        return


@asynccontextmanager
async def following(
    platform: Platform | None,
    call_id: str | None,
    now_ms: Callable[[], float],
    on_tool: Callable[[ToolUse], None] = lambda use: None,
) -> AsyncIterator[EventStream | None]:
    """Follows a call's events until the block ends, however it does; None where no platform reports them."""
    if platform is None or not call_id:
        yield None
        return
    stream = EventStream(platform, now_ms, on_tool)
    stream.start(call_id)
    try:
        yield stream
    finally:
        # A stream that outlives its call is torn down with the event loop, which prints an error on the screen.
        await stream.leave()


def _tool_use(event: Mapping[str, Any], at_ms: float | None = None) -> ToolUse:
    arguments = event.get("context") or event.get("arguments")
    return ToolUse(str(event.get("function_name") or ""), arguments if isinstance(arguments, Mapping) else {}, at_ms)


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the platform reported of one call. None: not in time. `metrics` are the post-call metrics by identifier."""

    tools: tuple[ToolUse, ...] | None = None
    playbooks: tuple[str, ...] | None = None
    metrics: Mapping[str, Any] | None = None


def needs_tools(checks: Checks) -> bool:
    return bool(checks.tool_calls or checks.no_tool_calls)


async def gather(
    platform: Platform, call_id: str, checks: Checks, stream: EventStream | None, *, wants_tools: bool = False
) -> Telemetry:
    """What `checks` ask for, from the stream and the call record, after the call has ended.

    wants_tools: read the tools whether or not a check asks for them
    """
    if stream is not None:
        await stream.finish()
    tools = tuple(stream.tools) if stream is not None and stream.has_opened else None
    playbooks = tuple(stream.playbooks) if stream is not None and stream.has_opened else None
    wanted = {metric.identifier for metric in checks.metrics}
    needs_record = (wants_tools or needs_tools(checks)) and tools is None
    if not wanted and not needs_record:
        return Telemetry(tools, playbooks)

    def is_enough(record: Mapping[str, Any]) -> bool:
        return (not needs_record or read_tools(record) is not None) and wanted <= set(read_metrics(record) or ())

    within_s = checks.metrics_within_s if wanted else _RECORD_WITHIN_S
    record = await _poll(platform, call_id, is_enough, within_s)
    if tools is None:
        tools, playbooks = read_tools(record), read_playbooks(record)
    return Telemetry(tools, playbooks, read_metrics(record))


async def _poll(
    platform: Platform, call_id: str, is_enough: Callable[[Mapping[str, Any]], bool], within_s: float
) -> Mapping[str, Any]:
    """The call's record as soon as it holds enough, else as it is after `within_s`."""
    clock = asyncio.get_running_loop().time
    deadline, pause_s = clock() + within_s, _FIRST_PAUSE_S
    record: Mapping[str, Any] = {}
    while True:
        with suppress(PlatformError):
            record = await platform.read_call(call_id)
        if is_enough(record) or clock() + pause_s > deadline:
            return record
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def read_tools(record: Mapping[str, Any]) -> tuple[ToolUse, ...] | None:
    """The tools in a call record's events; None while it has no events at all (they are written after the call)."""
    events = record.get("events")
    if not isinstance(events, list) or not events:
        return None
    return tuple(_tool_use(e) for e in events if isinstance(e, Mapping) and e.get("event_type") == _STARTS)


def read_playbooks(record: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The playbooks that a call record's events name; None while it has no events at all."""
    events = record.get("events")
    if not isinstance(events, list) or not events:
        return None
    hops = [event for event in events if isinstance(event, Mapping) and event.get("event_type") == _HOPS]
    return tuple(str(hop.get("to_node_id") or "") for hop in hops)


def read_metrics(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The post-call metrics of a record by identifier; None while there are none."""
    analytics = record.get("postCallAnalytics")
    rows = analytics.get("dispositionMetrics") if isinstance(analytics, Mapping) else None
    if not isinstance(rows, Iterable) or isinstance(rows, str):
        return None
    named = {
        str(row["identifier"]): row.get("value") for row in rows if isinstance(row, Mapping) and "identifier" in row
    }
    return named or None
