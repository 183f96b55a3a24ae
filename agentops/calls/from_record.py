"""Turns the record of a real call into a script: the caller's words are said again, and the answers are expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentops.calls.telemetry import read_tools
from agentops.errors import UsageError

_ROLES = {"agent": "agent", "assistant": "agent", "user": "caller"}
_LONGEST_EXPECTED_WORDS = 40

# Variables that the platform sets itself and doesn't accept (its realtime specification lists them).
_RESERVED = frozenset({
    "call_id", "conversation_type", "agent_number", "user_number", "current_date", "current_time", "current_day",
    "agent_gender", "default_language", "supported_languages", "timezone",
})  # fmt: skip


def script_of_record(record: Mapping[str, Any], agent: str) -> dict[str, Any]:
    """The script of a call record, as data to be written and edited. Raises UsageError when the caller said nothing."""
    turns = _turns(record.get("transcript") or ())
    if not any(role == "caller" for role, _ in turns):
        raise UsageError(
            f"call {record.get('callId')} has no caller in its transcript",
            hint="transcripts appear a little after a call; calls that nobody answered have none",
            code="empty-call",
        )
    script: dict[str, Any] = {"agent": agent, "name": f"As in {record.get('callId')}"}
    script["mode"] = "chat" if record.get("type") == "chat" else "webcall"
    given = record.get("variables")
    variables = {
        name: value
        for name, value in (given.items() if isinstance(given, Mapping) else ())
        if isinstance(value, str | int | float) and name not in _RESERVED
    }
    if variables:
        script["variables"] = variables
    script["steps"] = [_step(role, text) for role, text in turns]
    if record.get("disconnectionReason") == "agent_hangup":
        script["steps"].append({"expect_end": {"by": "agent"}})
    if tools := read_tools(record):
        script["checks"] = {
            "tool_calls": [
                {"name": use.name, **({"arguments": dict(use.arguments)} if use.arguments else {})} for use in tools
            ]
        }
    return script


def _turns(transcript: Sequence[Any]) -> list[tuple[str, str]]:
    """(role, text) of each turn; neighbouring lines of one side are joined."""
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
    # An agent never answers twice in the same words: similar must do, and the beginning of a long answer.
    wanted = " ".join(text.split()[:_LONGEST_EXPECTED_WORDS])
    return {"expect": {"similar": {"to": wanted, "at_least": 0.6}, "within_s": 15}}
