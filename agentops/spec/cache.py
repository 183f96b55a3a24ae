"""What specs gave before, kept by the content of everything they were made from: a second load reads and compares.

An entry is found by the code that made it, the project file, the environment with its variables, and the bytes of the
spec. It counts only while every other file that was read, and every environment variable that was asked for, is what
it was; a spec with errors is never kept. So it can be deleted or shared at any time, and a damaged one is no worse than
none. No secret gets in: documents hold them by name.
"""

from __future__ import annotations

import functools
import json
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from agentops import __version__
from agentops.diagnostics import has_errors
from agentops.document import Secret
from agentops.spec.entry import from_entry, to_entry
from agentops.spec.environment import ProjectContext
from agentops.spec.files import PROJECT_FILE
from agentops.spec.resolve import SpecResult
from agentops.spec.template import TemplateError
from agentops.spec.tree import Map, Seq

_FILE = "specs.db"
_SCHEMA = "CREATE TABLE IF NOT EXISTS entries (address BLOB PRIMARY KEY, conditions TEXT, body TEXT, digest BLOB)"
_ROUNDS_KEPT = 8  # so many times the project's specs: some branches, some environments
_MADE_WITH = ("jinja2", "pydantic", "ruamel.yaml")


class Row(NamedTuple):
    """One entry of the database: what it is found by, what must hold for it to count, and what the spec gives."""

    address: bytes
    conditions: str
    body: str


class NoCache:
    """Finds nothing and keeps nothing."""

    def find(self, path: str) -> SpecResult | None:
        return None

    def row(self, path: str, result: SpecResult) -> Row | None:
        return None

    def keep(self, row: Row | None) -> None:
        pass


class SpecCache(NoCache):
    """The entries of one project in one environment. Whatever goes wrong with the database ends in doing without."""

    def __init__(self, database: sqlite3.Connection, context: ProjectContext) -> None:
        self._database = database
        self._context = context
        self._base = _fingerprint(context)
        self._new: list[Row] = []

    def find(self, path: str) -> SpecResult | None:
        """What the spec at `path` would give, if it is known."""
        address = self._address(path)
        if address is None:
            return None
        try:
            query = "SELECT conditions, body, digest FROM entries WHERE address = ?"
            found = self._database.execute(query, (address,)).fetchone()
        except sqlite3.Error:
            return None
        if found is None or _digest(*found[:2]) != found[2] or not self._holds(path, json.loads(found[0])):
            return None
        try:
            return from_entry(found[1], self._context.secrets)
        except TemplateError:
            return None  # a secret that is needed has no value

    def row(self, path: str, result: SpecResult) -> Row | None:
        """What to keep of the spec at `path`, if it is free of errors."""
        if has_errors(result.problems):
            return None
        files = {file: self._context.files.digest(file) for file in result.files if file != path}
        address, body = self._address(path), to_entry(result)
        if None in files.values() or address is None or body is None:
            return None
        asked = {name: self._asked(path, name) for name in result.asked}
        return Row(address, json.dumps({"files": files, "asked": asked}), body)

    def keep(self, row: Row | None) -> None:
        if row is not None:
            self._new.append(row)

    def write(self) -> None:
        """Puts everything new into the database at once."""
        rows = [(*row, _digest(row.conditions, row.body)) for row in self._new]
        if rows:
            with self._database:
                self._database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", rows)

    def trim(self, kept: int) -> None:
        """Leaves the newest entries in the database, `kept` of them."""
        if self._new:
            with self._database:
                newest = "SELECT rowid FROM entries ORDER BY rowid DESC LIMIT ?"
                self._database.execute(f"DELETE FROM entries WHERE rowid NOT IN ({newest})", (kept,))

    def _address(self, path: str) -> bytes | None:
        spec = self._context.files.digest(path)
        return blake2b(f"{self._base} {path} {spec}".encode(), digest_size=20).digest() if spec else None

    def _holds(self, path: str, conditions: Mapping[str, Any]) -> bool:
        """Whether all that the spec was made from is what it was."""
        digest = self._context.files.digest
        return all(digest(file) == known for file, known in conditions["files"].items()) and all(
            self._asked(path, name) == known for name, known in conditions["asked"].items()
        )

    def _asked(self, path: str, name: str) -> str | None:
        value = self._context.environ.get(name)
        return None if value is None else _digest(self._base, path, name, value).hex()


@contextmanager
def open_cache(folder: Path | None, context: ProjectContext, specs: int) -> Iterator[NoCache]:
    """The cache in `folder` for a project of so many specs; none without a folder that can be written."""
    database = _connect(folder) if folder is not None and context.environment is not None else None
    if database is None:
        yield NoCache()
        return
    try:
        cache = SpecCache(database, context)
        yield cache
        cache.write()
        cache.trim(max(_ROUNDS_KEPT * specs, 1000))
    except sqlite3.Error:
        pass
    finally:
        database.close()


def _connect(folder: Path) -> sqlite3.Connection | None:
    """An open database; one that is damaged is made anew."""
    for _ in range(2):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(folder / _FILE, timeout=1)
        except (OSError, sqlite3.Error):
            return None
        try:
            database.execute("PRAGMA synchronous = OFF")  # after a power cut it is made anew, at worst
            database.execute(_SCHEMA)
            return database
        except sqlite3.OperationalError:
            database.close()
            return None  # another process is writing, or it is read-only
        except sqlite3.DatabaseError:
            database.close()
            (folder / _FILE).unlink(missing_ok=True)
    return None


def _fingerprint(context: ProjectContext) -> str:
    """Everything but the specs and what they read that decides what they give."""
    variables = _described(dict(context.variables))
    parts = (
        _made_by(),
        context.files.digest(PROJECT_FILE),
        context.environment_name,
        context.secrets.is_needed,
        variables,
    )
    return _digest(*map(repr, parts)).hex()


def _described(value: Any) -> Any:
    """A variable with its type, and with the marks that a value made from it would have; a secret by its reference."""
    marks = value.marks if isinstance(value, Map | Seq) else None
    if isinstance(value, dict):
        return [(key, _described(each)) for key, each in value.items()], marks
    if isinstance(value, list):
        return [_described(each) for each in value], marks
    return value.reference if isinstance(value, Secret) else value


@functools.cache
def _made_by() -> str:
    """The code that reads specs, and what it is built on."""
    here = Path(__file__).parent
    code = [path.read_bytes() for path in sorted([*here.rglob("*.py"), here.parent / "document.py"])]
    return _digest(__version__, sys.version, sys.byteorder, *(version(name) for name in _MADE_WITH), *code).hex()


def _digest(*parts: str | bytes) -> bytes:
    made = blake2b(digest_size=20)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        made.update(len(data).to_bytes(8, "little") + data)
    return made.digest()
