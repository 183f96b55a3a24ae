"""Writes the pages of a run of calls beside the calls' own folders, and says what happens while it runs."""

from __future__ import annotations

from pathlib import Path

from agentops import calls
from agentops.cli.session import talk
from agentops.render.calls_markdown import run_markdown
from agentops.render.calls_text import call_line
from agentops.render.junit import junit_xml
from agentops.render.style import PLAIN, Style


def write_pages(run: calls.RunReport, folder: Path) -> Path:
    """`report.json`, `junit.xml` and `summary.md`; returns the folder's page to open."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(calls.run_json(run), "utf-8")
    (folder / "junit.xml").write_text(junit_xml(run), "utf-8")
    (folder / "summary.md").write_text(run_markdown(run), "utf-8")
    return folder / "summary.md"


def tell_progress(event: calls.CallStarted | calls.CallEnded, style: Style = PLAIN) -> None:
    """One line on stderr when a call starts and when it has ended."""
    match event:
        case calls.CallStarted(title, agent, attempt, times):
            again = f" ({attempt} of {times})" if times > 1 else ""
            talk(f"calling {agent}: {title}{again} ...")
        case calls.CallEnded(report, done, total):
            talk(f"[{done}/{total}] {call_line(report, style)}")
