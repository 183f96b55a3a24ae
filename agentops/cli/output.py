"""Turns results into what the chosen format prints; knows the terminal's width and whether it may have colour."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from agentops.cli.options import PlanFormat, TextOrJson
from agentops.render.style import Style
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.apply.model import ApplyResult
    from agentops.plan.model import Plan


def today() -> str:
    """Today in UTC as an ISO date, for rules that expire."""
    return datetime.now(UTC).date().isoformat()


def stdout_style() -> Style:
    return _style(sys.stdout)


def stderr_style() -> Style:
    return _style(sys.stderr)


def _style(stream: TextIO) -> Style:
    if not stream.isatty():
        return Style()
    return Style(width=shutil.get_terminal_size().columns, is_colored=read_settings().wants_color)


def plan_output(plan: Plan, output_format: PlanFormat, style: Style | None = None) -> str:
    """The plan in one of its formats."""
    match output_format:
        case PlanFormat.TEXT:
            from agentops.render.plan.text import plan_text

            return plan_text(plan, style or stdout_style())
        case PlanFormat.MARKDOWN:
            from agentops.render.plan.markdown import plan_markdown

            return plan_markdown(plan)
        case PlanFormat.JSON:
            from agentops.plan.serial import to_json

            return to_json(plan)
        case PlanFormat.HTML:
            from agentops.render.plan.html import plan_html

            return plan_html(plan)


def result_output(result: ApplyResult, output_format: TextOrJson) -> str:
    """The result of an apply in one of its formats."""
    if output_format is TextOrJson.JSON:
        from agentops.render.apply.json import result_json

        return result_json(result)
    from agentops.render.apply.text import apply_text

    return apply_text(result, stdout_style())
