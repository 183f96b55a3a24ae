"""Hands a command's result over inside the job: files for the artefact, step outputs, the summary, annotations.

Nothing here talks to GitHub's servers; that is `publishing`. What is returned are workflow commands to print.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentops.apply.model import ApplyResult, Outcome
from agentops.calls.model import Check, RunReport, Verdict
from agentops.ci.annotations import annotation_commands, message_command
from agentops.ci.approval import Approval
from agentops.ci.comment import fit
from agentops.ci.files import write_outputs, write_summary
from agentops.ci.job import Job
from agentops.diagnostics import Diagnostic, has_errors
from agentops.errors import AgentopsError, ExitCode
from agentops.plan.model import Plan
from agentops.plan.serial import to_json
from agentops.render.apply.json import result_json
from agentops.render.calls.markdown import run_markdown
from agentops.render.ci.markdown import (
    apply_page,
    checked_page,
    drifted,
    failure_page,
    plan_page,
    preview_page,
    rollback_page,
)
from agentops.render.plan.html import plan_html


@dataclass(frozen=True, slots=True)
class Told:
    """How the command ends, what is printed for the runner to read, and the page that says it all."""

    exit_code: ExitCode
    commands: tuple[str, ...] = ()
    page: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """Problems in the project's files. `folder` is the project's in the repository; `changed`: files of the change."""

    diagnostics: tuple[Diagnostic, ...] = ()
    folder: str = ""
    changed: Collection[str] = ()

    @property
    def commands(self) -> tuple[str, ...]:
        return tuple(annotation_commands(self.diagnostics, folder=self.folder, changed=self.changed))


def tell_plan(job: Job, plan: Plan, findings: Findings, *, is_protected: bool) -> Told:
    """A plan that was made. Ends as an apply of it would be refused, and badly when lint finds an error."""
    file = job.output / f"plan-{plan.environment}.json"
    file.write_text(to_json(plan), "utf-8")
    (job.output / f"plan-{plan.environment}.html").write_text(plan_html(plan), "utf-8")
    only_here = tuple(d for d in findings.diagnostics if d not in plan.diagnostics)
    page = plan_page(plan, job.origin, is_protected=is_protected, diagnostics=only_here)
    (job.output / f"plan-{plan.environment}.md").write_text(page, "utf-8")
    code = _plan_code(plan) or (ExitCode.FAILED if has_errors(findings.diagnostics) else ExitCode.DONE)
    values = {"changes": _word(not plan.is_empty), "digest": plan.digest, "plan-file": str(file)}
    _hand_over(job, plan.environment, code, values, page)
    refused = [message_command("error", r.code, f"{r.summary}\nnext: {r.hint}") for r in plan.refusals]
    return Told(code, (*findings.commands, *refused), page)


def _plan_code(plan: Plan) -> ExitCode:
    if plan.is_applyable:
        return ExitCode.DONE
    return ExitCode.STALE if any(refusal.is_stale for refusal in plan.refusals) else ExitCode.REFUSED


def tell_checked(job: Job, environment: str, findings: Findings) -> Told:
    """What can be said to a pull request that gets no secrets: whether its files are valid."""
    code = ExitCode.FAILED if has_errors(findings.diagnostics) else ExitCode.DONE
    page = checked_page(environment, findings.diagnostics, job.origin)
    _hand_over(job, environment, code, {}, page)
    why = message_command("notice", "agentops", "checked, not planned: no secrets are given to this pull request")
    return Told(code, (*findings.commands, why), page)


def tell_apply(job: Job, result: ApplyResult, approval: Approval | None, reports: Path) -> Told:
    """An apply that ran. `reports` is the folder of the run, with the pages of its calls."""
    approved = f"[#{approval.pull.number}]({approval.comment_url})" if approval else ""
    (job.output / f"apply-{result.environment}.json").write_text(result_json(result), "utf-8")
    if reports.is_dir():
        shutil.copytree(reports, job.output / "run", dirs_exist_ok=True)
    page = apply_page(result, job.origin, approved_by=approved) + _call_tables(job.output / "run")
    restored = any(agent.outcome is Outcome.ROLLED_BACK for agent in result.agents)
    values = {
        "changes": _word(any(agent.outcome is Outcome.APPLIED for agent in result.agents)),
        "digest": result.digest,
        "rolled-back": _word(restored),
        "report": _front_page(job.output / "run"),
    }
    _hand_over(job, result.environment, result.exit_code, values, page)
    commands = [message_command("error", "rolled back", _restored_text(result))] if restored else []
    return Told(result.exit_code, tuple(commands), page)


def tell_rollback(job: Job, result: ApplyResult, commits: Mapping[str, str]) -> Told:
    """A rollback that ran. `commits`: by agent, the one that deployed what was taken back."""
    page = rollback_page(result, job.origin, commits)
    changes = any(agent.outcome is Outcome.APPLIED for agent in result.agents)
    _hand_over(job, result.environment, result.exit_code, {"changes": _word(changes)}, page)
    return Told(result.exit_code, (), page)


def _call_tables(run: Path) -> str:
    """The summaries that the calls of each agent wrote beside their pages."""
    return "".join("\n" + path.read_text("utf-8") for path in sorted(run.glob("*/summary.md")))


def _front_page(run: Path) -> str:
    """The call report to open first; each call has one of its own further down."""
    pages = sorted(run.rglob("report.html"), key=lambda path: (len(path.parts), path))
    return str(pages[0]) if pages else ""


def _restored_text(result: ApplyResult) -> str:
    keys = [agent.key for agent in result.agents if agent.outcome is Outcome.ROLLED_BACK]
    return f"{', '.join(keys)}: what served before serves again; revert the commit or fix it"


def tell_nothing(job: Job, plan: Plan) -> Told:
    """An apply that had nothing to do."""
    page = f"### agentops apply to `{plan.environment}`: nothing to do\n\nThe specs of {job.origin} serve already.\n"
    _hand_over(job, plan.environment, ExitCode.DONE, {"changes": "false", "digest": plan.digest}, page)
    return Told(ExitCode.DONE, (), page)


def tell_preview(job: Job, result: ApplyResult, name: str) -> Told:
    """Copies that were put up and called, or archived."""
    page = preview_page(result, name, job.origin) + _call_tables(job.output / "run")
    values = {"changes": _word(bool(result.agents)), "report": _front_page(job.output / "run")}
    _hand_over(job, result.environment, result.exit_code, values, page)
    return Told(result.exit_code, (), page)


def tell_superseded(job: Job, environment: str, head: str) -> Told:
    """A push that is no longer the newest: what came after it is applied by a job of its own."""
    newest = f"[`{head[:10]}`]({job.run.commit_url(head)})"
    page = f"### agentops apply to `{environment}`: left to a newer commit\n\n{newest} came after {job.origin}.\n"
    return tell_page(job, environment, page, {"changes": "false"})


def tell_drift(job: Job, plan: Plan, page: str) -> Told:
    """Drift that was found, or none. The job ends well: the issue is what speaks."""
    found = drifted(plan)
    _hand_over(job, plan.environment, ExitCode.DONE, {"changes": _word(bool(found))}, page)
    keys = ", ".join(change.key for change in found)
    told = [message_command("warning", "drift", f"changed outside git: {keys}")] if found else []
    return Told(ExitCode.DONE, tuple(told), page)


def tell_calls(job: Job, run: RunReport, report: Path) -> Told:
    """Calls that were made; `report` is their page."""
    code = ExitCode.DONE if run.verdict is Verdict.PASSED else ExitCode.CALLS_FAILED
    page = run_markdown(run)
    _hand_over(job, run.environment, code, {"report": str(report)}, page)
    failed = [call for call in run.calls if call.failures]
    return Told(code, tuple(message_command("error", call.title, _heard(call.failures[0])) for call in failed), page)


def _heard(check: Check) -> str:
    return f"expected {check.expected}; heard {check.heard}"


def tell_page(job: Job, environment: str, page: str, values: Mapping[str, str] | None = None) -> Told:
    """Something that went well and is said in one page."""
    _hand_over(job, environment, ExitCode.DONE, values or {}, page)
    return Told(ExitCode.DONE, (), page)


def tell_failure(job: Job, environment: str, error: AgentopsError, folder: str) -> Told:
    """A command that could not do its work."""
    page = failure_page(job.command, environment, error, job.origin)
    _hand_over(job, environment, error.exit_code, {}, page)
    findings = Findings(tuple(getattr(error, "diagnostics", ())), folder)
    text = error.summary + (f"\nnext: {error.hint}" if error.hint else "")
    return Told(error.exit_code, (*findings.commands, message_command("error", error.code, text)), page)


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
    """Text of other people's for the log, between commands that keep the runner from reading commands in it."""
    return [f"::stop-commands::{token}", *lines, f"::{token}::"]
