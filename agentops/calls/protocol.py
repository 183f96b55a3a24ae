"""The agent WebSocket without the socket: makes events of the platform's frames, and the frames a caller may send.

It accepts what the platform is known to send in more than one shape: both spellings of start and stop, the agent called
`agent` or `assistant`, errors flat or nested, missing and repeated messages. What contradicts the protocol becomes a
`Violation`, never an exception. Time is handed in: `at_ms` counts from `session.created` (before that, from dialling).
`conversation` decides what the events mean.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from agentops.scrub import NO_SECRETS, Scrubber

DEFAULT_SAMPLE_RATE_HZ = 24_000

# What one session may take of this machine's memory, however hostile the other side is. An answer arrives faster than
# it is heard, but not by ten minutes.
_MAX_DEPTH = 64
_MAX_ARGUMENTS = 256 * 2**10
_MAX_TEXT = 32_000
_MAX_NAME = 200
_LONGEST_SECRET = 16_000  # characters, in whatever encoding it is repeated
_MAX_AHEAD_MS = 600_000
_MAX_SESSION_BYTES = 256 * 2**20
_COST_OF_FRAME = 1_000  # bytes that any frame costs here, even an empty one


class Mode(StrEnum):
    """`webcall` is audio both ways, `chat` text only."""

    WEBCALL = "webcall"
    CHAT = "chat"


class Role(StrEnum):
    CALLER = "caller"
    AGENT = "agent"


class Phase(StrEnum):
    CONNECTING = "connecting"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SessionCreated:
    at_ms: float
    session_id: str
    call_id: str
    sample_rate_hz: int


@dataclass(frozen=True, slots=True)
class AgentStarted:
    at_ms: float


@dataclass(frozen=True, slots=True)
class AgentStopped:
    at_ms: float


@dataclass(frozen=True, slots=True)
class AgentAudio:
    """PCM signed 16-bit little-endian mono at the session's rate."""

    at_ms: float
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What has been said in this turn: so far (not final, replaces the one before), or all of it (final)."""

    at_ms: float
    role: Role
    text: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class Interruption:
    """The caller broke in: agent audio that has not been played yet is void."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one of the tools that the client declared; all other tools are invisible on the socket."""

    at_ms: float
    tool_call_id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """Our emulator only: an answer is due, but its recogniser, on this busy machine, has not heard the question yet."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class Released:
    """The answer that was held begins."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class SessionClosed:
    at_ms: float
    reason: str


@dataclass(frozen=True, slots=True)
class PlatformFault:
    """An `error` message. It ends the session only when the socket closes after it."""

    at_ms: float
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Violation:
    """The platform sent what the protocol does not allow."""

    at_ms: float
    summary: str


@dataclass(frozen=True, slots=True)
class Unrecognized:
    """A well-formed message of a type this release does not know: kept in the record, otherwise ignored."""

    at_ms: float
    type: str


Event: TypeAlias = (
    SessionCreated
    | AgentStarted
    | AgentStopped
    | AgentAudio
    | Transcript
    | Interruption
    | ToolCall
    | Held
    | Released
    | SessionClosed
    | PlatformFault
    | Violation
    | Unrecognized
)

_ROLES = {"user": Role.CALLER, "caller": Role.CALLER, "assistant": Role.AGENT, "agent": Role.AGENT, "ai": Role.AGENT}
_TOO_DEEP = "a frame that is nested too deeply"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPELLINGS = {"agent.start_talking": "agent_start_talking", "agent.stop_talking": "agent_stop_talking"}


