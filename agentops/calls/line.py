"""An open line to an agent: speaks in real time, listens, and lets a step wait for something to happen.

A caller's sound leaves as a microphone would give it: one chunk every 40 ms, each when it is complete. Silence is sent
as well, because the platform ends a turn by hearing silence (its commit message does nothing). Every chunk has its own
due time on the event loop's monotonic clock, so delays never add up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from agentops.calls.conversation import Conversation, Track, Utterance
from agentops.calls.local_lag import CHUNK_MS
from agentops.calls.protocol import (
    HANG_UP_FRAME,
    AgentAudio,
    Event,
    Mode,
    Role,
    SessionCreated,
    audio_frame,
    text_frame,
)
from agentops.calls.session import Session, SocketClosed

_CLOSE_WITHIN_MS = 3_000.0  # for the platform to confirm that the caller has hung up

# (pcm, n) -> what chunk `n` sounds like when the caller says `pcm` (None: nothing). Background noise is added here.
Room = Callable[[bytes | None, int], bytes]


@dataclass(frozen=True, slots=True)
class Sound:
    """Something to say: PCM16 mono at the session's rate, without silence at either end, and its words."""

    text: str
    pcm: bytes = field(repr=False)


@dataclass(slots=True)
class _Speaking:
    """What is being said: the chunks that are still to be sent, and when the first and the last have left, in ms."""

    chunks: deque[bytes]
    done: asyncio.Future[tuple[float, float]]
    start_ms: float | None = None


