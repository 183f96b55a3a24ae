"""Calls of an earlier run: judged again by the present scripts, repeated word for word, or used as a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agentops.calls.baseline import Baseline, baseline_of
from agentops.calls.call_files import keep_in, read_run
from agentops.calls.recorded_call import RecordedCall, read_events, simulated_lines
from agentops.calls.report import RunReport, ScriptReport
from agentops.calls.run import PreparedScript
from agentops.errors import UsageError
from agentops.workflow.call_wiring import open_wiring
from agentops.workflow.deployment import Deployment
from agentops.workflow.scripts import LoadedScript


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run's report, and the file that it was read from. The folders of its calls are beside that file."""

    report: RunReport
    file: Path


def read_earlier(file: Path) -> EarlierRun:
    """The run whose report.json is `file`. Raises UsageError."""
    return EarlierRun(read_run(file), file)


async def judge_again(
    deployment: Deployment, scripts: Sequence[LoadedScript], earlier: EarlierRun, output: Path, baseline: Baseline
) -> RunReport:
    """The run `earlier` with its calls judged by `scripts`. Files are written to `output`.

    Raises UsageError if none of the scripts was called in that run.
    """
    run, source = earlier.report, earlier.file.parent
    made: list[ScriptReport] = []
    async with open_wiring(deployment, [item.script for item in scripts], baseline) as wiring:
        for item in scripts:
            prepared = PreparedScript(item.script, item.file, places=item.places)
            calls = [call for call in run.calls if (call.agent, call.script) == (item.script.agent, item.file)]
            if not calls:
                continue
            reports = []
            for call in calls:
                folder = source / (call.folder or "")
                events = read_events(folder / "events.jsonl") if call.ending.by is not None else []
                result = await RecordedCall(call, events, folder).judge(prepared, wiring)
                reports.append(keep_in(output)(result))
            script = item.script
            made.append(ScriptReport(item.file, script.name, script.agent, script.repeat.pass_rate, tuple(reports)))
    if not made:
        called = ", ".join(sorted({call.script for call in run.calls})) or "none"
        raise UsageError(f"none of these scripts was called in {source}", hint=f"called there: {called}")
    return replace(run, scripts=tuple(made))


def lines_in(earlier: EarlierRun, scripts: Sequence[LoadedScript]) -> dict[str, tuple[str, ...]]:
    """The lines of the simulated callers in that run, by script. Raises UsageError if there are none."""
    run = earlier.report
    found = {}
    for item in scripts:
        call = next((c for c in run.calls if (c.agent, c.script) == (item.script.agent, item.file)), None)
        if call is not None and item.script.caller.goal is not None and (lines := simulated_lines(call)):
            found[item.file] = lines
    if not found:
        raise UsageError(
            f"no simulated caller of these scripts spoke in {earlier.file}",
            hint="replay takes the report.json of a run whose scripts have a caller with a goal",
        )
    return found


def baseline_in(earlier: EarlierRun, scripts: Sequence[LoadedScript]) -> Baseline:
    """The measures of `scripts` in that run. Raises UsageError if it has none of them."""
    baseline = baseline_of(earlier.report)
    if not any(baseline.of(item.script.agent, item.file) for item in scripts):
        known = ", ".join(sorted({script for _, script in baseline.measures})) or "none"
        raise UsageError(f"{earlier.file} has no calls of these scripts to compare with", hint=f"it has: {known}")
    return baseline
