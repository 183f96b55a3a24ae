"""Hands a command's result over inside the job: files for the artefact, step outputs, the summary, annotations.

Nothing here talks to GitHub's servers; that is `publishing`. The workflow commands are returned, to be printed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentops.apply.model import ApplyResult, Outcome
from agentops.calls.report import RunReport, Verdict
from agentops.ci.annotations import annotation_commands, message_command
from agentops.ci.approval import Approval
from agentops.ci.comment import fit
from agentops.ci.files import write_outputs, write_summary
from agentops.ci.job import Job
from agentops.ci.model import Pull
from agentops.ci.revert import Restore, write_restores
from agentops.compare.watch_result import WatchResult
from agentops.diagnostics import Diagnostic, has_errors
from agentops.errors import AgentopsError, ExitCode
from agentops.files import copy_folder, write_file
from agentops.plan.model import Plan
from agentops.plan.plan_json import to_json
from agentops.render.apply.json import result_json
from agentops.render.calls.markdown import run_markdown
from agentops.render.ci.markdown import (
    apply_page,
    checked_page,
    drift_page,
    drifted_agents,
    drifted_resources,
    failure_page,
    plan_page,
    preview_page,
    rollback_page,
)
from agentops.render.markdown import inline
from agentops.render.plan.html import Made, plan_html
from agentops.render.plan.values import apply_command
from agentops.render.watch.json import watched_json
from agentops.render.watch.markdown import watched_markdown
from agentops.render.watch.text import watch_title

_FILES_NAMED = 20


@dataclass(frozen=True, slots=True)
class JobReport:
    """How the command ends: the exit code, the commands that are printed for the runner, and the page for people."""

    exit_code: ExitCode
    commands: tuple[str, ...] = ()
    page: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """Problems in the project's files. `folder`: the project's in the repository; `changed`: files of the change."""

    diagnostics: tuple[Diagnostic, ...] = ()
    folder: str = ""
    changed: Collection[str] = ()

    @property
    def commands(self) -> tuple[str, ...]:
        return tuple(annotation_commands(self.diagnostics, folder=self.folder, changed=self.changed))


def report_plan(
    job: Job, plan: Plan, findings: Findings, *, is_protected: bool, destinations: Sequence[str] = (), at: str = ""
) -> JobReport:
    """Reports a plan. `destinations`: of keys, which the change moves; `at`: when it was made. The exit code is that of
    an apply of the plan, or a failure if lint finds an error."""
    file = job.output / f"plan-{plan.environment}.json"
    write_file(file, to_json(plan))
    made = Made(at, job.commit[:10], apply_command(plan))
    write_file(file.with_suffix(".html"), plan_html(plan, made))
    only_here = tuple(d for d in findings.diagnostics if d not in plan.diagnostics)
    page = plan_page(plan, job.origin, is_protected=is_protected, diagnostics=only_here, destinations=destinations)
    write_file(file.with_suffix(".md"), page)
    page += (
        f"\n<sub>For people who never saw a terminal: `{file.stem}.html` in {_artefact(job, plan.environment)}.</sub>\n"
    )
    code = plan.blocked_code or (ExitCode.FAILED if has_errors(findings.diagnostics) else ExitCode.DONE)
    values = {"changes": _word(not plan.is_empty), "digest": plan.digest, "plan-file": str(file)}
    _hand_over(job, plan.environment, code, values, page)
    refused = [message_command("error", r.code, f"{r.summary}\nnext: {r.hint}") for r in plan.refusals]
    return JobReport(code, (*findings.commands, *refused), page)


def report_checked(job: Job, environment: str, findings: Findings) -> JobReport:
    """Reports a pull request without secrets, for which only its files can be checked."""
    code = ExitCode.FAILED if has_errors(findings.diagnostics) else ExitCode.DONE
    page = checked_page(environment, findings.diagnostics, job.origin)
    _hand_over(job, environment, code, {}, page)
    why = message_command("notice", "agentops", "checked, not planned: no secrets are given to this pull request")
    return JobReport(code, (*findings.commands, why), page)


def report_apply(
    job: Job, result: ApplyResult, approval: Approval | None, reports: Path, restores: Sequence[Restore] = ()
) -> JobReport:
    """Reports an apply. `reports`: the folder of the run, with the pages of its calls; `restores`: what git has to set
    back."""
    approved = f"[#{approval.pull.number}]({approval.comment_url})" if approval else ""
    write_file(job.output / f"apply-{result.environment}.json", result_json(result))
    if reports.is_dir():
        copy_folder(reports, job.output / "run")
    page = apply_page(result, job.origin, approved_by=approved) + _call_tables(job.output / "run")
    page += _kept(job, result.environment)
    restored = any(agent.outcome is Outcome.ROLLED_BACK for agent in result.agents)
    values = {
        "changes": _word(any(agent.outcome is Outcome.APPLIED for agent in result.agents)),
        "digest": result.digest,
        "rolled-back": _word(restored),
        "restore": write_restores(restores),
        "report": _front_page(job.output / "run"),
    }
    _hand_over(job, result.environment, result.exit_code, values, page)
    commands = []
    if restored:
        keys = ", ".join(agent.key for agent in result.agents if agent.outcome is Outcome.ROLLED_BACK)
        text = f"{keys}: what served before serves again; revert the commit or fix it"
        commands.append(message_command("error", "rolled back", text))
    return JobReport(result.exit_code, tuple(commands), page)


def report_rollback(
    job: Job, result: ApplyResult, commits: Mapping[str, str], restores: Sequence[Restore] = ()
) -> JobReport:
    """Reports a rollback. `commits`: agent key -> the commit that deployed what was rolled back."""
    page = rollback_page(result, job.origin, commits)
    changes = any(agent.outcome is Outcome.APPLIED for agent in result.agents)
    values = {"changes": _word(changes), "rolled-back": _word(changes), "restore": write_restores(restores)}
    _hand_over(job, result.environment, result.exit_code, values, page)
    return JobReport(result.exit_code, (), page)


def _call_tables(run: Path) -> str:
    """The summaries that the calls of each agent wrote beside their pages."""
    return "".join("\n" + path.read_text("utf-8") for path in sorted(run.glob("*/summary.md")))


def _artefact(job: Job, environment: str) -> str:
    """The artefact of this job, with a link to the run's list of artefacts: it has no address of its own yet."""
    return f"[`{job.artifact_name(environment)}`]({job.run.url}#artifacts)"


