"""Reaching an agent over its WebSocket: the address, the handshake, and the retries the platform allows.

The only module that knows the websockets library, but for the page of `talk`. `line` speaks over the open socket. When
to retry is taken from the platform's realtime specification and its clients.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from typing import Protocol as Interface
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from agentops import __version__
from agentops.calls.protocol import DEFAULT_SAMPLE_RATE_HZ, HANG_UP_FRAME, Event, Mode, Phase, Protocol, Violation
from agentops.errors import PlatformError, UnauthorizedError
from agentops.scrub import NO_SECRETS, Scrubber

_MAX_FRAME_BYTES = 4 * 2**20
_FATAL_SETUP = 4000  # the platform's close code for any session that it can't set up
_BROKEN_LINES = {1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014}  # close codes after which another try may succeed
_RETRYABLE_FAULTS = {None, "internal_error", "worker_not_ready", "503"}
# Status of the handshake -> the pauses before further tries. 500: the session could not be set up; 503: the server is
# draining; 401: the single-use token may have been used or have expired, and a new one is minted at once.
_PAUSES_S = {500: (3.0, 6.0), 502: (1.0, 2.0, 4.0), 503: (1.0, 2.0, 4.0, 8.0), 401: (0.0,)}
_GIVE_UP_S = 30.0
# Asks our emulator to say how long its recogniser held the call up.
HOLDS_HEADER = "X-Emulator-Holds"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where an agent is reached: `base_url` is the account's origin, without `/atoms/v1`; `api_key` the raw key.

    revision, label: what serves it, for the report; None and "" when that was not looked up
    """

    base_url: str
    agent_id: str
    api_key: str = field(repr=False)
    environment: str = ""
    revision: int | None = None
    label: str = ""


class Platform(Interface):
    """What a call asks of the REST API."""

    async def register_call(self, agent_id: str, *, mode: str, variables: Mapping[str, Any]) -> str:
        """A `wct_` token: single use, 30 s. Raises `errors.PlatformError`."""
        ...

    async def read_call(self, call_id: str) -> dict[str, Any]:
        """The call record, in the platform's names. Raises `errors.PlatformError`."""
        ...

    def watch_call(self, call_id: str) -> AsyncGenerator[dict[str, Any], None]:
        """The events of a call while it lasts. Raises `errors.PlatformError` when there is no stream."""
        ...


class SocketClosed(Exception):
    """The socket is gone. `code` is the WebSocket close code, 1006 when there was no close at all."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".strip())
        self.code = code
        self.reason = reason


class NoConnection(Exception):
    """The agent was not reached. `status` is the HTTP status of the handshake, None when there was none.

    `is_refusal`: trying again is useless. `violations`: what the platform sent against the protocol.
    """

    def __init__(
        self,
        summary: str,
        *,
        status: int | None = None,
        is_refusal: bool = False,
        violations: Sequence[Violation] = (),
    ) -> None:
        super().__init__(summary)
        self.summary = summary
        self.status = status
        self.is_refusal = is_refusal
        self.violations = tuple(violations)


class Socket(Interface):
    async def send(self, frame: str) -> None: ...

    async def receive(self) -> str | bytes: ...

    async def close(self) -> None: ...


Dial: TypeAlias = Callable[[str, Mapping[str, str]], Awaitable[Socket]]


@dataclass(frozen=True, slots=True)
class Session:
    """An open session: its socket and the protocol's state.

    opened_at:  when `session.created` came, in the event loop's seconds
    connect_ms: how long that took from dialling on
    notes:      what the report should mention, such as retries
    violations: what came before `session.created`, which has to be the first message
    """

    socket: Socket
    protocol: Protocol
    opened_at: float
    connect_ms: float
    created: Event
    notes: tuple[str, ...]
    violations: tuple[Violation, ...] = ()


class _WebSocket:
    """`Socket` over the websockets library."""

    __slots__ = ("_connection",)

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, frame: str) -> None:
        try:
            await self._connection.send(frame)
        except ConnectionClosed as closed:
            raise _as_closed(closed) from None

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise _as_closed(closed) from None

    async def close(self) -> None:
        await self._connection.close()


def _as_closed(closed: ConnectionClosed) -> SocketClosed:
    return SocketClosed(closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else SocketClosed(1006)


async def dial(url: str, headers: Mapping[str, str]) -> Socket:
    """Opens one WebSocket. Raises `NoConnection`, whose text never holds the address's query (it may hold a token).

    HTTP/1.1 is forced, because over HTTP/2 the platform takes the upgrade for a REST request.
    """
    parts = urlsplit(url)
    tls = None
    if parts.scheme == "wss":
        tls = ssl.create_default_context()
        tls.set_alpn_protocols(["http/1.1"])
    try:
        connection = await connect(
            url,
            additional_headers=dict(headers),
            compression=None,  # base64 of sound does not shrink, and every chunk would cost processor time
            max_size=_MAX_FRAME_BYTES,
            open_timeout=10,
            close_timeout=2,
            proxy=None if _is_local(url) else True,
            ssl=tls,
            user_agent_header=f"agentops/{__version__}",
        )
    except InvalidStatus as answer:
        status = answer.response.status_code
        raise NoConnection(f"the handshake was answered with {status}", status=status) from None
    except (InvalidHandshake, InvalidURI, OSError, TimeoutError) as error:
        kind = "no answer in 10 s" if isinstance(error, TimeoutError) else type(error).__name__
        raise NoConnection(f"could not connect to {parts.hostname}:{parts.port or 443}: {kind}") from None
    return _WebSocket(connection)


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK


@dataclass(frozen=True, slots=True)
class Opening:
    """How a session is to be opened."""

    target: Target
    mode: Mode
    sample_rate_hz: int = DEFAULT_SAMPLE_RATE_HZ
    variables: Mapping[str, Any] = field(default_factory=dict)
    scrubber: Scrubber = NO_SECRETS


async def open_session(opening: Opening, platform: Platform | None, dial: Dial = dial) -> Session:
    """Connects and waits for `session.created`, trying again where the platform allows it. Raises `NoConnection`."""
    notes: list[str] = []
    loop = asyncio.get_running_loop()
    began = loop.time()
    tried: dict[int | None, int] = {}
    while True:
        try:
            return await _open_once(opening, platform, dial, notes)
        except NoConnection as failure:
            pauses = _PAUSES_S.get(failure.status or 0, ())
            attempt = tried.get(failure.status, 0)
            if failure.is_refusal or attempt >= len(pauses) or loop.time() - began > _GIVE_UP_S:
                raise
            tried[failure.status] = attempt + 1
            notes.append(f"tried again: {failure.summary}")
            await asyncio.sleep(pauses[attempt])


async def try_session(target: Target, platform: Platform | None) -> None:
    """Opens a session in text and ends it at once. Raises `NoConnection` when the agent can't be reached."""
    session = await open_session(Opening(target, Mode.CHAT), platform)
    with suppress(SocketClosed):
        await session.socket.send(HANG_UP_FRAME)
    await session.socket.close()


