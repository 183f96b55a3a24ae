"""How simulated callers behave: a text for each persona, for the model that speaks for the caller.

A project's own are `personas/NAME.md` beside its scripts, and win over those of the same name here.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from agentops.errors import UsageError


def read_persona(name: str, folder: Path) -> str:
    """The text of a persona for a script in `folder`. Raises UsageError for an unknown one."""
    own = folder / "personas" / f"{name}.md"
    built_in = {
        entry.name.removesuffix(".md"): entry for entry in files(__name__).iterdir() if entry.name.endswith(".md")
    }
    is_name = name.replace("-", "").replace("_", "").isalnum()  # and not a path that leads elsewhere
    if is_name and own.is_file():
        return own.read_text("utf-8").strip()
    if name in built_in:
        return built_in[name].read_text("utf-8").strip()
    raise UsageError(
        f"there is no persona {name!r}",
        hint=f"use one of {', '.join(sorted(built_in))}, or write {own}",
        code="persona",
    )
