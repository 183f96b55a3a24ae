"""An agent in this process that follows a stage direction: a coroutine that hears the caller and answers.

It stands where the socket stands, so that every call is exact and repeatable in virtual time.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
from array import array
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agentops.calls.session import NoConnection, Socket, SocketClosed

RATE = 24_000
Direction = Callable[["StagedAgent"], Awaitable[None]]


def tone(ms: float, level: float = 0.3, hz: float = 220.0) -> bytes:
    return array("h", (round(32767 * level * math.sin(2 * math.pi * hz * i / RATE))
                       for i in range(round(RATE * ms / 1000)))).tobytes()  # fmt: skip


class StagedAgent:
    """Implements `Socket`. `pause_ms` of silence ends the caller's turn."""

    def __init__(self, direction: Direction, *, pause_ms: float = 400, created: bool = True) -> None:
        self.direction = direction
        self.pause_ms = pause_ms
        self.created = created
        self.received: list[dict[str, Any]] = []
        self.caller_speaks = asyncio.Event()
        self._to_caller: asyncio.Queue[str | SocketClosed] = asyncio.Queue()
        self._turns: asyncio.Queue[str] = asyncio.Queue()
        self._speech_ms = self._silence_ms = 0.0
        self._task: asyncio.Task[None] | None = None
        self.url = ""
        self.headers: Mapping[str, str] = {}

    async def dial(self, url: str, headers: Mapping[str, str]) -> Socket:
        self.url, self.headers = url, headers
        self._task = asyncio.create_task(self._play())
        return self

    async def _play(self) -> None:
        if self.created:
            self.emit("session.created", session_id="s1", call_id="CALL-1-abc", sample_rate=RATE, channels=1)
        await self.direction(self)

    # ---- the caller's end of the socket

    async def send(self, frame: str) -> None:
        message = json.loads(frame)
        match message["type"]:
            case "input_audio_buffer.append":
                self._listen(base64.b64decode(message["audio"]))
            case "input_text.send":
                self.received.append(message)
                self._turns.put_nowait(message["text"])
            case "session.close":
                self.received.append(message)
                self.end("client_requested")

    async def receive(self) -> str:
        item = await self._to_caller.get()
        if isinstance(item, SocketClosed):
            self._to_caller.put_nowait(item)
            raise item
        return item

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _listen(self, pcm: bytes) -> None:
        if any(abs(s) > 300 for s in array("h", pcm)[::16]):
            self._speech_ms += 40
            self._silence_ms = 0
            self.caller_speaks.set()
        elif self._speech_ms:
            self._silence_ms += 40
            if self._silence_ms >= self.pause_ms:
                self._turns.put_nowait(f"{self._speech_ms:.0f} ms")
                self._speech_ms = self._silence_ms = 0
                self.caller_speaks.clear()

    # ---- the agent's end

    async def turn(self) -> str:
        """What the caller said next: text, or how long they spoke."""
        return await self._turns.get()

    def emit(self, kind: str, **fields: Any) -> None:
        self._to_caller.put_nowait(json.dumps({"type": kind, **fields}))

    def emit_raw(self, frame: str) -> None:
        self._to_caller.put_nowait(frame)

    async def say(self, text: str, *, ms: float = 1000, pcm: bytes | None = None, final: bool = True) -> None:
        """A turn as the platform sends it: start, audio at twice its speed, stop, final transcript."""
        self.emit("agent_start_talking", timestamp="2026-10-01T10:00:00.123456")
        sound = tone(ms) if pcm is None else pcm
        for at in range(0, len(sound), 960):
            self.emit("output_audio.delta", audio=base64.b64encode(sound[at : at + 960]).decode())
            await asyncio.sleep(0.01)
        await asyncio.sleep(len(sound) / 2 / RATE / 2)
        self.emit("agent_stop_talking", timestamp="2026-10-01T10:00:01.123456")
        if final:
            self.emit("transcript", role="assistant", text=text)

    def write(self, text: str) -> None:
        self.emit("transcript", role="assistant", text=text)

    def end(self, reason: str = "ended") -> None:
        self.emit("session.closed", reason=reason)
        self.cut(1000)

    def cut(self, code: int = 1006) -> None:
        self._to_caller.put_nowait(SocketClosed(code))


def refusing(*failures: NoConnection, then: StagedAgent | None = None) -> Any:
    """A way to dial that fails so many times."""
    left = list(failures)

    async def dial(url: str, headers: Mapping[str, str]) -> Socket:
        if left:
            raise left.pop(0)
        assert then is not None
        return await then.dial(url, headers)

    return dial
