"""What workflows call around a deploy: plan on the pull request, apply after the merge, and the ways back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops.ci.approval import Approval, read_approval, require_approved
from agentops.ci.event import Trigger
from agentops.ci.github import open_github
from agentops.ci.job import Job
from agentops.ci.publishing import publish_plan, publish_revert, read_changed_files, stamp_of
from agentops.ci.stamp import Kind, Stamp, Standing
from agentops.ci.telling import (
    Findings,
    Told,
    tell_apply,
    tell_checked,
    tell_nothing,
    tell_page,
    tell_plan,
    tell_rollback,
    tell_superseded,
)
from agentops.cli.ci_job import EnvironmentOption, ProjectOption, run_told, show, start
from agentops.cli.deploy import call_hooks, tell_event
from agentops.cli.output import today
from agentops.cli.session import Scope, opened, read_project
from agentops.errors import AgentopsError, ExitCode, UsageError
from agentops.plan.build import PlanOptions
from agentops.render.ci.markdown import failure_page

if TYPE_CHECKING:
    from agentops.apply.model import ApplyResult
    from agentops.document import Environment
    from agentops.plan.model import Plan
    from agentops.workflow.deployment import Deployment


def plan(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Plan for a pull request: comment, check, annotations, summary. Without secrets, check the files only."""
    job, scope = start("plan", environment, project)
    if job.run.trigger is Trigger.PULL_REQUEST_CLOSED:
        print("The pull request is closed: there is nothing to plan.")
        return ExitCode.DONE
    return run_told(job, scope, lambda: _plan(job, scope))


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
    show(made)
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


def apply(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Apply what was merged: a protected environment takes only the digest that its pull request approved."""
    job, scope = start("apply", environment, project)
    return run_told(job, scope, lambda: _apply(job, scope))


async def _apply(job: Job, scope: Scope) -> Told:
    from agentops.workflow.applying import require_applyable
    from agentops.workflow.planning import plan_deployment

    async with opened(scope) as deployment:
        if job.run.pull_request is not None and not deployment.environment.is_emulator:
            raise UsageError("apply does not run on a pull request", hint="run it on `push`, after the merge")
        if (newer := await _newer_commit(job, deployment.environment)) is not None:
            return tell_superseded(job, deployment.environment.name, newer)
        made = await plan_deployment(deployment, PlanOptions(today=today()))
        show(made)
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
    """The approval of this plan. Raises RefusedError without one, StaleError when the world has moved."""
    async with open_github(job.run) as github:
        approval = await read_approval(github, job.run, bot=job.bot, project=made.project, environment=made.environment)
    require_approved(approval, made)
    return approval


async def _carry_out(deployment: Deployment, made: Plan, *, smoke: bool | None = None) -> ApplyResult:
    from agentops.workflow.applying import ApplyRequest, apply_deployment

    request = ApplyRequest(smoke=smoke)
    return await apply_deployment(deployment, made, request, calls=call_hooks(), on_event=tell_event)


def _run_folder(deployment: Deployment, result: ApplyResult) -> Path:
    from agentops.state import state_folder

    return state_folder(deployment.root) / "runs" / result.run_id


def rollback(
    environment: EnvironmentOption = None,
    project: ProjectOption = None,
    agent: Annotated[str | None, typer.Option("--agent", metavar="KEY", help="The agent; default: the input.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="REVISION", help="Default: the input, or previous.")] = None,
) -> int:
    """Put an earlier revision of an agent back in service, and say which commit to revert."""
    job, scope = start("rollback", environment, project)
    key = agent or job.environ.get("AGENTOPS_CI_AGENT")
    if not key:
        raise UsageError("nothing says which agent to roll back", hint="set the action's input `agent`")
    target = to or job.environ.get("AGENTOPS_CI_TO") or "previous"
    scope = replace(scope, agents=(key,))
    return run_told(job, scope, lambda: _rollback(job, scope, target))


async def _rollback(job: Job, scope: Scope, target: str) -> Told:
    from agentops.apply.rollback import commits_to_revert
    from agentops.workflow.applying import require_applyable
    from agentops.workflow.history import plan_going_back

    async with opened(scope) as deployment:
        made = await plan_going_back(deployment, PlanOptions(today=today()), to=target)
        show(made)
        if made.is_empty and made.is_applyable:
            return tell_nothing(job, made)
        require_applyable(made)
        return tell_rollback(job, await _carry_out(deployment, made, smoke=False), commits_to_revert(made))


def revert(
    environment: EnvironmentOption = None,
    commit: Annotated[str | None, typer.Option("--commit", metavar="SHA", help="Default: the one checked out.")] = None,
) -> int:
    """Open a pull request that takes a commit back, once per commit."""
    job, scope = start("revert", environment, None)
    sha = commit or job.environ.get("AGENTOPS_CI_COMMIT") or job.run.sha
    return run_told(job, scope, lambda: _revert(job, scope, sha))


async def _revert(job: Job, scope: Scope, sha: str) -> Told:
    name = scope.environment or "default"
    pull = await publish_revert(job, name, sha)
    page = f"### Revert proposed\n\nMerge [#{pull.number}]({pull.url}), or push a fix instead.\n"
    return tell_page(job, name, page)
