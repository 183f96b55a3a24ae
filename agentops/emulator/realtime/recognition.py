"""Speech recognition in processes of its own: the recogniser holds Python's lock while it works, and in this process
every other call would fall silent meanwhile.

A process reads requests from its standard input (a line of JSON, then the audio) and answers each with a line of JSON.
It ends when its input does, so none outlives its emulator, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from agentops import speech

_MOST_PROCESSES = 2
_NICENESS = 5  # sending audio goes before recognising it: a late answer does no harm, a stutter spoils a call


class RecognizerPool:
    """Recognises speech for all sessions of one emulator. Starts its processes at the first voice call."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._own = threading.local()  # each thread has a process
        self._processes: list[subprocess.Popen[bytes]] = []

    def prepare(self) -> None:
        """Starts the processes, if there are none. Called at the start of a call: loading takes a while, and the agent
        speaks first.
        """
        if self._threads is None:
            count = min(_MOST_PROCESSES, os.cpu_count() or 1)
            self._threads = ThreadPoolExecutor(count, thread_name_prefix="agentops-recognition")
            for _ in range(count):
                self._threads.submit(self._process)

    async def hear(self, pcm: bytes, *, sample_rate_hz: int, phrases: Sequence[str]) -> str | None:
        """The one of `phrases` that the audio says, or None. Raises RuntimeError when the process is gone."""
        self.prepare()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._ask, pcm, sample_rate_hz, tuple(phrases))

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    _open(pipe).close()

    def _process(self) -> subprocess.Popen[bytes]:
        """This thread's process."""
        process: subprocess.Popen[bytes] | None = getattr(self._own, "process", None)
        if process is None or process.poll() is not None:
            command = [sys.executable, "-m", __name__]
            # In a session of its own: Ctrl-C in a terminal would reach it as well and end it with a traceback. It ends
            # when its input is closed.
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
            self._own.process = process
            self._processes.append(process)
        return process

    def _ask(self, pcm: bytes, sample_rate_hz: int, phrases: tuple[str, ...]) -> str | None:
        process = self._process()
        request = {"sample_rate_hz": sample_rate_hz, "phrases": phrases, "bytes": len(pcm)}
        try:
            requests = _open(process.stdin)
            requests.write(json.dumps(request).encode() + b"\n" + pcm)
            requests.flush()
            answer = _open(process.stdout).readline()
        except OSError:
            answer = b""
        if not answer:
            raise RuntimeError("the speech recogniser's process ended")
        text: str | None = json.loads(answer)
        return text


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answers requests until there are no more."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    speech.load_recognizer()
    for line in requests:
        request = json.loads(line)
        pcm = requests.read(request["bytes"])
        heard = speech.recognize(pcm, sample_rate_hz=request["sample_rate_hz"], phrases=request["phrases"])
        answers.write(json.dumps(heard.text).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve(sys.stdin.buffer, sys.stdout.buffer)
