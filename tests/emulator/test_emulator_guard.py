"""Who may talk to an emulator: no page of another site, nobody under another name; beyond this machine only a key."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import websockets
from starlette.testclient import TestClient

from agentops.emulator.app import create_app
from agentops.emulator.guard import Guard, with_key
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import RunningEmulator, start
from agentops.emulator.store.state import Store

KEY = {"Authorization": "Bearer sk_test"}
PATHS = ("/", "/_emulator", "/atoms/v1/user")


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start(EmulatorOptions()) as running:
        yield running


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("127.0.0.1:8765", 200), ("[::1]:8765", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("a.localhost", 200)),
        *(("evil.example:8765", 421), ("127.0.0.1.evil.example", 421), ("localhost.evil.example", 421), ("[::", 421)),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_it_answers_to_local_names_only(emulator: RunningEmulator, path: str, host: str, status: int) -> None:
    answer = httpx2.get(emulator.base_url + path, headers={**KEY, "Host": host})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        *(("http://localhost:3000", 200), ("http://127.0.0.1:5173", 200), ("http://[::1]", 200)),
        *(("https://evil.example", 403), ("null", 403), ("http://localhost.evil.example", 403), ("http://[", 403)),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_another_site_gets_nothing(emulator: RunningEmulator, path: str, origin: str, status: int) -> None:
    answer = httpx2.get(emulator.base_url + path, headers={**KEY, "Origin": origin})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("name", "origin", "status"), [("evil.example", None, 421), ("127.0.0.1", "https://evil.example", 403)]
)
async def test_a_foreign_socket_is_not_opened(
    emulator: RunningEmulator, name: str, origin: str | None, status: int
) -> None:
    url = emulator.base_url.replace("http", "ws").replace("127.0.0.1", name)
    url += f"/atoms/v1/agent/connect?token=sk_test&agent_id={'a' * 24}"
    page = websockets.Origin(origin) if origin is not None else None
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(url, host="127.0.0.1", origin=page)
    assert refused.value.response.status_code == status


@pytest.fixture
def exposed() -> Iterator[TestClient]:
    """An emulator as others would reach it if it listened on every address; no port is opened here."""
    options = with_key(EmulatorOptions(host="0.0.0.0"))
    app = create_app(options)
    with TestClient(Guard(app, options, app.state.store.accepts_key), base_url="http://emulator.corp") as client:
        client.headers["X-Key"] = options.keys[0]
        yield client


def test_beyond_this_machine_only_the_key_of_this_start_is_taken(exposed: TestClient) -> None:
    key = exposed.headers["X-Key"]
    assert key.startswith("sk_")
    assert with_key(EmulatorOptions(host="0.0.0.0")).keys != (key,)
    assert exposed.get("/atoms/v1/user", headers=KEY).status_code == 401
    assert exposed.get("/atoms/v1/user", headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/_emulator"])
def test_beyond_this_machine_console_and_controls_ask_for_the_key(exposed: TestClient, path: str) -> None:
    key = exposed.headers["X-Key"]
    assert exposed.get(path).status_code == 401
    assert exposed.get(path, params={"key": "sk_wrong"}).status_code == 401
    assert exposed.get(path, headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert exposed.get(path, params={"key": key}, follow_redirects=True).status_code == 200
    assert exposed.get(path).status_code == 200  # by the cookie


def test_named_keys_and_loopback_need_no_key_of_their_own() -> None:
    assert with_key(EmulatorOptions()).keys == ()
    assert with_key(EmulatorOptions(host="::1")).keys == ()
    assert with_key(EmulatorOptions(host="0.0.0.0", keys=("sk_mine",))).keys == ("sk_mine",)


def test_the_data_file_is_for_its_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "emulator.db"
    data.touch(mode=0o644)
    with start(EmulatorOptions(data=data)) as running:
        running.store.put_recording("CALL-1", b"RIFF")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes
    assert set(modes.values()) == {0o600}


def test_the_newest_recordings_are_kept_within_a_limit() -> None:
    store = Store(EmulatorOptions(recordings_bytes=250))
    for number in range(5):
        store.put_recording(f"CALL-{number}", bytes(100))
    assert [store.has_recording(f"CALL-{number}") for number in range(5)] == [False, False, False, True, True]
    store.put_recording("CALL-long", bytes(400))
    assert store.has_recording("CALL-long")
    assert not store.has_recording("CALL-4")
    store.close()
