"""Recognition in processes of its own: the recogniser holds Python's lock for as long as it thinks, and in this process
every other call would fall silent meanwhile."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor

from agentops import speech

_MOST_PROCESSES = 2
_WARM_UP = bytes(2)


class Ears:
    """Hears for all sessions of one emulator. Starts its processes at the first voice call."""

    def __init__(self) -> None:
        self._pool: Executor | None = None

    def prepare(self) -> None:
        """Starts the processes, if there are none, while the agent still says its first words."""
        if self._pool is not None:
            return
        count = min(_MOST_PROCESSES, os.cpu_count() or 1)
        self._pool = ProcessPoolExecutor(
            count, multiprocessing.get_context("spawn"), initializer=speech.load_recognizer
        )
        for _ in range(count):
            self._pool.submit(_hear, _WARM_UP, 16000, ())

    async def hear(self, pcm: bytes, *, sample_rate_hz: int, phrases: Sequence[str]) -> str | None:
        """The phrase that the audio says, or None."""
        self.prepare()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _hear, pcm, sample_rate_hz, tuple(phrases))

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _hear(pcm: bytes, sample_rate_hz: int, phrases: tuple[str, ...]) -> str | None:
    return speech.recognize(pcm, sample_rate_hz=sample_rate_hz, phrases=phrases).text
