"""Writes the pages of a run of calls beside the calls' own folders, and says what happens while it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agentops.calls.call_files import read_run, run_json
from agentops.calls.report import CallReport, RunReport, ScriptReport, Verdict
from agentops.calls.schedule import CallEnded, CallEvent, CallStarted, Overheard
from agentops.cli.options import TextOrJson
from agentops.cli.session import talk
from agentops.errors import ExitCode, UsageError
from agentops.files import make_folder, write_file
from agentops.render.calls.html import previous_key, run_html
from agentops.render.calls.junit import junit_xml
from agentops.render.calls.markdown import run_markdown
from agentops.render.calls.text import call_line, run_text
from agentops.render.style import PLAIN, Style
from agentops.render.visible import on_one_line

_LOOK_BACK = 20  # how many earlier runs are searched for a call to compare with


def write_pages(run: RunReport, folder: Path) -> Path:
    """`report.json`, `junit.xml`, `summary.md` and `report.html` for the run, and a page in each call's own folder.

    Returns the page to open. Compares with the run that was in `folder` before, else with the newest beside it.
    """
    make_folder(folder)
    previous = _previous_calls(folder, run)
    sounds = _sounds(run, folder)
    for call in run.calls:
        if call.folder is not None:
            script = ScriptReport(call.script, call.name, call.agent, 1.0, (call,))
            alone = replace(run, scripts=(script,), plan=f"../{run.plan}" if run.plan else "")
            write_file(folder / call.folder / "report.html", run_html(alone, sounds, previous), is_private=True)
    for name, text in (
        ("report.json", run_json(run)),
        ("junit.xml", junit_xml(run)),
        ("summary.md", run_markdown(run)),
    ):
        write_file(folder / name, text, is_private=True)
    page = folder / "report.html"
    write_file(page, run_html(run, sounds, previous), is_private=True)
    return page


def _sounds(run: RunReport, folder: Path) -> dict[str, bytes]:
    """What a page needs to be listened to, by the folder of the call."""
    recorded = [call for call in run.calls if call.folder is not None and call.recording is not None]
    if not recorded:
        return {}
    # Sound needs the speech extra; calls in text leave none.
    from agentops.calls.audio import listening_copy

    paths = {str(call.folder): folder / str(call.folder) / str(call.recording) for call in recorded}
    return {name: listening_copy(path.read_bytes()) for name, path in paths.items() if path.exists()}


def _previous_calls(folder: Path, run: RunReport) -> dict[str, CallReport]:
    """The last earlier call of each script, by `previous_key`."""
    beside = sorted(folder.resolve().parent.glob("*/report.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    found: dict[str, CallReport] = {}
    for path in (folder / "report.json", *beside[:_LOOK_BACK]):
        if not path.exists():
            continue
        try:
            earlier = read_run(path)
        except UsageError:
            continue  # not one of ours, or of another release
        if earlier.started_at < run.started_at:
            for call in earlier.calls:
                found.setdefault(previous_key(call), call)
    return found


def tell_ends(event: CallEvent) -> None:
    """As `tell_progress`, but without what is said in the calls."""
    if not isinstance(event, Overheard):
        tell_progress(event)


def tell_progress(event: CallEvent, style: Style = PLAIN) -> None:
    """One line on stderr when a call starts, for each thing that is said, and when it has ended."""
    match event:
        case Overheard(agent, role, text, at_ms):
            at = f"{int(at_ms // 60_000)}:{int(at_ms // 1000) % 60:02}"
            talk(on_one_line(f"  {agent}  {at}  {role.value}: {text}"))
        case CallStarted(title, agent, attempt, times):
            again = f" ({attempt} of {times})" if times > 1 else ""
            talk(f"calling {agent}: {title}{again} ...")
        case CallEnded(report, done, total):
            talk(f"[{done}/{total}] {call_line(report, style)}")


def run_output(run: RunReport, output_format: TextOrJson) -> str:
    """The result of a run of calls in one of its formats."""
    return run_json(run) if output_format is TextOrJson.JSON else run_text(run)


def exit_code_of(run: RunReport) -> ExitCode:
    return ExitCode.DONE if run.verdict is Verdict.PASSED else ExitCode.CALLS_FAILED
