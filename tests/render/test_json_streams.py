"""JSON that goes through the boundary of the streams is read back as what it was, on any encoding."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from agentops.cli.streams import safe_streams

HIDDEN = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x200B, 0x202E, 0x2028, 0x2066, 0xFEFF,
                                 0xE000, 0xFFFF, 0xE0001, 0xE0041, 0x10FFFF)]  # fmt: skip
TEXT = "".join(f"a{sign}\\{sign}" for sign in HIDDEN) + 'é "—" 漢字 🎉 क्\u200dष \\u202e'


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1", "ascii", "utf-16"])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_read_back_as_it_was(
    encoding: str, indent: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with open(tmp_path / "out", "w", encoding=encoding) as file:
        monkeypatch.setattr(sys, "stdout", file)
        with safe_streams(is_on_runner=True):
            sys.stdout.write(json.dumps({TEXT: [TEXT]}, ensure_ascii=False, indent=indent))
    written = (tmp_path / "out").read_text(encoding)
    assert json.loads(written) == {TEXT: [TEXT]}
    assert not {sign for sign in HIDDEN if sign not in "\n\t"} & set(written)


def test_text_that_an_encoding_lacks_is_shown_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    with safe_streams(is_on_runner=False):
        sys.stdout.write("ça\x1b[2J 🎉\ud800")
        sys.stdout.flush()
    assert raw.getvalue() == rb"\u00e7a\u001b[2J \ud83c\udf89\ud800"
