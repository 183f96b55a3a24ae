"""The agent WebSocket without the socket: frames in become events, and the frames a caller may send.

The machine accepts what the platform is known to send in more than one shape: both spellings of start and stop,
the agent called `agent` or `assistant`, errors flat or nested, missing and repeated messages. What contradicts the
protocol becomes a `Violation`, never an exception. Time is handed in: `at_ms` counts from `session.created` (before
that, from dialling). What the events mean for the conversation is decided in `conversation`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

DEFAULT_SAMPLE_RATE_HZ = 24_000
SAMPLE_RATES_HZ = (8_000, 16_000, 24_000, 48_000)


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
    """What was said so far in this turn (not final: it replaces the one before), or in all of it (final)."""

    at_ms: float
    role: Role
    text: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class Interruption:
    """The caller broke in: agent audio that was not played yet is void."""

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
    """Our emulator only: an answer is due, and the recogniser on this busy machine has not heard the question yet."""

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
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPELLINGS = {"agent.start_talking": "agent_start_talking", "agent.stop_talking": "agent_stop_talking"}


@dataclass(slots=True)
class Protocol:
    """The state of one session: feed it frames with `receive`.

    `may_hold`: the other side is our emulator's host, whose word is taken for how long its recogniser needed.
    `last_fault_code` decides, with the close code, whether a session that never opened may be tried again.
    """

    mode: Mode
    phase: Phase = Phase.CONNECTING
    sample_rate_hz: int = DEFAULT_SAMPLE_RATE_HZ
    last_fault_code: str | None = None
    may_hold: bool = False

    def receive(self, frame: str | bytes, at_ms: float) -> Event:
        """The one event that a frame means. Never raises for what the platform sent."""
        try:
            # The platform is reported to send unescaped control characters: strict=False takes them.
            message = json.loads(frame, strict=False)
        except RecursionError:
            return Violation(at_ms, "a frame that is nested too deeply")
        except ValueError:
            return Violation(at_ms, "a frame that is not JSON")
        if not isinstance(message, dict):
            return Violation(at_ms, "a frame that is not a JSON object")
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
        kind = _SPELLINGS.get(kind, kind) if isinstance(kind, str) else "error" if _has_error(message) else ""
        match kind:
            case "session.created":
                return _read_created(message, at_ms)
            case "agent_start_talking":
                return AgentStarted(at_ms)
            case "agent_stop_talking":
                return AgentStopped(at_ms)
            case "output_audio.delta":
                return self._read_audio(message, at_ms)
            case "transcript" | "transcript.delta":
                return _read_transcript(message, at_ms, is_final=kind == "transcript")
            case "interruption":
                return Interruption(at_ms)
            case "function_call":
                return _read_tool_call(message, at_ms)
            case "emulator.hold" if self.may_hold:
                return Held(at_ms)
            case "emulator.release" if self.may_hold:
                return Released(at_ms)
            case "session.closed":
                return SessionClosed(at_ms, _shown(str(message.get("reason") or "unknown")))
            case "error":
                return _read_error(message, at_ms)
            case "":
                return Violation(at_ms, "a message without a type")
            case _:
                return Unrecognized(at_ms, _shown(kind))

    def _read_audio(self, message: dict[str, Any], at_ms: float) -> Event:
        if self.mode is Mode.CHAT:
            return Violation(at_ms, "audio in a chat session")
        try:
            pcm = base64.b64decode(message.get("audio") or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            return Violation(at_ms, "audio that is not base64")
        if len(pcm) % 2:
            return Violation(at_ms, f"audio of {len(pcm)} bytes, which is not a whole number of 16-bit samples")
        return AgentAudio(at_ms, pcm)


def _has_error(message: dict[str, Any]) -> bool:
    return bool(message.get("error") or message.get("errors"))


def _read_created(message: dict[str, Any], at_ms: float) -> Event:
    rate = message.get("sample_rate", DEFAULT_SAMPLE_RATE_HZ)
    if rate not in SAMPLE_RATES_HZ:
        return Violation(at_ms, f"session.created with sample_rate {rate!r}, expected one of {SAMPLE_RATES_HZ}")
    session_id, call_id = (_shown(str(message.get(key) or "")) for key in ("session_id", "call_id"))
    return SessionCreated(at_ms, session_id, call_id, int(rate))


def _read_transcript(message: dict[str, Any], at_ms: float, *, is_final: bool) -> Event:
    role, text = _ROLES.get(str(message.get("role"))), message.get("text", message.get("content"))
    if role is None:
        return Violation(at_ms, f"a transcript with role {message.get('role')!r}, expected user or assistant")
    if not isinstance(text, str):
        return Violation(at_ms, "a transcript without text")
    return Transcript(at_ms, role, _shown(text), is_final)


def _read_tool_call(message: dict[str, Any], at_ms: float) -> Event:
    arguments = message.get("arguments")
    if not isinstance(arguments, dict):
        return Violation(at_ms, "a function_call whose arguments are not an object")
    name, call_id = (_shown(str(message.get(key) or "")) for key in ("name", "call_id"))
    return ToolCall(at_ms, call_id, name, arguments)


def _read_error(message: dict[str, Any], at_ms: float) -> PlatformFault:
    inner = message.get("error")
    nested = inner if isinstance(inner, dict) else {}
    errors = message.get("errors")
    listed = "; ".join(str(item) for item in errors) if isinstance(errors, list) else ""
    text = message.get("message") or nested.get("message") or listed or (inner if isinstance(inner, str) else "")
    code = message.get("code") or nested.get("code") or "unknown"
    return PlatformFault(at_ms, _shown(str(code)), _shown(str(text)))


def _shown(text: str) -> str:
    """`text` without control characters, which a terminal would act on; the platform is known to send some."""
    return _CONTROL.sub("\ufffd", text)


# ---- frames the caller sends

HANG_UP_FRAME = '{"type":"session.close"}'


def audio_frame(pcm: bytes) -> str:
    """PCM16 mono at the session's rate as one message. Written by hand: it is built 25 times a second for each call."""
    return f'{{"type":"input_audio_buffer.append","audio":"{base64.b64encode(pcm).decode()}"}}'


def text_frame(text: str) -> str:
    return json.dumps({"type": "input_text.send", "text": text}, ensure_ascii=False)
