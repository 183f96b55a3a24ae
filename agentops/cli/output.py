"""Turns results into what the chosen format prints; knows the terminal's width and whether it may have colour."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from agentops import workflow
from agentops.apply.journal import event_data
from agentops.apply.model import ApplyResult, Event, EventSink, Warned
from agentops.cli.options import ProgressFormat, ReportFormat, TextOrJson
from agentops.cli.session import talk
from agentops.clock import SystemClock
from agentops.files import make_folder, write_file
from agentops.plan.plan_json import to_json
from agentops.render.apply.json import result_json
from agentops.render.apply.text import apply_text, event_text
from agentops.render.plan.html import UNKNOWN, Made, plan_html
from agentops.render.plan.markdown import plan_markdown
from agentops.render.plan.text import plan_text
from agentops.render.style import Style
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.plan.model import Plan
    from agentops.workflow.applying import CallHooks


def stdout_style() -> Style:
    return _style(sys.stdout)


def stderr_style() -> Style:
    return _style(sys.stderr)


def _style(stream: TextIO) -> Style:
    if not stream.isatty():
        return Style()
    columns = shutil.get_terminal_size().columns
    project = getattr(stream, "project", None)
    return Style(width=columns, is_colored=read_settings().wants_color, project=project)


def plan_output(
    plan: Plan,
    output_format: ReportFormat,
    style: Style | None = None,
    made: Made = UNKNOWN,
    *,
    is_verbose: bool = False,
) -> str:
    """The plan in one of its formats; as text, new agents with all of their fields where it `is_verbose`. `made`: how
    it came about, which the page says."""
    match output_format:
        case ReportFormat.TEXT:
            return plan_text(plan, style or stdout_style(), is_verbose=is_verbose)
        case ReportFormat.MARKDOWN:
            return plan_markdown(plan)
        case ReportFormat.JSON:
            return to_json(plan)
        case ReportFormat.HTML:
            return plan_html(plan, made)


def result_output(result: ApplyResult, output_format: TextOrJson, again: str = "") -> str:
    """The result of an apply in one of its formats. `again`: what goes on with it once it was interrupted, when that is
    not the apply of its environment."""
    return result_json(result) if output_format is TextOrJson.JSON else apply_text(result, stdout_style(), again)


@contextmanager
def watching(progress: ProgressFormat = ProgressFormat.TEXT) -> Iterator[EventSink]:
    """The sink for what an apply is doing: a live view at a terminal, lines in a log, or JSON Lines for a program."""
    if progress is ProgressFormat.JSON:
        yield lambda event: talk(json.dumps(event_data(event), ensure_ascii=False))
    elif progress is ProgressFormat.LINES or not (sys.stderr.isatty() and read_settings().can_redraw):
        yield tell_event
    else:
        # Start-up time: only the live view needs the terminal library.
        from agentops.cli.live import LiveView, terminal

        with LiveView(terminal(is_colored=read_settings().wants_color)) as view:
            yield view.show


def tell_event(event: Event) -> None:
    """Says what an apply is doing, one line at a time."""
    if (line := event_text(event, stderr_style())) is not None:
        talk(line)


def tell_warning(event: Event) -> None:
    """Says only what went wrong: for a run that serves another purpose, such as putting up a copy."""
    if isinstance(event, Warned):
        tell_event(event)


def made_now(start: Path, command: str = "") -> Made:
    """A plan that is made now, of the commit that is checked out around `start`."""
    git = workflow.git.read_git_facts(start)
    commit = f"{git.short_sha} {git.subject}" if git else ""
    if git and git.is_dirty:
        commit += " (and changes that are not committed)"
    return Made(f"{SystemClock().now():%Y-%m-%d %H:%M} UTC", commit, command)


def call_hooks(start: Path, *, tells_lines: bool = True) -> CallHooks:
    """Pages in the run's folder, progress on stderr; `tells_lines`: also what is said while calls go on.

    start: a folder of the project, whose commit the pages name
    """
    # Start-up time: this loads everything that places calls, which `plan` and the help of `apply` don't need.
    from agentops.cli.call_pages import tell_ends, tell_progress, write_pages

    def write_plan(plan: Plan, folder: Path) -> Path:
        make_folder(folder)
        page = folder / "plan.html"
        write_file(page, plan_html(plan, made_now(start)), is_private=True)
        return page

    return workflow.applying.CallHooks(write_pages, tell_progress if tells_lines else tell_ends, write_plan)
