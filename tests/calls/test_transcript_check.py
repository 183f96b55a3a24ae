"""An ear behind an endpoint: what it heard against what the transcript claims, in any language."""

from __future__ import annotations

import io
import wave
from typing import Any

import httpx2
import pytest

from agentops.calls.ended_call import EndedCall
from agentops.calls.model_client import ModelClient, NoAnswerError
from agentops.calls.protocol import Role
from agentops.calls.report import Check, Ending, Measures, Turn, Usage
from agentops.calls.script import Script
from agentops.calls.transcript_check import listen_to, word_error_rate
from agentops.document import ModelEndpoint, Secret, SecretRef

np = pytest.importorskip("numpy", reason="the speech extra is not installed")


@pytest.mark.parametrize(
    ("heard", "wanted", "rate"),
    [
        ("we are open", "We are open!", 0.0),
        ("we open", "we are open", 1 / 3),
        ("we are now open", "we are open", 1 / 3),
        ("we are closed", "we are open", 1 / 3),
        ("", "we are open", 1.0),
        ("open from 9 to 5", "open from nine to five", 0.0),
        ("हम खुले हैं", "हम खुले हैं", 0.0),
        ("हम बंद हैं", "हम खुले हैं", 1 / 3),
        ("நாங்கள் திறந்திருக்கிறோம்", "நாங்கள் திறந்திருக்கிறோம்", 0.0),
        ("نحن مفتوحون", "نحن مغلقون", 0.5),
        ("我们五点关门", "我们六点关门", 1 / 6),
        ("anything", "", 1.0),
        ("", "", 0.0),
    ],
)
def test_the_share_of_words_that_were_misheard(heard: str, wanted: str, rate: float) -> None:
    assert word_error_rate(heard, wanted) == pytest.approx(rate)


def script(score: float | bool = True) -> Script:
    return Script.model_validate({"agent": "a", "steps": [{"expect": "x"}], "checks": {"says_transcript": score}})


async def listened(texts: list[str], ear: Any, score: float | bool = True) -> tuple[EndedCall, list[Check]]:
    from agentops.calls.recording import Recording

    turns = tuple(Turn(Role.AGENT, n * 1000.0, n * 1000.0 + 900, text) for n, text in enumerate(texts))
    call = EndedCall(turns, Measures(), Ending(Role.CALLER, "x"), 5000.0)
    recording = Recording(np.zeros(40_000), np.linspace(-0.5, 0.5, 40_000), 8000)
    return await listen_to(script(score), call, recording, ear)


@pytest.mark.parametrize(("score", "passed"), [(0.6, True), (0.67, False)])
async def test_each_turn_is_heard_by_itself(score: float, passed: bool) -> None:
    heard = ["nous sommes ouverts", "au revoir et merci"]
    sounds: list[bytes] = []

    async def ear(wav: bytes) -> str:
        sounds.append(wav)
        return heard[len(sounds) - 1]

    call, checks = await listened(["Nous sommes ouverts.", "Au revoir, merci!"], ear, score)
    assert [check.passed for check in checks] == [True, passed]
    assert call.measures.transcript_score == pytest.approx(2 / 3)
    assert call.measures.word_error_rate == pytest.approx(1 / 6)
    assert "a word error rate of 33%" in checks[1].heard
    with wave.open(io.BytesIO(sounds[1])) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, 8000, 7200)


async def test_an_ear_that_gives_no_answer_decides_nothing() -> None:
    async def ear(wav: bytes) -> str:
        raise NoAnswerError("no answer in time", Usage(1))

    call, (check,) = await listened(["We are open."], ear)
    assert (check.passed, check.is_inconclusive) == (False, True)
    assert "no answer in time" in check.doubt
    assert call.measures.word_error_rate is None


async def test_nothing_to_listen_to_fails() -> None:
    async def ear(wav: bytes) -> str:
        return ""

    _, (check,) = await listened(["", "!"], ear)
    assert (check.passed, check.doubt) == (False, "")


# ---- the endpoint


def endpoint(answer: httpx2.Response) -> tuple[ModelClient, list[httpx2.Request]]:
    seen: list[httpx2.Request] = []

    def reply(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer

    key = Secret((SecretRef("EAR_KEY", "sk-ear-0123456789"),))
    return ModelClient(ModelEndpoint("https://ear.example/v1", "hear-1", key), httpx2.MockTransport(reply)), seen


async def test_the_sound_is_sent_as_a_form() -> None:
    made, seen = endpoint(httpx2.Response(200, json={"text": "we are open"}))
    async with made:
        assert await made.transcribe(b"RIFF....WAVE") == "we are open"
    (request,) = seen
    assert str(request.url) == "https://ear.example/v1/audio/transcriptions"
    kind = request.headers["content-type"]
    boundary = kind.removeprefix("multipart/form-data; boundary=")
    assert boundary != kind
    parts = request.content.split(f"--{boundary}".encode())
    assert len(parts) == 4
    assert parts[0] == b""
    assert parts[3] == b"--\r\n"
    assert parts[1].endswith(b'name="model"\r\n\r\nhear-1\r\n')
    assert parts[2].endswith(b"Content-Type: audio/wav\r\n\r\nRIFF....WAVE\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, json={"words": []}),
        httpx2.Response(200, json={"text": 5}),
        httpx2.Response(200, json=["we"]),
        httpx2.Response(200, text="we are open"),
        httpx2.Response(401, json={"error": {"message": "wrong key sk-ear-0123456789"}}),
        httpx2.Response(307, headers={"Location": "https://elsewhere.example"}),
    ],
    ids=lambda answer: f"{answer.status_code} {answer.text[:20]}",
)
async def test_what_is_no_transcript_is_said_and_the_key_is_not(answer: httpx2.Response) -> None:
    made, seen = endpoint(answer)
    async with made:
        with pytest.raises(NoAnswerError) as caught:
            await made.transcribe(b"RIFF")
    assert "sk-ear" not in str(caught.value)
    assert {request.url.host for request in seen} == {"ear.example"}
