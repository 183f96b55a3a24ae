"""`agentops ci`: what workflows on GitHub call, and what writes those workflows.

The action hands its inputs over as AGENTOPS_CI_* variables, so that its shell step is one line without decisions.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from agentops.ci.event import Trigger
from agentops.ci.job import Job, read_job
from agentops.ci.report import JobReport, report_failure, silenced
from agentops.cli.call_pages import write_pages
from agentops.cli.compare import call_types
from agentops.cli.options import read_shard
from agentops.cli.output import call_hooks, tell_event
from agentops.cli.session import Scope, opened, read_project, run_async, talk, today
from agentops.cli.streams import trusted
from agentops.errors import AgentopsError, ExitCode, UsageError
from agentops.plan.model import Plan
from agentops.render.plan.text import plan_text
from agentops.render.visible import visible
from agentops.settings import read_settings
from agentops.spec import find_root
from agentops.workflow import ci_deploy, ci_watch, github_files
from agentops.workflow.calls import CallRequest
from agentops.workflow.ci_deploy import JobHooks
from agentops.workflow.watching import WatchRequest

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
    """Plan for a pull request: comment, annotations, summary. Without secrets, check the files only."""
    job, scope = _start("plan", environment, project)
    if job.run.trigger is Trigger.PULL_REQUEST_CLOSED:
        print("The pull request is closed: there is nothing to plan.")
        return ExitCode.DONE
    return _run(
        job,
        scope,
        lambda: ci_deploy.plan_pull_request(job, lambda: read_project(scope), lambda: opened(scope), _hooks(scope)),
    )


@ci.command("apply")
def apply(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Apply what was merged: a protected environment takes only the digest that its pull request approved."""
    job, scope = _start("apply", environment, project)

    async def main() -> JobReport:
        async with opened(scope) as deployment:
            return await ci_deploy.apply_merge(job, deployment, _hooks(scope))

    return _run(job, scope, main)


@ci.command("ack")
def ack(environment: EnvironmentOption = None) -> int:
    """Note the acknowledgement that a comment asks for: `/agentops ack CODE DIGEST`, by somebody who may write."""
    job, scope = _start("ack", environment, None)
    return _run(job, scope, lambda: ci_deploy.acknowledge_comment(job))


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
        raise UsageError("no agent to roll back was named", hint="set the action's input `agent`")
    target = to or job.environ.get("AGENTOPS_CI_TO") or "previous"

    async def main() -> JobReport:
        async with opened(replace(scope, agents=(key,)), needs_specs=False) as deployment:
            return await ci_deploy.roll_back(job, deployment, target, _hooks(scope))

    return _run(job, scope, main)


@ci.command("revert")
def revert(
    environment: EnvironmentOption = None,
    commit: Annotated[str | None, typer.Option("--commit", metavar="SHA", help="Default: the one checked out.")] = None,
) -> int:
    """Open a pull request that takes a commit back, once per commit."""
    job, scope = _start("revert", environment, None)
    sha = commit or job.environ.get("AGENTOPS_CI_COMMIT") or job.run.sha
    return _run(job, scope, lambda: ci_deploy.propose_revert(job, scope.environment or "default", sha))


