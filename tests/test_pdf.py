"""Markdown as PDF: the same bytes each time, the words that are in it, and the way out where it can't be made."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from agentops import pdf
from agentops.errors import UsageError

TEXT = """\
# Returns – रिटर्न

Within **thirty** days, see [page](https://acme.example).

- a
  1. b

| x | y |
|---|---|
| 1 | 2 |
"""
PROGRAM = """
import hashlib, sys
from agentops.pdf import to_pdf
print(hashlib.sha256(to_pdf(sys.argv[1], "a")).hexdigest())
"""


@pytest.mark.slow
def test_the_same_text_gives_the_same_bytes_in_another_process_and_time_zone() -> None:
    def digest(seed: str, zone: str) -> str:
        environ = {"PYTHONHASHSEED": seed, "TZ": zone}
        command = [sys.executable, "-c", PROGRAM, TEXT]
        return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout

    assert digest("1", "UTC") == digest("2", "Asia/Tokyo")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(pdf, "import_module", missing)
    with pytest.raises(UsageError) as refused:
        pdf.require_pdf()
    assert refused.value.hint is not None
    assert "[knowledge]" in refused.value.hint


class Page:
    """Notes what is written in which style."""

    l_margin = r_margin = w = y = 0

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []
        self.style = ""

    def set_font(self, family: str, style: str = "", size: int = 0) -> None:
        self.style = style

    def write(self, height: float, text: str) -> None:
        self.written.append((text, self.style))

    def __getattr__(self, name: str) -> object:
        return lambda *arguments: None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# Returns", [("", ""), ("Returns", "B")]),
        ("a **b** *c*", [("", ""), ("a ", ""), ("b", "B"), (" ", ""), ("c", "I")]),
        ("- a\n- b", [("•  ", ""), ("a", ""), ("•  ", ""), ("b", "")]),
        ("3. a\n4. b", [("3.  ", ""), ("a", ""), ("4.  ", ""), ("b", "")]),
        ("[here](https://a.example)", [("", ""), ("here", ""), (" (https://a.example)", "")]),
        ("<b>no</b> ![p](p.png)", [("", ""), ("<b>no</b> ", "")]),
        ("```\ncode\n```", [("code", "")]),
    ],
)
def test_what_is_written(text: str, written: Sequence[tuple[str, str]]) -> None:
    page = Page()
    pdf.write_markdown(page, text)
    assert page.written == written
