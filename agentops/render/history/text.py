"""The revisions of an agent as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from agentops.plan.history import HistoryEntry
from agentops.render.style import PLAIN, Style, columns


def history_text(key: str, name: str, entries: Sequence[HistoryEntry], style: Style = PLAIN) -> str:
    """Newest first; the revision that serves calls is marked with `*`. Long labels are wrapped, never cut."""
    if not entries:
        return f"{key}  {name!r}: no revision was ever published\n"
    rows = [_row(entry) for entry in entries]
    widths = [max(columns(row[index]) for row in rows) for index in range(4)]
    lines = [style.paint(f"{key}  {name!r}", "strong")]
    for row, entry in zip(rows, entries, strict=True):
        head = "  ".join(cell + " " * (width - columns(cell)) for cell, width in zip(row[:4], widths, strict=True))
        indent = " " * (columns(head) + 2)
        wrapped = style.wrap(row[4] or "-", indent, indent)
        first = head + wrapped[0][len(head) :]
        lines += [style.paint(first, "good") if entry.is_live else first, *wrapped[1:]]
    return "\n".join([*lines, "", "* serves calls now"]) + "\n"


def _row(entry: HistoryEntry) -> tuple[str, str, str, str, str]:
    """The cells of a revision: the sign of the live one, branch and number, time, author, notes."""
    revision = entry.revision
    number = str(revision.number) if revision.number is not None else revision.revision_id
    number = f"{revision.branch} {number}" if revision.branch else number
    notes = [entry.text] if entry.text else []
    if entry.restored_from is not None:
        notes.append(f"restored from {entry.restored_from}")
    if revision.scan.value != "passed":
        notes.append(f"scan {revision.scan.value}" + (f": {revision.scan_reason}" if revision.scan_reason else ""))
    if not revision.is_published:
        notes.append("not published")
    if entry.verdict:
        notes.append(f"calls {entry.verdict}")
    return ("*" if entry.is_live else " ", number, revision.published_at or "-", who_text(entry), "; ".join(notes))


def who_text(entry: HistoryEntry) -> str:
    """How a revision was made (by agentops, elsewhere, by a restore, in the console), and who the platform says did."""
    if entry.mark is not None:
        means = f"agentops:{entry.mark.key}" if entry.is_ours else "elsewhere"
    else:
        means = "restore" if entry.restored_from is not None else "console"
    return f"{means} {entry.revision.published_by or ''}".strip()
