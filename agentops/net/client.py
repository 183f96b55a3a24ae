"""The one HTTP client: sends, paces, retries what may be retried, and turns every failure into a typed error.

A request that may have taken effect is never repeated unless repeating it changes nothing: `OutcomeUnknownError` tells
the caller to read first. Secrets are revealed here, in the moment of sending, and cut out of whatever an error quotes.
"""

from __future__ import annotations

import ipaddress
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from agentops import __version__
from agentops.clock import Clock, SystemClock
from agentops.document import Secret
from agentops.errors import OutcomeUnknownError, PlatformError, UnavailableError, UsageError
from agentops.net.answers import Answer, error_of, read_answer, retry_after_s
from agentops.net.direct import Direct
from agentops.net.library import Library, RefusedError, Transport, is_for_library, tls_context
from agentops.net.pace import Pace, RetryBudget
from agentops.net.sending import LostError, NotSentError, Reply, Route, Sender, quoted

_SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits grow from `base_s`, doubling, to `cap_s`, each cut by a random share (the platform's own advice).

    A `Retry-After` beyond `longest_wait_s` is not waited for: the run ends and says so.
    """

    attempts: int = 5
    base_s: float = 0.5
    cap_s: float = 30.0
    longest_wait_s: float = 120.0
    budget_floor: int = 30
    budget_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt as `-v` shows it: no query, no body, no header but the platform's request id."""

    method: str
    path: str
    status: int
    elapsed_ms: float
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class NetOptions:
    """`requests_per_second` None means no limit of our own. `on_exchange` is told of every attempt."""

    requests_per_second: float | None = 8.0
    max_in_flight: int = 8
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    on_exchange: Callable[[Exchange], None] | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one service speaks: the headers it wants, and what its answers mean. The default is the platform's.

    understand: an answer as the plain HTTP it means, e.g. a 403 that is a rate limit as a 429 with `retry-after`;
                the time is for services that name the moment instead of the seconds
    error_of:   the typed error of an answer that is no success; its second argument is "METHOD /path"
    """

    headers: Mapping[str, str] = field(default_factory=lambda: {"Accept": "application/json"})
    understand: Callable[[Answer, datetime], Answer] = lambda answer, _: answer
    error_of: Callable[[Answer, str], PlatformError] = error_of


class _Failure(Exception):
    """One attempt that failed: the error it ends in, and whether and when another may follow."""

    def __init__(self, error: PlatformError, *, may_repeat: bool, wait_s: float | None = None) -> None:
        super().__init__(error.summary)
        self.error = error
        self.may_repeat = may_repeat
        self.wait_s = wait_s


def platform_origin(base_url: str) -> str:
    """The part of `base_url` before `/atoms/v1`, which may be there or not; a path before that is kept.

    Raises UsageError for anything but http(s), and for http to a host that is not local: the key would travel in clear.
    """
    parts = urlsplit(base_url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or not _has_usable_port(parts):
        raise UsageError(f"not an address: {base_url!r}", hint="a base_url looks like https://api.smallest.ai")
    if parts.scheme == "http" and not _is_local(parts.hostname):
        raise UsageError(
            f"{parts.hostname} would get the API key unencrypted", hint="use https:// in the environment's base_url"
        )
    path = parts.path.rstrip("/").removesuffix("/atoms/v1")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _has_usable_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _is_local(host: str) -> bool:
    if "." not in host and ":" not in host:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.endswith((".local", ".internal", ".localhost", ".test"))
    return address.is_loopback or address.is_private


class Http:
    """An open connection to one origin. Use as an async context manager, or call `close`."""

    def __init__(
        self,
        origin: str,
        *,
        api_key: Secret | None = None,
        options: NetOptions | None = None,
        dialect: Dialect | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.origin = origin.rstrip("/")
        self.options = options or NetOptions()
        self.dialect = dialect or Dialect()
        self._clock = clock or SystemClock()
        self._jitter = jitter
        self._key = api_key.reveal() if api_key else None
        self._pace = Pace(self.options.requests_per_second, self.options.max_in_flight, self._clock)
        self._budget = RetryBudget(self.options.retry.budget_floor, self.options.retry.budget_share)
        self._route = self._find_route()
        self._library: Library | None = None
        if transport is not None or is_for_library(self._route):
            self._library = Library(self._route, transport)
        self._sender: Sender = self._library or Direct(self._route)

    def _find_route(self) -> Route:
        headers = {"User-Agent": f"agentops/{__version__}", **self.dialect.headers}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        if unfit := [name for name, value in headers.items() if not (value.isascii() and value.isprintable())]:
            what = "the API key" if unfit == ["Authorization"] else f"the header {unfit[0]}"
            raise UsageError(f"{what} holds a character that can't be sent", hint="is there a line end in it?")
        return Route(
            self.origin,
            headers,
            connect_timeout_s=self.options.connect_timeout_s,
            read_timeout_s=self.options.read_timeout_s,
            tls=tls_context() if self.origin.startswith("https") else None,
            # a proxy can't reach this machine's own addresses
            trusts_env=not _is_local(urlsplit(self.origin).hostname or ""),
        )

    async def __aenter__(self) -> Http:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._sender.close()
        if self._library is not None:
            await self._library.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        is_repeatable: bool | None = None,
    ) -> Answer:
        """One successful answer, after as many tries as are allowed. Raises the kinds of `PlatformError`.

        is_repeatable: doing it twice is doing it once (default: for GET only). Refusals that came before anything was
        done (no connection, 429) are retried for every method.
        """
        repeatable = method in _SAFE_METHODS if is_repeatable is None else is_repeatable
        content, secrets = _encode(body)
        target = _target(path, query)
        attempt = 1
        while True:
            self._budget.earn()
            try:
                return await self._attempt(method, path, target, content, repeatable)
            except _Failure as failure:
                if not failure.may_repeat or attempt >= self.options.retry.attempts or not self._budget.spend():
                    raise self._scrubbed(failure.error, secrets) from None
                await self._back_off(attempt, failure, secrets)
                attempt += 1

    async def stream_lines(self, path: str, *, query: Mapping[str, Any] | None = None) -> AsyncIterator[str]:
        """The lines of an answer that goes on for as long as the platform has something to say. Never retried."""
        told = f"GET {path}"
        self._library = self._library or Library(self._route)
        try:
            async with aclosing(self._library.lines(_target(path, query))) as lines:
                async for line in lines:
                    yield line
        except RefusedError as refused:
            answer = read_answer(refused.reply.status, refused.reply.text, refused.reply.headers)
            raise self._scrubbed(self.dialect.error_of(answer, told), frozenset()) from None
        except (NotSentError, LostError) as error:
            raise self._unreachable(error, told) from None

    async def _attempt(self, method: str, path: str, target: str, content: bytes | None, repeatable: bool) -> Answer:
        told = f"{method} {path}"
        try:
            async with self._pace:
                began = self._clock.monotonic()
                reply = await self._sender.send(method, target, content)
                self._tell(method, path, reply, began)
        except NotSentError as error:
            raise _Failure(self._unreachable(error, told), may_repeat=True) from None
        except LostError as error:
            raise _lost(method, told, str(error), repeatable) from None
        answer = read_answer(reply.status, reply.text, reply.headers)
        answer = self.dialect.understand(answer, self._clock.now())
        return self._judge(answer, method, told, repeatable)

    def _tell(self, method: str, path: str, reply: Reply, began: float) -> None:
        if self.options.on_exchange is not None:
            elapsed_ms = (self._clock.monotonic() - began) * 1000
            told_id = reply.headers.get("x-request-id")
            self.options.on_exchange(Exchange(method, path, reply.status, elapsed_ms, told_id))

    def _judge(self, answer: Answer, method: str, told: str, repeatable: bool) -> Answer:
        if answer.is_success:
            if answer.is_json:
                return answer
            raise _lost(method, told, "an answer that is not JSON", repeatable, answer)
        error = self.dialect.error_of(answer, told)
        wait_s = retry_after_s(answer, self._clock.now())
        if answer.status == 429:
            raise _Failure(error, may_repeat=True, wait_s=wait_s)
        if answer.status >= 500 or answer.status == 408:
            failure = _lost(method, told, error.summary, repeatable, answer, error)
            failure.wait_s = wait_s
            raise failure
        raise _Failure(error, may_repeat=False)

    async def _back_off(self, attempt: int, failure: _Failure, secrets: frozenset[str]) -> None:
        retry = self.options.retry
        wait_s = min(retry.cap_s, retry.base_s * 2 ** (attempt - 1)) * (0.5 + self._jitter() / 2)
        if failure.wait_s is not None:
            if failure.wait_s > retry.longest_wait_s:
                failure.error.hint = f"asked to wait {failure.wait_s:.0f} s: run it again after that"
                raise self._scrubbed(failure.error, secrets) from None
            wait_s = failure.wait_s + self._jitter() * retry.base_s
            self._pace.hold(failure.wait_s)
        await self._clock.sleep(wait_s)

    def _unreachable(self, error: Exception, told: str) -> UnavailableError:
        return UnavailableError(
            f"{self.origin} can't be reached: {error}",
            request=told,
            hint="check the environment's base_url and the network; nothing was changed",
            code="unreachable",
        )

    def _scrubbed(self, error: PlatformError, secrets: frozenset[str]) -> PlatformError:
        """`error` without the values that were sent as secrets, in case the platform quotes them back."""
        for value in {self._key, *secrets} - {None, ""}:
            error.summary = error.summary.replace(str(value), "***")
            error.args = (error.summary,)
        return error


def _lost(
    method: str, told: str, why: str, repeatable: bool, answer: Answer | None = None, error: PlatformError | None = None
) -> _Failure:
    """The answer is missing or says nothing about what was done."""
    if method in _SAFE_METHODS:
        failed = error or UnavailableError(f"no usable answer: {why}", request=told)
        return _Failure(failed, may_repeat=True)
    unknown = OutcomeUnknownError(
        f"the platform's answer was lost ({why}): the change may or may not have been made",
        status=answer.status if answer else None,
        request=told,
        request_id=answer.request_id if answer else None,
        hint="run the same command again: it reads what is there before it writes",
    )
    return _Failure(unknown, may_repeat=repeatable)


def _target(path: str, query: Mapping[str, Any] | None) -> str:
    """The path and its query as they are sent."""
    return f"{quoted(path)}?{urlencode(query, quote_via=quote)}" if query else quoted(path)


def _encode(body: Any) -> tuple[bytes | None, frozenset[str]]:
    """The body as JSON with its secrets revealed, and the values revealed."""
    if body is None:
        return None, frozenset()
    revealed: set[str] = set()

    def reveal(value: Any) -> Any:
        if isinstance(value, Secret):
            revealed.update(part.value for part in value.parts if not isinstance(part, str) and part.value)
            return value.reveal()
        if isinstance(value, dict):
            return {key: reveal(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [reveal(item) for item in value]
        return value

    return json.dumps(reveal(body), allow_nan=False).encode(), frozenset(revealed)
