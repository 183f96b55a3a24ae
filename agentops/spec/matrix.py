"""`for_each`: many agents out of one spec, one per item of a list, a mapping, or a YAML or CSV file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.spec.files import FileProblem, ProjectFiles
from agentops.spec.scope import Names
from agentops.spec.source_text import SourceError
from agentops.spec.tree import Map, Mark, Seq, value_place

MAX_ITEMS = 10_000
_SUFFIX = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Instance:
    """One item: what `each` is, and what it adds to the key (None: the spec has no matrix)."""

    suffix: str | None
    each: Any

    def names(self) -> dict[str, Any]:
        if self.suffix is None:
            return {}
        each = Names("each", self.each) if isinstance(self.each, dict) else self.each
        return {"each": each}


def read_matrix(
    written: Any, mark: Mark, files: ProjectFiles, problems: list[Diagnostic], read: dict[str, None]
) -> Iterator[Instance]:
    """The items of `for_each`. An item is named by its `key`, else by itself when it is a text."""
    items = _items(written, mark, files, problems, read)
    seen: dict[str, Mark] = {}
    for name, item, place in items[:MAX_ITEMS]:
        if name is None or not _SUFFIX.fullmatch(name):
            hint = "give every item a `key` of lower-case letters, digits, _ and -; it ends the agent's key"
            summary = f"the item has no usable key ({name!r})" if name else "the item has no key"
            problems.append(Diagnostic("bad-key", Severity.ERROR, summary, hint, value_place(place)))
        elif name in seen:
            first = value_place(seen[name])
            hint = "give every item a key of its own"
            summary = f"two items have the key {name!r}; the first is at {first}"
            problems.append(Diagnostic("duplicate-agent-key", Severity.ERROR, summary, hint, value_place(place)))
        else:
            seen[name] = place
            yield Instance(name, item)
    if len(items) > MAX_ITEMS:
        hint = "split the matrix"
        summary = f"the matrix has {len(items):,} items; at most {MAX_ITEMS:,} are taken"
        problems.append(Diagnostic("matrix-too-large", Severity.ERROR, summary, hint, value_place(mark)))


def _items(
    written: Any, mark: Mark, files: ProjectFiles, problems: list[Diagnostic], read: dict[str, None]
) -> list[tuple[str | None, Any, Mark]]:
    if isinstance(written, str):
        try:
            path = files.inside_agents(written)
            read[path] = None
            return (
                _csv_items(files.text(path), path, problems)
                if path.endswith(".csv")
                else _tree_items(files.tree(path)[0])
            )
        except FileProblem as problem:
            problems.append(Diagnostic(problem.code, Severity.ERROR, problem.summary, problem.hint, value_place(mark)))
            return []
        except SourceError as error:
            problems.append(error.diagnostic)
            return []
    if isinstance(written, Map | Seq):
        return _tree_items(written)
    hint = "write a list, a mapping, or the path of a .yaml or .csv file"
    problems.append(Diagnostic("wrong-type", Severity.ERROR, "for_each has no items", hint, value_place(mark)))
    return []


def _tree_items(tree: Any) -> list[tuple[str | None, Any, Mark]]:
    if isinstance(tree, Map):
        return [
            (key, {**value, "key": key} if isinstance(value, dict) else value, tree.marks[key])
            for key, value in tree.items()
        ]
    if not isinstance(tree, Seq):
        return []
    found: list[tuple[str | None, Any, Mark]] = []
    for item, mark in zip(tree, tree.marks, strict=True):
        named = item.get("key") if isinstance(item, dict) else item
        has_name = isinstance(named, str | int) and not isinstance(named, bool)
        found.append((str(named) if has_name else None, item, mark))
    return found


def _csv_items(text: str, path: str, problems: list[Diagnostic]) -> list[tuple[str | None, Any, Mark]]:
    """The rows of a CSV file with a header. Every value is text; the key is the column `key`, else the first one."""

    def problem(code: str, line: int, cell: int, summary: str, hint: str) -> None:
        where = Where(path, line + 1, _column(lines[line], cell) if line < len(lines) else 1)
        problems.append(Diagnostic(code, Severity.ERROR, summary, hint, where))

    lines = text.split("\n")
    rows = csv.reader(io.StringIO(text), strict=True)  # else a quote left open takes the rest of the file for a cell
    found: list[tuple[str | None, Any, Mark]] = []
    columns: list[str] = []
    start = 0
    try:
        for row in rows:
            line, start = start, rows.line_num  # a quoted cell may hold line ends, so a row may take several lines
            if not row:
                continue
            if not columns:
                columns = [name.strip() for name in row]
                if (wrong := _wrong_header(columns)) is not None:
                    problem("table-header", line, *wrong)
                    return []
                continue
            if len(row) != len(columns):
                summary = f"the row has {len(row)} cells, and the header has {len(columns)}"
                hint = "put a text that has a comma into double quotes, and write a comma for every empty cell"
                problem("table-row", line, min(len(row), len(columns)), summary, hint)
                continue
            values = dict(zip(columns, row, strict=True))
            found.append((values["key"] if "key" in values else row[0], values, (path, line, 0, path, line, 0)))
    except csv.Error as error:
        problem(
            "table-row", start, 0, f"the row can't be read: {error}", 'close every double quote; write "" inside one'
        )
    return found


def _wrong_header(columns: list[str]) -> tuple[int, str, str] | None:
    """(cell, what is wrong, what to do) with the first line of a table."""
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(columns) == 1 and sign in columns[0]:
            hint = "save it with commas; in Excel: Save As, CSV UTF-8 (comma delimited), with a comma as list separator"
            return 0, f"the columns are separated by {name}, not by commas", hint
    for index, name in enumerate(columns):
        if not name:
            return index, f"column {index + 1} has no name", "give it a name, or take the column out of every line"
        if name in columns[:index]:
            return index, f"two columns are called {name!r}", "give each column a name of its own"
    return None


def _column(line: str, cell: int) -> int:
    """The column, from 1, where a cell (from 0) of a line of CSV begins; the line's end when it has fewer."""
    is_quoted = False
    for position, character in enumerate(line):
        if cell <= 0:
            return position + 1
        is_quoted ^= character == '"'
        cell -= character == "," and not is_quoted
    return len(line) + 1
