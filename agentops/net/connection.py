"""One connection with one exchange on it at a time: writes a request, hands its answer back, knows when it is spent.

A connection whose exchange was cancelled, timed out or failed is closed at once: the answer may still arrive, and must
never be taken for that of another request.
"""

from __future__ import annotations

import asyncio
import select
import socket

from agentops.net.response import GarbledError, ResponseReader
from agentops.net.sending import LostError, Reply

_PIECE = 64 * 1024


class Connection(asyncio.Protocol):
    """Made by the event loop, which calls the methods of `asyncio.Protocol`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._reader: ResponseReader | None = None
        self._answer: asyncio.Future[Reply]
        self._unsent = memoryview(b"")
        self._is_full = False
        self._watch: asyncio.TimerHandle
        self._idle_since = self._loop.time()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.is_free = True  # may take a request, as far as is known without asking the system

    def is_fresh(self, idle_s: float) -> bool:
        """Whether a request may go out on it: idle for no longer than `idle_s`, and the other side has neither hung up
        nor said anything unasked. The event loop may not have got round to telling us, so the system is asked."""
        if not self.is_free or self._transport.is_closing() or self._loop.time() - self._idle_since > idle_s:
            return False
        return not _has_news(self._transport.get_extra_info("socket"))

    async def exchange(self, method: str, request: bytes, timeout_s: float) -> Reply:
        """The answer to `request`. Raises LostError; `timeout_s` is for each stretch in which nothing moves."""
        self.is_free = False
        self._reader = ResponseReader(method)
        self._answer = self._loop.create_future()
        self._unsent = memoryview(request)
        self._write_more()
        self._watch_progress(timeout_s)
        try:
            return await self._answer
        finally:
            self._watch.cancel()
            self._reader, self._unsent = None, memoryview(b"")
            self._idle_since = self._loop.time()
            if not self.is_free:
                self.abort()

    def abort(self) -> None:
        self.is_free = False
        self._transport.abort()

    def _write_more(self) -> None:
        """As much as there is room for. A TLS transport does not tell how much it holds, so it is never given much."""
        while self._unsent and not self._is_full:
            piece, self._unsent = self._unsent[:_PIECE], self._unsent[_PIECE:]
            self._transport.write(piece)

    @property
    def _waiting(self) -> int:
        """Bytes that have not gone out yet."""
        return len(self._unsent) + self._transport.get_write_buffer_size()

    def _watch_progress(self, timeout_s: float) -> None:
        moved = self._moved()

        def check() -> None:
            if self._moved() == moved:
                self._fail("no answer in time")
            else:
                self._watch_progress(timeout_s)

        self._watch = self._loop.call_later(timeout_s, check)

    def _moved(self) -> tuple[int, int]:
        """What changes as long as anything moves: a long request on its way out, an answer on its way in."""
        return self._reader.received if self._reader else 0, self._waiting

    def _finish(self, reader: ResponseReader) -> None:
        self._reader = None
        # an answer that came before all of the request was sent leaves a connection that nobody can tell the state of
        self.is_free = reader.keeps_alive and not self._waiting
        if self._answer.done():
            return
        try:
            self._answer.set_result(reader.reply())
        except GarbledError as error:
            self._fail(str(error))

    def _fail(self, why: str) -> None:
        self.is_free = False
        if not self._answer.done():
            self._answer.set_exception(LostError(why))

    # -- what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._write_more()

    def data_received(self, data: bytes) -> None:
        if self._reader is None:
            self.abort()  # said without being asked: what it would answer to the next request can't be known
            return
        try:
            is_complete = self._reader.feed(data)
        except GarbledError as error:
            self._fail(str(error))
            return
        if is_complete:
            self._finish(self._reader)

    def eof_received(self) -> None:
        self.is_free = False  # the loop closes it next

    def connection_lost(self, error: Exception | None) -> None:
        self.abort()  # to the event loop, a TLS transport that was not closed from this side is still open
        if self._reader is not None:
            if error is None and self._reader.end():
                self._finish(self._reader)
            else:
                self._fail("the connection ended before the answer did")
        self.is_free = False
        self.ended.set_result(None)


def _has_news(connected: socket.socket) -> bool:
    """Whether something, or the end, waits to be read."""
    if not hasattr(select, "poll"):
        return bool(select.select([connected], [], [], 0)[0])
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))
