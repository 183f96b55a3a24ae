"""Calls that took place: a table of the last ones, and one with its whole transcript. For a terminal, and as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from statistics import median

from agentops.calls.call_history import PastCall, PastConversation
from agentops.render.style import PLAIN, Style, columns, plural
from agentops.render.visible import all_visible

_HEADINGS = ("call", "when", "for", "revision", "ended")
_SPEAKER = 8


def past_calls_text(key: str, calls: Sequence[PastCall], style: Style = PLAIN) -> str:
    """The newest first, one line each."""
    calls = all_visible(tuple(calls))
    if not calls:
        return f"{key}: nobody has called it yet\n"
    rows = [(call.call_id, _when(call), _length(call), _revision(call), _end(call)) for call in calls]
    widths = [max(columns(row[index]) for row in [_HEADINGS, *rows]) for index in range(len(_HEADINGS) - 1)]
    lines = [style.paint(f"{key}: the last {plural(len(calls), 'call')}", "strong")]
    for row in (_HEADINGS, *rows):
        head = "  ".join(cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=False))
        indent = " " * (columns(head) + 2)
        first, *rest = style.wrap(row[-1], indent, indent)
        line = head + first[len(head) :]
        lines += [style.paint(line, "faint") if row is _HEADINGS else line, *rest]
    return "\n".join(lines) + "\n"


def past_calls_json(key: str, calls: Sequence[PastCall]) -> str:
    data = {"agent": key, "calls": [dataclasses.asdict(call) for call in calls]}
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def past_call_text(found: PastConversation, style: Style = PLAIN) -> str:
    """Its facts, what was said, the tools, and where to listen to it."""
    found = all_visible(found)
    call = found.call
    lines = [style.paint(f"Call {call.call_id}", "strong") + (f"  {found.agent}" if found.agent else "")]
    lines.append(f"  {_when(call)}, {_length(call)}, {call.kind or 'of an unknown type'}, revision {_revision(call)}")
    lines += style.wrap(f"ended: {_end(call)}", "  ", "    ")
    lines.append("")
    for line in found.lines:
        at = "" if line.at_s is None else f"{int(line.at_s) // 60}:{int(line.at_s) % 60:02}"
        head = f"  {at:>6}  {line.role:<{_SPEAKER}}"
        lines += style.wrap(f"{head}{line.text}", "", " " * columns(head))
    if not found.lines:
        lines.append("  nothing is written down (a transcript comes a little after the call)")
    lines.append("")
    if found.tools is None:
        lines.append("tools: not known (the platform has written no events of the call)")
    else:
        lines.append("tools:" if found.tools else "tools: none")
        for use in found.tools:
            lines += style.wrap(f"{use.name}({json.dumps(dict(use.arguments), ensure_ascii=False)})", "  ", "    ")
    latency = "not measured"
    if values := found.latencies_ms:
        latency = f"median {median(values):.0f} ms, longest {max(values):.0f} ms, over {plural(len(values), 'turn')}"
    lines.append(f"turn latency: {latency}")
    if found.summary:
        lines += style.wrap(f"summary: {found.summary}", "", "  ")
    lines.append(f"recording: {found.recording or 'none'}")
    return "\n".join(lines) + "\n"


def past_call_json(found: PastConversation) -> str:
    data = dataclasses.asdict(found)
    if found.tools is not None:
        data["tools"] = [{"name": use.name, "arguments": dict(use.arguments)} for use in found.tools]
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _when(call: PastCall) -> str:
    return call.started_at[:16].replace("T", " ") if call.started_at else "-"


def _length(call: PastCall) -> str:
    return "-" if call.duration_s is None else f"{call.duration_s:.0f} s"


def _revision(call: PastCall) -> str:
    return str(call.revision) if call.revision is not None else call.revision_id or "not known"


def _end(call: PastCall) -> str:
    parts = [
        (call.status or "not known").replace("_", " "),
        (call.ended_by or "").replace("_", " "),
        call.failure or "",
    ]
    return ", ".join(part for part in (*parts, "a test" if call.is_test else "") if part)
