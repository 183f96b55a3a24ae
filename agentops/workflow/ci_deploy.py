"""What workflows on GitHub run around a deploy: plan on a pull request, apply after the merge, and roll back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from agentops.apply.model import EventSink, Outcome
from agentops.apply.rollback import commits_to_revert, good_commits
from agentops.ci.acknowledging import acknowledge
from agentops.ci.approval import read_approval, require_approved
from agentops.ci.github import open_github
from agentops.ci.job import Job
from agentops.ci.publishing import publish_plan, publish_revert, read_acknowledged, read_changed_files, stamp_of
from agentops.ci.report import (
    Findings,
    JobReport,
    no_plan_report,
    report_apply,
    report_checked,
    report_nothing,
    report_nothing_to_restore,
    report_page,
    report_plan,
    report_rollback,
    report_superseded,
)
from agentops.ci.revert import Restore, read_restores
from agentops.ci.stamp import Stamp, StampKind, Standing
from agentops.clock import SystemClock
from agentops.document import Environment
from agentops.errors import AgentopsError, UsageError
from agentops.plan.approval import require_applyable
from agentops.plan.build import PlanOptions, with_acknowledged
from agentops.plan.model import Plan
from agentops.spec import Project
from agentops.spec.destinations import moved_destinations
from agentops.spec.files import PROJECT_FILE
from agentops.spec.lint.run import lint_project
from agentops.state import state_folder
from agentops.workflow.applying import ApplyRequest, CallHooks, apply_deployment
from agentops.workflow.deployment import Deployment
from agentops.workflow.git import file_where_left
from agentops.workflow.history import plan_going_back
from agentops.workflow.planning import plan_deployment

Opener: TypeAlias = Callable[[], AbstractAsyncContextManager[Deployment]]


@dataclass(frozen=True, slots=True)
class JobHooks:
    """What a job needs from outside: today's date for rules that expire, functions that show a plan and the events of
    an apply in the log, and what calls need."""

    today: str
    show: Callable[[Plan], None]
    on_event: EventSink
    calls: CallHooks


async def plan_pull_request(job: Job, read: Callable[[], Project], opener: Opener, hooks: JobHooks) -> JobReport:
    """Plans for a pull request and comments; without secrets, checks the files only.

    `read` reads the project without its secrets. A failure is shown on the pull request as well, so that nobody takes
    an older plan for the current one.
    """
    changed = await read_changed_files(job)
    try:
        checkout = read()
        environment = checkout.environment
        findings = Findings(tuple(lint_project(checkout)), job.folder_of(checkout.root), changed)
        if job.run.has_no_secrets and not environment.is_emulator:
            return report_checked(job, environment.name, findings)
        async with opener() as deployment:
            made = await plan_deployment(deployment, PlanOptions(today=hooks.today))
        made = with_acknowledged(made, await read_acknowledged(job, made))
        hooks.show(made)
        moved = _moved_destinations(job, checkout.root)
        at = f"{SystemClock().now():%Y-%m-%d %H:%M} UTC"
        report = report_plan(job, made, findings, is_protected=environment.is_protected, destinations=moved, at=at)
        await publish_plan(job, stamp_of(job, made), report)
    except AgentopsError as error:
        await _publish_failure(job, read, error)
        raise
    return report


def _moved_destinations(job: Job, root: Path) -> list[str]:
    """The destinations of keys and secrets that the pull request changes; the reason if they can't be compared."""
    base = job.environ.get("GITHUB_BASE_REF")
    if not base:
        return []
    try:
        before = file_where_left(root, f"refs/remotes/origin/{base}", PROJECT_FILE)
    except UsageError as error:
        return [f"not known, since {error.summary}; {error.hint}"]
    return moved_destinations(before, (root / PROJECT_FILE).read_text("utf-8"))


async def _publish_failure(job: Job, read: Callable[[], Project], error: AgentopsError) -> None:
    try:
        project = read()
        name = project.environment.name
        stamp = Stamp(StampKind.PLAN, project.name, name, "", job.commit, Standing.FAILED)
        await publish_plan(job, stamp, no_plan_report(job, name, error))
    except AgentopsError:
        return  # the failure itself is what the job reports


