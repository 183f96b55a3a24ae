"""Reports every answer of this process's emulators to observers that check it against the emulator's own document.

Without observers, which is the usual case, the layer isn't there. It lies below the faults on request, since what they
break is broken on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

EMULATED = ("/atoms/", "/waves/", "/payment/")  # the platform's paths; the others are the emulator's own


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; `body` is empty when the answer is a stream."""

    method: str
    path: str
    status: int
    content_type: str
    body: bytes = field(repr=False)


Document: TypeAlias = Mapping[str, Any]
Observer: TypeAlias = Callable[[Document, Exchange], None]

# Called with every answer before its client gets it, and with the OpenAPI document that the emulator serves. An
# emulator reads the list once, when it is made.
OBSERVERS: list[Observer] = []


class Observation:
    """The layer that calls the observers."""

    def __init__(self, app: ASGIApp, document: Document, observers: list[Observer]) -> None:
        self._app, self._document, self._observers = app, document, observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_watched = scope["type"] == "http" and scope["path"].startswith(EMULATED)
        await self._app(scope, receive, self._watching(scope, send) if is_watched else send)

    def _watching(self, scope: Scope, send: Send) -> Send:
        status, content_type, body = 0, "", bytearray()

        async def send_watched(message: Message) -> None:
            nonlocal status, content_type
            if message["type"] == "http.response.start":
                status = message["status"]
                content_type = dict(message["headers"]).get(b"content-type", b"").decode("latin-1")
                if content_type.startswith("text/event-stream"):  # reported at its start: it may never end
                    self._report(Exchange(scope["method"], scope["path"], status, content_type, b""))
            elif not content_type.startswith("text/event-stream"):
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    self._report(Exchange(scope["method"], scope["path"], status, content_type, bytes(body)))
            await send(message)

        return send_watched

    def _report(self, exchange: Exchange) -> None:
        for observer in self._observers:
            observer(self._document, exchange)