@ci.command("drift")
def drift(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Keep one open issue while an environment differs from what was deployed from git."""
    job, scope = _start("drift", environment, project)

    async def main() -> JobReport:
        async with opened(scope, needs_specs=False) as deployment:
            return await ci_watch.watch_drift(job, deployment, _hooks(scope))

    return _run(job, scope, main)


@ci.command("pull")
def pull(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Propose a pull request that brings into git what was changed in the console."""
    job, scope = _start("pull", environment, project)

    async def main() -> JobReport:
        async with opened(scope) as deployment:
            return await ci_watch.pull_back(job, deployment, read_settings(), _hooks(scope))

    return _run(job, scope, main)


@ci.command("watch")
def watch(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Hold callers' calls since the last deploy against `deploy.watch`; what breaks a rule is restored."""
    job, scope = _start("watch", environment, project)

    async def main() -> JobReport:
        request = WatchRequest(call_types(None), datetime.now(UTC))
        async with opened(scope, needs_specs=False) as deployment:
            return await ci_watch.watch_callers(job, deployment, request, _hooks(scope))

    return _run(job, scope, main)


@ci.command("calls")
def calls(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Call the agents that serve now by their scripts; with the input `shard`, only this part of them."""
    job, scope = _start("calls", environment, project)
    key = job.environ.get("AGENTOPS_CI_AGENT")

    async def main() -> JobReport:
        request = CallRequest(shard=read_shard(job.shard or None))
        async with opened(replace(scope, agents=(key,) if key else ())) as deployment:
            return await ci_watch.call_agents(job, deployment, request, _hooks(scope))

    return _run(job, scope, main)


@ci.command("merge-calls")
def merge_calls(environment: EnvironmentOption = None) -> int:
    """Put the reports of all shards together: those below the folder that the input `output` names."""
    job, scope = _start("merge-calls", environment, None)

    async def main() -> JobReport:
        return ci_watch.merge_calls(job, write_pages)

    return _run(job, scope, main)


@ci.command("preview")
def preview(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Call copies of the agents that a pull request changes; when it is closed, archive them."""
    job, scope = _start("preview", environment, project)
    name = scope.environment or "default"
    is_over = job.run.trigger is Trigger.PULL_REQUEST_CLOSED
    return _run(
        job,
        scope,
        lambda: ci_watch.preview_pull_request(job, lambda: opened(scope, needs_specs=not is_over), name, _hooks(scope)),
    )


@ci.command("preview-gc")
def preview_gc(environment: EnvironmentOption = None, project: ProjectOption = None) -> int:
    """Archive the previews whose time has passed."""
    job, scope = _start("preview-gc", environment, project)

    async def main() -> JobReport:
        async with opened(scope, needs_specs=False) as deployment:
            return await ci_watch.collect_previews(job, deployment, _hooks(scope))

    return _run(job, scope, main)


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
    top, scaffold = github_files.read_scaffold(project, read_settings(), branch=branch, requirement=requirement)
    if check:
        stale = github_files.stale_files(top, scaffold)
        _print_lines([f"{name} is not what `agentops ci files` writes" for name in stale])
        return ExitCode.FAILED if stale else ExitCode.DONE
    written, different = github_files.write_github_files(top, scaffold, overwrites=overwrite)
    _print_lines(written)
    for name in different:
        talk(f"{name} differs and was left alone; --overwrite renews it")
    return ExitCode.DONE


def _start(command: str, environment: str | None, project: Path | None) -> tuple[Job, Scope]:
    environ = read_settings().environ
    job = read_job(command, environ)
    folder = project or Path(environ.get("AGENTOPS_CI_PROJECT") or ".")
    return job, Scope(folder, environment=environment or environ.get("AGENTOPS_CI_ENVIRONMENT") or None)


def _hooks(scope: Scope) -> JobHooks:
    return JobHooks(today(), _show, tell_event, call_hooks(scope.start))


def _run(job: Job, scope: Scope, work: Callable[[], Coroutine[Any, Any, JobReport]]) -> int:
    """Runs the command; whatever it ends in, the job's outputs, summary and annotations are written."""
    try:
        report = run_async(work)
    except AgentopsError as error:
        try:
            folder = job.folder_of(find_root(scope.start))
        except UsageError:
            folder = ""
        failed = report_failure(job, scope.environment or "default", error, folder)
        _print_lines(failed.commands)
        raise
    _print_lines(report.commands)
    return report.exit_code


def _show(made: Plan) -> None:
    """The plan in the job's log. It quotes prompts, so the runner must read no commands in it."""
    _print_lines(silenced(secrets.token_hex(16), plan_text(made).splitlines()))


def _print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        print(visible(line), file=trusted(sys.stdout))
    sys.stdout.flush()
