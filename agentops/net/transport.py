"""Puts one request on the wire and reads one answer, through httpx2's transport. The only module that knows httpx2.

The transport without httpx2's client: redirects (which would hand the key to whoever they point at), cookies, `.netrc`
and proxies that are opened eagerly are features of the client, and none of them is wanted. Nothing is retried, paced
or judged here: an answer is what came back, whatever its status, and a failure says only whether the request may have
arrived.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2

from agentops.errors import UsageError
from agentops.net.answers import Answer, read_answer
from agentops.net.origin import find_proxy

MAX_BODY = 64 * 1024 * 1024  # of an answer, unpacked; its head is bounded by httpx2 (100 KB)
# Commas and opening brackets of an answer, which has no more values than that: parsing takes some 100 bytes and a
# microsecond or two for each, and no deadline can be kept meanwhile. 20,000 agents of a hundred fields have as many,
# and so have 64 MB of prompts with a comma every 32 letters.
MAX_SEPARATORS = 2_000_000
MAX_LINE = 1024 * 1024  # of a stream
_JSON = "application/json"
IDLE_S = 4.0  # many servers close an unused connection after 5 s, and a request that meets that moment is lost

# How a request leaves this process; tests bring their own.
Transport = httpx2.AsyncBaseTransport

_PATH_SIGNS = "/:@!$&'()*+,;=-._~%"  # what stands for itself in a path (RFC 3986); % since paths may come quoted
_Kind = TypeVar("_Kind", bound=BaseException)
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


def quoted(path: str) -> str:
    """`path` as it is sent: nothing in it can end the line or start another part of the request."""
    return quote(path, safe=_PATH_SIGNS)


class NotSentError(Exception):
    """Nothing of the request was sent. `code` is "certificate" or "proxy" where trying again can't help."""

    def __init__(self, why: str, code: str | None = None) -> None:
        super().__init__(why)
        self.code = code


class LostError(Exception):
    """The request may have arrived, and no usable answer came back: what it did is not known."""


class StreamRefusedError(Exception):
    """A stream was asked for, and an unsuccessful `answer` came instead."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that is not JSON."""

    data: bytes = field(repr=False)
    content_type: str


class Sender:
    """Sends requests to one origin, as many at once as it is asked to. The caller has checked that headers can be sent.

    read_timeout_s: how long no data may arrive; the exchange as a whole has the deadline that `send` is given
    proxy:          the one that the environment names for this origin, if any
    """

    def __init__(
        self,
        origin: str,
        headers: Mapping[str, str],
        *,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 30.0,
        transport: Transport | None = None,
    ) -> None:
        self.proxy = None if transport else find_proxy(origin)
        self._origin = quoted_origin(origin)
        self._headers = {"Accept-Encoding": "gzip", **headers}
        # No time-out for a place in the pool, since the pool has no limit: the pace bounds how many connections there
        # are. One whose handshake fails in a proxy's tunnel keeps its place for ever (httpcore2 2.16).
        self._timeouts = {"connect": connect_timeout_s, "read": read_timeout_s, "write": read_timeout_s, "pool": None}
        self._is_traced = transport is None
        self._transport = transport or _open_transport(origin, self.proxy)

    async def send(self, method: str, target: str, content: bytes | Upload | None = None, *, within_s: float) -> Answer:
        """`target` is the quoted path with its query. Raises NotSentError and LostError."""
        trace = _Trace()
        try:
            async with asyncio.timeout(within_s), self._opened(method, target, content, trace) as response:
                return await _read_whole(response)
        except (TimeoutError, httpx2.TransportError, httpx2.DecodingError) as error:
            raise self._classified(error, trace) from None

    async def lines(self, target: str) -> AsyncGenerator[str, None]:
        """The lines of an answer that stays open for as long as the server has something to send.

        Raises StreamRefusedError when the answer is no success, NotSentError and LostError.
        """
        trace = _Trace()
        try:
            async with self._opened("GET", target, None, trace, is_endless=True) as response:
                if not response.is_success:
                    raise StreamRefusedError(await _read_whole(response))
                async for line in _lines(response):
                    yield line
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise self._classified(error, trace) from None

    async def close(self) -> None:
        await self._transport.aclose()

    @asynccontextmanager
    async def _opened(
        self, method: str, target: str, content: bytes | Upload | None, trace: _Trace, *, is_endless: bool = False
    ) -> AsyncIterator[httpx2.Response]:
        timeouts = self._timeouts | ({"read": None} if is_endless else {})
        extensions: dict[str, Any] = {"timeout": timeouts, "trace": trace.note}
        data, kind = (content.data, content.content_type) if isinstance(content, Upload) else (content, _JSON)
        headers = self._headers if data is None else {**self._headers, "Content-Type": kind}
        url = self._origin + target
        request = httpx2.Request(method, url, headers=headers, content=data, extensions=extensions)
        if self.proxy:
            request.extensions["sni_hostname"] = request.url.raw_host.decode("ascii")  # the name in the certificate
            request.url = _ProxiedURL(request.url)
        response = await self._transport.handle_async_request(request)
        response.request = request
        try:
            yield response
        finally:
            await response.aclose()  # before the end of an answer this closes its connection

    def _classified(self, error: Exception, trace: _Trace) -> NotSentError | LostError:
        """The library's error as one of the two that matter to callers."""
        is_sent = trace.is_sent if self._is_traced else not isinstance(error, _NOT_SENT)
        if is_sent:
            return LostError(_reason(error))
        if certificate := _first(ssl.SSLCertVerificationError, error):
            return NotSentError(certificate.verify_message, "certificate")
        if isinstance(error, httpx2.ProxyError):  # its text is the proxy's status and reason
            return NotSentError(f"the proxy says {error}", "proxy" if str(error).startswith("4") else None)
        return NotSentError(_reason(error))


