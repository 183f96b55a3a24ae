"""Puts generated files into a project without losing anybody's edits, and remembers what it wrote.

A file that is still as an import wrote it is replaced. One that a person edited is left alone, and the difference is
shown. What was written is remembered in `report/files.json`: path -> fingerprint.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agentops.document import short_digest
from agentops.errors import UsageError
from agentops.files import make_folder, write_file

MANIFEST = "report/files.json"
_ALWAYS = "report/"  # nobody edits reports, so the new one always replaces the old


class Placement(StrEnum):
    """What happens to one file."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    KEEP = "keep"  # a person edited it, and the import would write something else


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """One file of an import: its path, the text to write, and the difference from the file that is there now."""

    path: str
    placement: Placement
    text: str
    difference: str = ""


def place_files(
    root: Path, files: Mapping[str, str], *, overwrite: bool = False, mergeable: Collection[str] = ()
) -> tuple[PlacedFile, ...]:
    """What writing `files` (project path -> text) below `root` would do. Reads only.

    `mergeable` files already include what people wrote into the present ones, so replacing them loses nothing.
    """
    written = _read_manifest(root)
    return tuple(_place(root, path, text, written, overwrite or path in mergeable) for path, text in files.items())


def write_files(root: Path, placed: tuple[PlacedFile, ...], *, manifest: bool = True) -> None:
    """Writes what `place_files` decided. `manifest`: remembers it, for files that may be generated again."""
    written = _read_manifest(root)
    for file in placed:
        if file.placement in (Placement.CREATE, Placement.UPDATE):
            _write(root / file.path, file.text)
        if file.placement is not Placement.KEEP and not file.path.startswith(_ALWAYS):
            written[file.path] = short_digest(file.text)
    if manifest:
        _write(
            root / MANIFEST, json.dumps({"format_version": 1, "files": dict(sorted(written.items()))}, indent=2) + "\n"
        )


def unified(before: str, after: str, path: str) -> str:
    """The difference as a unified diff, for people and for `git apply`."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _place(root: Path, path: str, text: str, written: Mapping[str, str], overwrite: bool) -> PlacedFile:
    current = _read(root / path)
    if current is None:
        return PlacedFile(path, Placement.CREATE, text)
    if current == text:
        return PlacedFile(path, Placement.UNCHANGED, text)
    difference = unified(current, text, path)
    ours = written.get(path) == short_digest(current) or path.startswith(_ALWAYS)
    return PlacedFile(path, Placement.UPDATE if ours or overwrite else Placement.KEEP, text, difference)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (UnicodeDecodeError, IsADirectoryError, PermissionError) as error:
        raise UsageError(f"{path} stands in the way: {error.__class__.__name__}", hint="move it away") from None


def _write(path: Path, text: str) -> None:
    make_folder(path.parent)
    write_file(path, text)


def _read_manifest(root: Path) -> dict[str, str]:
    try:
        data = json.loads(_read(root / MANIFEST) or "{}")
    except json.JSONDecodeError:
        return {}
    files = data.get("files") if isinstance(data, dict) else None
    return {str(k): str(v) for k, v in files.items()} if isinstance(files, dict) else {}
