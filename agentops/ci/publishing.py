"""Publishes a command's result on GitHub: a plan's comment, a drift's issue, a revert's pull request.

Everything is found again and updated, so running a job twice has the effect of running it once.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentops.ci.acknowledging import names_of
from agentops.ci.approval import parts_of
from agentops.ci.comment import BODY_CHARACTERS, fit, keep_comment
from agentops.ci.github import open_github
from agentops.ci.issue import IssueStep, close_issue, keep_issue
from agentops.ci.job import Job
from agentops.ci.model import Issue, Pull
from agentops.ci.pulling import Proposal, propose_pull
from agentops.ci.report import JobReport
from agentops.ci.revert import Restore, Revert, propose_revert
from agentops.ci.stamp import Stamp, StampKind, Standing, stamp_line
from agentops.errors import AgentopsError
from agentops.plan.build import names_for
from agentops.plan.model import Plan
from agentops.render.ci.markdown import (
    drift_over_page,
    drift_page,
    drift_title,
    drifted_agents,
    drifted_resources,
    pull_page,
    revert_page,
)


async def read_changed_files(job: Job) -> tuple[str, ...]:
    """The files of the pull request; none if there is no pull request, or they can't be read."""
    if job.pull_number is None or job.run.token is None:
        return ()
    async with open_github(job.run) as github:
        try:
            return tuple(await github.changed_files(job.pull_number))
        except AgentopsError:
            return ()  # they only decide which annotations come first


_MOST_PARTS = 300  # a stamp has to leave room for the plan in the comment; with more parts, only the digest approves


def stamp_of(job: Job, plan: Plan) -> Stamp:
    standing = Standing.EMPTY if plan.is_empty else Standing.APPLYABLE
    standing = standing if plan.is_applyable else Standing.REFUSED
    parts = parts_of(plan)
    kept = parts if len(parts) <= _MOST_PARTS else ()
    names = sorted({name for each in plan.refusals for name in names_for(each)})
    refused = tuple(names[:_MOST_PARTS])
    return Stamp(StampKind.PLAN, plan.project, plan.environment, plan.digest, job.commit, standing, kept, refused)


async def read_acknowledged(job: Job, plan: Plan) -> frozenset[str]:
    """The names that were acknowledged by comment for exactly this plan, on its pull request or on the one whose merge
    it applies. If nothing refuses the plan, nothing is read.
    """
    if not plan.refusals or job.run.token is None or job.run.has_no_secrets:
        return frozenset()
    async with open_github(job.run) as github:
        number = job.pull_number
        if number is None:
            pulls = await github.pulls_of_commit(job.run.sha)
            merged = [pull.number for pull in pulls if pull.is_merged and pull.merge_sha == job.run.sha]
            if not merged:
                return frozenset()
            number = merged[0]
        return names_of(await github.comments(number), stamp_of(job, plan), bot=job.bot)


async def publish_plan(job: Job, stamp: Stamp, report: JobReport) -> None:
    """Keeps the comment of a plan on its pull request.

    Raises PlatformError if it can't be written: without the comment, nothing could be approved.
    """
    if job.pull_number is None or not job.may_write or not job.keeps_comment:
        return
    async with open_github(job.run) as github:
        page = fit(report.page, link=job.run.url, limit=BODY_CHARACTERS - len(stamp_line(stamp)))
        await keep_comment(github, job.pull_number, stamp, page, bot=job.bot)


async def publish_preview(job: Job, project: str, environment: str, report: JobReport) -> None:
    """Keeps the comment about the copies of a pull request's agents, beside the one with its plan."""
    if job.pull_number is None or not job.may_write or not job.keeps_comment:
        return
    stamp = Stamp(StampKind.PREVIEW, project, environment, commit=job.commit)
    async with open_github(job.run) as github:
        page = fit(report.page, link=job.run.url, limit=BODY_CHARACTERS - len(stamp_line(stamp)))
        await keep_comment(github, job.pull_number, stamp, page, bot=job.bot)


async def publish_drift(job: Job, plan: Plan) -> str:
    """Opens, updates or closes the issue of this environment's drift. Returns a sentence that says what was done."""
    stamp = Stamp(StampKind.DRIFT, plan.project, plan.environment)
    issue: Issue | None
    async with open_github(job.run) as github:
        if drifted_agents(plan) or drifted_resources(plan):
            page = fit(drift_page(plan), link=job.run.url)
            step, issue = await keep_issue(github, stamp, title=drift_title(plan), markdown=page, bot=job.bot)
        else:
            step, issue = await close_issue(github, stamp, farewell=drift_over_page(plan, job.run.url), bot=job.bot)
    where = f" [#{issue.number}]({issue.url})" if issue else ""
    match step:
        case IssueStep.OPENED:
            return f"Opened{where}."
        case IssueStep.UPDATED:
            return f"Updated{where}."
        case IssueStep.UNCHANGED:
            return f"Nothing new since{where} was last updated."
        case IssueStep.CLOSED:
            return f"Closed{where}: it is clean again."
        case IssueStep.NONE:
            return "Nothing was changed outside git."


async def publish_revert(job: Job, environment: str, sha: str, restores: tuple[Restore, ...] = ()) -> Pull:
    """The pull request that sets the files of `restores` back, or without any reverts the commit `sha`."""
    keys = [restore.key for restore in restores]
    what = f"Set {', '.join(keys)} back to what serves" if restores else f"Revert {sha[:10]}"
    revert = Revert(
        sha=sha,
        base=job.run.branch or "main",
        title=f"{what}: rolled back in {environment}",
        body=revert_page(sha, job.run.commit_url(sha), environment, job.run.url, keys),
        restores=restores,
    )
    async with open_github(job.run) as github:
        return await propose_revert(github, job.run, revert, job.environ)


async def publish_pull(job: Job, plan: Plan, files: Mapping[str, tuple[str, str]]) -> Pull:
    """The pull request that brings console edits into git."""
    keys = ", ".join(change.key for change in drifted_agents(plan))
    proposal = Proposal(
        environment=plan.environment,
        base=job.run.branch or "main",
        title=f"Bring console edits of {keys} in {plan.environment} into git",
        body=pull_page(plan, job.run.url),
        files=files,
    )
    async with open_github(job.run) as github:
        return await propose_pull(github, job.run, proposal, job.environ)
