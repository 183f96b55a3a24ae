"""Runs the emulator on a port: in a thread beside the caller, or in the caller's own thread until it is stopped."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentops.emulator.app import create_app
from agentops.emulator.guard import Guard, with_key
from agentops.emulator.interception import ABORT
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.store.database import EmulatorError
from agentops.emulator.store.state import Clock, Store

STOP_WITHIN_S = 5.0  # what is left of the thread then ends with the process: it is a daemon


class _Server(uvicorn.Server):
    """A server that calls `on_ready` once it listens, or has failed to."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """An emulator that listens at `base_url` (no trailing slash, no `/atoms/v1`). Also a context manager."""

    base_url: str
    store: Store
    _server: _Server = field(repr=False)
    _thread: threading.Thread = field(repr=False)

    def stop(self) -> None:
        """Ends the server and waits for it; calling it again does nothing."""
        self._server.should_exit = True
        self._thread.join(STOP_WITHIN_S)

    def __enter__(self) -> RunningEmulator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


def start(options: EmulatorOptions, *, clock: Clock | None = None) -> RunningEmulator:
    """Starts an emulator in a thread and returns once it listens.

    Raises EmulatorError when the port or the data file cannot be used.
    """
    options = with_key(options)
    listener, app = _open(options, clock)
    ready = threading.Event()
    server = _Server(_config(app, options), ready.set)
    thread = threading.Thread(target=server.run, args=([listener],), name="agentops-emulator", daemon=True)
    thread.start()
    ready.wait()
    return RunningEmulator(_address(listener), app.state.store, server, thread)


def serve(
    options: EmulatorOptions,
    *,
    on_ready: Callable[[str, tuple[str, ...]], None],
    on_warning: Callable[[str], None] = lambda message: None,
) -> None:
    """Serves in this thread until it is interrupted.

    `on_ready` gets the address and the keys that are taken (none: any `sk_` key) once requests are answered, and
    `on_warning` a line for everything that the emulator accepted without being able to check it.

    Raises EmulatorError when the port or the data file cannot be used.
    """
    options = with_key(options)
    listener, app = _open(options)
    app.state.store.on_warning = on_warning
    server = _Server(_config(app, options), lambda: on_ready(_address(listener), options.keys))
    server.run([listener])


def _open(options: EmulatorOptions, clock: Clock | None = None) -> tuple[socket.socket, Starlette]:
    """The port and the application that answers there. Raises EmulatorError, and then the port is free again."""
    listener = _listen(options)
    try:
        return listener, create_app(options, clock=clock)
    except EmulatorError:
        listener.close()
        raise


def _listen(options: EmulatorOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on and each second small frame waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as failure:
        listener.close()
        raise EmulatorError(
            f"cannot listen on {options.host} port {options.port}: {failure.strerror or failure};"
            " choose another with --port, or 0 for any free one"
        ) from failure
    listener.listen(512)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _with_abort(app: ASGIApp) -> ASGIApp:
    """Gives each request's scope the function that cuts its connection, which faults need and ASGI does not have."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        # uvicorn's `send` is a method of the object that holds the connection.
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope[ABORT] = transport.abort
        with suppress(ClientDisconnect):  # the client is gone: no error of ours, and nothing to log
            await app(scope, receive, _with_capitalised_headers(send))

    return call


def _with_capitalised_headers(send: Send) -> Send:
    """Spells header names as the platform's server does (`Content-Type`); ASGI has them in lower case."""

    async def send_spelled(message: Message) -> None:
        if message["type"] == "http.response.start":
            spelled = [
                (b"-".join(map(bytes.capitalize, name.split(b"-"))), value) for name, value in message["headers"]
            ]
            message = {**message, "headers": spelled}
        await send(message)

    return send_spelled


def _config(app: Starlette, options: EmulatorOptions) -> uvicorn.Config:
    return uvicorn.Config(
        _with_abort(Guard(app, options, app.state.store.accepts_key)),
        log_config=None,
        access_log=False,
        http="h11",  # the same whether or not another parser is installed
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # audio hardly shrinks, and compressing it costs more than all the rest of a call
        lifespan="on",
        timeout_graceful_shutdown=1,  # event streams and calls would hold up the end for as long as they last
        server_header=False,
        proxy_headers=False,
        headers=[("X-Powered-By", "Express")],  # as the platform's framework sends
    )
