"""What would be called, and about how long it takes, before anybody is."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agentops.calls.report import Usage
from agentops.calls.script import Script
from agentops.calls.selection import estimate_s
from agentops.render.style import plural


def estimate_json(scripts: Sequence[tuple[str, Script]], judge: Usage) -> str:
    """`scripts` are files with what they hold, `judge` the most that all of them may use of it."""
    rows = [
        {
            "agent": script.agent,
            "script": file,
            "name": script.name,
            "mode": script.mode.value,
            "times": script.repeat.times,
            "minutes": round(estimate_s(script) / 60, 2),
        }
        for file, script in scripts
    ]
    used = {"requests": judge.requests, "tokens": judge.tokens}
    data = {"scripts": rows, "minutes": round(_minutes(scripts), 2), "judge": used}
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def estimate_text(scripts: Sequence[tuple[str, Script]], judge: Usage) -> str:
    """A line for each script, and all of them together."""
    lines = []
    for file, script in scripts:
        times = f" x{script.repeat.times}" if script.repeat.times > 1 else ""
        lines.append(f"{script.agent}: {script.name or file}{times}  ({script.mode}, about {estimate_s(script):.0f} s)")
    judged = (
        f", at most {judge.requests} requests to the judge (about {judge.tokens:,} tokens)" if judge.requests else ""
    )
    took = f"about {_minutes(scripts):.1f} minutes of calls{judged}"
    return "\n".join([*lines, f"{plural(len(scripts), 'script')}, {took}. Nothing was called."]) + "\n"


def _minutes(scripts: Sequence[tuple[str, Script]]) -> float:
    return sum(estimate_s(script) for _, script in scripts) / 60
