"""Writes the files in which a step hands over its results: its outputs and its summary.

The paths are in GitHub's variables. If a variable is missing, as outside a job, nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agentops.errors import UsageError
from agentops.files import append_text

SUMMARY_BYTES = 1024 * 1024  # GitHub drops a step's summary that is larger


def write_outputs(environ: Mapping[str, str], values: Mapping[str, str]) -> None:
    """Appends step outputs. Raises UsageError for a value with a line end, which could smuggle in another output."""
    for name, value in values.items():
        if "\n" in value or "\r" in value:
            raise UsageError(
                f"the output {name} would span lines: {value!r}", hint="take the line end out of the value"
            )
    _append(environ.get("GITHUB_OUTPUT"), "".join(f"{name}={value}\n" for name, value in values.items()))


def write_summary(environ: Mapping[str, str], markdown: str) -> None:
    """Appends to the step's summary page, within GitHub's limit."""
    path = environ.get("GITHUB_STEP_SUMMARY")
    used = Path(path).stat().st_size if path and Path(path).exists() else 0
    room = SUMMARY_BYTES - used - 1
    _append(path, markdown.encode()[: max(room, 0)].decode(errors="ignore") + "\n")


def _append(path: str | None, text: str) -> None:
    if path and text.strip():
        append_text(Path(path), text)
