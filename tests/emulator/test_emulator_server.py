"""The emulator as a process: its address, its file, being killed, being started twice."""

from __future__ import annotations

import contextlib
import itertools
import signal
import subprocess
import threading
from pathlib import Path

import httpx2
import pytest
from emulator_process import COMMAND, running

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.emulator.store.database import EmulatorError

HEADERS = {"Authorization": "Bearer sk_test"}


def _kill_after(process: subprocess.Popen[str], acknowledged: list[str], count: int) -> None:
    """Kills the process, in the middle of its work, once `count` answers have arrived."""
    while len(acknowledged) < count and process.poll() is None:
        threading.Event().wait(0.005)
    process.send_signal(signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_emulator_has_everything_it_acknowledged(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "emulator.db"))
    acknowledged: list[str] = []
    with running(*data, folder=tmp_path) as (process, client):
        threading.Thread(target=_kill_after, args=(process, acknowledged, 30)).start()
        with contextlib.suppress(httpx2.TransportError):
            for number in itertools.count():
                acknowledged.append(client.post("/agent", json={"name": f"Agent {number}"}).json()["data"])
        process.wait()
    assert len(acknowledged) >= 30
    with running(*data, folder=tmp_path) as (_, client):
        listed = client.get("/agent", params={"offset": 1000}).json()["data"]["agents"]
        assert {agent["_id"] for agent in listed} >= set(acknowledged)
        assert len(listed) <= len(acknowledged) + 1
        second = subprocess.run([*COMMAND, *data], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert second.returncode == 64
        assert "is in use by another emulator" in second.stderr
        assert "Traceback" not in second.stderr
    with running(*data, "--reset", folder=tmp_path) as (_, client):
        assert client.get("/agent").json()["data"]["totalCount"] == 0


@pytest.mark.slow
def test_two_emulators_cannot_share_a_file(tmp_path: Path) -> None:
    options = EmulatorOptions(data=tmp_path / "emulator.db")
    with start(options) as first:
        assert httpx2.get(f"{first.base_url}/openapi.json").json()["info"]["version"] == "v2"
        with pytest.raises(EmulatorError, match="in use by another emulator"):
            start(options)
    with start(options) as again:
        assert again.base_url.startswith("http://127.0.0.1:")


def test_a_file_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping list, nothing else\n" * 100)
    with pytest.raises(EmulatorError, match="cannot be used as the emulator's data file"):
        start(EmulatorOptions(data=path))
    assert path.read_text().startswith("shopping list")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with start(EmulatorOptions()) as first:
        port = int(first.base_url.rpartition(":")[2])
        with pytest.raises(EmulatorError, match=f"cannot listen on 127.0.0.1 port {port}"):
            start(EmulatorOptions(port=port))


def test_a_database_of_one_generation_opens_in_the_other(tmp_path: Path) -> None:
    """The platform's own migration keeps ids: a v1 version is the revision of that id on Main."""
    data = tmp_path / "emulator.db"
    with start(EmulatorOptions(data=data, api="v1")) as old:
        client = httpx2.Client(base_url=f"{old.base_url}/atoms/v1", headers=HEADERS)
        agent_id = client.post("/agent", json={"name": "Support"}).json()["data"]
        active = client.get(f"/agent/{agent_id}").json()["data"]["activeVersionId"]
        client.close()
    with start(EmulatorOptions(data=data, api="v2")) as new:
        client = httpx2.Client(base_url=f"{new.base_url}/atoms/v1", headers=HEADERS)
        branch = client.get(f"/agent/{agent_id}/branches").json()["data"]["branches"][0]["branch"]
        client.close()
    assert branch["headRevisionId"] == active
