"""Two sides of agents compared, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agentops.plan.agent_diff import AgentDiff
from agentops.plan.model import FORMAT_VERSION
from agentops.plan.serial import field_data
from agentops.render.plan_text import field_lines
from agentops.render.style import PLAIN, Style
from agentops.render.values import plural


def contrast_text(contrasts: Sequence[AgentDiff], style: Style = PLAIN) -> str:
    """Every agent with what differs between its two sides; `-` is the first side, `+` the second."""
    lines: list[str] = []
    for each in contrasts:
        lines.append(style.paint(f"{each.key}  {each.before} -> {each.after}", "strong"))
        if each.note:
            lines += style.wrap(each.note, "    ", "    ")
        elif not each.fields:
            lines.append("    no difference")
        for field in each.fields:
            lines += field_lines(field, style)
        lines.append("")
    different = sum(bool(each.fields) for each in contrasts)
    lines.append(f"{plural(len(contrasts), 'agent')} compared, {different or 'none'} different.")
    return "\n".join(lines) + "\n"


def contrast_json(contrasts: Sequence[AgentDiff]) -> str:
    data = {
        "format_version": FORMAT_VERSION,
        "agents": [
            {
                "key": each.key,
                "name": each.name,
                "before": each.before,
                "after": each.after,
                "fields": [field_data(field) for field in each.fields],
                "note": each.note or None,
            }
            for each in contrasts
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
