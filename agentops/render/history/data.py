"""The revisions of agents for programs: as JSON, and as one table of comma-separated values."""

from __future__ import annotations

import csv
from io import StringIO

from agentops.plan.history import HistoryEntry
from agentops.render.history.at import NOT_KNOWN


def entry_data(entry: HistoryEntry, commit: str | None) -> dict[str, object]:
    """One revision; what is not known is null."""
    revision = entry.revision
    return {
        "revision_id": revision.revision_id,
        "number": revision.number,
        "label": entry.text,
        "commit": commit,
        "published_at": revision.published_at,
        "published_by": revision.published_by,
        "activated_at": revision.activated_at,
        "is_live": entry.is_live,
        "is_ours": entry.is_ours,
        "fingerprint": entry.mark.fingerprint if entry.mark else None,
        "restored_from": entry.restored_from,
        "calls": entry.verdict,
    }


def history_csv(rows: list[dict[str, object]]) -> str:
    """`rows`, all with the same columns, below a heading. Empty means none; `not known`, that nobody keeps it."""
    out = StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        unknown = {name: NOT_KNOWN for name in _KEPT_BY_SOME if row.get(name) is None}
        writer.writerow({name: _cell(value) for name, value in {**row, **unknown}.items()})
    return out.getvalue()


_KEPT_BY_SOME = ("commit", "published_at", "published_by", "activated_at", "calls")


def _cell(value: object) -> object:
    """A value as a spreadsheet takes it: text that looks like a formula is kept from being one."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
