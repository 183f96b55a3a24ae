"""Hands a command's result over to GitHub: the comment and the check of a plan, the issue of a drift, the revert.

Everything is found again and updated: running a job twice leaves what running it once leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentops.ci.annotations import message_command
from agentops.ci.approval import parts_of
from agentops.ci.check import Check, keep_check
from agentops.ci.comment import BODY_CHARACTERS, fit, keep_comment
from agentops.ci.github import Github, open_github
from agentops.ci.issue import IssueStep, close_issue, keep_issue
from agentops.ci.job import Job
from agentops.ci.model import Issue, Pull
from agentops.ci.revert import Revert, propose_revert
from agentops.ci.stamp import Kind, Stamp, Standing, stamp_line
from agentops.ci.telling import Findings, Told
from agentops.errors import AgentopsError, ForbiddenError
from agentops.plan.model import Plan
from agentops.render.ci.markdown import drift_over_page, drift_page, drift_title, drifted, revert_page


async def read_changed_files(job: Job) -> tuple[str, ...]:
    """The files of the pull request; none where there is no pull request or they can't be read."""
    if job.pull_number is None or job.run.token is None:
        return ()
    async with open_github(job.run) as github:
        try:
            return tuple(await github.changed_files(job.pull_number))
        except AgentopsError:
            return ()  # they only decide which annotations come first


_MOST_PARTS = 300  # a stamp has to leave room for the plan in the comment; beyond, the digest alone approves


def stamp_of(job: Job, plan: Plan) -> Stamp:
    standing = Standing.EMPTY if plan.is_empty else Standing.APPLYABLE
    standing = standing if plan.is_applyable else Standing.REFUSED
    parts = parts_of(plan)
    kept = parts if len(parts) <= _MOST_PARTS else ()
    return Stamp(Kind.PLAN, plan.project, plan.environment, plan.digest, job.commit, standing, kept)


async def publish_plan(job: Job, stamp: Stamp, told: Told, findings: Findings) -> list[str]:
    """Keeps the comment and the check of a plan on its pull request. Returns workflow commands to print.

    Raises PlatformError when the comment can't be written: without it nothing could be approved.
    """
    if job.pull_number is None or not job.may_write:
        return []
    async with open_github(job.run) as github:
        if job.keeps_comment:
            page = fit(told.page, link=job.run.url, limit=BODY_CHARACTERS - len(stamp_line(stamp)))
            await keep_comment(github, job.pull_number, stamp, page, bot=job.bot)
        return await _keep_check(github, job, stamp, told, findings)


async def _keep_check(github: Github, job: Job, stamp: Stamp, told: Told, findings: Findings) -> list[str]:
    check = Check(
        name=f"agentops plan ({stamp.environment})",
        sha=stamp.commit,
        conclusion="failure" if told.exit_code else "success",
        title=_title(stamp),
        summary=fit(told.page, link=job.run.url),
        diagnostics=findings.diagnostics,
        folder=findings.folder,
    )
    try:
        await keep_check(github, check)
    except ForbiddenError as missing:
        return [message_command("notice", "agentops", f"there is no check run: {missing.summary}; {missing.hint}")]
    return []


def _title(stamp: Stamp) -> str:
    match stamp.standing:
        case Standing.EMPTY:
            return "no changes"
        case Standing.APPLYABLE:
            return f"digest {stamp.digest}"
        case Standing.REFUSED:
            return "refused by a safety rule"
        case Standing.FAILED:
            return "there is no plan"


async def publish_drift(job: Job, plan: Plan) -> tuple[IssueStep, Issue | None]:
    """Opens, updates or closes the issue of this environment's drift."""
    stamp = Stamp(Kind.DRIFT, plan.project, plan.environment)
    async with open_github(job.run) as github:
        if not drifted(plan):
            return await close_issue(github, stamp, farewell=drift_over_page(plan, job.run.url), bot=job.bot)
        page = fit(drift_page(plan), link=job.run.url)
        return await keep_issue(github, stamp, title=drift_title(plan), markdown=page, bot=job.bot)


async def publish_revert(job: Job, environment: str, sha: str) -> Pull:
    """The pull request that takes the commit `sha` back."""
    revert = Revert(
        sha=sha,
        base=job.run.branch or "main",
        title=f"Revert {sha[:10]}: rolled back in {environment}",
        body=revert_page(sha, job.run.commit_url(sha), environment, job.run.url),
    )
    async with open_github(job.run) as github:
        return await propose_revert(github, job.run, revert, job.environ)


def issue_sentence(step: IssueStep, issues: Sequence[Issue]) -> str:
    """What happened to the drift issue, for the summary."""
    where = f" [#{issues[0].number}]({issues[0].url})" if issues else ""
    return {
        IssueStep.OPENED: f"Opened{where}.",
        IssueStep.UPDATED: f"Updated{where}.",
        IssueStep.UNCHANGED: f"Nothing new since{where} was last updated.",
        IssueStep.CLOSED: f"Closed{where}: it is clean again.",
        IssueStep.NONE: "Nothing was changed outside git.",
    }[step]
