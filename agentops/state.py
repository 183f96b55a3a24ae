"""The project's `.agentops` folder: runs, locks, reports, the embedded emulator's data. Never the source of truth."""

from __future__ import annotations

from pathlib import Path

from agentops.errors import LocalError
from agentops.files import write_file

STATE_FOLDER = ".agentops"


def state_folder(root: Path) -> Path:
    """The project's `.agentops`, made when it is not there; it ignores itself in git, and is its owner's alone: what
    callers said and what the console holds is in it. Raises LocalError where it can't be made."""
    folder = root / STATE_FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            write_file(ignore, "*\n")
    except OSError as failure:
        raise LocalError.of(failure, folder, doing="can't be made") from None
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder
