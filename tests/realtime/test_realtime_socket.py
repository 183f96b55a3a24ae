"""Real calls: a websockets client, 40 ms chunks of PCM16, an emulator on a port, real recognition and synthesis."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agentops import speech
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import RunningEmulator, start

pytestmark = [pytest.mark.speech]
EXAMPLES = Path(__file__).parents[2] / "agents" / "behaviours"
KEY = {"Authorization": "Bearer sk_test"}
PROMPT = "We are open Monday to Friday from nine to five.\n"
TOOLS = [{"type": "end_call", "name": "end_call", "description": "Ends the call."}]
FIRST = "Hi {{customer_name}}, welcome to Acme."


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start(EmulatorOptions(behaviours=tuple(EXAMPLES.glob("*.yaml")), scan_delay_s=0.0)) as running:
        yield running


async def make_agent(emulator: RunningEmulator, name: str = "Acme Support", **config: Any) -> str:
    """A published agent with this configuration."""
    single = {"prompt": config.pop("prompt", PROMPT), "tools": TOOLS}
    document = {"firstMessage": FIRST, "singlePromptConfig": single, **config}
    async with httpx2.AsyncClient(base_url=f"{emulator.base_url}/atoms/v1", headers=KEY) as client:
        agent_id = (await client.post("/agent", json={"name": name})).json()["data"]
        branches = (await client.get(f"/agent/{agent_id}/branches")).json()["data"]["branches"]
        branch = f"/agent/{agent_id}/branches/{branches[0]['branch']['_id']}"
        assert (await client.put(f"{branch}/draft", json=document)).is_success
        assert (await client.post(f"{branch}/draft/publish", json={"label": "test"})).is_success
        for _ in range(200):
            head = (await client.get(f"/agent/{agent_id}")).json()["data"]["_resolvedConfig"]
            if head["prompt"] == single["prompt"]:
                return str(agent_id)
    raise AssertionError("the agent was never published")


def address(emulator: RunningEmulator, **query: Any) -> str:
    return f"{emulator.base_url.replace('http', 'ws')}/atoms/v1/agent/connect?{urlencode(query)}"


class Caller:
    """Streams what it says, and silence otherwise; keeps every message and the agent's audio."""

    def __init__(self, socket: ClientConnection, rate: int = 24000) -> None:
        self.socket, self.rate = socket, rate
        self.messages: list[dict[str, Any]] = []
        self.audio = bytearray()
        self.arrivals: list[float] = []
        self._outgoing = bytearray()
        self._news = asyncio.Condition()
        self.is_over = False

    async def listen(self) -> None:
        try:
            async for frame in self.socket:
                message = json.loads(frame)
                async with self._news:
                    self.messages.append(message)
                    if message["type"] == "output_audio.delta":
                        self.audio += base64.b64decode(message["audio"])
                        self.arrivals.append(time.monotonic())
                    self._news.notify_all()
        except ConnectionClosed:
            pass  # with any code: the test reads `socket.close_code`
        finally:
            async with self._news:
                self.is_over = True
                self._news.notify_all()

    async def stream(self) -> None:
        size = self.rate // 25 * 2
        due = time.monotonic()
        while not self.is_over:
            chunk = bytes(self._outgoing[:size]).ljust(size, b"\0")
            del self._outgoing[:size]
            try:
                await self.send(type="input_audio_buffer.append", audio=base64.b64encode(chunk).decode())
            except ConnectionClosed:
                return
            due += 0.04
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    def play(self, pcm: bytes) -> None:
        self._outgoing += pcm

    def say(self, text: str) -> None:
        self.play(speech.synthesize(text, sample_rate_hz=self.rate, voice="m3"))

    async def until(self, fits: Callable[[list[dict[str, Any]]], bool], within_s: float = 15.0) -> None:
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(lambda: fits(self.messages) or self.is_over)
        assert fits(self.messages), [m for m in self.messages if m["type"] != "output_audio.delta"][-4:]

    def types(self) -> list[str]:
        return [message["type"] for message in self.messages]

    def said(self, role: str) -> list[str]:
        return [m["text"] for m in self.messages if m["type"] == "transcript" and m["role"] == role]


def spoken(count: int) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda messages: [m["type"] for m in messages].count("agent_stop_talking") >= count


def closed(messages: list[dict[str, Any]]) -> bool:
    return bool(messages) and messages[-1]["type"] == "session.closed"


