"""The one HTTP client: sends, paces, retries what may be retried, and turns every failure into a typed error.

A request that may have taken effect is never repeated unless repeating it changes nothing: `OutcomeUnknownError` tells
the caller to read first. Secrets are revealed here, at the moment of sending, and taken out of an answer as a whole:
once its text has been cut or quoted elsewhere, what is left of a secret can't be recognised any more.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from agentops import __version__
from agentops.clock import Clock, SystemClock
from agentops.document import Secret
from agentops.errors import OutcomeUnknownError, PlatformError, RateLimitedError, UnavailableError, UsageError
from agentops.net.answers import Answer, error_of, retry_after_s
from agentops.net.pace import Pace, RetryBudget, Tiers
from agentops.net.transport import LostError, NotSentError, Sender, StreamRefusedError, Transport, Upload, quoted
from agentops.scrub import Scrubber

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_NOTICE_FROM_S = 2.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits grow from `base_s`, doubling, to `cap_s`, each cut by a random share (the platform's own advice).

    A request that comes too fast doesn't count as a failed attempt: it is repeated until nothing at all has been let
    through for `limited_for_s` (0: it is not repeated). A `Retry-After` beyond `longest_wait_s` is not waited for: the
    run ends and says so.
    """

    attempts: int = 5
    base_s: float = 0.5
    cap_s: float = 30.0
    longest_wait_s: float = 120.0
    limited_for_s: float = 300.0
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
    """How patient and how fast a client is.

    requests_per_second:    a limit that is never exceeded, or the tiers among which the account's is found; None: none
    read_timeout_s:         how long no data may arrive or leave
    request_timeout_s:      how long a whole exchange may take, even while data keeps moving
    first_answer_timeout_s: the same until the host has answered for the first time; after half of it nothing is retried
    on_exchange:            called after every attempt that was answered
    on_wait:                called with the reason once nothing has happened for a few seconds
    secrets:                values that no error may quote; the key and what requests reveal are added to them
    """

    requests_per_second: float | Tiers | None = field(default_factory=Tiers)
    max_in_flight: int = 32
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    request_timeout_s: float = 60.0
    first_answer_timeout_s: float = 20.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    on_exchange: Callable[[Exchange], None] | None = None
    on_wait: Callable[[str], None] = lambda text: None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one service speaks: the headers it wants, and what its answers mean. The default is the platform's.

    understand: an answer as the plain HTTP it means, e.g. a 403 that is a rate limit as a 429 with `retry-after`;
                the time is for services that name the moment instead of the seconds
    error_of:   the typed error of an unsuccessful answer; its second argument is "METHOD /path"
    """

    headers: Mapping[str, str] = field(default_factory=lambda: {"Accept": "application/json"})
    understand: Callable[[Answer, datetime], Answer] = lambda answer, _: answer
    error_of: Callable[[Answer, str], PlatformError] = error_of


class _Failure(Exception):
    """One attempt that failed: the error it ends in, and whether and when another may follow.

    sent_at: when the request that was answered with a refusal had been sent
    """

    def __init__(
        self, error: PlatformError, *, may_repeat: bool, wait_s: float | None = None, sent_at: float = 0.0
    ) -> None:
        super().__init__(error.summary)
        self.error = error
        self.may_repeat = may_repeat
        self.wait_s = wait_s
        self.sent_at = sent_at


class Http:
    """An open connection to one origin. Use as an async context manager, or call `close`.

    Raises UsageError for a key, a proxy or certificates that can't be used.
    """

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
        self._secrets = self.options.secrets | ({self._key} if self._key else frozenset())
        self._scrubber = Scrubber(self._secrets)
        self._has_answered = False
        self.pace = Pace(self.options.requests_per_second, self.options.max_in_flight, self._clock, jitter)
        self._budget = RetryBudget(self.options.retry.budget_floor, self.options.retry.budget_share)
        self._sender = Sender(
            self.origin,
            self._headers(),
            connect_timeout_s=self.options.connect_timeout_s,
            read_timeout_s=self.options.read_timeout_s,
            transport=transport,
        )

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": f"agentops/{__version__}", **self.dialect.headers}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        if unfit := [name for name, value in headers.items() if not (value.isascii() and value.isprintable())]:
            what = "the API key" if unfit == ["Authorization"] else f"the header {unfit[0]}"
            raise UsageError(f"{what} holds a character that can't be sent", hint="is there a line end in it?")
        return headers

    async def __aenter__(self) -> Http:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._sender.close()

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

        body: what is sent as JSON, or an `Upload` that is sent as it is

        is_repeatable: doing it twice has the effect of doing it once (default: GET and HEAD only). Where nothing can
        have been done yet (no connection, 429), every method is retried.
        """
        repeatable = method in _SAFE_METHODS if is_repeatable is None else is_repeatable
        content, secrets = (body, frozenset()) if isinstance(body, Upload) else _encode(body)
        self._learn(secrets)
        target = _target(path, query)
        attempt, began = 1, self._clock.monotonic()
        while True:
            self._budget.earn()
            try:
                return await self._attempt(method, path, target, content, repeatable)
            except _Failure as failure:
                if isinstance(failure.error, RateLimitedError):
                    self._slow_down(failure)
                    continue
                elapsed = self._clock.monotonic() - began
                is_hopeless = not self._has_answered and elapsed >= self.options.first_answer_timeout_s / 2
                is_last = attempt >= self.options.retry.attempts or not failure.may_repeat or is_hopeless
                if is_last or not self._budget.spend():
                    raise self._scrubbed(failure.error) from None
                await self._back_off(attempt, failure)
                attempt += 1

    async def stream_lines(self, path: str, *, query: Mapping[str, Any] | None = None) -> AsyncGenerator[str, None]:
        """The lines of an answer that stays open for as long as the platform sends events. Never retried."""
        request = f"GET {path}"
        try:
            async with aclosing(self._sender.lines(_target(path, query))) as lines:
                async for line in lines:
                    yield line
        except StreamRefusedError as refused:
            raise self.error_of(refused.answer, request) from None
        except (NotSentError, LostError) as error:
            raise self._scrubbed(self._unreachable(error, request)) from None

    async def _attempt(
        self, method: str, path: str, target: str, content: bytes | Upload | None, repeatable: bool
    ) -> Answer:
        request = f"{method} {path}"
        try:
            async with self.pace:
                began = self._clock.monotonic()
                answer = await self._first_or_next(method, target, content)
                self._report_exchange(method, path, answer, began)
        except NotSentError as error:
            raise _Failure(self._unreachable(error, request), may_repeat=error.code is None) from None
        except LostError as error:
            if method in _SAFE_METHODS and not self._has_answered:
                raise _Failure(self._unreachable(error, request), may_repeat=True) from None
            raise _lost(method, request, str(error), repeatable) from None
        answer = self.dialect.understand(answer, self._clock.now())
        return self._judge(answer, method, request, repeatable, began)

    async def _first_or_next(self, method: str, target: str, content: bytes | Upload | None) -> Answer:
        if self._has_answered:
            return await self._sender.send(method, target, content, within_s=self.options.request_timeout_s)
        within_s = self.options.first_answer_timeout_s
        notice = f"waiting for {urlsplit(self.origin).netloc} to answer{self._via_proxy}"
        with self._notice_after(within_s / 5, notice):
            answer = await self._sender.send(method, target, content, within_s=within_s)
        self._has_answered = True
        return answer

    @contextmanager
    def _notice_after(self, seconds: float, text: str) -> Iterator[None]:
        timer = asyncio.get_running_loop().call_later(seconds, self.options.on_wait, text)
        try:
            yield
        finally:
            timer.cancel()

    def _report_exchange(self, method: str, path: str, answer: Answer, began: float) -> None:
        if self.options.on_exchange is not None:
            elapsed_ms = (self._clock.monotonic() - began) * 1000
            request_id = self._scrubber.text(answer.request_id) if answer.request_id else None
            self.options.on_exchange(Exchange(method, path, answer.status, elapsed_ms, request_id))

    def _judge(self, answer: Answer, method: str, request: str, repeatable: bool, sent_at: float) -> Answer:
        if answer.status != 429:
            self.pace.answered()
        if answer.is_success:
            if answer.is_json:
                return answer
            raise _lost(method, request, "an answer that is not JSON", repeatable, answer)
        error = self.error_of(answer, request)
        wait_s = retry_after_s(answer, self._clock.now())
        if answer.status >= 500 or answer.status == 408:
            failure = _lost(method, request, error.summary, repeatable, answer, error)
            failure.wait_s = wait_s
            raise failure
        raise _Failure(error, may_repeat=False, wait_s=wait_s, sent_at=sent_at)

    def _slow_down(self, failure: _Failure) -> None:
        """Doesn't wait itself: the next attempt goes through the pace like any other request."""
        self._refuse_long_wait(failure)
        pause_s = self.pace.refused(failure.sent_at, failure.wait_s)
        if self.pace.refused_for_s >= self.options.retry.limited_for_s:
            raise self._scrubbed(failure.error) from None
        if pause_s >= _NOTICE_FROM_S:
            self.options.on_wait(f"the platform limits requests: waiting {pause_s:.0f} s, then more slowly")

    async def _back_off(self, attempt: int, failure: _Failure) -> None:
        retry = self.options.retry
        wait_s = min(retry.cap_s, retry.base_s * 2 ** (attempt - 1)) * (0.5 + self._jitter() / 2)
        if failure.wait_s is not None:
            self._refuse_long_wait(failure)
            wait_s = failure.wait_s + self._jitter() * retry.base_s
        if wait_s >= _NOTICE_FROM_S:
            status = f" (status {failure.error.status})" if failure.error.status else ""
            answerer = urlsplit(self.origin).netloc
            self.options.on_wait(f"no usable answer from {answerer}{status}: waiting {wait_s:.0f} s, then trying again")
        await self._clock.sleep(wait_s)

    def _refuse_long_wait(self, failure: _Failure) -> None:
        if failure.wait_s is not None and failure.wait_s > self.options.retry.longest_wait_s:
            wait = f"{failure.wait_s:.0f} s" if failure.wait_s < _DAY_S else "more than a day"
            failure.error.hint = f"asked to wait {wait}: run it again after that"
            raise self._scrubbed(failure.error) from None

    @property
    def _via_proxy(self) -> str:
        """Names the proxy in messages: people often don't know that their environment sets one."""
        return f" through the proxy {urlsplit(self._sender.proxy).hostname}" if self._sender.proxy else ""

    def _unreachable(self, error: NotSentError | LostError, request: str) -> UnavailableError:
        code = error.code if isinstance(error, NotSentError) else None
        hint = "check the environment's base_url and the network; nothing was changed"
        if code == "certificate":
            hint = (
                "if your network has a certificate authority of its own, point SSL_CERT_FILE at its PEM file;"
                " else check the environment's base_url"
            )
        elif self._sender.proxy:
            hint = "check the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names; NO_PROXY goes past it"
        summary = f"{self.origin} can't be reached{self._via_proxy}: {error}"
        return UnavailableError(summary, request=request, hint=hint, code=code or "unreachable")

    def hide(self, text: str) -> str:
        """`text` of an answer without the secrets that are known here."""
        return self._scrubber.text(text)

    def _learn(self, secrets: frozenset[str]) -> None:
        """A secret that one request sent may be quoted in the answer to a later one, such as a publish."""
        if not secrets <= self._secrets:
            self._secrets |= secrets
            self._scrubber = Scrubber(self._secrets)

    def error_of(self, answer: Answer, request: str) -> PlatformError:
        """What an answer that says no means, without the secrets that it may quote."""
        return self._scrubbed(self.dialect.error_of(self._scrubber.deep(answer), request))

    def _scrubbed(self, error: PlatformError) -> PlatformError:
        """`error` without secrets, which may also have come from an exception of the transport."""
        error.summary = self._scrubber.text(error.summary)
        error.request_id = self._scrubber.text(error.request_id) if error.request_id else None
        error.args = (error.summary,)
        return error


def _lost(
    method: str,
    request: str,
    why: str,
    repeatable: bool,
    answer: Answer | None = None,
    error: PlatformError | None = None,
) -> _Failure:
    """The failure of an exchange whose answer is missing or doesn't say what was done."""
    if method in _SAFE_METHODS:
        failed = error or UnavailableError(
            f"no usable answer: {why}", request=request, hint="run it again; nothing was changed"
        )
        return _Failure(failed, may_repeat=True)
    unknown = OutcomeUnknownError(
        f"the platform's answer was lost ({why}): the change may or may not have been made",
        status=answer.status if answer else None,
        request=request,
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
