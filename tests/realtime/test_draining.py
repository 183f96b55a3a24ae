"""A draining platform takes no new calls and finishes those it has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import RunningEmulator, start

KEY = {"Authorization": "Bearer sk_test"}


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start(EmulatorOptions(scan_delay_s=0.0)) as running:
        yield running


def drain(emulator: RunningEmulator, body: Any) -> httpx2.Response:
    return httpx2.post(f"{emulator.base_url}/_emulator/draining", json=body)


async def test_new_calls_are_refused_and_open_ones_go_on(emulator: RunningEmulator) -> None:
    created = httpx2.post(f"{emulator.base_url}/atoms/v1/agent", json={"name": "Desk"}, headers=KEY)
    agent_id = created.json()["data"]
    url = f"{emulator.base_url.replace('http', 'ws')}/atoms/v1/agent/connect?agent_id={agent_id}&mode=chat"
    async with connect(url, additional_headers=KEY) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"
        assert drain(emulator, {"draining": True}).json()["draining"] is True
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, additional_headers=KEY)
        assert refused.value.response.status_code == 503
        await socket.send(json.dumps({"type": "input_text.send", "text": "hello"}))
        while (message := json.loads(await socket.recv())).get("role") != "user":
            assert message["type"] != "session.closed"
        assert message["text"] == "hello"
    assert drain(emulator, {"draining": False}).json()["draining"] is False
    async with connect(url, additional_headers=KEY) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"


@pytest.mark.parametrize("body", [{}, {"draining": "yes"}, [True]])
def test_a_malformed_request_changes_nothing(emulator: RunningEmulator, body: Any) -> None:
    assert drain(emulator, body).status_code == 400
    assert httpx2.get(f"{emulator.base_url}/_emulator").json()["draining"] is False
