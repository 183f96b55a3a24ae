"""The result of watching, as JSON."""

from __future__ import annotations

import json

from agentops.compare.statistics import Count
from agentops.compare.watch import Ruling
from agentops.compare.watch_result import JudgedCalls, WatchResult
from agentops.document import Revision


def watched_json(found: WatchResult) -> str:
    """Shares are 0..1 and of good calls, latencies are milliseconds; what is not known is null."""
    data = {
        "format_version": 1,
        "environment": found.environment,
        "exit_code": int(found.exit_code),
        "agents": [
            {
                "key": agent.key,
                "verdict": agent.verdict.value,
                "why": agent.why,
                "live": _revision(agent.live),
                "before": _revision(agent.before),
                "restored": agent.restored,
                "kept": agent.kept,
                "unchanged": agent.unchanged,
                "new": _side(agent.new_calls),
                "old": _side(agent.old_calls),
                "rules": [_ruling(each) for each in agent.rulings],
            }
            for agent in found.agents
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _revision(revision: Revision | None) -> dict[str, object] | None:
    if revision is None:
        return None
    return {
        "revision_id": revision.revision_id,
        "number": revision.number,
        "published_at": revision.published_at,
        "published_by": revision.published_by,
    }


def _side(side: JudgedCalls) -> dict[str, object]:
    return {"calls": side.calls, "left_out": dict(sorted(side.left_out.items())), "metrics": side.metrics}


def _ruling(ruling: Ruling) -> dict[str, object]:
    rule, bounds = ruling.rule, ruling.bounds
    return {
        "metric": rule.metric,
        "answer": rule.answer,
        "limit": rule.limit.value,
        "amount": rule.amount,
        "verdict": ruling.verdict.value,
        "why": ruling.why,
        "limit_ms": ruling.limit_ms,
        "old": _count(ruling.old),
        "new": _count(ruling.new),
        "bounds": None if bounds is None else [bounds.low, bounds.high],
        "finds": ruling.finds,
    }


def _count(count: Count) -> dict[str, object]:
    return {"good": count.hits, "calls": count.calls}
