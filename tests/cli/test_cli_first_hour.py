"""The tour of the README, typed in a terminal as it stands there: its commands, its changes, and all that it shows."""

from __future__ import annotations

import re
import shlex
import sys
from html import unescape
from pathlib import Path

import httpx2
import pytest
from terminal import CTRL_C, Typed, type_command, wait_until_nothing_runs_in

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(console|diff)\n(.*?)^```|^Choose the agent, \*Edit\*", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
QUESTION = "Apply this to local? [y/N]: "
FIELD = re.compile(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"|<textarea[^>]* name="(\w+)"[^>]*>\n([^<]*)<')

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what is left running"),
]

# What is another one each time, and the word that stands for it.
VARYING = (
    (r"http://127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d\.\d+Z)?", "TIME"),
    (r"\S*/\.agentops/runs/\S+", "REPORT"),
    (r"\d{8}T\d{6}Z-[0-9a-f]{6}", "RUN"),
    (r"\b[0-9a-f]{16}\b", "DIGEST"),
    (r"\d+(\.\d+)? (s|minutes)\b", "DURATION"),
)


def settled(text: str) -> str:
    """`text` with one word for all that varies, and no white space at the ends of lines."""
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def is_shown(expected: str, shown: str) -> bool:
    """Whether `expected` is what was shown; a line of `...` in it stands for any lines."""
    parts = re.split(r"^\.\.\.\n", settled(expected), flags=re.MULTILINE)
    return re.fullmatch(r"(?:.*\n)*?".join(map(re.escape, parts)), settled(shown.rstrip())) is not None


def test_a_difference_is_seen() -> None:
    shown = "agent    live\nsupport  revision 5\nfor 3.2 s\n"
    assert is_shown("agent    live\n...\nfor 17 s\n", shown)
    assert not is_shown("agent    live\nfor 17 s\n", shown)
    assert not is_shown("agent    live\nsupport  revision 4\n...\n", shown)


class Reader:
    """Somebody who follows the tour, in `folder`, with a second terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0
        self.emulator: Typed | None = None
        self.address = ""

    def type(self, line: str, expected: str) -> None:
        """Types one line of a block, and compares what is shown with what stands there."""
        first, *rest = shlex.split(line)
        if first == "cd":
            self.folder /= rest[0]
        elif first == "echo":
            assert f"{self.code}\n" == expected
        elif rest == ["emulator"]:  # on another port and with quick scans, which nothing here is about
            self.emulator = type_command(["emulator", "--port", "0", "--scan-delay", "0"], self.folder)
            shown = self.emulator.wait_for("Ctrl-C ends it\n").text
            self.address = shown.splitlines()[0].strip()
            assert is_shown(expected, shown), shown
        else:
            assert first == "agentops"
            typed = type_command(rest, self.folder)
            if QUESTION in expected:
                typed.wait_for(QUESTION).type("y\n")
            self.code = typed.end()
            assert is_shown(expected, typed.text), f"{line} shows\n{typed.text}"

    def change(self, diff: str) -> None:
        """Edits the file that a diff names: no line is added in the tour, some are taken out."""
        file = self.folder / re.search(r"^\+\+\+ b/(.*)$", diff, re.MULTILINE)[1]  # type: ignore[index]
        text = file.read_text()
        for line in re.findall(r"^-(?!--)(.*\n)", diff, re.MULTILINE):
            assert line in text
            text = text.replace(line, "")
        file.write_text(text)

    def edit_in_the_console(self) -> None:
        """Sends the form that the console shows, as the browser does, with what the tour says to change in it."""
        with httpx2.Client(base_url=self.address) as browser:
            agent = re.search(r"/console/agents/\w+", browser.get("/").text)[0]  # type: ignore[index]
            found = FIELD.findall(browser.get(f"{agent}/edit").text)
            form = {name or area: unescape(value or text) for name, value, area, text in found}
            assert form["first_message"].startswith("Hi ")
            form["first_message"] = form["first_message"].replace("Hi ", "Good day ", 1)
            form |= {"label": "friendlier greeting", "do": "publish"}
            assert browser.post(f"{agent}/edit", data=form).status_code == 303
            assert re.search(r'friendlier greeting <span class="badge good">live<', browser.get(agent).text)


def test_the_tour_of_the_readme(tmp_path: Path) -> None:
    """The calls are made in chat mode, so that a deploy takes a second; `test_cli_init` makes them with sound."""
    tour = ROOT.joinpath("README.md").read_text().partition("## Five minutes")[2].partition("\n## ")[0]
    reader = Reader(tmp_path)
    steps = list(BLOCK.finditer(tour))
    assert [step[1] for step in steps].count("console") >= 8
    for step in steps:
        if step[1] == "console":
            for line, expected in COMMAND.findall(step[2]):
                reader.type(line, expected)
                if line.startswith("agentops init"):
                    script = tmp_path / "support-desk/agents/calls/support-hours.yaml"
                    text = script.read_text().replace("name:", "mode: chat\nname:").partition("checks:")[0]
                    script.write_text(text.replace("within_s: 10", "within_s: 2"))
        elif step[1] == "diff":
            reader.change(step[2])
        else:
            reader.edit_in_the_console()
    assert reader.emulator is not None
    assert reader.emulator.type(CTRL_C).end() == 0
    wait_until_nothing_runs_in(reader.folder)
