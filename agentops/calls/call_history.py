"""The calls that an agent had, as the platform remembers them: rows of its list, and single calls with all they hold.

Nothing is kept. Who called and from where is left out: it says nothing about the agent. Fields: `GET /conversation`
and `GET /conversation/{callId}` of the platform's reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentops.calls.report import ToolUse
from agentops.calls.telemetry import read_tools
from agentops.clock import platform_time

_ROLES = {"agent": "agent", "assistant": "agent", "user": "caller"}


@dataclass(frozen=True, slots=True)
class PastCall:
    """One row of the list. What the platform doesn't say is None.

    started_at: ISO 8601, in UTC
    status:     `completed`, `failed`, ...
    ended_by:   the platform's reason for the end, such as `user_hangup`
    """

    call_id: str
    kind: str | None
    started_at: str | None
    duration_s: float | None
    status: str | None
    ended_by: str | None
    failure: str | None
    revision_id: str | None
    revision: int | None
    is_test: bool


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One thing that was said. `at_s` counts from the first line; None where the platform gives no times."""

    role: str
    text: str
    at_s: float | None


@dataclass(frozen=True, slots=True)
class PastConversation:
    """One call with its transcript.

    tools:        None while the platform has written no events, which it does after the call
    latencies_ms: of each turn of the agent, where they were measured
    recording:    its URL, that of the stereo recording where there is one; None without any
    summary:      what the platform's own analysis says of the call
    """

    call: PastCall
    agent: str | None
    lines: tuple[TranscriptLine, ...]
    tools: tuple[ToolUse, ...] | None
    latencies_ms: tuple[float, ...]
    recording: str | None
    summary: str | None


def past_call(row: Mapping[str, Any], numbers: Mapping[str, int]) -> PastCall:
    """A row of the list. `numbers`: the numbers of revisions by id, for rows that name only the id."""
    revision_id = _text(row.get("versionId"))
    number = row.get("versionNumber")
    return PastCall(
        call_id=str(row.get("callId") or row.get("_id") or ""),
        kind=_text(row.get("type")),
        started_at=_text(row.get("createdAt")),
        duration_s=_number(row.get("duration")),
        status=_text(row.get("status")),
        ended_by=_text(row.get("disconnectionReason")),
        failure=_text(row.get("callFailureReason")),
        revision_id=revision_id,
        revision=number if isinstance(number, int) else numbers.get(revision_id or ""),
        is_test=row.get("isTest") is True,
    )


def past_conversation(
    record: Mapping[str, Any], row: Mapping[str, Any], numbers: Mapping[str, int]
) -> PastConversation:
    """A call from its record and its row of the list: only the row names the revision."""
    agent, analysis = record.get("agent"), record.get("postCallAnalytics")
    metrics = record.get("turnLatencyMetrics")
    latencies = metrics.get("latencies") if isinstance(metrics, Mapping) else None
    return PastConversation(
        call=past_call({**row, **{name: value for name, value in record.items() if value is not None}}, numbers),
        agent=_text(agent.get("name")) if isinstance(agent, Mapping) else None,
        lines=tuple(_lines(record.get("transcript"))),
        tools=read_tools(record),
        latencies_ms=tuple(float(each) for each in latencies or () if _number(each) is not None),
        recording=_text(record.get("recordingDualUrl")) or _text(record.get("recordingUrl")),
        summary=_text(analysis.get("summary")) if isinstance(analysis, Mapping) else None,
    )


def _lines(transcript: Any) -> list[TranscriptLine]:
    lines: list[TranscriptLine] = []
    began: datetime | None = None
    for each in transcript if isinstance(transcript, list) else ():
        role = _ROLES.get(str(each.get("role"))) if isinstance(each, Mapping) else None
        text = _text(each.get("content")) or _text(each.get("text")) if role else None
        if role is None or text is None:
            continue
        at = platform_time(each.get("timestamp"))
        began = began or at
        lines.append(TranscriptLine(role, text, (at - began).total_seconds() if at and began else None))
    return lines


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
