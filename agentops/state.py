"""The project's `.agentops` folder: runs, locks, reports, the embedded emulator's data. Never the source of truth."""

from __future__ import annotations

from pathlib import Path

STATE_FOLDER = ".agentops"


def state_folder(root: Path) -> Path:
    """The project's `.agentops`, made when it is not there; it ignores itself in git."""
    folder = root / STATE_FOLDER
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return folder
