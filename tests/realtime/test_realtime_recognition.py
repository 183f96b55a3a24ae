"""Recognition in other processes finds what the recogniser finds, and the processes end with their emulator."""

from __future__ import annotations

import io
import json

import pytest

from agentops import speech
from agentops.emulator.realtime.recognition import RecognizerPool, serve

pytestmark = pytest.mark.speech
PHRASES = ("where is my order", "what are your opening hours")


def test_requests_are_answered_one_after_the_other() -> None:
    audio = [speech.synthesize(text, sample_rate_hz=8000) for text in (*PHRASES, "Tell me a joke about penguins.")]
    heads = [{"sample_rate_hz": 8000, "phrases": PHRASES, "bytes": len(pcm)} for pcm in audio]
    requests = b"".join(json.dumps(head).encode() + b"\n" + pcm for head, pcm in zip(heads, audio, strict=True))
    answers = io.BytesIO()
    serve(io.BytesIO(requests), answers)
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [*PHRASES, None]


@pytest.mark.slow
async def test_the_processes_end_with_the_pool() -> None:
    recognizers = RecognizerPool()
    audio = speech.synthesize(PHRASES[0], sample_rate_hz=16000)
    try:
        assert await recognizers.hear(audio, sample_rate_hz=16000, phrases=PHRASES) == PHRASES[0]
    finally:
        recognizers.close()
    assert recognizers._processes
    assert all(process.returncode is not None for process in recognizers._processes)