async def acknowledge_comment(job: Job) -> JobReport:
    """Notes what a comment on a pull request acknowledges, if the event is about such a comment."""
    comment = job.run.comment
    if comment is None or not comment.body.lstrip().startswith("/agentops"):
        return report_page(job, "default", "### agentops: no comment that asks for anything\n")
    async with open_github(job.run) as github:
        noted = await acknowledge(github, comment, bot=job.bot)
    page = f"### agentops: `{noted.name}` acknowledged for `{noted.environment}`\n\n"
    page += f"By `{noted.author}`, for digest `{noted.digest}`: [comment]({noted.comment.url}).\n"
    return report_page(job, noted.environment, page)


async def apply_merge(job: Job, deployment: Deployment, hooks: JobHooks) -> JobReport:
    """Applies what was merged. A protected environment accepts only the digest that its pull request approved.

    Raises RefusedError without an approval, StaleError if the plan has changed since.
    """
    environment = deployment.environment
    if job.run.pull_request is not None and not environment.is_emulator:
        raise UsageError("apply does not run on a pull request", hint="run it on `push`, after the merge")
    if (newer := await _newer_commit(job, environment)) is not None:
        return report_superseded(job, environment.name, newer)
    made = await plan_deployment(deployment, PlanOptions(today=hooks.today))
    made = with_acknowledged(made, await read_acknowledged(job, made))
    hooks.show(made)
    if made.is_empty and made.is_applyable:
        return report_nothing(job, made)
    require_applyable(made)
    approval = None
    if environment.is_protected:
        async with open_github(job.run) as github:
            approval = await read_approval(
                github, job.run, bot=job.bot, project=made.project, environment=made.environment
            )
        require_approved(approval, made)
    result = await apply_deployment(deployment, made, ApplyRequest(), calls=hooks.calls, on_event=hooks.on_event)
    back = [agent.key for agent in result.agents if agent.outcome is Outcome.ROLLED_BACK]
    restores = restores_of(job, deployment, good_commits(made), back)
    return report_apply(job, result, approval, state_folder(deployment.root) / "runs" / result.run_id, restores)


def restores_of(
    job: Job, deployment: Deployment, good: Mapping[str, str | None], keys: Iterable[str]
) -> tuple[Restore, ...]:
    """The agents that were rolled back, with the files that git has to set back. `good`: agent key -> good commit."""
    folder = job.folder_of(deployment.root)
    used_by: dict[str, list[str]] = {}
    for agent in deployment.project.agents:
        for file in dict.fromkeys((agent.source, *agent.files, *agent.calls)):
            # The project's file has the settings of every agent, and those of the others must stay.
            if file and file != PROJECT_FILE:
                used_by.setdefault(str(PurePosixPath(folder) / file), []).append(agent.key)

    def restore(key: str) -> Restore:
        files = {file: tuple(each for each in users if each != key) for file, users in used_by.items() if key in users}
        return Restore(key, good.get(key), tuple(files), {file: others for file, others in files.items() if others})

    return tuple(restore(key) for key in keys)


async def _newer_commit(job: Job, environment: Environment) -> str | None:
    """The branch's newest commit if it is not this job's: running an old job again must not deploy old specs.

    A protected environment doesn't need this: an old plan has another digest than the approved one, and each merge has
    to be applied in turn.
    """
    if environment.is_protected or environment.is_emulator or job.run.branch is None:
        return None
    async with open_github(job.run) as github:
        head = await github.branch_head(job.run.branch)
    return head if head != job.run.sha else None


async def roll_back(job: Job, deployment: Deployment, to: str, hooks: JobHooks) -> JobReport:
    """Puts an earlier revision of the selected agents back in service, and names the commits to revert."""
    made = await plan_going_back(deployment, PlanOptions(today=hooks.today), to=to)
    hooks.show(made)
    if made.is_empty and made.is_applyable:
        return report_nothing_to_restore(job, made)
    require_applyable(made)
    request = ApplyRequest(smoke=False)
    result = await apply_deployment(deployment, made, request, calls=hooks.calls, on_event=hooks.on_event)
    back = [agent.key for agent in result.agents if agent.outcome is Outcome.APPLIED]
    return report_rollback(job, result, commits_to_revert(made), restores_of(job, deployment, good_commits(made), back))


async def propose_revert(job: Job, environment: str, sha: str) -> JobReport:
    """Opens a pull request that sets back the files of the agents that were rolled back, or reverts a commit."""
    pull = await publish_revert(job, environment, sha, read_restores(job.restores))
    page = f"### Revert proposed\n\nMerge [#{pull.number}]({pull.url}), or push a fix instead.\n"
    return report_page(job, environment, page)
