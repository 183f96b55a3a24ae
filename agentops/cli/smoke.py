"""`agentops smoke`: calls the agents that serve now, by their scripts."""

from __future__ import annotations

import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.calls.baseline import NO_BASELINE
from agentops.calls.folder import keep_in
from agentops.calls.schedule import RunOptions
from agentops.cli import completion
from agentops.cli.call_pages import exit_code_of, run_output, tell_progress, write_pages
from agentops.cli.mutants import try_mutants
from agentops.cli.options import (
    AgentOption,
    ApiOption,
    ChangedSinceOption,
    EnvironmentOption,
    ExcludeOption,
    ProjectOption,
    SelectOption,
    TextOrJson,
    read_shard,
)
from agentops.cli.output import tell_warning
from agentops.cli.session import Scope, opened, read_project, run_async, scope_of, talk
from agentops.errors import ExitCode, UsageError
from agentops.state import state_folder
from agentops.workflow.call_wiring import estimate_usage
from agentops.workflow.calls import CallRequest, estimate_min

if TYPE_CHECKING:
    from agentops.calls.model import RunReport
    from agentops.document import DesiredAgent
    from agentops.spec import Project
    from agentops.workflow.deployment import Deployment
    from agentops.workflow.scripts import LoadedScript

ScriptArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[SCRIPT]...",
        help="Call scripts; default: those the specs name.",
        autocompletion=completion.call_scripts,
    ),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="DIR", help="Where the reports go; default: under .agentops/calls.")
]
ReplayOption = Annotated[
    Path | None,
    typer.Option("--replay", metavar="REPORT", help="Let simulated callers say what they said there, word for word."),
]
CoverageOption = Annotated[
    bool, typer.Option("--coverage", help="Say which tools and playbooks the scripts exercised.")
]
RevisionOption = Annotated[
    str | None,
    typer.Option(
        "--revision",
        metavar="REVISION",
        help="Call a copy of this revision of one agent: a number, an id, a label, previous.",
        autocompletion=completion.revisions,
    ),
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Only scripts with this tag; repeatable.")]


def smoke(
    script: ScriptArgument = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    changed_since: ChangedSinceOption = None,
    api: ApiOption = None,
    tag: TagOption = None,
    output: OutputOption = None,
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, help="How many calls at once.")] = 4,
    shard: Annotated[str | None, typer.Option("--shard", metavar="I/N", help="Only part I of N, for CI.")] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="MINUTES", help="Refuse when the calls would take longer.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be called, and for how long.")] = False,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Test the scripts: broken agents on a temporary emulator must fail.")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="REPORT", help='The report.json that "+20%" rises from.')
    ] = None,
    rejudge: Annotated[
        Path | None, typer.Option("--rejudge", metavar="DIR", help="Judge the calls of an earlier run; call nobody.")
    ] = None,
    replay: ReplayOption = None,
    coverage: CoverageOption = False,
    revision: RevisionOption = None,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")] = TextOrJson.TEXT,
) -> int:
    """Call the agents that serve now, by their scripts, and report what was heard."""
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since)
    files = tuple(path.resolve() for path in script or ())
    request = CallRequest(files, tuple(tag or ()), read_shard(shard), budget)
    if rejudge is not None and (replay is not None or mutate or dry_run):
        raise UsageError("--rejudge calls nobody: leave --replay, --mutate and --dry-run out", code="options")
    if revision is not None and (rejudge is not None or mutate):
        raise UsageError("--revision calls a copy: leave --rejudge and --mutate out", code="options")
    if mutate:
        return _try_mutants(scope, request)
    if dry_run:
        return _say_what_would_be_called(scope, request)

    asked = _Asked(output, concurrency, baseline, rejudge, replay, coverage, revision)
    run, folder, floor = run_async(lambda: _call(scope, request, asked))
    page = write_pages(run, folder)
    sys.stdout.write(run_output(run, output_format))
    talk(f"Report: {page}")
    if floor is not None and run.covered_share is not None and run.covered_share < floor:
        talk(
            f"coverage: {run.covered_share:.0%} of tools and playbooks were exercised, "
            f"deploy.coverage asks for {floor:.0%}"
        )
        return ExitCode.CALLS_FAILED
    return exit_code_of(run)