@asynccontextmanager
async def calling(emulator: RunningEmulator, *, rate: int = 24000, **query: Any) -> AsyncIterator[Caller]:
    headers = {} if "token" in query else KEY
    async with connect(address(emulator, **query), additional_headers=headers) as socket:
        caller = Caller(socket, rate)
        tasks = [asyncio.create_task(caller.listen())]
        if query.get("mode") != "chat":
            tasks.append(asyncio.create_task(caller.stream()))
        try:
            yield caller
        finally:
            await socket.close()
            await asyncio.gather(*tasks)


@pytest.mark.slow
async def test_a_spoken_call_from_the_greeting_to_the_goodbye(emulator: RunningEmulator) -> None:
    agent_id = await make_agent(emulator)
    variables = json.dumps({"customer_name": "Ada", "call_id": "mine"})
    async with calling(emulator, agent_id=agent_id, variables=variables) as caller:
        await caller.until(spoken(1))
        caller.say("What are your opening hours?")
        await caller.until(spoken(2))
        caller.say("Thank you. Goodbye.")
        await caller.until(closed)
        await caller.socket.wait_closed()
        assert caller.socket.close_code == 1000
    assert caller.messages[-1]["reason"] == "ended"
    assert caller.said("user") == ["what are your opening hours", "thank you goodbye"]
    assert caller.said("assistant") == [
        "Hi Ada, welcome to Acme.",
        "We are open Monday to Friday from nine to five.",
        "Thank you for calling. Goodbye!",
    ]
    check_audio(caller)
    await check_record(emulator, caller)


def check_audio(caller: Caller) -> None:
    """Deltas of 20 ms, and what they say is what the transcript says."""
    deltas = [m["audio"] for m in caller.messages if m["type"] == "output_audio.delta"]
    assert {len(base64.b64decode(delta)) for delta in deltas} == {960}
    sentences = ["Hi Ada, welcome to Acme.", "We close on Sunday.", "Hi Ada, welcome to London."]
    size = int(24000 * 2 * len(speech.synthesize(sentences[0], sample_rate_hz=1000, voice="f3")) / 2000)
    heard = speech.recognize(bytes(caller.audio[: size // 2 * 2]), sample_rate_hz=24000, phrases=sentences)
    assert heard.text == sentences[0]


async def check_record(emulator: RunningEmulator, caller: Caller) -> None:
    call_id = caller.messages[0]["call_id"]
    async with httpx2.AsyncClient(base_url=f"{emulator.base_url}/atoms/v1", headers=KEY) as client:
        record = (await client.get(f"/conversation/{call_id}")).json()["data"]
    assert record["status"] == "completed"
    assert [line["role"] for line in record["transcript"]] == ["agent", "user", "agent", "user", "agent"]
    assert record["variables"]["call_id"] == call_id  # reserved: what the caller sent is dropped
    assert record["turnLatencyMetrics"]["turns"] == 2
    kinds = [event["event_type"] for event in record["events"]]
    assert kinds[0] == "call_start"
    assert kinds[-1] == "call_end"
    assert "tool_call_end" in kinds
    wav = emulator.store.recording(call_id)
    while wav is None:  # made after the socket has been closed
        await asyncio.sleep(0.01)
        wav = emulator.store.recording(call_id)
    with wave.open(io.BytesIO(wav)) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, 24000)
        sides = np.frombuffer(recording.readframes(recording.getnframes()), dtype="<i2").reshape(-1, 2)
    assert len(sides) / 24000 == pytest.approx(record["duration"], abs=1.5)  # a busy machine is late at either end
    loudest = [abs(sides[:, side].astype(int)).max() for side in (0, 1)]
    assert min(loudest) > 5000


@pytest.mark.slow
async def test_speech_is_really_recognised(emulator: RunningEmulator) -> None:
    """The caller's words replaced by tones of the same rhythm are not understood, at no step."""
    agent_id = await make_agent(emulator)
    words = np.frombuffer(speech.synthesize("What are your opening hours?", sample_rate_hz=24000), dtype="<i2")
    rhythm = np.convolve(abs(words.astype(float)), np.ones(600) / 600, mode="same") * 2
    tones = rhythm * np.sin(np.arange(len(words)) * 2 * np.pi * 440 / 24000)
    async with calling(emulator, agent_id=agent_id) as caller:
        await caller.until(spoken(1))
        caller.play(tones.astype("<i2").tobytes())
        await caller.until(spoken(2))
    assert caller.said("user") == ["[unrecognized speech]"]
    assert not any("open" in text for text in caller.said("assistant"))


@pytest.mark.slow
async def test_barging_in_stops_the_agent(emulator: RunningEmulator) -> None:
    agent_id = await make_agent(emulator, firstMessage="Welcome to the very long greeting of this company. " * 4)
    async with calling(emulator, agent_id=agent_id) as caller:
        await caller.until(lambda messages: "output_audio.delta" in [m["type"] for m in messages])
        caller.say("What are your opening hours?")
        await caller.until(lambda messages: "interruption" in [m["type"] for m in messages])
        await caller.until(spoken(2))
    first = caller.said("assistant")[0]
    assert first.startswith("Welcome")
    assert len(first) < 60
    assert caller.said("user") == ["what are your opening hours"]


@pytest.mark.slow
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
async def test_the_other_sample_rates(emulator: RunningEmulator, rate: int) -> None:
    agent_id = await make_agent(emulator, firstMessage="Hello.")
    async with calling(emulator, rate=rate, agent_id=agent_id, sample_rate=rate) as caller:
        await caller.until(spoken(1))
        assert caller.messages[0]["sample_rate"] == rate
        caller.say("Goodbye.")
        await caller.until(closed)
    assert caller.said("user") == ["goodbye"]
    assert len(caller.audio) % (rate // 50 * 2) == 0


async def test_a_chat(emulator: RunningEmulator) -> None:
    agent_id = await make_agent(emulator)
    async with calling(emulator, agent_id=agent_id, mode="chat") as caller:
        await caller.send(type="input_text.send", text="When do you open?")
        await caller.until(lambda messages: len([m for m in messages if m["type"] == "transcript"]) == 3)
        await caller.send(type="session.close")
        await caller.until(closed)
    assert caller.said("assistant")[-1] == "We are open Monday to Friday from nine to five."
    assert caller.messages[-1]["reason"] == "client_requested"


async def test_a_token_opens_one_session(emulator: RunningEmulator) -> None:
    agent_id = await make_agent(emulator)
    async with httpx2.AsyncClient(base_url=f"{emulator.base_url}/atoms/v1", headers=KEY) as client:
        body = {"agent_id": agent_id, "mode": "chat", "variables": {"customer_name": "Grace"}}
        minted = (await client.post("/conversation/register-call", json=body)).json()["data"]
    async with calling(emulator, token=minted["access_token"], mode="chat", sample_rate=8000) as caller:
        await caller.until(lambda messages: len(messages) >= 3)
    assert caller.messages[0]["sample_rate"] == 24000
    assert caller.said("assistant") == ["Hi Grace, welcome to Acme."]
    with pytest.raises(InvalidStatus) as refused:
        async with calling(emulator, token=minted["access_token"], mode="chat"):
            pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"token": "nonsense"}, 401),
        ({"token": "wct_00000000-0000-4000-8000-000000000000"}, 401),
        ({"agent_id": "connect"}, 400),
        ({"agent_id": "0" * 24}, 401),
        ({"mode": "video"}, 400),
        ({"sample_rate": "44100"}, 400),
        ({"variables": "[1]"}, 400),
        ({"variables": '{"a": {"nested": 1}}'}, 400),
        ({"variables": "{"}, 400),
    ],
)
async def test_a_refused_handshake(emulator: RunningEmulator, query: dict[str, str], status: int) -> None:
    agent_id = await make_agent(emulator)
    with pytest.raises(InvalidStatus) as refused:
        async with calling(emulator, **{"agent_id": agent_id, **query}):
            pass
    assert refused.value.response.status_code == status


