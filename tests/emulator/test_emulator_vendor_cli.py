"""Every command of the vendor's command line against the emulator, one by one, with what each answers."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

pytest.importorskip("smallestai", reason="the vendor's SDK is in the dev group")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# Commands that talk to other servers than the platform, or that start something of their own on this machine.
ELSEWHERE = {"doctor", "mcp run", "agent-crew chat"}
# Commands for what the emulator does not have: speech apart from calls, builds of code.
MISSING = {"models tts", "models stt", "agent-crew deploy"}


class CommandLine:
    """The commands, in this process; `used` are those that were run."""

    def __init__(self) -> None:
        from smallestai.cli.main import app

        self.app = app
        self.used: set[str] = set()

    def run(self, command: str, *arguments: str, exit_code: int = 0, answer: str | None = None) -> str:
        self.used.add(command)
        words = [*command.split(), *arguments]
        done = CliRunner().invoke(self.app, words, input=answer, env={"COLUMNS": "200"})
        assert done.exit_code == exit_code, (words, done.output, done.exception)
        return done.output

    def all(self) -> set[str]:
        root = get_command(self.app)
        names = set()
        for name, command in root.commands.items():  # type: ignore[attr-defined]
            inner = getattr(command, "commands", None)
            names |= {f"{name} {each}" for each in inner} if inner else {name}
        return {name for name in names if not name.startswith("waves ")}  # an older name of `models`


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[httpx2.Client]:
    monkeypatch.setenv("SMALLESTAI_TELEMETRY", "0")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SMALLEST_API_KEY", "sk_vendor")
    monkeypatch.chdir(tmp_path)
    with start(EmulatorOptions(scan_delay_s=0.0)) as running:
        monkeypatch.setenv("SMALLEST_BASE_URL", running.base_url)
        headers = {"Authorization": "Bearer sk_vendor"}
        with httpx2.Client(base_url=f"{running.base_url}/atoms/v1", headers=headers) as client:
            yield client
    gc.collect()


def test_every_command_works_or_is_known_to_be_missing(http: httpx2.Client, tmp_path: Path) -> None:
    line = CommandLine()
    assert "developer@example.com" in line.run("auth login")
    assert "Local Developer" in line.run("whoami")
    assert "developer@example.com" in line.run("status")
    for command in ("version", "open", "docs", "mcp config"):
        line.run(command)
    agent = use_agents(line)
    use_calls(line, http, agent)
    use_campaigns(line, http, agent)
    use_numbers(line, http)
    use_crews(line, agent)
    assert "yuvika" in line.run("models voices", "--json")
    assert "Cloned voices (0)" in line.run("models clones")
    line.run("models tts", "Hello", "--voice-id", "nyah", exit_code=1)
    (tmp_path / "hello.wav").write_bytes(b"RIFF")
    line.run("models stt", "hello.wav", exit_code=1)
    line.run("auth logout")
    assert line.used == line.all() - ELSEWHERE
    assert line.used >= MISSING


def use_agents(line: CommandLine) -> str:
    created = line.run("agents create", "Support", "--first-message", "Hello", "--model", "gpt-4o")
    agent = created.split("Created agent")[1].split()[0]
    assert "Support" in line.run("agents list")
    line.run("agents update", agent, "--prompt", "Be kind.")
    assert json.loads(line.run("agents get", agent, "--json"))["name"] == "Support"
    assert agent in line.run("agents dashboard", agent)
    assert "No phone number" in line.run("agents phone-status", agent)
    return agent


def use_calls(line: CommandLine, http: httpx2.Client, agent: str) -> None:
    assert "CALL-" in line.run("agents call", agent, "--to", "+14155550111")
    call = re.findall(r"CALL-[0-9a-f-]+", line.run("calls list"))[0]
    assert "in_queue" in line.run("calls get", call)
    assert "No transcript" in line.run("calls transcript", call)
    assert "No recording" in line.run("calls recording", call)
    http.post("/conversation/cancel", json={"callId": call})
    assert "not live" in line.run("calls events", call, exit_code=1)


def use_campaigns(line: CommandLine, http: httpx2.Client, agent: str) -> None:
    people = {"file": ("people.csv", b"phone,name\n+14155550112,Ann\n")}
    form = {"name": "People", "phoneNumberColumnName": "phone"}
    audience = http.post("/audience", files=people, data=form).json()["data"]["_id"]
    created = line.run("campaigns create", "--name", "Spring", "--audience-id", audience, "--agent-id", agent)
    campaign = re.findall("[a-f0-9]{24}", created)[0]
    assert "Campaigns (1)" in line.run("campaigns list")
    assert campaign in line.run("campaigns get", campaign)
    assert "Started" in line.run("campaigns resume", campaign)
    assert "Paused" in line.run("campaigns pause", campaign)
    assert "Deleted" in line.run("campaigns delete", campaign, answer="y\n")


def use_numbers(line: CommandLine, http: httpx2.Client) -> None:
    assert "Phone numbers (1)" in line.run("phone-numbers list")
    number = re.findall(r"\+1\d{10}", line.run("phone-numbers search", "--country-code", "US"))[0]
    assert "Rented" in line.run("phone-numbers rent", "--phone-number", number, "--yes")
    owned = {
        each["attributes"]["phoneNumber"]: each["_id"] for each in http.get("/product/phone-numbers").json()["data"]
    }
    assert "Released" in line.run("phone-numbers release", "--product-id", owned[number], "--yes")
    trunk = ("--phone-number", "+14155550199", "--sip-termination-url", "sip.example.com")
    assert "Imported" in line.run("phone-numbers import-sip", *trunk)


def use_crews(line: CommandLine, agent: str) -> None:
    assert agent in line.run("agent-crew init", "--agent-id", agent)
    assert line.run("agent-crew builds", "--json").strip() == "[]"
    assert "No builds" in line.run("agent-crew logs", exit_code=1)
    assert "No live crew build" in line.run("agent-crew doctor")
    Path("server.py").write_text("")
    assert "404" in line.run("agent-crew deploy")
