"""What happens to every request on its way in and out: request ids, the request log, and the faults that are armed.

ASGI middleware around everything else, so that a fault can take away an answer that the platform has already given.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentops.emulator.faults import SOCKET_KINDS, ArmedFaults, Fault
from agentops.emulator.observation import EMULATED
from agentops.emulator.ratelimit import RETRY_AFTER_S, TokenBucket
from agentops.emulator.store.state import Store

ABORT = "agentops.abort"  # key of a scope, where the server leaves the function that cuts the connection
LOG_LENGTH = 2000  # requests; the oldest are forgotten
# A limit of the plan is a 400 on the platform; clients know it by the words "plan" and "upgrade".
UPGRADE = "You have reached the limit of your plan, please upgrade your plan."


@dataclass(slots=True)
class RequestLog:
    """The last requests, newest last; kept in memory only."""

    entries: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))

    def add(self, **entry: Any) -> None:
        self.entries.append(entry)


class Interception:
    """The outermost layer. `is_versioning_write(method, path)` says what a maintenance freeze stops."""

    def __init__(
        self,
        app: ASGIApp,
        store: Store,
        faults: ArmedFaults,
        log: RequestLog,
        is_versioning_write: Callable[[str, str], bool],
    ) -> None:
        self._app, self._store, self._faults, self._log = app, store, faults, log
        self._is_versioning_write = is_versioning_write
        self._limit = TokenBucket(store.options.rate_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"].startswith(EMULATED):
            await self._open_socket(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(EMULATED):
            await self._answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _take_faults(self, scope: Scope, method: str) -> list[Fault]:
        query = scope["query_string"].decode("latin-1")
        return self._faults.take(method, scope["path"], query, self._is_versioning_write)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, request_id = perf_counter(), self._store.new_uuid()
        seen: dict[str, Any] = {"status": None}

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                # The platform names every request, so that a report about it can be traced.
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        if self._limit.lets_through():
            faults = self._take_faults(scope, scope["method"])
        else:
            faults = [Fault("rate_limit", retry_after_s=RETRY_AFTER_S)]
        try:
            await self._answer_or_break(faults, scope, receive, send_with_id)
        finally:
            self._log.add(
                at=self._store.now(),
                method=scope["method"],
                path=scope["path"],
                # A socket's token may be the key itself.
                query=re.sub(r"(?<=token=)[^&]+", "...", scope["query_string"].decode("latin-1")),
                status=seen["status"],
                duration_ms=round((perf_counter() - started) * 1000, 2),
                request_id=request_id,
                fault=", ".join(fault.kind for fault in faults) or None,
            )

    async def _answer_or_break(self, faults: list[Fault], scope: Scope, receive: Receive, send: Send) -> None:
        """Goes through the faults in order; the first one that decides the answer ends it."""
        for fault in faults:
            if fault.latency_s:
                await asyncio.sleep(fault.latency_s)
            if fault.kind == "latency" or fault.kind in SOCKET_KINDS:
                continue
            if fault.kind == "lost_request":
                await _hang_up(scope, receive)
            elif fault.kind == "lost_response":
                await self._app(scope, receive, _discard)
                await _hang_up(scope, receive)
            elif fault.kind == "truncated":
                await self._app(scope, receive, _truncating(send))
                await _hang_up(scope, receive)
            else:
                status, headers, body = _refusal(fault)
                headers.append((b"content-length", str(len(body)).encode()))
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": body})
            return
        await self._app(scope, receive, send)

    async def _open_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        for fault in self._take_faults(scope, "GET"):
            if fault.kind in SOCKET_KINDS:
                send = _breaking_socket(fault, scope, send)
            elif fault.kind not in ("latency", "lost_response", "truncated"):
                # The handshake is answered with a status, as a draining platform does with 503.
                status, headers, body = _refusal(fault)
                await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
                await send({"type": "websocket.http.response.body", "body": body})
                return
        await self._app(scope, receive, send)


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Closes the connection without another byte. In-process there is none to close: the caller sees the error."""
    _abort(scope)
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


def _abort(scope: Scope) -> None:
    abort = scope.get(ABORT)
    if abort is None:
        raise ConnectionResetError("the emulator closed the connection on request")
    abort()


async def _discard(_message: Message) -> None:
    """The answer that never arrives."""


def _truncating(send: Send) -> Send:
    """Announces the whole body and sends half of it."""

    async def send_half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return send_half


def _refusal(fault: Fault) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of the answer that the fault gives instead of the platform's."""
    if fault.kind == "html":
        page = f"<html><head><title>{fault.answer_status}</title></head><body><h1>{fault.text or 'Bad Gateway'}</h1>"
        return fault.answer_status, [(b"content-type", b"text/html; charset=utf-8")], f"{page}</body></html>".encode()
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    usual = {
        "freeze": "Configuration changes are frozen for maintenance",
        "rate_limit": "Rate limit exceeded",
        "plan_limit": UPGRADE,
        "gated_model": "This model is not available for your organization",
    }
    other = "Internal server error" if fault.answer_status == 500 else f"Emulated {fault.answer_status}"
    body: dict[str, Any] = {"status": False, "errors": [fault.text or usual.get(fault.kind, other)]}
    if fault.kind == "freeze":
        body["error_type"] = "config_freeze_active"
    if fault.kind == "rate_limit":
        wait = math.ceil(fault.retry_after_s)  # `Retry-After` is in whole seconds
        headers.append((b"retry-after", str(wait).encode()))
        body |= {"error": "Rate limit exceeded", "code": "RATE_LIMIT_EXCEEDED", "retry_after": wait}
    return fault.answer_status, headers, json.dumps(body).encode()


def _breaking_socket(fault: Fault, scope: Scope, send: Send) -> Send:
    """Lets `after` messages through to the client, then drops the connection or falls silent."""
    sent = 0

    async def send_until_broken(message: Message) -> None:
        nonlocal sent
        if message["type"] != "websocket.send":
            if fault.kind == "drop_socket" or message["type"] != "websocket.close":
                await send(message)
            return
        sent += 1
        if sent <= fault.after:
            await send(message)
        elif fault.kind == "drop_socket":
            _abort(scope)

    return send_until_broken