class _ProxiedURL(httpx2.URL):
    """An address as a proxy is told it, an IPv6 address in brackets: httpcore2 leaves them out (2.16)."""

    @property
    def raw_host(self) -> bytes:
        host = super().raw_host
        return b"[%b]" % host if b":" in host else host


class _Trace:
    """How far one exchange has come, from the events of httpx2's trace.

    is_sent: the request itself has begun to go out; asking a proxy for a tunnel, or a handshake, doesn't count
    """

    def __init__(self) -> None:
        self.is_sent = False
        self._has_waited = False

    async def note(self, event: str, info: dict[str, Any]) -> None:
        match event:
            case "http11.send_request_headers.started":
                self.is_sent = info["request"].method != b"CONNECT"
            case "http11.receive_response_headers.started":
                self._has_waited = False
                asyncio.get_running_loop().call_soon(self._mark_waited)
            case "http11.receive_response_headers.complete" if not self._has_waited:
                # These headers were read without waiting for the network, so they arrived with the previous answer: a
                # server that answers a request twice does that, and this request would get the wrong answer. Raising
                # closes the connection.
                raise httpx2.RemoteProtocolError("the server had answered before it was asked")

    def _mark_waited(self) -> None:
        self._has_waited = True


def quoted_origin(origin: str) -> str:
    """`origin` with its path as it is sent. Raises UsageError when no request can go there."""
    scheme, _, rest = origin.partition("://")
    host, slash, path = rest.partition("/")
    try:
        return str(httpx2.URL(f"{scheme}://{host}{quoted(slash + path)}")).rstrip("/")
    except httpx2.InvalidURL as error:
        raise UsageError(f"not an address: {origin!r}", hint=f"{error}; see the environment's base_url") from None


def _open_transport(origin: str, proxy: str | None) -> Transport:
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=IDLE_S)
    context = _tls_context() if origin.startswith("https:") else False
    try:
        return httpx2.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits, proxy=proxy)
    except (ValueError, ImportError, httpx2.InvalidURL):
        scheme = proxy.partition("://")[0] if proxy else ""  # the rest may hold a password
        raise UsageError(
            f"the environment names a {scheme}:// proxy that can't be used",
            hint="agentops goes through http:// and https:// proxies: set HTTPS_PROXY to one,"
            " or name the host in NO_PROXY to go without",
        ) from None


def _tls_context() -> ssl.SSLContext:
    """Trusts what the system trusts, or what `SSL_CERT_FILE` or `SSL_CERT_DIR` names."""
    try:
        context = httpx2.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError) else None
        raise UsageError(
            f"the certificates that SSL_CERT_FILE names can't be read: {why or 'no PEM certificate in it'}",
            hint="point SSL_CERT_FILE at a PEM file of CA certificates, or unset it to trust what the system trusts",
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _read_whole(response: httpx2.Response) -> Answer:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_BODY:
            raise httpx2.RemoteProtocolError("the answer is too large")
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_SEPARATORS:
        raise httpx2.RemoteProtocolError("the answer is too large")
    return read_answer(response.status_code, body.decode("utf-8", "replace"), dict(response.headers))


async def _lines(response: httpx2.Response) -> AsyncIterator[str]:
    rest = b""
    async for piece in response.aiter_bytes():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
        if len(rest) > MAX_LINE:
            raise httpx2.RemoteProtocolError("a line of the answer is too large")
    if rest:
        yield rest.decode("utf-8", "replace")


def _reason(error: Exception) -> str:
    """The system's own words where there are any, else the library's."""
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return "no answer in time"
    if system := next((each for each in _causes(error) if isinstance(each, OSError) and each.errno), None):
        # asyncio replaces the system's text ("Connect call failed ..."), so it is looked up by its number; errors of
        # name lookup and TLS keep their text, and their numbers are not the system's
        is_worded = isinstance(system, socket.gaierror | ssl.SSLError)
        return str(system.strerror) if is_worded else os.strerror(system.errno or 0)
    return str(error).strip() or type(error).__name__


def _first(kind: type[_Kind], error: BaseException | None) -> _Kind | None:
    """The first of `kind` among what led to `error`."""
    return next((each for each in _causes(error) if isinstance(each, kind)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _causes(each)
        error = error.__cause__ or error.__context__
