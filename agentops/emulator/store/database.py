"""Documents in one SQLite file: stored, found and ordered by age. What they mean is decided elsewhere.

The file is opened in WAL mode and locked for as long as it is open, so a second process is refused instead of
interleaving its writes; the operating system releases the lock however the process ends.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS document_owner ON document (kind, owner, seq);
CREATE TABLE IF NOT EXISTS blob (name TEXT PRIMARY KEY, content BLOB NOT NULL);
"""

_ALL_DOCUMENTS = "SELECT seq, kind, id, owner, body FROM document"
_ALL_BLOBS = "SELECT name, content FROM blob"


class EmulatorError(Exception):
    """The emulator cannot run as asked; the text says why, and `hint` what to do where the text doesn't."""

    def __init__(self, text: str, hint: str | None = None) -> None:
        super().__init__(text)
        self.hint = hint


class DataInUseError(EmulatorError):
    """Another emulator has the data file open."""


class Database:
    """A bag of JSON documents, each with a kind, an id unique within the kind, and an owner ("" for none)."""

    def __init__(self, path: Path | None) -> None:
        """Opens `path`, or a database in memory. Raises EmulatorError when the file is in use or not ours."""
        if path is not None:
            _make_private(path)
        self.path = path
        self._connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=0.2, cached_statements=256
        )
        try:
            self._prepare()
        except sqlite3.Error as failure:
            self._connection.close()
            if "locked" in str(failure):
                raise DataInUseError(
                    f"{path} is in use by another emulator; stop that one, talk to it through its address,"
                    " or give this one a file of its own with --data",
                    _A_DATA_FILE,
                ) from failure
            raise EmulatorError(
                f"{path} cannot be used as the emulator's data file: {failure}", _A_DATA_FILE
            ) from failure

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode=EXCLUSIVE")
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=NORMAL")
        run("BEGIN EXCLUSIVE")  # takes the lock now, not at the first write
        for statement in filter(str.strip, _SCHEMA.split(";")):
            run(statement)
        run("COMMIT")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside take effect together at the end, or not at all; nested ones join the outer one."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def put(self, kind: str, key: str, body: Body, *, owner: str = "") -> None:
        """Inserts the document or replaces its body; age and owner stay those of the first insert."""
        self._connection.execute(
            "INSERT INTO document (kind, id, owner, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, key, owner, json.dumps(body)),
        )

    def get(self, kind: str, key: str) -> Body | None:
        row = self._connection.execute("SELECT body FROM document WHERE kind = ? AND id = ?", (kind, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def drop(self, kind: str, key: str) -> bool:
        """Deletes the document and returns whether there was one."""
        return self._connection.execute("DELETE FROM document WHERE kind = ? AND id = ?", (kind, key)).rowcount > 0

    def drop_owned(self, kind: str, owner: str) -> int:
        return self._connection.execute("DELETE FROM document WHERE kind = ? AND owner = ?", (kind, owner)).rowcount

    def all(self, kind: str, *, owner: str | None = None) -> list[Body]:
        """All documents of a kind, oldest first; only those of `owner` when given."""
        return [json.loads(text) for _, text in self.rows(kind, owner=owner)]

    def rows(self, kind: str, *, owner: str | None = None, after: int = 0) -> Sequence[tuple[int, str]]:
        """(sequence number, JSON text) of the documents of a kind that are younger than `after`."""
        where, values = ("", ()) if owner is None else (" AND owner = ?", (owner,))
        query = f"SELECT seq, body FROM document WHERE kind = ? AND seq > ?{where} ORDER BY seq"
        return self._connection.execute(query, (kind, after, *values)).fetchall()

    def count(self, kind: str, *, owner: str) -> int:
        query = "SELECT count(*) FROM document WHERE kind = ? AND owner = ?"
        return int(self._connection.execute(query, (kind, owner)).fetchone()[0])

    def put_blob(self, name: str, content: bytes) -> None:
        self._connection.execute("INSERT OR REPLACE INTO blob (name, content) VALUES (?, ?)", (name, content))

    def drop_oldest_blobs(self, most_bytes: int) -> None:
        """Deletes the oldest blobs until those that remain have at most `most_bytes`; the newest always remains."""
        sizes = self._connection.execute("SELECT name, length(content) FROM blob ORDER BY rowid DESC").fetchall()
        kept = 0
        for index, (name, size) in enumerate(sizes):
            kept += size
            if index and kept > most_bytes:
                self._connection.execute("DELETE FROM blob WHERE name = ?", (name,))

    def has_blob(self, name: str) -> bool:
        return self._connection.execute("SELECT 1 FROM blob WHERE name = ?", (name,)).fetchone() is not None

    def get_blob(self, name: str) -> bytes | None:
        row = self._connection.execute("SELECT content FROM blob WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def clear(self) -> None:
        with self.transaction():
            self._connection.execute("DELETE FROM document")
            self._connection.execute("DELETE FROM blob")

    def dump(self) -> bytes:
        """A consistent copy of everything, as the bytes of an SQLite file."""
        with closing(sqlite3.connect(":memory:")) as copy:
            copy.executescript(_SCHEMA)
            copy.executemany("INSERT INTO document VALUES (?, ?, ?, ?, ?)", self._connection.execute(_ALL_DOCUMENTS))
            copy.executemany("INSERT INTO blob VALUES (?, ?)", self._connection.execute(_ALL_BLOBS))
            copy.commit()
            return copy.serialize()

    def load(self, content: bytes) -> None:
        """Replaces everything by what `dump` gave. Raises EmulatorError, with nothing changed, on anything else."""
        try:
            with closing(sqlite3.connect(":memory:")) as copy:
                copy.deserialize(content)
                documents = copy.execute(_ALL_DOCUMENTS).fetchall()
                blobs = copy.execute(_ALL_BLOBS).fetchall()
        except (sqlite3.Error, OverflowError) as failure:
            raise EmulatorError(f"this is not a snapshot of an emulator: {failure}") from failure
        with self.transaction():
            self.clear()
            self._connection.executemany("INSERT INTO document VALUES (?, ?, ?, ?, ?)", documents)
            self._connection.executemany("INSERT INTO blob VALUES (?, ?)", blobs)

    def close(self) -> None:
        self._connection.close()


_A_DATA_FILE = "name a file that the emulator made, or a new one: --data FILE"


def _make_private(path: Path) -> None:
    """Lets only the owner read the file: it holds prompts, transcripts, recordings and webhook secrets."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            why = "it is a folder" if path.is_dir() else "it is not a regular file"
            raise EmulatorError(f"{path} cannot be used as the emulator's data file: {why}", _A_DATA_FILE)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # never open to others, not even for a moment
        path.chmod(0o600)  # a file that was there already
    except OSError as failure:
        raise EmulatorError(
            f"{path} cannot be used as the emulator's data file: {failure.strerror}", _A_DATA_FILE
        ) from failure
