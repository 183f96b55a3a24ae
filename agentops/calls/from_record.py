"""Turns the record of a real call into a script: what the caller said is said again, and the answers are expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentops.calls.telemetry import read_tools
from agentops.errors import UsageError

_ROLES = {"agent": "agent", "assistant": "agent", "user": "caller"}
_LONGEST_EXPECTED_WORDS = 40

# Variables that the platform fills in itself and takes from nobody (its realtime specification lists them).
_RESERVED = frozenset({
    "call_id", "conversation_type", "agent_number", "user_number", "current_date", "current_time", "current_day",
    "agent_gender", "default_language", "supported_languages", "timezone",
})  # fmt: skip


def script_of_record(record: Mapping[str, Any], agent: str) -> dict[str, Any]:
    """The script of a call record, as data to be written and edited. Raises UsageError when nothing was said."""
    said = _turns(record.get("transcript") or ())
    if not any(role == "caller" for role, _ in said):
        raise UsageError(
            f"call {record.get('callId')} has no caller in its transcript",
            hint="transcripts appear a little after a call; calls that nobody answered have none",
            code="empty-call",
        )
    script: dict[str, Any] = {"agent": agent, "name": f"As in {record.get('callId')}"}
    script["mode"] = "chat" if record.get("type") == "chat" else "webcall"
    if variables := _variables(record):
        script["variables"] = variables
    script["steps"] = [_step(role, text) for role, text in said] + _ending(record)
    if tools := read_tools(record):
        script["checks"] = {"tool_calls": [_tool(use.name, use.arguments) for use in tools]}
    return script


def _turns(transcript: Sequence[Any]) -> list[tuple[str, str]]:
    """Who said what, neighbouring lines of one side as one."""
    turns: list[tuple[str, str]] = []
    for line in transcript:
        role = _ROLES.get(str(line.get("role"))) if isinstance(line, Mapping) else None
        text = str(line.get("content") or line.get("text") or "").strip() if role else ""
        if not role or not text:
            continue
        if turns and turns[-1][0] == role:
            turns[-1] = (role, f"{turns[-1][1]} {text}")
        else:
            turns.append((role, text))
    return turns


def _step(role: str, text: str) -> dict[str, Any]:
    if role == "caller":
        return {"say": text}
    wanted = " ".join(text.split()[:_LONGEST_EXPECTED_WORDS])
    return {"expect": {"similar": {"to": wanted, "at_least": 0.6}, "within_s": 15}}


def _ending(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"expect_end": {"by": "agent"}}] if record.get("disconnectionReason") == "agent_hangup" else []


def _tool(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, **({"arguments": dict(arguments)} if arguments else {})}


def _variables(record: Mapping[str, Any]) -> dict[str, Any]:
    given = record.get("variables")
    scalars = {k: v for k, v in given.items() if isinstance(v, str | int | float)} if isinstance(given, Mapping) else {}
    return {name: value for name, value in scalars.items() if name not in _RESERVED}
