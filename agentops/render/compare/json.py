"""A comparison of two revisions as JSON."""

from __future__ import annotations

import json

from agentops.compare.call_totals import CallTotals
from agentops.compare.comparison import Figure, RevisionComparison
from agentops.document import Revision


def comparison_json(found: RevisionComparison) -> str:
    """Shares are 0..1, differences are new minus old; what is not known is null."""
    data = {
        "key": found.key,
        "call_types": found.call_types,
        "since": found.period.since.isoformat() if found.period.since else None,
        "until": found.period.until.isoformat() if found.period.until else None,
        "old": _side(found.old, found.old_calls),
        "new": _side(found.new, found.new_calls),
        "measures": [
            {
                "name": measure.name,
                "unit": measure.unit.value,
                "old": _figure(measure.old),
                "new": _figure(measure.new),
                "difference": measure.difference,
                "interval": [measure.interval.low, measure.interval.high] if measure.interval else None,
                "finding": measure.finding.value,
                "needed": measure.needed,
            }
            for measure in found.measures
        ],
        "free_text": found.free_text,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _side(revision: Revision, calls: CallTotals) -> dict[str, object]:
    return {
        "revision_id": revision.revision_id,
        "number": revision.number,
        "published_at": revision.published_at,
        "calls": calls.ended,
        "left_out": dict(sorted(calls.left_out.items())),
    }


def _figure(figure: Figure) -> dict[str, object]:
    return {"value": figure.value, "calls": figure.calls}
