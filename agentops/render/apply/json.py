"""The result of an apply as JSON: the same fields as the journal's last line, with counts and the exit code."""

from __future__ import annotations

import json

from agentops.apply.journal import event_data
from agentops.apply.model import ApplyResult, RunFinished

FORMAT_VERSION = 1


def result_json(result: ApplyResult) -> str:
    """One object: `format_version`, `exit_code`, `counts`, and everything `ApplyResult` holds."""
    counts = {outcome.value: count for outcome, count in result.counts.items()}
    data = {"format_version": FORMAT_VERSION, "exit_code": int(result.exit_code), "counts": counts}
    return json.dumps({**data, **event_data(RunFinished(result))["result"]}, ensure_ascii=False, indent=2) + "\n"
