"""Where a call script began to fail, as JSON."""

from __future__ import annotations

import json

from agentops.apply.rollback import commit_in
from agentops.compare.bisect_result import BisectResult
from agentops.compare.bisection import Boundary, NotFound
from agentops.document import Revision
from agentops.plan.agent_diff import AgentDiff
from agentops.plan.plan_json import field_data


def bisected_json(found: BisectResult, diff: AgentDiff | None) -> str:
    """What is not known is null."""
    end = found.end
    data = {
        "format_version": 1,
        "key": found.key,
        "script": found.script,
        "good": _revision(found.revisions[end.good]) if isinstance(end, Boundary) else None,
        "bad": _revision(found.revisions[end.bad]) if isinstance(end, Boundary) else None,
        "why": end.why.value if isinstance(end, NotFound) else None,
        "changed": [field_data(field) for field in diff.fields] if diff is not None else None,
        "calls": [
            {
                **_revision(each.revision),
                "passed": each.tally.passed,
                "failed": each.tally.failed,
                "inconclusive": each.tally.inconclusive,
                "reports": [str(page) for page in each.pages],
            }
            for each in found.called
        ],
        "exit_code": int(found.exit_code),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _revision(revision: Revision) -> dict[str, object]:
    return {
        "revision_id": revision.revision_id,
        "number": revision.number,
        "commit": commit_in(revision.label),
        "published_at": revision.published_at,
        "published_by": revision.published_by,
    }
