"""What workflows call to watch a line: drift as an issue, scripted calls in shards, previews to call before a merge."""

from __future__ import annotations

from dataclasses import replace

from agentops.ci.event import Trigger
from agentops.ci.job import Job
from agentops.ci.publishing import issue_sentence, publish_drift
from agentops.ci.telling import Told, tell_calls, tell_drift, tell_page, tell_preview
from agentops.cli.call_pages import tell_progress, write_pages
from agentops.cli.ci_job import EnvironmentOption, ProjectOption, run_told, start
from agentops.cli.deploy import tell_event
from agentops.cli.output import today
from agentops.cli.session import Scope, opened
from agentops.errors import UsageError
from agentops.plan.build import PlanOptions
from agentops.render.ci.markdown import drift_page, drifted


def drift(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Keep one open issue while an environment differs from what was deployed from git."""
    job, scope = start("drift", environment, project)
    return run_told(job, scope, lambda: _drift(job, scope))


async def _drift(job: Job, scope: Scope) -> Told:
    from agentops.workflow.drift import read_drift

    async with opened(scope) as deployment:
        made = await read_drift(deployment, PlanOptions(today=today()))
    step, issue = await publish_drift(job, made)
    what = issue_sentence(step, [issue] if issue else [])
    page = f"### agentops drift in `{made.environment}`\n\n{what}\n"
    return tell_drift(job, made, page + (f"\n{drift_page(made)}" if drifted(made) else ""))


def calls(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Call the agents that serve now by their scripts; with the input `shard`, only this part of them."""
    job, scope = start("calls", environment, project)
    key = job.environ.get("AGENTOPS_CI_AGENT")
    scope = replace(scope, agents=(key,) if key else ())
    return run_told(job, scope, lambda: _calls(job, scope))


async def _calls(job: Job, scope: Scope) -> Told:
    from agentops.calls.folder import keep_in
    from agentops.calls.schedule import RunOptions
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
        options = RunOptions(shard=asked.shard, progress=tell_progress, keep=keep_in(folder))
        made = await smoke(deployment, scripts, options)
    return tell_calls(job, made, write_pages(made, folder))


def merge_calls(environment: EnvironmentOption = None) -> int:
    """Put the reports of all shards together: those below the folder that the input `output` names."""
    job, scope = start("merge-calls", environment, None)
    return run_told(job, scope, lambda: _merge_calls(job))


async def _merge_calls(job: Job) -> Told:
    from agentops.calls.folder import merge_folders
    from agentops.cli.call_pages import write_pages

    merged = job.output / "merged"
    reports = sorted(job.output.glob("*/calls/report.json"))
    if not reports:
        raise UsageError(f"no shard left a report below {job.output}", hint="the shards' own jobs say what went wrong")
    run = merge_folders(reports, merged)
    return tell_calls(replace(job, output=merged), run, write_pages(run, merged))


def preview(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Call copies of the agents that a pull request changes; when it is closed, archive them."""
    job, scope = start("preview", environment, project)
    return run_told(job, scope, lambda: _preview(job, scope))


async def _preview(job: Job, scope: Scope) -> Told:
    from agentops.workflow.calls import prepare_smoke
    from agentops.workflow.planning import plan_deployment
    from agentops.workflow.previewing import PreviewHooks, preview_down, preview_up

    pull = job.run.pull_request
    if pull is None:
        raise UsageError("previews belong to pull requests", hint="run this command on `pull_request`")
    name = f"pr-{pull.number}"
    if job.run.has_no_secrets:
        return tell_page(job, scope.environment or "default", "No preview: this pull request is given no secrets.\n")
    async with opened(scope) as deployment:
        if job.run.trigger is Trigger.PULL_REQUEST_CLOSED:
            return tell_preview(job, await preview_down(deployment, name, PreviewHooks(tell_event)), name)
        made = await plan_deployment(deployment, PlanOptions(today=today()))
        changed = {change.key for change in made.changes if change.is_change}
        if not changed:
            return tell_page(job, deployment.environment.name, "No preview: this pull request changes no agent.\n")
        copies = deployment.narrowed(tuple(agent for agent in deployment.agents if agent.key in changed))
        smoke = prepare_smoke(copies, made.changes, job.output / "run", write_pages, tell_progress)
        return tell_preview(job, await preview_up(copies, name, PreviewHooks(tell_event, smoke)), name)


def preview_gc(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Archive the previews whose time has passed."""
    job, scope = start("preview-gc", environment, project)
    return run_told(job, scope, lambda: _preview_gc(job, scope))


async def _preview_gc(job: Job, scope: Scope) -> Told:
    from agentops.workflow.previewing import PreviewHooks, sweep_previews

    async with opened(scope) as deployment:
        return tell_preview(job, await sweep_previews(deployment, PreviewHooks(tell_event)), "gc")