async def _open_once(opening: Opening, platform: Platform | None, dial: Dial, notes: list[str]) -> Session:
    loop = asyncio.get_running_loop()
    is_local = _is_local(opening.target.base_url)  # only there can it be our emulator
    url, headers = await _address(opening, platform, notes)
    began = loop.time()
    try:
        socket = await dial(url, {**headers, **({HOLDS_HEADER: "tell"} if is_local else {})})
    except NoConnection as failure:
        if failure.status == 401 and headers:  # a token that was used up is worth a new one; a wrong key stays wrong
            failure.is_refusal = True
        raise
    protocol = Protocol(
        opening.mode, may_hold=is_local, asked_rate_hz=opening.sample_rate_hz, scrubber=opening.scrubber
    )
    violations: list[Violation] = []
    try:
        async with asyncio.timeout(15):
            while protocol.phase is Phase.CONNECTING and not protocol.is_spent:
                event = protocol.receive(await socket.receive(), (loop.time() - began) * 1000)
                if isinstance(event, Violation):
                    violations.append(event)
    except SocketClosed as closed:
        await socket.close()
        raise _setup_failure(closed, protocol, violations) from None
    except TimeoutError:
        await socket.close()
        raise NoConnection("the session was not created within 15 s", status=500, violations=violations) from None
    if protocol.phase is not Phase.OPEN:
        await socket.close()
        raise NoConnection("the session was closed before it was created", is_refusal=True, violations=violations)
    now = loop.time()
    return Session(socket, protocol, now, (now - began) * 1000, event, tuple(notes), tuple(violations))


def _setup_failure(closed: SocketClosed, protocol: Protocol, violations: Sequence[Violation]) -> NoConnection:
    """Why a session was closed before it was created. The code of the last error says whether to try again."""
    fault = protocol.last_fault_code
    summary = f"the session was not created: closed with {closed.code}" + (f", error {fault}" if fault else "")
    is_hopeful = closed.code in (_FATAL_SETUP, *_BROKEN_LINES) and fault in _RETRYABLE_FAULTS
    return NoConnection(summary, status=503, is_refusal=not is_hopeful, violations=violations)


async def _address(opening: Opening, platform: Platform | None, notes: list[str]) -> tuple[str, dict[str, str]]:
    """The URL and headers to connect with: a single-use token where there is one, else the raw key in a header.

    The key is never in the URL: URLs end up in logs. A token fixes the rate at 24 kHz, so another rate needs the key.
    """
    target = opening.target
    base = "ws" + target.base_url.rstrip("/").removeprefix("http") + "/atoms/v1/agent/connect"
    if platform is not None and opening.sample_rate_hz == DEFAULT_SAMPLE_RATE_HZ:
        try:
            token = await platform.register_call(target.agent_id, mode=opening.mode, variables=opening.variables)
            return f"{base}?{urlencode({'token': token})}", {}
        except UnauthorizedError as error:
            raise NoConnection(f"the key was refused: {error.summary}", status=401, is_refusal=True) from None
        except PlatformError as error:
            notes.append(f"no call token ({error.code}), connected with the API key instead")
    query = {"agent_id": target.agent_id, "mode": opening.mode, "sample_rate": str(opening.sample_rate_hz)}
    if opening.variables:
        query["variables"] = json.dumps(dict(opening.variables))
    return f"{base}?{urlencode(query)}", {"Authorization": f"Bearer {target.api_key}"}
