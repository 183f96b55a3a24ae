"""Client tools: functions that the caller performs, declared with `session.update`. No socket and no clock here.

The platform's published reference of the socket doesn't have them, only other texts of its vendor, so the emulator
offers them only when it is asked to. What such a tool looks like in an agent's configuration is open; here it is a tool
of the type `client_tool` whose `timeout` is in milliseconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentops.emulator.realtime.work import CallTool, ToolOutcome

MESSAGES = ("session.update", "function_call.result")
KIND = "client_tool"
SHORTEST_MS, DEFAULT_MS, LONGEST_MS = 1000.0, 15_000.0, 60_000.0
LARGEST_OUTPUT = 65_536  # bytes of UTF-8
_NAME = re.compile(r"[\w.-]{1,128}")


class ClientToolError(Exception):
    """A message of the caller is refused; `code` is that of the `error` event."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class _PendingCall:
    """A call that waits for the caller's result."""

    work: CallTool
    called_ms: float
    until_ms: float


@dataclass(slots=True)
class ClientTools:
    """The client tools of one session. `configured` are all enabled tools of the live agent, of any type."""

    configured: Sequence[Mapping[str, Any]]
    declared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _pending: dict[str, _PendingCall] = field(default_factory=dict)

    def declare(self, tools: Any) -> list[str]:
        """Replaces the declared tools and returns their names. Raises ClientToolError, and then keeps the old ones."""
        if not isinstance(tools, list):
            raise ClientToolError("invalid_tools", "tools must be a list")
        taken = {str(tool.get("name")): tool.get("type") for tool in self.configured}
        declared: dict[str, Mapping[str, Any]] = {}
        for place, tool in enumerate(tools):
            declaration = _read_declaration(place, tool)
            name = declaration["name"]
            if name in declared:
                raise ClientToolError("invalid_tools", f"tools[{place}]: {name} is declared twice")
            if name in taken:
                code = "client_tools_managed_by_config" if taken[name] == KIND else "tool_name_conflict"
                raise ClientToolError(code, f"tools[{place}]: the agent has a tool {name} of its own")
            declared[name] = declaration
        self.declared = declared
        return list(declared)

    def serves(self, work: CallTool) -> bool:
        """Whether the caller is to perform it: a client tool whose answer the behaviour file does not mock."""
        return work.tool.get("type") == KIND and work.use.result is None and work.use.error is None

    def ask(self, work: CallTool, now_ms: float) -> ToolOutcome | None:
        """Begins to wait for the result; the outcome at once when the tool expects none."""
        if not work.tool.get("expectsResponse", True):
            return ToolOutcome()
        timeout_ms = work.tool.get("timeout", DEFAULT_MS)
        # In this order a `timeout` that is not a number (NaN) is the shortest.
        allowed_ms = float(min(LONGEST_MS, max(SHORTEST_MS, timeout_ms)))
        self._pending[work.tool_call_id] = _PendingCall(work, now_ms, now_ms + allowed_ms)
        return None

    def take_result(self, message: Mapping[str, Any], now_ms: float) -> tuple[CallTool, ToolOutcome]:
        """The call that a `function_call.result` answers, and its outcome.

        Raises ClientToolError; the call then still waits, so that the caller can correct itself in time.
        """
        call_id, output = message.get("call_id"), message.get("output")
        if not isinstance(call_id, str) or not isinstance(output, str):
            raise ClientToolError("invalid_event", "call_id and output are required, as text")
        if call_id not in self._pending:
            raise ClientToolError("unknown_call_id", f"no call {call_id[:80]!r} waits for a result")
        try:
            size = len(output.encode())
        except UnicodeEncodeError:
            raise ClientToolError("invalid_event", "output is not well-formed Unicode") from None
        if size > LARGEST_OUTPUT:
            raise ClientToolError("result_too_large", f"the output has {size} bytes, more than {LARGEST_OUTPUT}")
        call = self._pending.pop(call_id)
        variables = _variables_of(call.work.use.tool, output)
        return call.work, ToolOutcome(output, None, now_ms - call.called_ms, variables)

    def take_expired(self, now_ms: float) -> Iterator[tuple[CallTool, ToolOutcome]]:
        """The calls that have waited too long; they wait no more."""
        for call_id, call in list(self._pending.items()):
            if now_ms >= call.until_ms:
                del self._pending[call_id]
                allowed_ms = call.until_ms - call.called_ms
                error = f"the client gave no result for {call.work.use.tool} within {allowed_ms:.0f} ms"
                yield call.work, ToolOutcome(error=error, latency_ms=now_ms - call.called_ms)

    def next_ms(self) -> float:
        """When the first of the calls has waited too long."""
        return min((call.until_ms for call in self._pending.values()), default=float("inf"))


def _read_declaration(place: int, tool: Any) -> Mapping[str, Any]:
    """A declared tool in the form of a configured one. Raises ClientToolError."""
    given = tool if isinstance(tool, dict) else {}
    name, expects = given.get("name"), given.get("expectsResponse", True)
    timeout_ms = given.get("timeout_ms", DEFAULT_MS)
    checks = {
        "it is an object": isinstance(tool, dict),
        "type is function": given.get("type", "function") == "function",
        "name is letters, digits, `_`, `.`, `-`": isinstance(name, str) and _NAME.fullmatch(name) is not None,
        "description is a text": isinstance(given.get("description"), str) and given["description"] != "",
        "parameters is a JSON Schema": isinstance(given.get("parameters"), dict),
        "timeout_ms is a number": isinstance(timeout_ms, int | float) and not isinstance(timeout_ms, bool),
        "expectsResponse is true or false": isinstance(expects, bool),
    }
    if wrong := [rule for rule, holds in checks.items() if not holds]:
        raise ClientToolError("invalid_tools", f"tools[{place}]: {wrong[0]}")
    return {"type": KIND, "name": name, "timeout": timeout_ms, "expectsResponse": expects}


def _variables_of(tool: str, output: str) -> dict[str, Any]:
    """The scalar members of a JSON object by their names; any other output as a whole, by the tool's name."""
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        answer = output
    if isinstance(answer, dict):
        return {name: value for name, value in answer.items() if isinstance(value, (str, int, float, bool))}
    return {tool: answer if isinstance(answer, (str, int, float, bool)) else output}