def _kept(job: Job, environment: str) -> str:
    """The list of the calls' pages and recordings in the artefact; "" if nobody was called."""
    pages = sorted(job.output.rglob("report.html"))
    recordings = sorted(job.output.rglob("*.wav"))
    files = [path.relative_to(job.output).as_posix() for path in (*pages, *recordings)]
    if not files:
        return ""
    lines = [f"- `{file}`" for file in files[:_FILES_NAMED]]
    more = [f"- and {len(files) - _FILES_NAMED} more"] if len(files) > _FILES_NAMED else []
    intro = f"To see and hear the calls, open {_artefact(job, environment)}; every page plays its recording:"
    return "\n".join(["", intro, "", *lines, *more, ""])


def _front_page(run: Path) -> str:
    """The call report to open first: the one nearest to the top of the folder."""
    pages = sorted(run.rglob("report.html"), key=lambda path: (len(path.parts), path))
    return str(pages[0]) if pages else ""


def report_nothing(job: Job, plan: Plan) -> JobReport:
    """Reports an apply that had nothing to do."""
    return _nothing_done(job, plan, "apply to", f"The specs of {job.origin} serve already.")


def report_nothing_to_restore(job: Job, plan: Plan) -> JobReport:
    """Reports a rollback to what serves already."""
    return _nothing_done(job, plan, "rollback in", "What it would go back to serves already.")


def _nothing_done(job: Job, plan: Plan, what: str, why: str) -> JobReport:
    page = f"### agentops {what} `{plan.environment}`: nothing to do\n\n{why}\n"
    _hand_over(job, plan.environment, ExitCode.DONE, {"changes": "false", "digest": plan.digest}, page)
    return JobReport(ExitCode.DONE, (), page)


def report_preview(job: Job, result: ApplyResult, name: str) -> JobReport:
    """Reports copies that were put up and called, or archived."""
    page = preview_page(result, name, job.origin) + _call_tables(job.output / "run") + _kept(job, result.environment)
    values = {"changes": _word(bool(result.agents)), "report": _front_page(job.output / "run")}
    _hand_over(job, result.environment, result.exit_code, values, page)
    return JobReport(result.exit_code, (), page)


def report_superseded(job: Job, environment: str, head: str) -> JobReport:
    """Reports a push that is not the newest any more: the newest has a job of its own."""
    newest = f"[`{head[:10]}`]({job.run.commit_url(head)})"
    page = f"### agentops apply to `{environment}`: left to a newer commit\n\n{newest} came after {job.origin}.\n"
    return report_page(job, environment, page, {"changes": "false"})


