"""Clients without any SDK: curl in a shell on v1, and raw WebSockets in Python and Node that bring a WAV file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from agentops import speech
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import RunningEmulator, start

CLIENTS = Path(__file__).parent / "clients"
MODULES = Path(sys.prefix) / "node" / "node_modules"  # where `make node` puts what Node needs
HEADERS = {"Authorization": "Bearer sk_raw"}
BEHAVIOUR = """\
agents: [Raw]
turns:
  - name: hours
    hears: [what are your opening hours]
    replies: [{say: We are open from nine to five.}]
"""


def run(*command: str) -> str:
    environment = {**os.environ, "NODE_PATH": str(MODULES)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq")
def test_the_shell_walkthrough_publishes_but_does_not_activate() -> None:
    with (
        start(EmulatorOptions(api="v1", scan_delay_s=0.0)) as emulator,
        httpx2.Client(base_url=f"{emulator.base_url}/atoms/v1", headers=HEADERS) as client,
    ):
        agent, live, version = run("bash", str(CLIENTS / "deploy_v1.sh"), emulator.base_url).split()
        assert client.get(f"/agent/{agent}").json()["data"]["activeVersionId"] == live
        client.patch(f"/agent/{agent}/versions/{version}/activate")
        serving = client.get(f"/agent/{agent}").json()["data"]
        assert serving["activeVersionId"] == version
        assert serving["_resolvedConfig"]["prompt"] == "Answer briefly."


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[RunningEmulator]:
    path = tmp_path / "behaviour.yaml"
    path.write_text(BEHAVIOUR)
    with start(EmulatorOptions(scan_delay_s=0.0, behaviours=(path,))) as running:
        yield running


def spoken_question(path: Path) -> None:
    """The caller's question as 24 kHz PCM16, with a second of silence so that the turn ends."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 24000, 0, "NONE", ""))
        file.writeframes(speech.synthesize("What are your opening hours?", sample_rate_hz=24000) + bytes(48000))


def waiting_agent(emulator: RunningEmulator) -> str:
    """An agent that lets the caller begin, so that the first turn a client hears is the answer."""
    with httpx2.Client(base_url=f"{emulator.base_url}/atoms/v1", headers=HEADERS) as client:
        return str(client.post("/agent", json={"name": "Raw", "waitForUserToSpeakFirst": True}).json()["data"])


def client_command(client: str) -> list[str]:
    """How the client is started; skips the test where this machine lacks what it needs."""
    if client == "raw_call.py":
        return [sys.executable, str(CLIENTS / client)]
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node")
    if client == "raw_call_ws.cjs" and not (MODULES / "ws").is_dir():
        pytest.skip("needs Node's package ws: `make node` installs it where there is npm and a network")
    flags = ["--experimental-websocket", "--no-warnings"] if client == "raw_call.mjs" else []
    return [node, *flags, str(CLIENTS / client)]


@pytest.mark.slow
@pytest.mark.speech
@pytest.mark.parametrize("client", ["raw_call.py", "raw_call.mjs", "raw_call_ws.cjs"])
def test_a_raw_socket_client_brings_a_question_and_hears_the_answer(
    emulator: RunningEmulator, tmp_path: Path, client: str
) -> None:
    command = client_command(client)
    question, reply = tmp_path / "question.wav", tmp_path / "reply"
    spoken_question(question)
    agent = waiting_agent(emulator)
    address = emulator.base_url.replace("http", "ws")
    url = f"{address}/atoms/v1/agent/connect?token=sk_raw&agent_id={agent}&mode=webcall&sample_rate=24000"
    run(*command, url, str(question), str(reply))
    pcm = reply.read_bytes()[44 if client == "raw_call.py" else 0 :]
    heard = speech.recognize(pcm, sample_rate_hz=24000, phrases=["we are open from nine to five", "good bye"])
    assert heard.text == "we are open from nine to five"
