"""Which revision served at a moment, for a terminal."""

from __future__ import annotations

from agentops.plan.history import HistoryEntry
from agentops.render.history.text import who_text
from agentops.render.style import PLAIN, Style
from agentops.render.visible import on_one_line

NOT_KNOWN = "not known"


def served_text(
    key: str, moment: str, entry: HistoryEntry | None, commit: str | None, doubt: str | None, style: Style = PLAIN
) -> str:
    """One agent: the revision, its commit, who, the verdict of its calls; what isn't known is named as such."""
    if entry is None:
        what = f"{NOT_KNOWN}: {doubt}" if doubt else "no revision had been published"
        return f"{style.paint(key, 'strong')}  {moment}  {what}\n"
    revision = entry.revision
    facts = [
        ("revision", revision.name),
        ("label", entry.text or "-"),
        ("commit", commit or NOT_KNOWN),
        ("by", who_text(entry)),
        ("published", revision.published_at or NOT_KNOWN),
        ("restored from", str(entry.restored_from) if entry.restored_from is not None else None),
        ("calls", entry.verdict or f"{NOT_KNOWN} (verdicts are kept by the machine that made the calls)"),
        ("but", doubt),
    ]
    head = style.paint(f"{key}  {moment}", "strong")
    return (
        "\n".join([head, *(f"  {name:<14}{on_one_line(value)}" for name, value in facts if value is not None)]) + "\n"
    )