class Line:
    """One call on an open session. Use as an async context manager. Times are milliseconds since `session.created`."""

    def __init__(
        self,
        session: Session,
        room: Room | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
        on_said: Callable[[str, float], None] = lambda text, at_ms: None,
    ) -> None:
        """`on_event` is called with all that the platform sends, `on_said` with the caller's words and their time."""
        rate = session.protocol.sample_rate_hz
        self.session = session
        self.conversation = Conversation(session.protocol.mode, Track(rate))
        self.caller_track = Track(rate)
        self.events: list[Event] = [*session.violations, session.created]
        self.lateness_ms: list[float] = []
        self.dropped: SocketClosed | None = None
        self.hung_up_ms: float | None = None
        self.ended_ms: float | None = None
        self._room = room
        self._on_event = on_event
        self._on_said = on_said
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._speaking: _Speaking | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        speak = self._speak if self.session.protocol.mode is Mode.WEBCALL else self._keep_time
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(speak())]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.session.socket.close()

    def now_ms(self) -> float:
        return (self._loop.time() - self.session.opened_at) * 1000

    def active_ms(self) -> float:
        """`now_ms` without the time for which the emulator's recogniser held the call up."""
        now_ms = self.now_ms()
        return now_ms - self.conversation.held_ms(0.0, now_ms)

    @property
    def call_id(self) -> str:
        created = self.session.created
        return created.call_id if isinstance(created, SessionCreated) else ""

    @property
    def duration_ms(self) -> float:
        return self.now_ms() if self.ended_ms is None else self.ended_ms

    @property
    def is_over(self) -> bool:
        return self.conversation.closed is not None or self.dropped is not None

    async def say(self, sound: Sound, *, step: int | None = None, is_aside: bool = False) -> Utterance:
        """Says `sound` and returns when its last chunk has left; cut short when the call ends."""
        size = self.session.protocol.sample_rate_hz * CHUNK_MS // 1000 * 2
        chunks = [sound.pcm[i : i + size].ljust(size, b"\0") for i in range(0, len(sound.pcm), size)]
        now = self.now_ms()
        utterance = self.conversation.said(sound.text, now, now, step=step, is_aside=is_aside)
        self._on_said(sound.text, now)
        if chunks and not self.is_over:
            speaking = self._speaking = _Speaking(deque(chunks), self._loop.create_future())
            utterance.start_ms, utterance.end_ms = await speaking.done
        return utterance

    async def send_text(self, text: str, *, step: int | None = None) -> Utterance:
        await self._send(text_frame(text))
        self._on_said(text, self.now_ms())
        return self.conversation.said(text, self.now_ms(), self.now_ms(), step=step)

    async def wait(self, condition: Callable[[], bool], within_ms: float, recheck_ms: float | None = None) -> bool:
        """Waits until `condition` holds: True, or False when `within_ms` have passed or the call has ended before.

        The condition is tried again whenever something was heard; one that depends on time needs `recheck_ms`, too.
        """
        deadline = self.active_ms() + within_ms
        while not condition():
            remaining = deadline - self.active_ms()
            if remaining <= 0 or self.is_over:
                return False
            self._news.clear()
            pause_ms = min(remaining, recheck_ms) if recheck_ms else remaining
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_ms / 1000):
                    await self._news.wait()
        return True

    async def pause(self, ms: float) -> None:
        """Says nothing for `ms`, or until the call ends."""
        await self.wait(lambda: self.is_over, ms)

    async def until_over(self) -> None:
        """Until either side has ended the call."""
        await self._over.wait()

    async def hang_up(self) -> None:
        """Ends the call cleanly and waits a moment for the platform to confirm it."""
        if self.is_over:
            return
        self.hung_up_ms = self.now_ms()
        await self._send(HANG_UP_FRAME)
        await self.wait(lambda: self.is_over, _CLOSE_WITHIN_MS)

    async def _send(self, frame: str) -> None:
        try:
            await self.session.socket.send(frame)
        except SocketClosed as closed:
            self._end(closed)

    def _end(self, closed: SocketClosed) -> None:
        self.dropped = self.dropped or closed
        self._over.set()
        self.ended_ms = self.now_ms() if self.ended_ms is None else self.ended_ms
        if self._speaking is not None and not self._speaking.done.done():
            start_ms = self._speaking.start_ms if self._speaking.start_ms is not None else self.now_ms()
            self._speaking.done.set_result((start_ms, self.now_ms()))
        self._news.set()

    async def _listen(self) -> None:
        socket, protocol = self.session.socket, self.session.protocol
        try:
            while True:
                event = protocol.receive(await socket.receive(), self.now_ms())
                # More of the same sound is no news: waking a step for each 20 ms of it would cost more than the call.
                # (`goes_on` has to be known before the sound is laid on the track.)
                goes_on = isinstance(event, AgentAudio) and self.conversation.is_agent_talking(event.at_ms)
                self.events.append(event)
                self.conversation.hear(event)
                self._on_event(event)
                if self.conversation.closed is not None and self.ended_ms is None:
                    self.ended_ms = event.at_ms
                    self._over.set()
                if not goes_on:
                    self._news.set()
                if protocol.is_spent:
                    raise SocketClosed(1009, "more than a call holds")  # WebSocket's code for "message too big"
        except SocketClosed as closed:
            self._end(closed)

    async def _speak(self) -> None:
        """Sends chunk n at (n + 1) x 40 ms: when a microphone would have filled it."""
        rate = self.session.protocol.sample_rate_hz
        size = rate * CHUNK_MS // 1000
        silence = audio_frame(bytes(size * 2))
        n = 0
        while not self.is_over:
            await self._until_due(n)
            pcm = self._next_chunk(n)
            if pcm is not None:
                self.caller_track.pieces.append((n * size, pcm))
            await self._send(silence if pcm is None else audio_frame(pcm))
            n += 1

    async def _keep_time(self) -> None:
        """For a chat, which sends no sound: only measures how late this process is, at the times of the chunks."""
        n = 0
        while not self.is_over:
            await self._until_due(n)
            n += 1

    async def _until_due(self, n: int) -> None:
        due = self.session.opened_at + (n + 1) * CHUNK_MS / 1000
        if (early := due - self._loop.time()) > 0:
            await asyncio.sleep(early)
        self.lateness_ms.append((self._loop.time() - due) * 1000)

    def _next_chunk(self, n: int) -> bytes | None:
        speaking, pcm = self._speaking, None
        if speaking is not None:
            speaking.start_ms = n * CHUNK_MS if speaking.start_ms is None else speaking.start_ms
            pcm = speaking.chunks.popleft()
            if not speaking.chunks:
                self._speaking = None
                speaking.done.set_result((speaking.start_ms, (n + 1) * CHUNK_MS))
        return self._room(pcm, n) if self._room is not None else pcm


def ended_by(line: Line) -> tuple[Role | None, str]:
    """Who ended the call, and the platform's reason; None instead of a role when the line was cut."""
    closed = line.conversation.closed
    if line.hung_up_ms is not None:
        return Role.CALLER, closed.reason if closed else "client_requested"
    if closed is not None and closed.reason != "websocket_closed":
        return Role.AGENT, closed.reason
    return None, f"the socket closed with code {line.dropped.code}" if line.dropped else "still open"
