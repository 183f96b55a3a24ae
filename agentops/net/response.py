"""Reads one HTTP/1.1 answer from the bytes of a connection. Pure: no socket and no clock. Alone in knowing httptools.

What is accepted is bounded: an answer that is no HTTP, or larger than any the platform has reason to give, is an error
and not a full memory.
"""

from __future__ import annotations

import zlib

import httptools

from agentops.net.sending import Reply

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024

_ANY_ZLIB = zlib.MAX_WBITS | 32  # gzip or zlib, told apart by the first bytes
_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})


class GarbledError(Exception):
    """What arrived is not an answer that can be used. Says why, and quotes nothing of it."""


class ResponseReader:
    """One answer as it arrives: `feed` until that says it is complete, `end` when nothing more will come.

    keeps_alive: the connection is good for another request; known once the answer is complete
    received:    bytes so far
    """

    def __init__(self, method: str) -> None:
        self.keeps_alive = False
        self.received = 0
        self._is_bodiless = method == "HEAD"
        self._has_head = self._is_complete = False
        self._status = 0
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> bool:
        """Whether the answer is complete with `data`. Raises GarbledError."""
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise GarbledError("the answer changes to another protocol") from None
        except httptools.HttpParserError:
            if not self._is_complete:
                raise GarbledError("the answer is not HTTP") from None
            self.keeps_alive = False  # whatever follows a complete answer is not for us
        if self.received > MAX_HEAD + MAX_BODY or (self.received > MAX_HEAD and not self._has_head):
            raise GarbledError("the answer is too large")
        return self._is_complete

    def end(self) -> bool:
        """Whether the answer is complete now that the connection has ended: one of unsaid length is."""
        is_unsaid = "content-length" not in self._headers and "transfer-encoding" not in self._headers
        self._is_complete = self._is_complete or (self._has_head and is_unsaid)
        return self._is_complete

    def reply(self) -> Reply:
        """The complete answer. Raises GarbledError when its body can't be decompressed."""
        del self._parser  # the two hold each other, and a body should not wait for the garbage collector
        body = b"".join(self._chunks)
        encoding = self._headers.get("content-encoding", "identity").strip().lower()
        if body and encoding != "identity":
            body = _decompressed(body, encoding)
        return Reply(self._status, self._headers, body)

    # -- what the parser calls

    def on_message_begin(self) -> None:
        if self._is_complete:
            self.keeps_alive = False  # an answer that nobody asked for

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_head:
            return  # a trailer
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        if self._is_complete:
            return
        self._status = self._parser.get_status_code()
        self._has_head = self._status >= 200
        if self._has_head and self._is_bodiless:
            self._complete()

    def on_body(self, chunk: bytes) -> None:
        if not self._is_complete:
            self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        if not self._has_head:
            self._headers = {}  # "100 Continue" and its kin come before the answer
        elif not self._is_complete:
            self._complete()

    def _complete(self) -> None:
        self._is_complete = True
        self.keeps_alive = self._parser.should_keep_alive()


def _decompressed(body: bytes, encoding: str) -> bytes:
    if encoding not in _ENCODINGS:
        raise GarbledError("the answer has an encoding that was not asked for")
    decoder = zlib.decompressobj(_ANY_ZLIB)
    try:
        plain = decoder.decompress(body, MAX_BODY + 1)
    except zlib.error:
        raise GarbledError("the answer can't be decompressed") from None
    if len(plain) > MAX_BODY:
        raise GarbledError("the answer is too large")
    if not decoder.eof:
        raise GarbledError("the answer is cut off")
    return plain
