"""Problems in what people write: one value per problem, with its place and the way out. No rules live here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a file: path relative to the project's root, with forward slashes; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of a text that are written in one place: from line `first` of the text on, in line `line` of `file` (both
    from 1). `is_verbatim`: each further line is the file's next one; otherwise that one line makes all of them."""

    first: int
    file: str
    line: int
    is_verbatim: bool = True

    def place(self, number: int) -> Where:
        """Where line `number` of the text is written, as long as it is in this stretch."""
        return Where(self.file, self.line + (number - self.first if self.is_verbatim else 0))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: a stable `code`, what is wrong, what was expected, what to do, and where.

    `agent` is the key of the agent it concerns and `path` the dotted path of the field, when known. `source` is the
    line of the file that `where` points into, where it may be shown.
    """

    code: str
    severity: Severity
    summary: str
    hint: str | None = None
    where: Where | None = None
    expected: str | None = None
    agent: str | None = None
    path: str | None = None
    source: str | None = field(default=None, repr=False, compare=False)

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(d.is_error for d in diagnostics)
