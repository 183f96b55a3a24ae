"""Drives one session: its socket, its clock and the work it hands out. All of it runs in one event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from agentops.emulator.realtime.recognition import RecognizerPool
from agentops.emulator.realtime.session import Session
from agentops.emulator.realtime.tool_calls import call_tool
from agentops.emulator.realtime.work import CallTool, Compose, Hear, Work
from agentops.emulator.store.state import Store

_SHORTEST_WAIT_S = 0.001  # between two alarms of one session


class Connection:
    """The life of a session, from its first frame to the recording of the call."""

    def __init__(self, store: Store, recognizers: RecognizerPool, socket: WebSocket, session: Session) -> None:
        self._store = store
        self._recognizers = recognizers
        self._socket = socket
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._opened = self._loop.time()
        self._awake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._workers: set[asyncio.Task[None]] = set()
        self._is_recorded = False

    async def run(self) -> None:
        session, store = self._session, self._store
        store.add_call(session.record.to_document(status="active"))
        receiver = asyncio.create_task(self._receive())
        try:
            session.start(self._now())
            self._settle()
            await self._send_until_ended()
        finally:
            for task in (receiver, *self._workers):
                task.cancel()
            if self._timer is not None:
                self._timer.cancel()
            await asyncio.gather(receiver, *self._workers, return_exceptions=True)
            await self._store_recording()

    def _now(self) -> float:
        return (self._loop.time() - self._opened) * 1000.0

    async def _receive(self) -> None:
        try:
            while True:
                self._session.receive(await self._socket.receive_text(), self._now())
                self._settle()
        # RuntimeError: the socket was closed meanwhile. KeyError: a binary frame; the platform's frames are all text.
        except (WebSocketDisconnect, RuntimeError, KeyError):
            self._session.hang_up(self._now())
            self._settle()

    def _settle(self) -> None:
        """After each step of the session: start its work, set its alarm, wake the sender."""
        session = self._session
        for work in session.work:
            task = self._loop.create_task(self._perform(work))
            self._workers.add(task)  # the loop itself keeps only weak references to its tasks
            task.add_done_callback(self._on_worker_done)
        session.work.clear()
        if session.ending is not None and not self._is_recorded:
            self._record()
        self._publish_events()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if session.ending is None:
            due = max(self._opened + session.next_ms() / 1000.0, self._loop.time() + _SHORTEST_WAIT_S)
            self._timer = self._loop.call_at(due, self._tick)
        if session.frames or session.ending is not None:
            self._awake.set()

    def _tick(self) -> None:
        self._session.advance(self._now())
        self._settle()

    async def _perform(self, work: Work) -> None:
        result: Any
        if isinstance(work, Hear):
            result = await self._recognizers.hear(work.pcm, sample_rate_hz=work.sample_rate_hz, phrases=work.phrases)
        elif isinstance(work, CallTool):
            result = await call_tool(work, may_send=self._store.options.allow_tool_calls)
        elif isinstance(work, Compose):
            model = self._store.options.language_model
            assert model is not None  # a dialogue asks for one only when there is one
            result = await model.compose(work.messages)
        else:
            from agentops.emulator.realtime.synthesis import synthesize  # needs the speech extra

            result = await asyncio.to_thread(synthesize, work.request)
        self._session.finish(work, result, self._now())
        self._settle()

    def _on_worker_done(self, task: asyncio.Task[None]) -> None:
        self._workers.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._session.fail(f"{type(failure).__name__}: {failure}", self._now())
            self._settle()

    async def _send_until_ended(self) -> None:
        session = self._session
        try:
            while True:
                while session.frames:
                    await self._socket.send_text(session.frames.popleft())
                if session.ending is not None:
                    break
                self._awake.clear()
                await self._awake.wait()
            if session.ending.close_code is not None:
                await self._socket.close(session.ending.close_code)
        except (WebSocketDisconnect, RuntimeError):
            session.hang_up(self._now())

    def _publish_events(self) -> None:
        for event in self._session.record.take_events():
            self._store.add_call_event(self._session.setup.call_id, event)

    def _record(self) -> None:
        """Stores the finished call before its caller learns that it is over: the caller may ask for it at once."""
        session = self._session
        assert session.ending is not None
        self._is_recorded = True
        document = session.record.to_document(
            status="completed", ended_ms=session.ended_ms, disconnection=session.ending.disconnection
        )
        self._store.update_call(session.setup.call_id, document)

    async def _store_recording(self) -> None:
        """Stores what remains once the socket is closed: the recording."""
        session = self._session
        if session.ending is None:
            session.hang_up(self._now())
        if not self._is_recorded:
            self._record()
        self._publish_events()
        if session.setup.mode == "webcall":
            self._store.put_recording(session.setup.call_id, await asyncio.to_thread(session.record.to_wav))
