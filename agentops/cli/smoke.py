"""`agentops smoke`: calls the agents that serve now, by their scripts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.calls.folder import keep_in
from agentops.calls.schedule import Plan
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
from agentops.cli.session import Scope, opened, read_project, run_async, scope_of, talk
from agentops.diagnostics import has_errors
from agentops.errors import ExitCode, SpecError
from agentops.state import state_folder
from agentops.workflow.calls import CallRequest, estimate_min

if TYPE_CHECKING:
    from agentops.calls.model import RunReport
    from agentops.document import DesiredAgent
    from agentops.spec import Project

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
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")] = TextOrJson.TEXT,
) -> int:
    """Call the agents that serve now, by their scripts, and report what was heard."""
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since)
    files = tuple(path.resolve() for path in script or ())
    request = CallRequest(files, tuple(tag or ()), read_shard(shard), budget)
    if mutate:
        return _try_mutants(scope, request)
    if dry_run:
        return _say_what_would_be_called(scope, request)

    async def main() -> tuple[RunReport, Path]:
        async with opened(scope) as deployment:
            scripts = workflow.calls.choose_scripts(deployment.project, deployment.agents, request)
            started = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            folder = output or state_folder(deployment.root) / "calls" / started
            plan = Plan(concurrency=concurrency, shard=request.shard, progress=tell_progress, keep=keep_in(folder))
            return await workflow.calls.smoke(deployment, scripts, plan), folder

    run, folder = run_async(main)
    page = write_pages(run, folder)
    sys.stdout.write(run_output(run, output_format))
    talk(f"Report: {page}")
    return exit_code_of(run)


def _say_what_would_be_called(scope: Scope, request: CallRequest) -> int:
    project = read_project(scope)
    scripts = workflow.calls.choose_scripts(project, _selected(project, scope), request)
    for item in scripts:
        times = f" x{item.script.repeat.times}" if item.script.repeat.times > 1 else ""
        title = item.script.name or item.file
        print(f"{item.script.agent}: {title}{times}  ({item.script.mode}, about {estimate_min([item]) * 60:.0f} s)")
    print(f"{len(scripts)} scripts, about {estimate_min(scripts):.1f} minutes of calls. Nothing was called.")
    return ExitCode.DONE


def _selected(project: Project, scope: Scope) -> Sequence[DesiredAgent]:
    if has_errors(project.diagnostics):
        raise SpecError(project.diagnostics)
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
