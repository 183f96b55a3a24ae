"""Replies from an OpenAI-compatible API: the request, how the words are spoken, and what failures lead to."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import uvicorn
from spoken import Call
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect

from agentops.emulator.behaviour.language_model import APOLOGY, Composed, LanguageModel, conversation
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

HOURS = {"name": "hours", "hears": "when are you open", "replies": {"say": "Never"}}


def says(text: Any) -> Response:
    return JSONResponse({"choices": [{"message": {"role": "assistant", "content": text}}]})


class Stub:
    """A language model that records the requests and gives prepared answers."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answer: Callable[[], Response] = lambda: says("At nine.")
        self.url = ""

    async def complete(self, http: Request) -> Response:
        self.asked.append(json.loads(await http.body()))
        self.keys.append(http.headers.get("authorization"))
        return self.answer()


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()
    app = Starlette(routes=[Route("/v1/chat/completions", stub.complete, methods=["POST"])])
    is_up = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            is_up.set()

    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert is_up.wait(10)
    stub.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    yield stub
    server.should_exit = True
    thread.join()


# -- the session, without a model


def open_ended(mode: str = "chat", **config: Any) -> Call:
    config = {"firstMessage": "Hi {{name}}", "defaultVariables": {"name": "Ada"}, **config}
    return Call({"latency_ms": 0, "turns": [HOURS]}, mode=mode, has_model=True, **config)


def test_it_is_asked_with_the_live_prompt_and_the_conversation() -> None:
    call = open_ended(singlePromptConfig={"prompt": "You serve {{name}}."})
    call.composed = [Composed("At nine."), Composed("On Monday.")]
    for text in ("when", "and which day"):
        call.send(type="input_text.send", text=text)
        call.run(50)
    assert call.transcripts("assistant") == ["Hi Ada", "At nine.", "On Monday."]
    assert call.works[-1].messages == (
        {"role": "system", "content": "You serve Ada."},
        {"role": "assistant", "content": "Hi Ada"},
        {"role": "user", "content": "when"},
        {"role": "assistant", "content": "At nine."},
        {"role": "user", "content": "and which day"},
    )


def test_its_words_are_spoken_in_a_voice_call() -> None:
    call = open_ended("webcall", firstMessage="")
    call.composed = [Composed("We open at nine.")]
    call.say("when are you open")
    call.run(3000)
    assert call.types()[-4:] == ["transcript", "agent_start_talking", "agent_stop_talking", "transcript"]
    assert call.transcripts("assistant") == ["We open at nine."]


def test_a_failure_is_an_error_event_and_an_apology() -> None:
    call = open_ended()
    call.composed = [Composed(error="the language model answered HTTP 500"), Composed("Better now.")]
    for text in ("one", "two"):
        call.send(type="input_text.send", text=text)
        call.run(50)
    errors = [m for _, m in call.heard if m["type"] == "error"]
    assert [(m["code"], m["message"]) for m in errors] == [("internal_error", "the language model answered HTTP 500")]
    assert call.transcripts("assistant")[1:] == [APOLOGY, "Better now."]
    assert call.session.ending is None


def test_an_answer_that_the_caller_overtook_is_not_said() -> None:
    call = open_ended()
    call.held = []
    call.send(type="input_text.send", text="one")
    call.run(10)
    (late,) = call.held
    call.held = None
    call.composed = [Composed("To the second.")]
    call.send(type="input_text.send", text="two")
    call.run(50)
    call.session.finish(late, Composed("To the first."), call.now)
    call.run(50)
    assert call.transcripts("assistant")[1:] == ["To the second."]


def test_a_conversation_without_a_prompt_has_no_system_message() -> None:
    assert conversation("", [{"role": "agent", "content": "Hi"}]) == ({"role": "assistant", "content": "Hi"},)


# -- the client


async def test_the_request_and_the_answer(stub: Stub) -> None:
    stub.answer = lambda: says("  At\n nine. ")
    messages = [{"role": "user", "content": "When?"}]
    assert await LanguageModel(stub.url + "/", "tiny", "k-1").compose(messages) == Composed("At nine.")
    assert stub.asked == [{"model": "tiny", "messages": messages}]
    await LanguageModel(stub.url, "tiny").compose(messages)
    assert stub.keys == ["Bearer k-1", None]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: PlainTextResponse("busy", 503), "HTTP 503"),
        (lambda: PlainTextResponse("gone", 302), "HTTP 302"),
        (lambda: PlainTextResponse("hello"), "not JSON"),
        (lambda: JSONResponse({"choices": []}), "no text"),
        (lambda: JSONResponse([]), "no text"),
        (lambda: says(None), "no text"),
        (lambda: says(" "), "no text"),
    ],
)
async def test_an_answer_without_a_text(stub: Stub, answer: Callable[[], Response], error: str) -> None:
    stub.answer = answer
    composed = await LanguageModel(stub.url, "tiny", "k-secret").compose([])
    assert error in (composed.error or "")
    assert "k-secret" not in (composed.error or "")
    assert composed.text == ""


@pytest.mark.parametrize(
    ("url", "key"),
    [("http://127.0.0.1:1/v1", None), ("http://[", None), ("http://127.0.0.1:1/v1", "a\nb"), ("http://h", "schlüssel")],
)
async def test_an_endpoint_that_cannot_be_asked(url: str, key: str | None) -> None:
    composed = await LanguageModel(url, "tiny", key).compose([])
    assert composed.error
    assert key is None or key not in composed.error


async def test_an_endpoint_that_never_answers() -> None:
    # It listens and never accepts. A server that did might still hold the connection when the test is over, and the
    # warning about that socket would fail a later test.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        composed = await LanguageModel(f"http://{host}:{port}/v1", "tiny", timeout_s=0.05).compose([])
    assert composed.error == "the language model gave no answer within 0.05 s"


def test_its_key_is_not_shown() -> None:
    assert "k-secret" not in repr(EmulatorOptions(language_model=LanguageModel("http://x", "tiny", "k-secret")))


# -- over a real socket

KEY = {"Authorization": "Bearer sk_test"}


@pytest.mark.slow
async def test_a_chat_with_a_language_model(stub: Stub) -> None:
    with start(EmulatorOptions(language_model=LanguageModel(stub.url, "tiny"))) as emulator:
        created = httpx2.post(f"{emulator.base_url}/atoms/v1/agent", json={"name": "Desk"}, headers=KEY)
        agent_id = created.json()["data"]
        url = f"{emulator.base_url.replace('http', 'ws')}/atoms/v1/agent/connect?agent_id={agent_id}&mode=chat"
        async with asyncio.timeout(10), connect(url, additional_headers=KEY) as call:
            assert await answer_to(call, "When do you open?") == "At nine."
            stub.answer = lambda: PlainTextResponse("busy", 503)
            assert await answer_to(call, "And on Sunday?") == APOLOGY
    assert stub.asked[0]["model"] == "tiny"
    assert stub.asked[1]["messages"][-3:] == [
        {"role": "user", "content": "When do you open?"},
        {"role": "assistant", "content": "At nine."},
        {"role": "user", "content": "And on Sunday?"},
    ]


async def answer_to(call: ClientConnection, text: str) -> str:
    """What the agent says once the caller's words are in the transcript."""
    await call.send(json.dumps({"type": "input_text.send", "text": text}))
    is_heard = False
    while True:
        message = json.loads(await call.recv())
        if message["type"] == "transcript" and is_heard:
            return str(message["text"])
        is_heard = is_heard or message.get("text") == text