@dataclass(frozen=True, slots=True)
class _Asked:
    """How to call, or what to judge instead."""

    output: Path | None
    concurrency: int
    baseline: Path | None
    rejudge: Path | None
    replay: Path | None
    coverage: bool
    revision: str | None


async def _call(scope: Scope, request: CallRequest, asked: _Asked) -> tuple[RunReport, Path, float | None]:
    """The run, the folder it is in, and the floor of its coverage."""
    recorded = workflow.recorded_calls
    async with opened(scope) as deployment:
        scripts = workflow.calls.choose_scripts(deployment.project, deployment.agents, request)
        lines = recorded.read_lines(asked.replay, scripts) if asked.replay else {}
        scripts = [item for item in scripts if not asked.replay or item.file in lines]
        before = recorded.read_baseline(asked.baseline, scripts) if asked.baseline else NO_BASELINE
        started = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        folder = asked.output or state_folder(deployment.root) / "calls" / started
        if asked.rejudge is not None:
            return await recorded.judge_again(deployment, scripts, asked.rejudge, folder, before), folder, None
        floor = deployment.environment.deploy.coverage_floor
        options = RunOptions(
            concurrency=asked.concurrency, shard=request.shard, progress=tell_progress, keep=keep_in(folder)
        )
        measures_coverage = asked.coverage or floor is not None
        async with _callees(deployment, scripts, asked.revision) as (ids, where):
            run = await workflow.calls.smoke(
                deployment,
                scripts,
                replace(options, environment=where),
                before,
                lines,
                measures_coverage=measures_coverage,
                ids=ids,
            )
        return run, folder, floor


@asynccontextmanager
async def _callees(
    deployment: Deployment, scripts: Sequence[LoadedScript], revision: str | None
) -> AsyncIterator[tuple[dict[str, str] | None, str]]:
    """Whom to call, by key, and where that is; None: the agents that serve."""
    name = deployment.environment.name
    if revision is None:
        yield None, name
        return
    keys = {item.script.agent for item in scripts}
    mine = deployment.narrowed(tuple(agent for agent in deployment.agents if agent.key in keys))
    line = await workflow.revision_calls.read_line(mine)
    chosen = line.revision(revision)
    hooks = workflow.previewing.PreviewHooks(tell_warning)
    copy_name = f"revision-{secrets.token_hex(3)}"
    async with workflow.revision_calls.stand_in(mine, line, copy_name, hooks) as copy:
        called = chosen.number or chosen.revision_id
        talk(f"Putting up a copy of revision {called} of {line.agent.key} ...")
        yield {line.agent.key: await copy.become(chosen)}, f"{name}, a copy of revision {called}"


def _say_what_would_be_called(scope: Scope, request: CallRequest) -> int:
    project = read_project(scope)
    scripts = workflow.calls.choose_scripts(project, _selected(project, scope), request)
    for item in scripts:
        times = f" x{item.script.repeat.times}" if item.script.repeat.times > 1 else ""
        title = item.script.name or item.file
        print(f"{item.script.agent}: {title}{times}  ({item.script.mode}, about {estimate_min([item]) * 60:.0f} s)")
    usage = estimate_usage([item.script for item in scripts], project.environment)
    judged = (
        f", at most {usage.requests} requests to the judge (about {usage.tokens:,} tokens)" if usage.requests else ""
    )
    print(f"{len(scripts)} scripts, about {estimate_min(scripts):.1f} minutes of calls{judged}. Nothing was called.")
    return ExitCode.DONE


def _selected(project: Project, scope: Scope) -> Sequence[DesiredAgent]:
    return workflow.selecting.agents_of(project, scope.selection, scope.changed_since)


def _try_mutants(scope: Scope, request: CallRequest) -> int:
    project = read_project(scope)
    agents = _selected(project, scope)
    scripts = workflow.calls.choose_scripts(project, agents, request)
    talk("Calling sound and broken agents on a temporary emulator; the environment is left alone ...")
    trials = run_async(lambda: try_mutants(project.root, agents, scripts))
    for trial in trials:
        print(trial.text)
    wrong = sum(not trial.is_as_it_should_be for trial in trials)
    print(
        "Every script passes the sound agent and fails the broken ones."
        if not wrong
        else f"{wrong} not as it should be."
    )
    return ExitCode.CALLS_FAILED if wrong else ExitCode.DONE
