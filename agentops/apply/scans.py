"""The security scans that publishes wait for: one loop looks at all that are running."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from agentops.clock import Clock
from agentops.document import Revision, ScanState
from agentops.errors import AgentopsError, OutcomeUnknownError, PlatformError, RateLimitedError, UnavailableError
from agentops.remote.port import Publication, Writer

_FIRST_LOOK_S = 0.2
_GROWTH = 1.6
_UNREADABLE_LOOKS = 5


class ScanFailedError(AgentopsError):
    """The security scan judged the configuration, or broke."""


@dataclass(slots=True)
class _Wait:
    publication: Publication
    key: str
    started: float
    done: asyncio.Future[Revision]
    unreadable: int = 0


@dataclass(slots=True)
class Scans:
    """Waits for publishes to be scanned: one loop looks at all that are pending, less often as time passes.

    `on_wait(key, waited_s)` is called for each that is still pending after a look.
    """

    writer: Writer
    clock: Clock
    timeout_s: float
    interval_s: float
    on_wait: Callable[[str, float], None]
    _pending: list[_Wait] = field(default_factory=list)
    _loop: asyncio.Task[None] | None = None

    async def wait(self, publication: Publication, key: str) -> Revision:
        """The published revision. Raises ScanFailedError, or OutcomeUnknownError when it takes too long."""
        if publication.revision is not None and publication.revision.scan is not ScanState.PENDING:
            return _passed(publication.revision)
        waiting = _Wait(publication, key, self.clock.monotonic(), asyncio.get_running_loop().create_future())
        self._pending.append(waiting)
        if self._loop is None or self._loop.done():
            self._loop = asyncio.create_task(self._poll())
        try:
            return _passed(await waiting.done)
        finally:
            self._pending.remove(waiting)

    async def close(self) -> None:
        if self._loop is not None and not self._loop.done():
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    async def _poll(self) -> None:
        pause_s = _FIRST_LOOK_S
        try:
            while self._pending:
                await self.clock.sleep(min(pause_s, self.interval_s))
                pause_s *= _GROWTH
                await asyncio.gather(*(self._look(waiting) for waiting in list(self._pending)))
        except BaseException as error:  # whatever ends the loop has to wake those who wait for it: nobody else does
            for waiting in list(self._pending):
                self._finish(waiting, error=error)
            raise

    async def _look(self, waiting: _Wait) -> None:
        try:
            found = await self.writer.read_publication(waiting.publication)
            waiting.unreadable = 0
        except (UnavailableError, RateLimitedError) as error:
            waiting.unreadable += 1
            found = None
            if waiting.unreadable >= _UNREADABLE_LOOKS:
                self._finish(waiting, error=_unknown(waiting.publication, f"its state can't be read: {error.summary}"))
                return
        except PlatformError as error:
            self._finish(waiting, error=error)
            return
        waited_s = self.clock.monotonic() - waiting.started
        if found is not None:
            self._finish(waiting, found)
        elif waited_s >= self.timeout_s:
            self._finish(waiting, error=_unknown(waiting.publication, f"still scanning after {waited_s:.0f} s"))
        else:
            self.on_wait(waiting.key, waited_s)

    def _finish(self, waiting: _Wait, found: Revision | None = None, error: BaseException | None = None) -> None:
        if waiting.done.done():
            return
        if found is not None:
            waiting.done.set_result(found)
        else:
            waiting.done.set_exception(error or RuntimeError("a scan ended without a result"))


def _unknown(publication: Publication, why: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"the publish of agent {publication.agent_id} has not come to an end: {why}",
        hint="it may still go through; run the same command again, which goes on from there",
        code="scan_timeout",
    )


def _passed(revision: Revision) -> Revision:
    if revision.scan in (ScanState.FAILED, ScanState.ERRORED) or not revision.is_published:
        what = "refused it" if revision.scan is ScanState.FAILED else "broke off"
        reason = f": {revision.scan_reason}" if revision.scan_reason else ""
        raise ScanFailedError(
            f"the platform's security scan {what}{reason}",
            code="scan_failed" if revision.scan is ScanState.FAILED else "scan_errored",
            hint="what served before still serves; change what the scan names, then apply again",
        )
    return revision
