"""The JSON frames of the socket: the caller's are read here, the agent's are written. No order and no clock here."""

from __future__ import annotations

import base64
import binascii
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


class BadFrameError(Exception):
    """The caller's frame is not a message; the exception's text is that of the `error` event."""


def read_message(frame: str | bytes) -> dict[str, Any]:
    """The message of one frame. Raises BadFrameError."""
    try:
        message = json.loads(frame)
    except (ValueError, UnicodeDecodeError):
        raise BadFrameError("the frame is not JSON") from None
    if not isinstance(message, dict):
        raise BadFrameError("a message is a JSON object")
    return message


def read_audio(audio: Any) -> bytes:
    """The PCM16 of an `input_audio_buffer.append`. Raises BadFrameError."""
    try:
        pcm = base64.b64decode(audio, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise BadFrameError("audio is required, as base64") from None
    if len(pcm) % 2:
        raise BadFrameError("audio is PCM16: an even number of bytes")
    return pcm


@dataclass(slots=True)
class Outbox:
    """The frames on their way to the caller. Once it is stalled, no frame is added any more.

    has_dotted_events: start and stop are spelled as newer documentation does, which has no timestamp
    """

    opened_at: datetime
    has_dotted_events: bool = False
    frames: deque[str] = field(default_factory=deque)
    is_stalled: bool = False

    def send(self, **message: Any) -> None:
        if not self.is_stalled:
            self.frames.append(json.dumps(message, ensure_ascii=False))

    def send_audio(self, frames: tuple[str, ...]) -> None:
        """Frames that were written beforehand."""
        if not self.is_stalled:
            self.frames.extend(frames)

    def refuse(self, message: str) -> None:
        self.send(type="error", code="invalid_event", message=message)

    def send_talking(self, edge: str, at_ms: float) -> None:
        """`edge` is start or stop. The timestamp is ISO 8601 with microseconds and without a zone."""
        if self.has_dotted_events:
            self.send(type=f"agent.{edge}_talking")
            return
        moment = (self.opened_at + timedelta(milliseconds=at_ms)).replace(tzinfo=None)
        self.send(type=f"agent_{edge}_talking", timestamp=moment.isoformat(timespec="microseconds"))