async def test_without_any_key(emulator: RunningEmulator) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(address(emulator, agent_id="0" * 24)):
            pass
    assert refused.value.response.status_code == 401


async def test_an_archived_agent_ends_the_session_before_it_begins(emulator: RunningEmulator) -> None:
    agent_id = await make_agent(emulator)
    async with httpx2.AsyncClient(base_url=f"{emulator.base_url}/atoms/v1", headers=KEY) as client:
        assert (await client.delete(f"/agent/{agent_id}/archive?on=true")).is_success
    async with calling(emulator, agent_id=agent_id, mode="chat") as caller:
        await caller.until(lambda messages: len(messages) == 1)
        await caller.socket.wait_closed()
    assert caller.messages[0]["type"] == "error"
    assert caller.messages[0]["code"] == "400"
    assert caller.socket.close_code == 4000


async def test_a_caller_who_vanishes_leaves_a_finished_record(emulator: RunningEmulator) -> None:
    agent_id = await make_agent(emulator)
    async with calling(emulator, agent_id=agent_id, mode="chat") as caller:
        await caller.until(lambda messages: len(messages) >= 3)
    call_id = caller.messages[0]["call_id"]
    async with httpx2.AsyncClient(base_url=f"{emulator.base_url}/atoms/v1", headers=KEY) as client:
        for _ in range(200):
            record = (await client.get(f"/conversation/{call_id}")).json()["data"]
            if record["status"] == "completed":
                break
    assert (record["status"], len(record["transcript"])) == ("completed", 1)
