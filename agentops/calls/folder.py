"""The files of a call and of a run: `recording.wav`, `events.jsonl` and `report.json`, and reading reports back.

Pages for people (HTML, JUnit, Markdown) are made by `render` from the same values.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agentops.calls.model import REPORT_FORMAT, CallReport, RunReport, ScriptReport
from agentops.calls.protocol import AgentAudio, Event
from agentops.calls.run import CallResult
from agentops.errors import UsageError

_RUN = TypeAdapter(RunReport)
_CALL = TypeAdapter(CallReport)


def keep_in(root: Path) -> Callable[[CallResult], CallReport]:
    """What `schedule.RunOptions.keep` takes to save every call under `root`."""
    return lambda result: save_call(result, root)


def save_call(result: CallResult, root: Path) -> CallReport:
    """Writes the call's folder under `root` and returns its report with the names of what was written."""
    report = result.report
    folder = root / call_folder(report)
    folder.mkdir(parents=True, exist_ok=True)
    if result.recording is not None:
        (folder / "recording.wav").write_bytes(result.recording.wav)
    (folder / "events.jsonl").write_text("".join(_event_lines(result.events)), "utf-8")
    recording = "recording.wav" if result.recording is not None else None
    report = replace(report, folder=folder.relative_to(root).as_posix(), recording=recording)
    (folder / "report.json").write_text(call_json(report), "utf-8")
    return report


def call_folder(report: CallReport) -> str:
    """`support-hours`, and `support-hours-2` for a repeat; the script's path keeps two of a name apart."""
    stem = Path(report.script).with_suffix("").as_posix().removeprefix("agents/").removeprefix("calls/")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.") or "call"
    return name if report.attempt == 1 else f"{name}-{report.attempt}"


def _event_lines(events: Iterable[Event]) -> Iterable[str]:
    """One JSON object a line. Sound is in the recording: here it is only counted."""
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


_WRITES_ONE = "`agentops smoke --output DIR` writes one: DIR/report.json"


def run_schema() -> dict[str, Any]:
    """The JSON Schema of a run's report."""
    schema = _RUN.json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "agentops call report", **schema}


def read_run(path: Path) -> RunReport:
    """A run's report from its JSON file. Raises `UsageError`."""
    try:
        data = json.loads(path.read_text("utf-8"))
        version = data.get("format_version") if isinstance(data, dict) else None
        if version != REPORT_FORMAT:
            summary = f"{path} is not a call report of format {REPORT_FORMAT} (it says {version!r})"
            raise UsageError(summary, hint=_WRITES_ONE)
        return _RUN.validate_python(data)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", hint=_WRITES_ONE) from None
    except (ValueError, ValidationError):
        raise UsageError(f"{path} is not a call report", hint=_WRITES_ONE) from None


def merge_folders(reports: Sequence[Path], output: Path) -> RunReport:
    """Shards as one run under `output`, with the calls' own folders copied there. Raises `UsageError`."""
    runs = []
    for number, path in enumerate(reports, 1):
        run = read_run(path)
        calls = {call.folder: f"{number}-{call.folder}" for call in run.calls if call.folder}
        for name, copy in calls.items():
            if (path.parent / name).is_dir():
                shutil.copytree(path.parent / name, output / copy, dirs_exist_ok=True)
        runs.append(_renamed(run, calls))
    return merge_runs(runs)


def _renamed(run: RunReport, folders: Mapping[str, str]) -> RunReport:
    def rename(call: CallReport) -> CallReport:
        return replace(call, folder=folders.get(call.folder or "", call.folder))

    return replace(run, scripts=tuple(replace(s, calls=tuple(map(rename, s.calls))) for s in run.scripts))


def merge_runs(runs: Iterable[RunReport]) -> RunReport:
    """Shards as one run: scripts by file, the calls of the same script together. Raises `UsageError` on no runs."""
    runs = list(runs)
    if not runs:
        raise UsageError("there are no reports to merge", hint=_WRITES_ONE)
    merged: dict[tuple[str, str], ScriptReport] = {}
    for script in (script for run in runs for script in run.scripts):
        known = merged.get((script.script, script.agent))
        merged[script.script, script.agent] = replace(known, calls=known.calls + script.calls) if known else script
    environments = sorted({run.environment for run in runs if run.environment})
    return RunReport(
        environment=", ".join(environments),
        scripts=tuple(merged[key] for key in sorted(merged)),
        started_at=min(run.started_at for run in runs),
        duration_ms=max(run.duration_ms for run in runs),
    )
