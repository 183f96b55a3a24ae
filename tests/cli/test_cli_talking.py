"""Talking to an agent oneself: in a pseudo-terminal, through a pipe, and in a real browser with a microphone."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
import urllib.error
import urllib.request
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import pytest
from command_line import Agentops

from agentops import speech

pytestmark = [pytest.mark.slow, pytest.mark.real_time]
COMMAND = [sys.executable, "-c", "import sys; from agentops.cli.app import run; sys.exit(run(sys.argv[1:]))"]


@pytest.fixture
def deployed(project: Path, agentops: Agentops) -> Path:
    assert agentops("apply", "-e", "local", "--yes", "--no-smoke").code == 0
    return project


class Terminal:
    """A command in a pseudo-terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm"}
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str, within_s: float = 60) -> str:
        """What is printed up to `text`."""
        deadline = time.monotonic() + within_s
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"{text!r} did not come: {self.seen}"
            try:
                self.seen += os.read(self.master, 4096).decode()
            except OSError:  # the command has ended, and its terminal with it
                assert text in self.seen, self.seen
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def type(self, text: str) -> None:
        os.write(self.master, f"{text}\n".encode())

    def close(self) -> int:
        code = self.process.wait(30)
        os.close(self.master)
        return code


def test_a_chat_in_a_terminal_shows_tools_and_becomes_a_script(deployed: Path, agentops: Agentops) -> None:
    terminal = Terminal("chat", "support", "--save", "agents/calls/said.yaml")
    terminal.until("How can I help?")
    terminal.until("you> ")
    terminal.type("Where is my order?")
    terminal.until("order number")
    terminal.until("you> ")
    terminal.type("It is 4 2 7")
    terminal.until("tool: look_up_order")
    terminal.until("you> ")
    terminal.type("/bye")
    terminal.until("the caller ended the call")
    assert terminal.close() == 0
    assert "look_up_order" in (deployed / "agents/calls/said.yaml").read_text()
    assert agentops("smoke", "agents/calls/said.yaml").code == 0


def piped(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], input=text, text=True, capture_output=True, timeout=90, check=False)


def test_a_chat_from_a_pipe_waits_for_each_answer(deployed: Path) -> None:
    ended = piped("What are your opening hours?\n\nGoodbye\n", "chat", "support")
    assert ended.returncode == 0, ended.stderr
    assert [line.split(" ")[0] for line in ended.stdout.splitlines()] == ["agent>", "agent>", "agent>", "", "--"]
    assert "the agent ended the call" in ended.stdout


def test_a_copy_of_the_files_can_be_talked_to(deployed: Path) -> None:
    spec = deployed / "agents/support.yaml"
    spec.write_text(spec.read_text().replace("How can I help?", "What can the copy do?"))
    ended = piped("", "chat", "support", "--preview")
    assert ended.returncode == 0, ended.stderr
    assert "What can the copy do?" in ended.stdout
    served = piped("", "chat", "support")
    assert "How can I help?" in served.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("chat", "suport"), 64, "did you mean support?"),
        (("chat", "support", "--save", "agentops.yaml"), 64, "already exists"),
        (("talk", "suport"), 64, "did you mean support?"),
    ],
)
def test_wrong_input_is_said(
    deployed: Path, agentops: Agentops, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = agentops(*arguments)
    assert (ended.code, said in ended.err) == (code, True), ended.err


# ---- with a microphone


@contextmanager
def talking(*arguments: str) -> Iterator[str]:
    """The address of a page that `agentops talk` serves."""
    with subprocess.Popen([*COMMAND, "talk", "support", *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def answered(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code


@pytest.mark.skipif(not speech.is_available(), reason="the speech extra is not installed")
def test_the_page_is_for_those_who_were_given_its_address(deployed: Path) -> None:
    with talking() as url:
        base = url.partition("?")[0]
        assert answered(url) == 200
        assert answered(base) == 403
        assert answered(f"{base}?t=guess") == 403
        assert answered(url, Host="evil.example") == 403
        assert answered(url, Origin="https://evil.example") == 403
        assert answered(url.replace("/?", "/agent?")) == 200
        assert answered(url.replace("/?", "/other?")) == 404


@pytest.mark.browser
@pytest.mark.speech
@pytest.mark.skipif(not speech.is_available(), reason="the speech extra is not installed")
@pytest.mark.skipif(which("chromium") is None, reason="there is no Chromium here")
def test_a_browser_with_a_microphone_talks_to_the_agent(deployed: Path, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    pcm = speech.synthesize("What are your opening hours?", sample_rate_hz=48_000)
    silence = bytes(48_000 * 2)
    with wave.open(str(tmp_path / "mic.wav"), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(silence * 6 + pcm + silence * 30)
    flags = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={tmp_path / 'mic.wav'}%noloop",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with talking("--output", "out") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=flags)
        page = browser.new_page()
        page.goto(url)
        page.get_by_text("Talk to support").wait_for()
        page.get_by_role("button", name="Start the call").click()
        page.get_by_text("How can I help?").wait_for(timeout=30_000)
        page.get_by_text("Monday to Friday").first.wait_for(timeout=60_000)
        page.get_by_role("button", name="Hang up").click()
        page.get_by_text("the call is over").wait_for(timeout=30_000)
        browser.close()
    (report,) = (deployed / "out").glob("talk-*/report.json")
    (call,) = json.loads(report.read_text())["scripts"][0]["calls"]
    assert call["agent"] == "support"
    assert any(turn["heard_as"] == "what are your opening hours" for turn in call["turns"])
    assert (report.parent / call["folder"] / "recording.wav").exists()


def test_a_microphone_gives_whole_chunks() -> None:
    from agentops.calls.talk import Microphone

    microphone = Microphone(8_000)
    assert microphone.take(None, 0) == bytes(640)
    microphone.feed(b"\x01\x02" * 200)
    assert microphone.take(None, 1) == bytes(640)
    microphone.feed(b"\x01\x02" * 200)
    assert microphone.take(None, 2) == b"\x01\x02" * 320
    for _ in range(100):
        microphone.feed(b"\x03\x04" * 320)
    assert len(microphone._chunks) == 50
