"""The files of a knowledge base as they are uploaded: PDF as it lies there, Markdown as PDF, and what can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentops.errors import LocalError
from agentops.resources import SourceFile
from agentops.workflow.uploads import read_uploads


def source(path: str, size: int | None = None) -> SourceFile:
    return SourceFile(path, Path(path).with_suffix(".pdf").name, "0" * 64, size)


def test_a_pdf_is_uploaded_as_it_lies_in_the_project(tmp_path: Path) -> None:
    content = b"%PDF-1.7\n% terms of sale"
    (tmp_path / "terms.pdf").write_bytes(content)
    assert read_uploads(tmp_path)(source("terms.pdf", len(content))) == content


def test_markdown_is_uploaded_as_the_same_pdf_from_any_editor(tmp_path: Path) -> None:
    text = "# Returns\n\nThirty days.\n"
    (tmp_path / "unix.md").write_bytes(text.encode())
    (tmp_path / "windows").mkdir()
    (tmp_path / "windows/unix.md").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    read = read_uploads(tmp_path)
    one = read(source("unix.md"))
    assert one.startswith(b"%PDF")
    assert one == read(source("windows/unix.md"))


def test_a_file_that_went_since_the_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalError) as refused:
        read_uploads(tmp_path)(source("knowledge/policy.md"))
    assert refused.value.summary == "knowledge/policy.md can't be read: it isn't there"
