"""Calls in virtual time: the event loop's clock jumps to the next timer, so a minute on the phone takes no minute."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

import pytest


class _Skipping(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """A selector that never waits: it tells the loop how long it would have."""

    skipped_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            return super().select(None)  # a thread will wake the loop
        if not ready and timeout:
            self.skipped_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Skipping()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.skipped_s

    async def shutdown_default_executor(self, *_timeout: float | None) -> None:
        """Waits for its threads however long: in virtual time any time-out has passed at once."""
        await super().shutdown_default_executor()


@pytest.fixture
def virtual_time() -> None:
    """Tests in virtual time use `anyio_backend` of this folder; those with real sockets override it."""


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    if request.node.get_closest_marker("real_time"):
        return "asyncio"
    return "asyncio", {"loop_factory": VirtualLoop}
