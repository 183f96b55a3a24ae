"""Two sides of agents compared, for people."""

from __future__ import annotations

from collections.abc import Sequence

from agentops.plan.agent_diff import AgentDiff
from agentops.render.plan.parts import joined
from agentops.render.plan.text_fields import field_lines
from agentops.render.style import PLAIN, Style, plural
from agentops.render.visible import all_visible


def diff_text(contrasts: Sequence[AgentDiff], style: Style = PLAIN) -> str:
    """Every agent with what differs between its two sides; `-` is the first side, `+` the second."""
    lines: list[str] = []
    for each in map(all_visible, contrasts):
        lines.append(style.paint(f"{each.key}  {each.before} -> {each.after}", "strong"))
        if each.note:
            lines += style.wrap(each.note, "    ", "    ")
        elif not each.fields:
            lines.append("    no difference")
        for field in joined(each.fields):
            lines += field_lines(field, style)
        lines.append("")
    different = sum(bool(each.fields) for each in contrasts)
    lines.append(f"{plural(len(contrasts), 'agent')} compared, {different or 'none'} different.")
    return "\n".join(lines) + "\n"
