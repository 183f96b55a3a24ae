"""Writes whose answer may get lost: what took effect is read back before anything is repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from agentops.clock import Clock
from agentops.errors import OutcomeUnknownError, UnavailableError

T = TypeVar("T")

_ATTEMPTS = 3
# A write can take effect after the client has given up on its answer, so silence is looked at for longer.
_PAUSES_AFTER_SILENCE_S = (0.0, 1.0, 3.0)
_PAUSES_AFTER_ERROR_S = (0.0, 0.5)


async def write_once(
    write: Callable[[], Awaitable[T]], read_back: Callable[[], Awaitable[T | None]], clock: Clock
) -> T:
    """The result of `write`, carried out once. When its answer is lost, `read_back` says what took effect (None:
    nothing did), and only then is it sent again.

    Raises OutcomeUnknownError when reading is impossible too, UnavailableError when the write never took effect.
    """
    for _ in range(_ATTEMPTS):
        try:
            return await write()
        except OutcomeUnknownError as lost:
            effect = await _effect_of(read_back, lost, clock)
            if effect is not None:
                return effect
            last = lost
    raise UnavailableError(
        f"the platform did not carry it out, in {_ATTEMPTS} attempts: what it should have changed was looked for and "
        "is not there",
        status=last.status,
        request=last.request,
        hint="nothing was changed by this step; run the same command again",
    )


async def _effect_of(read_back: Callable[[], Awaitable[T | None]], lost: OutcomeUnknownError, clock: Clock) -> T | None:
    is_readable = False
    for pause_s in _PAUSES_AFTER_SILENCE_S if lost.status is None else _PAUSES_AFTER_ERROR_S:
        if pause_s:
            await clock.sleep(pause_s)
        try:
            effect = await read_back()
        except UnavailableError:
            is_readable = False
            continue
        if effect is not None:
            return effect
        is_readable = True
    if not is_readable:
        raise lost
    return None
