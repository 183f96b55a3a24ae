"""The verbs that workflows call: each runs one use case and tells GitHub how it went.

What to tell is built by `agentops.ci`; here commands are run, workflow commands printed, exit codes returned. The
action hands its inputs over as AGENTOPS_CI_* variables, so that its shell step is one line without decisions.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentops.ci.approval import Approval, read_approval
from agentops.ci.event import Trigger
from agentops.ci.github import open_github
from agentops.ci.job import Job, read_job
from agentops.ci.publishing import (
    issue_sentence,
    publish_drift,
    publish_plan,
    publish_revert,
    read_changed_files,
    stamp_of,
)
from agentops.ci.scaffold import github_files
from agentops.ci.stamp import Kind, Stamp, Standing
from agentops.ci.telling import (
    Findings,
    Told,
    silenced,
    tell_apply,
    tell_calls,
    tell_checked,
    tell_drift,
    tell_failure,
    tell_nothing,
    tell_page,
    tell_plan,
    tell_superseded,
)
from agentops.cli.call_pages import tell_progress, write_pages
from agentops.cli.deploy import tell_event
from agentops.cli.github_files import read_scaffold, write_github_files
from agentops.cli.output import today
from agentops.cli.session import Scope, opened, read_project, run_async, talk
from agentops.errors import AgentopsError, ExitCode, StaleError, UsageError
from agentops.plan.approval import require_digest
from agentops.plan.build import PlanOptions
from agentops.render.ci_pages import drift_page, drifted, failure_page
from agentops.render.plan_text import plan_text
from agentops.settings import read_settings
from agentops.spec import find_root

if TYPE_CHECKING:
    from agentops.apply.model import ApplyResult
    from agentops.document import Environment
    from agentops.plan.model import Plan
    from agentops.workflow.deployment import Deployment

ci = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="What GitHub workflows call: runs a command and tells GitHub about it. Elsewhere, use the verbs themselves.",
)

EnvironmentOption = Annotated[
    str | None,
    typer.Option("-e", "--environment", metavar="NAME", help="The environment; default: the action's input."),
]
ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", help="The folder with agentops.yaml; default: the action's input."),
]


@ci.command("plan")
def plan(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Plan for a pull request: comment, check, annotations, summary. Without secrets, check the files only."""
    job, scope = _start("plan", environment, project)
    if job.run.trigger is Trigger.PULL_REQUEST_CLOSED:
        print("The pull request is closed: there is nothing to plan.")
        return ExitCode.DONE
    return _run(job, scope, lambda: _plan(job, scope))


async def _plan(job: Job, scope: Scope) -> Told:
    changed = await read_changed_files(job)
    try:
        return await _plan_and_publish(job, scope, changed)
    except AgentopsError as error:
        await _publish_failure(job, scope, error)
        raise


async def _plan_and_publish(job: Job, scope: Scope, changed: Sequence[str]) -> Told:
    from agentops.spec.lint.run import lint_project
    from agentops.workflow.planning import plan_deployment

    checkout = read_project(scope, needs_secrets=False)
    environment = checkout.environment
    findings = Findings(lint_project(checkout), job.folder_of(checkout.root), changed)
    if job.run.has_no_secrets and not environment.is_emulator:
        return tell_checked(job, environment.name, findings)
    async with opened(scope) as deployment:
        made = await plan_deployment(deployment, PlanOptions(today=today()))
    _show(made)
    told = tell_plan(job, made, findings, is_protected=environment.is_protected)
    more = await publish_plan(job, stamp_of(job, made), told, findings)
    return replace(told, commands=(*told.commands, *more))


async def _publish_failure(job: Job, scope: Scope, error: AgentopsError) -> None:
    """Says on the pull request that there is no plan, so that an older one is not taken for it."""
    try:
        loaded = read_project(scope, needs_secrets=False)
        told = Told(error.exit_code, page=failure_page("plan", loaded.environment.name, error, job.origin))
        stamp = Stamp(Kind.PLAN, loaded.name, loaded.environment.name, "", job.commit, Standing.FAILED)
        await publish_plan(job, stamp, told, Findings(loaded.diagnostics, job.folder_of(loaded.root)))
    except AgentopsError:
        return  # the failure itself is what the job reports