def report_drift(job: Job, plan: Plan, step: str) -> JobReport:
    """Reports drift, or that there is none. `step`: what became of its issue, which is the alarm: the job succeeds."""
    found = [*(change.key for change in drifted_agents(plan)), *(change.key for change in drifted_resources(plan))]
    page = f"### agentops drift in `{plan.environment}`\n\n{step}\n" + (f"\n{drift_page(plan)}" if found else "")
    _hand_over(job, plan.environment, ExitCode.DONE, {"changes": _word(bool(found))}, page)
    keys = ", ".join(found)
    commands = [message_command("warning", "drift", f"changed outside git: {keys}")] if found else []
    return JobReport(ExitCode.DONE, tuple(commands), page)


def report_pull(job: Job, environment: str, proposed: Pull | None, left: Sequence[str]) -> JobReport:
    """Reports console edits that a pull request brings into git, and those that are left for a person."""
    done = f"Proposed as [#{proposed.number}]({proposed.url})." if proposed else "No file would change."
    page = f"### agentops pull in `{environment}`\n\n{done}\n"
    if left:
        rows = "".join(f"- {inline(each)}\n" for each in left)
        page += f"\nTo be brought in by hand, with `agentops pull -e {environment}`:\n\n{rows}"
    return report_page(job, environment, page, {"changes": _word(proposed is not None)})


def report_watch(job: Job, found: WatchResult, restores: Sequence[Restore]) -> JobReport:
    """Reports callers' calls since the last deploy. `restores`: what git has to set back."""
    page = watched_markdown(found)
    write_file(job.output / f"watch-{found.environment}.json", watched_json(found))
    restored = _word(bool(restores))
    values = {"changes": restored, "rolled-back": restored, "restore": write_restores(restores)}
    _hand_over(job, found.environment, found.exit_code, values, page)
    failed = [each for each in found.agents if each.verdict is Verdict.FAILED]
    commands = tuple(message_command("error", "watch", watch_title(each)) for each in failed)
    return JobReport(found.exit_code, commands, page)


def report_calls(job: Job, run: RunReport, report: Path) -> JobReport:
    """Reports calls. `report`: their page."""
    code = ExitCode.DONE if run.verdict is Verdict.PASSED else ExitCode.CALLS_FAILED
    page = run_markdown(run) + _kept(job, run.environment)
    _hand_over(job, run.environment, code, {"report": str(report)}, page)
    first = [(call.title, call.failures[0]) for call in run.calls if call.failures]
    commands = [message_command("error", title, f"expected {c.expected}; heard {c.heard}") for title, c in first]
    return JobReport(code, tuple(commands), page)


def report_page(job: Job, environment: str, page: str, values: Mapping[str, str] | None = None) -> JobReport:
    """Reports something that succeeded, with one page."""
    _hand_over(job, environment, ExitCode.DONE, values or {}, page)
    return JobReport(ExitCode.DONE, (), page)


def no_plan_report(job: Job, environment: str, error: AgentopsError) -> JobReport:
    """The report of a pull request whose plan failed, for its comment."""
    return JobReport(error.exit_code, page=failure_page("plan", environment, error, job.origin))


def report_failure(job: Job, environment: str, error: AgentopsError, folder: str) -> JobReport:
    """Reports a command that failed."""
    page = failure_page(job.command, environment, error, job.origin)
    _hand_over(job, environment, error.exit_code, {}, page)
    findings = Findings(tuple(getattr(error, "diagnostics", ())), folder)
    text = error.summary + (f"\nnext: {error.hint}" if error.hint else "")
    return JobReport(error.exit_code, (*findings.commands, message_command("error", error.code, text)), page)


def _hand_over(job: Job, environment: str, code: ExitCode, values: Mapping[str, str], page: str) -> None:
    outputs = {
        **values,
        "exit-code": str(int(code)),
        "artifact-name": job.artifact_name(environment),
        "artifact-path": str(job.output),
    }
    write_outputs(job.environ, outputs)
    write_summary(job.environ, fit(page, link=job.run.url, limit=500_000))


def _word(truth: bool) -> str:
    return "true" if truth else "false"


def silenced(token: str, lines: Sequence[str]) -> list[str]:
    """Text for the log that other people wrote, between commands that stop the runner from reading commands in it."""
    return [f"::stop-commands::{token}", *lines, f"::{token}::"]
