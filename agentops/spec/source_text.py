"""The bytes of a project file as text: its encoding, its line ends, its size; and the error of an unusable file."""

from __future__ import annotations

from agentops.diagnostics import Diagnostic, Severity, Where

MAX_BYTES = 1_000_000


class SourceError(Exception):
    """A file that can't be used as the text it should be; `diagnostic` gives the reason and the place."""

    def __init__(self, code: str, summary: str, where: Where, *, hint: str, expected: str | None = None) -> None:
        super().__init__(summary)
        self.diagnostic = Diagnostic(code, Severity.ERROR, summary, hint=hint, where=where, expected=expected)


def place_at(text: str, position: int, file: str) -> Where:
    """The line and column of a character, by its position from 0 in the text of `file`."""
    before = text[:position]
    return Where(file, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


def decode(data: bytes, file: str) -> str:
    """The text of a file: UTF-8 with or without BOM, line ends as LF. Raises `SourceError`."""
    if len(data) > MAX_BYTES:
        summary = f"the file has more than {MAX_BYTES:,} bytes"
        raise SourceError("file-too-large", summary, Where(file), hint="split it, or take out what is not a spec")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n")
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace"))
        summary = f"byte 0x{data[error.start]:02x} is not UTF-8"
        where = Where(file, line + 1, column + 1)
        raise SourceError("bad-encoding", summary, where, hint="save the file as UTF-8") from None
    return text.replace("\r\n", "\n") if "\r" in text else text