@ci.command("apply")
def apply(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Apply what was merged: a protected environment takes only the digest that its pull request approved."""
    job, scope = _start("apply", environment, project)
    return _run(job, scope, lambda: _apply(job, scope))


async def _apply(job: Job, scope: Scope) -> Told:
    from agentops.workflow.applying import require_applyable
    from agentops.workflow.planning import plan_deployment

    async with opened(scope) as deployment:
        if job.run.pull_request is not None and not deployment.environment.is_emulator:
            raise UsageError("apply does not run on a pull request", hint="run it on `push`, after the merge")
        if (newer := await _newer_commit(job, deployment.environment)) is not None:
            return tell_superseded(job, deployment.environment.name, newer)
        made = await plan_deployment(deployment, PlanOptions(today=today()))
        _show(made)
        if made.is_empty and made.is_applyable:
            return tell_nothing(job, made)
        require_applyable(made)
        approval = await _approved(job, made) if deployment.environment.is_protected else None
        result = await _carry_out(deployment, made)
        return tell_apply(job, result, approval, _run_folder(deployment, result))


async def _newer_commit(job: Job, environment: Environment) -> str | None:
    """The branch's newest commit, when it is not this job's: running an old job again must not deploy old specs.

    A protected environment has its digest for that, and needs each merge applied in its turn.
    """
    if environment.is_protected or environment.is_emulator or job.run.branch is None:
        return None
    async with open_github(job.run) as github:
        head = await github.branch_head(job.run.branch)
    return head if head != job.run.sha else None


async def _approved(job: Job, made: Plan) -> Approval:
    """The approval of exactly this plan. Raises RefusedError without one, StaleError when the world has moved."""
    async with open_github(job.run) as github:
        approval = await read_approval(github, job.run, bot=job.bot, project=made.project, environment=made.environment)
    try:
        require_digest(approval.digest, made)
    except StaleError as moved:
        moved.hint = (
            f"run the plan workflow of pull request #{approval.pull.number} again and look at its comment; "
            "if it is right, run this job again"
        )
        raise
    return approval


async def _carry_out(deployment: Deployment, made: Plan, *, smoke: bool | None = None) -> ApplyResult:
    from agentops.workflow.applying import ApplyRequest, CallHooks, apply_deployment

    hooks = CallHooks(write_pages, tell_progress)
    return await apply_deployment(deployment, made, ApplyRequest(smoke=smoke), calls=hooks, on_event=tell_event)


def _run_folder(deployment: Deployment, result: ApplyResult) -> Path:
    from agentops.state import state_folder

    return state_folder(deployment.root) / "runs" / result.run_id


@ci.command("drift")
def drift(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Keep one open issue while an environment differs from what was deployed from git."""
    job, scope = _start("drift", environment, project)
    return _run(job, scope, lambda: _drift(job, scope))


async def _drift(job: Job, scope: Scope) -> Told:
    from agentops.workflow.drift import read_drift

    async with opened(scope) as deployment:
        made = await read_drift(deployment, PlanOptions(today=today()))
    step, issue = await publish_drift(job, made)
    what = issue_sentence(step, [issue] if issue else [])
    page = f"### agentops drift in `{made.environment}`\n\n{what}\n"
    return tell_drift(job, made, page + (f"\n{drift_page(made)}" if drifted(made) else ""))


@ci.command("rollback")
def rollback(
    environment: EnvironmentOption = None,
    project: ProjectOption = None,
    agent: Annotated[str | None, typer.Option("--agent", metavar="KEY", help="The agent; default: the input.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="REVISION", help="Default: the input, or previous.")] = None,
) -> int:
    """Put an earlier revision of an agent back in service, and say which commit to revert."""
    job, scope = _start("rollback", environment, project)
    key = agent or job.environ.get("AGENTOPS_CI_AGENT")
    if not key:
        raise UsageError("nothing says which agent to roll back", hint="set the action's input `agent`")
    target = to or job.environ.get("AGENTOPS_CI_TO") or "previous"
    scope = replace(scope, agents=(key,))
    return _run(job, scope, lambda: _rollback(job, scope, target))


async def _rollback(job: Job, scope: Scope, target: str) -> Told:
    from agentops.workflow.applying import require_applyable
    from agentops.workflow.history import plan_going_back

    async with opened(scope) as deployment:
        made = await plan_going_back(deployment, PlanOptions(today=today()), to=target)
        _show(made)
        if made.is_empty and made.is_applyable:
            return tell_nothing(job, made)
        require_applyable(made)
        result = await _carry_out(deployment, made, smoke=False)
        return tell_apply(job, result, None, _run_folder(deployment, result))


@ci.command("revert")
def revert(
    environment: EnvironmentOption = None,
    commit: Annotated[str | None, typer.Option("--commit", metavar="SHA", help="Default: the one checked out.")] = None,
) -> int:
    """Open a pull request that takes a commit back, once per commit."""
    job, scope = _start("revert", environment, None)
    sha = commit or job.environ.get("AGENTOPS_CI_COMMIT") or job.run.sha
    return _run(job, scope, lambda: _revert(job, scope, sha))


async def _revert(job: Job, scope: Scope, sha: str) -> Told:
    name = scope.environment or "default"
    pull = await publish_revert(job, name, sha)
    page = f"### Revert proposed\n\nMerge [#{pull.number}]({pull.url}), or push a fix instead.\n"
    return tell_page(job, name, page)


@ci.command("calls")
def calls(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Call the agents that serve now by their scripts; with the input `shard`, only this part of them."""
    job, scope = _start("calls", environment, project)
    key = job.environ.get("AGENTOPS_CI_AGENT")
    scope = replace(scope, agents=(key,) if key else ())
    return _run(job, scope, lambda: _calls(job, scope))


async def _calls(job: Job, scope: Scope) -> Told:
    from agentops.calls import Plan as CallPlan
    from agentops.calls import keep_in
    from agentops.cli.call_pages import tell_progress, write_pages
    from agentops.cli.calls import Asked
    from agentops.cli.options import read_shard
    from agentops.workflow.calls import smoke

    asked = Asked(shard=read_shard(job.shard or None))
    folder = job.output / "calls"
    async with opened(scope) as deployment:
        scripts = asked.scripts(deployment.project, deployment.agents)
        if not scripts:
            return tell_page(job, deployment.environment.name, f"No script falls to shard {job.shard}.\n")
        how = CallPlan(shard=asked.shard, progress=tell_progress, keep=keep_in(folder))
        made = await smoke(deployment, scripts, how)
    return tell_calls(job, made, write_pages(made, folder))


@ci.command("merge-calls")
def merge_calls(environment: EnvironmentOption = None) -> int:
    """Put the reports of all shards together: those below the folder that the input `output` names."""
    job, scope = _start("merge-calls", environment, None)
    return _run(job, scope, lambda: _merge_calls(job))


async def _merge_calls(job: Job) -> Told:
    from agentops.calls import merge_folders
    from agentops.cli.call_pages import write_pages

    merged = job.output / "merged"
    reports = sorted(job.output.glob("*/calls/report.json"))
    if not reports:
        raise UsageError(f"no shard left a report below {job.output}", hint="the shards' own jobs say what went wrong")
    run = merge_folders(reports, merged)
    return tell_calls(replace(job, output=merged), run, write_pages(run, merged))


@ci.command("files")
def files(
    project: Annotated[
        Path, typer.Option("--project", metavar="DIR", help="Where to look for agentops.yaml; default: here.")
    ] = Path(),
    branch: Annotated[str, typer.Option("--branch", help="The branch whose pushes are applied.")] = "main",
    requirement: Annotated[
        str | None, typer.Option("--requirement", metavar="SPEC", help="What pip installs in the jobs.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Renew files that differ.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when something would be.")] = False,
) -> int:
    """Write the workflows and the action, or renew them after environments, secrets or agentops changed."""
    top, scaffold = read_scaffold(project, branch=branch, requirement=requirement)
    if check:
        stale = [name for name, text in github_files(scaffold).items() if not _is(top / name, text)]
        _print([f"{name} is not what `agentops ci files` writes" for name in stale])
        return ExitCode.FAILED if stale else ExitCode.DONE
    written, different = write_github_files(top, scaffold, overwrites=overwrite)
    _print(written)
    for name in different:
        talk(f"{name} differs and was left alone; --overwrite renews it")
    return ExitCode.DONE


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


# ---- what they share


def _start(command: str, environment: str | None, project: Path | None) -> tuple[Job, Scope]:
    environ = read_settings().environ
    job = read_job(command, environ)
    folder = project or Path(environ.get("AGENTOPS_CI_PROJECT") or ".")
    return job, Scope(folder, environment=environment or environ.get("AGENTOPS_CI_ENVIRONMENT") or None)


def _run(job: Job, scope: Scope, work: Callable[[], Coroutine[Any, Any, Told]]) -> int:
    """Runs the command; whatever it ends in, the job's outputs, summary and annotations are written."""
    try:
        told = run_async(work)
    except AgentopsError as error:
        failed = tell_failure(job, scope.environment or "default", error, _folder(job, scope))
        _print(failed.commands)
        raise
    _print(told.commands)
    return told.exit_code


def _folder(job: Job, scope: Scope) -> str:
    try:
        return job.folder_of(find_root(scope.start))
    except UsageError:
        return ""


def _show(made: Plan) -> None:
    """The plan in the job's log. It quotes prompts, so the runner is told to read no commands in it."""
    _print(silenced(secrets.token_hex(16), plan_text(made).splitlines()))


def _print(lines: Sequence[str]) -> None:
    for line in lines:
        print(line)
    sys.stdout.flush()