@dataclass(slots=True)
class Protocol:
    """The state of one session: feed it frames with `receive`.

    `may_hold`: the other side is this machine, so our emulator, which may say how long its recogniser needed.
    `last_fault_code` decides, with the close code, whether a session that never opened may be tried again.
    `asked_rate_hz`: the rate the session was asked for; at another one the caller would speak too fast or too slowly.
    `is_spent`: the other side has sent more than any call holds: stop reading.
    `scrubber`: takes secrets out of what is quoted before that is cut, since half a secret isn't recognised any more.
    """

    mode: Mode
    phase: Phase = Phase.CONNECTING
    sample_rate_hz: int = DEFAULT_SAMPLE_RATE_HZ
    last_fault_code: str | None = None
    may_hold: bool = False
    asked_rate_hz: int = DEFAULT_SAMPLE_RATE_HZ
    is_spent: bool = False
    scrubber: Scrubber = NO_SECRETS
    _taken_bytes: int = 0
    _plays_until_ms: float = 0.0

    def receive(self, frame: str | bytes, at_ms: float) -> Event:
        """The one event that a frame means. Never raises for what the platform sent."""
        self._taken_bytes += len(frame) + _COST_OF_FRAME
        if self._taken_bytes > _MAX_SESSION_BYTES:
            self.is_spent = True
            return Violation(at_ms, f"more than {_MAX_SESSION_BYTES // 2**20} MiB in one session")
        try:
            # The platform is reported to send unescaped control characters: strict=False takes them.
            message = json.loads(frame, strict=False, parse_float=_finite, parse_constant=_finite)
        except RecursionError:
            return Violation(at_ms, _TOO_DEEP)
        except ValueError:
            return Violation(at_ms, "a frame that is not JSON")
        if not isinstance(message, dict):
            return Violation(at_ms, "a frame that is not a JSON object")
        if _is_deep(message):
            return Violation(at_ms, _TOO_DEEP)
        return self._check_order(self._read(message, at_ms))

    def _check_order(self, event: Event) -> Event:
        if isinstance(event, SessionCreated):
            if self.phase is not Phase.CONNECTING:
                return Violation(event.at_ms, "a second session.created")
            self.phase, self.sample_rate_hz = Phase.OPEN, event.sample_rate_hz
        elif isinstance(event, PlatformFault):
            self.last_fault_code = event.code
        elif self.phase is Phase.CLOSED:
            return Violation(event.at_ms, f"{type(event).__name__} after session.closed")
        elif isinstance(event, SessionClosed):
            self.phase = Phase.CLOSED
        elif self.phase is Phase.CONNECTING and not isinstance(event, Violation):
            return Violation(event.at_ms, f"{type(event).__name__} before session.created")
        return event

    def _read(self, message: dict[str, Any], at_ms: float) -> Event:
        kind = message.get("type")
        if isinstance(kind, str):
            kind = _SPELLINGS.get(kind, kind)
        else:  # an error may come without a type
            kind = "error" if message.get("error") or message.get("errors") else ""
        match kind:
            case "session.created":
                return self._read_created(message, at_ms)
            case "agent_start_talking":
                return AgentStarted(at_ms)
            case "agent_stop_talking":
                return AgentStopped(at_ms)
            case "output_audio.delta":
                return self._read_audio(message, at_ms)
            case "transcript" | "transcript.delta":
                return self._read_transcript(message, at_ms, is_final=kind == "transcript")
            case "interruption":
                self._plays_until_ms = at_ms
                return Interruption(at_ms)
            case "function_call":
                return self._read_tool_call(message, at_ms)
            case "emulator.hold" if self.may_hold:
                return Held(at_ms)
            case "emulator.release" if self.may_hold:
                return Released(at_ms)
            case "session.closed":
                return SessionClosed(at_ms, self._name(message.get("reason") or "unknown"))
            case "error":
                return self._read_error(message, at_ms)
            case "":
                return Violation(at_ms, "a message without a type")
            case _:
                return Unrecognized(at_ms, self._name(kind))

    def _read_created(self, message: dict[str, Any], at_ms: float) -> Event:
        """The opened session. At another rate than the one asked for it can't be used, and counts as closed."""
        rate = message.get("sample_rate")
        if type(rate) is int and rate == self.asked_rate_hz:
            name = self._name
            return SessionCreated(at_ms, name(message.get("session_id")), name(message.get("call_id")), rate)
        if self.phase is Phase.CONNECTING:
            self.phase = Phase.CLOSED
        given = "without a sample_rate" if rate is None else f"with sample_rate {self._name(rate)}"
        return Violation(at_ms, f"session.created {given}, asked for was {self.asked_rate_hz}")

    def _read_audio(self, message: dict[str, Any], at_ms: float) -> Event:
        if self.mode is Mode.CHAT:
            return Violation(at_ms, "audio in a chat session")
        try:
            pcm = base64.b64decode(message.get("audio") or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            return Violation(at_ms, "audio that is not base64")
        if len(pcm) % 2:
            return Violation(at_ms, "audio that is not a whole number of 16-bit samples")
        plays_until_ms = max(self._plays_until_ms, at_ms) + len(pcm) * 500 / self.sample_rate_hz
        if plays_until_ms - at_ms > _MAX_AHEAD_MS:
            return Violation(at_ms, f"audio that is more than {_MAX_AHEAD_MS // 60_000} minutes ahead of the call")
        self._plays_until_ms = plays_until_ms
        return AgentAudio(at_ms, pcm)

    def _read_transcript(self, message: dict[str, Any], at_ms: float, *, is_final: bool) -> Event:
        role, text = _ROLES.get(str(message.get("role"))), message.get("text", message.get("content"))
        if role is None:
            return Violation(at_ms, "a transcript whose role is neither user nor assistant")
        if not isinstance(text, str):
            return Violation(at_ms, "a transcript without text")
        return Transcript(at_ms, role, self._shown(text), is_final)

    def _read_tool_call(self, message: dict[str, Any], at_ms: float) -> Event:
        arguments = message.get("arguments")
        if not isinstance(arguments, dict):
            return Violation(at_ms, "a function_call whose arguments are not an object")
        if len(json.dumps(arguments)) > _MAX_ARGUMENTS:
            return Violation(at_ms, f"a function_call with more than {_MAX_ARGUMENTS // 2**10} KiB of arguments")
        return ToolCall(
            at_ms, self._name(message.get("call_id")), self._name(message.get("name")), self._all_shown(arguments)
        )

    def _read_error(self, message: dict[str, Any], at_ms: float) -> PlatformFault:
        inner = message.get("error")
        nested = inner if isinstance(inner, dict) else {}
        errors = message.get("errors")
        listed = "; ".join(str(item) for item in errors) if isinstance(errors, list) else ""
        text = message.get("message") or nested.get("message") or listed or (inner if isinstance(inner, str) else "")
        code = message.get("code") or nested.get("code") or "unknown"
        return PlatformFault(at_ms, self._name(code), self._shown(str(text)))

    def _shown(self, text: str, limit: int = _MAX_TEXT) -> str:
        """`text` without control characters, which terminals act on, and lone surrogates, which no file can hold.

        The platform is known to send some. A text over the limit is cut, and says so.
        """
        if len(text) <= limit:
            return _CONTROL.sub("\ufffd", text)
        looked_at = limit + _LONGEST_SECRET
        known = self.scrubber.text(text[:looked_at])
        if len(text) > looked_at:
            known = known[:-_LONGEST_SECRET]  # the first half of a secret may be there
        shown = _CONTROL.sub("\ufffd", known[:limit])
        return f"{shown}... ({len(text)} characters)"

    def _name(self, value: Any) -> str:
        """An id, a code or a reason as text, whatever type the platform gave it."""
        return self._shown("" if value is None else str(value), _MAX_NAME)

    def _all_shown(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._shown(value)
        if isinstance(value, list):
            return [self._all_shown(item) for item in value]
        if isinstance(value, dict):
            return {self._shown(key): self._all_shown(item) for key, item in value.items()}
        return value


def _finite(number: str) -> float:
    """A finite float. JSON has no infinity, but Python reads one from `Infinity` and `1e999`: that is a ValueError."""
    if not math.isfinite(value := float(number)):
        raise ValueError(number)
    return value


def _is_deep(message: Any) -> bool:
    """Whether anything is nested deeper than `_MAX_DEPTH`. Without recursion, which a hostile frame would exhaust."""
    level, depth = [message], 0
    while level and depth <= _MAX_DEPTH:
        holders = [each.values() if isinstance(each, dict) else each for each in level]
        level = [item for holder in holders for item in holder if isinstance(item, dict | list)]
        depth += 1
    return bool(level)


# ---- frames the caller sends

HANG_UP_FRAME = '{"type":"session.close"}'


def audio_frame(pcm: bytes) -> str:
    """PCM16 mono at the session's rate as one message."""
    # Formatted by hand, which costs less than `json.dumps`: it is made 25 times a second for each call.
    return f'{{"type":"input_audio_buffer.append","audio":"{base64.b64encode(pcm).decode()}"}}'


def text_frame(text: str) -> str:
    return json.dumps({"type": "input_text.send", "text": text}, ensure_ascii=False)
