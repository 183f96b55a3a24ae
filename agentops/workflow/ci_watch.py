"""What workflows on GitHub run besides deploys: drift, callers' calls, scripted calls in shards, copies to call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from agentops.apply.rollback import commit_in
from agentops.calls.call_files import keep_in, merge_folders
from agentops.calls.schedule import RunOptions
from agentops.ci.event import Trigger
from agentops.ci.job import Job
from agentops.ci.publishing import publish_drift, publish_preview, publish_pull
from agentops.ci.report import (
    JobReport,
    report_calls,
    report_drift,
    report_page,
    report_preview,
    report_pull,
    report_watch,
)
from agentops.document import path_text
from agentops.errors import UsageError
from agentops.plan.build import PlanOptions
from agentops.settings import Settings
from agentops.workflow.calls import CallRequest, PageWriter, choose_scripts, prepare_smoke, smoke
from agentops.workflow.ci_deploy import JobHooks, Opener, restores_of
from agentops.workflow.deployment import Deployment
from agentops.workflow.drift import read_drift
from agentops.workflow.planning import plan_deployment
from agentops.workflow.previewing import PreviewHooks, preview_down, preview_up, sweep_previews
from agentops.workflow.pulling import pull
from agentops.workflow.watching import WatchHooks, WatchRequest, watch


async def watch_drift(job: Job, deployment: Deployment, hooks: JobHooks) -> JobReport:
    """Keeps one open issue while the environment differs from what was deployed from git."""
    made = await read_drift(deployment, PlanOptions(today=hooks.today))
    return report_drift(job, made, await publish_drift(job, made))


async def pull_back(job: Job, deployment: Deployment, settings: Settings, hooks: JobHooks) -> JobReport:
    """Opens a pull request that brings console edits into git, as `agentops pull` does."""
    options, name = PlanOptions(today=hooks.today), deployment.environment.name
    pulled = await pull(deployment, options, settings, takes_conflicts=False)
    left = [f"{each.agent}: {path_text(each.path)}: {each.why}" for each in pulled.unwritten]
    if not pulled.files:
        return report_pull(job, name, None, left)
    folder = PurePosixPath(job.folder_of(deployment.root))
    files = {str(folder / path): texts for path, texts in pulled.files.items()}
    return report_pull(job, name, await publish_pull(job, await read_drift(deployment, options), files), left)


async def watch_callers(job: Job, deployment: Deployment, request: WatchRequest, hooks: JobHooks) -> JobReport:
    """Judges callers' calls since the last deploy by the rules of `deploy.watch`, and restores agents that fail."""
    looking = WatchHooks(lambda key, count: None, hooks.on_event, hooks.calls)
    found = await watch(deployment, request, looking)
    good = {each.key: commit_in(each.before.label) for each in found.agents if each.restored and each.before}
    return report_watch(job, found, restores_of(job, deployment, good, good))


async def call_agents(job: Job, deployment: Deployment, request: CallRequest, hooks: JobHooks) -> JobReport:
    """Calls the agents that serve now, by their scripts; with a shard, only this part of them."""
    scripts = choose_scripts(deployment.project, deployment.agents, request)
    if not scripts:
        return report_page(job, deployment.environment.name, f"No script falls to shard {job.shard}.\n")
    folder = job.output / "calls"
    options = RunOptions(shard=request.shard, progress=hooks.calls.progress, keep=keep_in(folder))
    run = await smoke(deployment, scripts, options)
    return report_calls(job, run, hooks.calls.write_pages(run, folder))


def merge_calls(job: Job, write_pages: PageWriter) -> JobReport:
    """Merges the reports of all shards, which are below the job's output folder."""
    reports = sorted(job.output.glob("*/calls/report.json"))
    if not reports:
        raise UsageError(f"no shard left a report below {job.output}", hint="the shards' own jobs say what went wrong")
    merged = job.output / "merged"
    run = merge_folders(reports, merged)
    return report_calls(replace(job, output=merged), run, write_pages(run, merged))


async def preview_pull_request(job: Job, opener: Opener, environment: str, hooks: JobHooks) -> JobReport:
    """Calls copies of the agents that a pull request changes; archives them when it is closed.

    environment: the name that the page shows if the job has no secrets to open the environment with
    """
    pull = job.run.pull_request
    if pull is None:
        raise UsageError("previews belong to pull requests", hint="run this command on `pull_request`")
    if job.run.has_no_secrets:
        return report_page(job, environment, "No preview: this pull request is given no secrets.\n")
    name = f"pr-{pull.number}"
    async with opener() as deployment:
        if job.run.trigger is Trigger.PULL_REQUEST_CLOSED:
            return report_preview(job, await preview_down(deployment, name, PreviewHooks(hooks.on_event)), name)
        made = await plan_deployment(deployment, PlanOptions(today=hooks.today))
        changed = {change.key for change in made.changes if change.is_change}
        if not changed:
            return report_page(job, deployment.environment.name, "No preview: this pull request changes no agent.\n")
        copies = deployment.narrowed(tuple(agent for agent in deployment.agents if agent.key in changed))
        calls = hooks.calls
        after = prepare_smoke(copies, made.changes, job.output / "run", calls.write_pages, calls.progress)
        report = report_preview(job, await preview_up(copies, name, PreviewHooks(hooks.on_event, after)), name)
        await publish_preview(job, made.project, made.environment, report)
        return report


async def collect_previews(job: Job, deployment: Deployment, hooks: JobHooks) -> JobReport:
    """Archives the copies whose time is over."""
    return report_preview(job, await sweep_previews(deployment, PreviewHooks(hooks.on_event)), "gc")
