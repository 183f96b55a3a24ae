"""The files of a call and of a run: `recording.wav`, `events.jsonl` and `report.json`, and reading reports back.

Pages for people (HTML, JUnit, Markdown) are made by `render` from the same values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from agentops.calls.protocol import AgentAudio, Event
from agentops.calls.report import REPORT_FORMAT, CallReport, RunReport, ScriptReport
from agentops.calls.run import TRACEBACK_FILE, CallResult
from agentops.errors import UsageError
from agentops.files import copy_folder, make_folder, read_text, write_file
from agentops.json_text import read_json

_RUN = TypeAdapter(RunReport)
_CALL = TypeAdapter(CallReport)
_NAME_A_REPORT = "name the report.json that `agentops smoke` left in its folder, such as .agentops/calls/*/report.json"
_MAKE_A_REPORT = "`agentops smoke --output DIR` writes one: DIR/report.json"


def keep_in(root: Path) -> Callable[[CallResult], CallReport]:
    """A `schedule.RunOptions.keep` that saves every call under `root`."""
    return lambda result: save_call(result, root)


def save_call(result: CallResult, root: Path) -> CallReport:
    """Writes the call's folder under `root` and returns its report, which then names the files. Raises LocalError."""
    report = result.report
    folder = root / call_folder(report)
    make_folder(folder)
    if result.recording is not None:
        write_file(folder / "recording.wav", result.recording.wav, is_private=True)
    write_file(folder / "events.jsonl", "".join(_event_lines(result.events)), is_private=True)
    if result.traceback:
        write_file(folder / TRACEBACK_FILE, result.traceback, is_private=True)
    recording = "recording.wav" if result.recording is not None else None
    report = replace(report, folder=folder.relative_to(root).as_posix(), recording=recording)
    write_file(folder / "report.json", call_json(report), is_private=True)
    return report


def call_folder(report: CallReport) -> str:
    """The name of a call's folder: `support-hours`, and `support-hours-2` for its second attempt.

    It is made of the script's path, so that two scripts of one name don't share a folder.
    """
    stem = Path(report.script).with_suffix("").as_posix().removeprefix("agents/").removeprefix("calls/")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.") or "call"
    return name if report.attempt == 1 else f"{name}-{report.attempt}"


def _event_lines(events: Iterable[Event]) -> Iterable[str]:
    """One JSON object a line, without the sound: that is in the recording."""
    for event in events:
        if isinstance(event, AgentAudio):
            data: dict[str, Any] = {"at_ms": event.at_ms, "bytes": len(event.pcm)}
        else:
            data = asdict(event)
        data["at_ms"] = round(data["at_ms"], 1)
        yield json.dumps({"event": type(event).__name__, **data}, ensure_ascii=False) + "\n"


def call_json(report: CallReport) -> str:
    return json.dumps(_CALL.dump_python(report, mode="json"), ensure_ascii=False, indent=1) + "\n"


def run_json(report: RunReport) -> str:
    return json.dumps(_RUN.dump_python(report, mode="json"), ensure_ascii=False, indent=1) + "\n"


def run_schema() -> dict[str, Any]:
    """The JSON Schema of a run's report."""
    schema = _RUN.json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "agentops call report", **schema}


def read_run(path: Path) -> RunReport:
    """A run's report from its JSON file. Raises `UsageError`."""
    text = read_text(path, hint=_NAME_A_REPORT)
    try:
        data = read_json(text)
        version = data.get("format_version") if isinstance(data, dict) else None
        if version != REPORT_FORMAT:
            found = "no format" if version is None else f"format {version!r}"
            raise UsageError(
                f"{path} is not a call report of format {REPORT_FORMAT}: it has {found}", hint=_NAME_A_REPORT
            )
        return _RUN.validate_python(data)
    except (ValueError, RecursionError):  # pydantic's ValidationError is a ValueError
        raise UsageError(f"{path} is not a call report", hint=_NAME_A_REPORT) from None


def merge_folders(reports: Sequence[Path], output: Path) -> RunReport:
    """Shards as one run under `output`, with the calls' own folders copied there. Raises `UsageError`."""
    runs = []
    for number, path in enumerate(reports, 1):
        run = read_run(path)
        # Two shards may have called the same script, so that their folders have the same name.
        copies = {call.folder: f"{number}-{call.folder}" for call in run.calls if call.folder}
        for name, copy in copies.items():
            if (path.parent / name).is_dir():
                copy_folder(path.parent / name, output / copy)
        scripts = []
        for script in run.scripts:
            calls = (replace(call, folder=copies.get(call.folder or "", call.folder)) for call in script.calls)
            scripts.append(replace(script, calls=tuple(calls)))
        runs.append(replace(run, scripts=tuple(scripts)))
    return merge_runs(runs)


def merge_runs(runs: Iterable[RunReport]) -> RunReport:
    """Shards as one run: scripts by file, the calls of the same script together. Raises `UsageError` on no runs."""
    runs = list(runs)
    if not runs:
        raise UsageError("there are no reports to merge", hint=_MAKE_A_REPORT)
    merged: dict[tuple[str, str], ScriptReport] = {}
    for script in (script for run in runs for script in run.scripts):
        known = merged.get((script.script, script.agent))
        merged[script.script, script.agent] = replace(known, calls=known.calls + script.calls) if known else script
    environments = sorted({run.environment for run in runs if run.environment})
    return RunReport(
        environment=", ".join(environments),
        scripts=tuple(merged[key] for key in sorted(merged)),
        started_at=min(run.started_at for run in runs),
        duration_ms=max(run.duration_ms for run in runs),  # shards run beside each other
    )
