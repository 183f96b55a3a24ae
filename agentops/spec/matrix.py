"""`for_each`: many agents out of one spec, one per item of a list, a mapping, or a YAML or CSV file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agentops.diagnostics import Diagnostic, Severity
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
            return _csv_items(files.text(path), path) if path.endswith(".csv") else _tree_items(files.tree(path)[0])
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


def _csv_items(text: str, path: str) -> list[tuple[str | None, Any, Mark]]:
    """The rows of a CSV file with a header. Every value is text; the key is the column `key`, else the first one."""
    reader = csv.DictReader(io.StringIO(text), restkey="")
    columns = reader.fieldnames or []
    named = "key" if "key" in columns else columns[0] if columns else ""
    found: list[tuple[str | None, Any, Mark]] = []
    for row in reader:
        line = reader.line_num - 1
        values = {column: value or "" for column, value in row.items() if column}
        found.append((values.get(named), values, (path, line, 0, path, line, 0)))
    return found
