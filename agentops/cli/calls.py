"""The verbs of scripted calls: smoke, record and `merge reports`. Each parses, asks, and shows what came of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from agentops.errors import ExitCode, SpecError, UsageError
from agentops.state import state_folder

if TYPE_CHECKING:
    from agentops.calls.model import RunReport
    from agentops.document import DesiredAgent
    from agentops.spec import Project
    from agentops.workflow.scripts import LoadedScript

ScriptArgument = Annotated[
    list[Path] | None, typer.Argument(metavar="[SCRIPT]...", help="Call scripts; default: those the specs name.")
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
    asked = Asked(tuple(path.resolve() for path in script or ()), tuple(tag or ()), read_shard(shard), budget)
    if mutate:
        return _try_mutants(scope, asked)
    if dry_run:
        return _say_what_would_be_called(scope, asked)
    run, page = run_async(lambda: _call(scope, asked, output, concurrency))
    sys.stdout.write(_output(run, output_format))
    talk(f"Report: {page}")
    return exit_code_of(run)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which calls the command line asks for; `budget_min` is the most minutes they may take."""

    files: tuple[Path, ...] = ()
    tags: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None
    budget_min: float | None = None

    def scripts(self, project: Project, agents: Sequence[DesiredAgent]) -> list[LoadedScript]:
        """Raises UsageError when nothing fits, RefusedError when it takes longer than the budget."""
        from agentops.workflow.calls import estimate_min, of_shard, require_budget
        from agentops.workflow.scripts import Choice, load_scripts

        choice = Choice(tuple(_in_project(path, project.root) for path in self.files), self.tags)
        scripts = load_scripts(project, agents, choice)
        if not scripts:
            raise UsageError("no call script fits what was asked for", hint="name one, or add `calls:` to a spec")
        mine = of_shard(scripts, self.shard)
        hint = "choose fewer with --tag or --agent, or raise --budget"
        require_budget(estimate_min(mine), self.budget_min, hint=hint)
        return mine


async def _call(scope: Scope, asked: Asked, output: Path | None, concurrency: int) -> tuple[RunReport, Path]:
    from agentops.calls.folder import keep_in
    from agentops.calls.schedule import RunOptions
    from agentops.cli.call_pages import tell_progress, write_pages
    from agentops.workflow.calls import smoke as call_all

    async with opened(scope) as deployment:
        scripts = asked.scripts(deployment.project, deployment.agents)
        folder = output or default_folder(deployment.root)
        options = RunOptions(concurrency=concurrency, shard=asked.shard, progress=tell_progress, keep=keep_in(folder))
        run = await call_all(deployment, scripts, options)
        return run, write_pages(run, folder)


def _say_what_would_be_called(scope: Scope, asked: Asked) -> int:
    from agentops.workflow.calls import estimate_min

    project = read_project(scope, needs_secrets=False)
    scripts = asked.scripts(project, _selected(project, scope))
    for item in scripts:
        times = f" x{item.script.repeat.times}" if item.script.repeat.times > 1 else ""
        title = item.script.name or item.file
        print(f"{item.script.agent}: {title}{times}  ({item.script.mode}, about {estimate_min([item]) * 60:.0f} s)")
    print(f"{len(scripts)} scripts, about {estimate_min(scripts):.1f} minutes of calls. Nothing was called.")
    return ExitCode.DONE


def _selected(project: Project, scope: Scope) -> Sequence[DesiredAgent]:
    from agentops.plan.selection import Selection
    from agentops.workflow.selecting import agents_of

    if has_errors(project.diagnostics):
        raise SpecError(project.diagnostics)
    return agents_of(project, Selection(scope.agents, scope.excluded, scope.tags), scope.changed_since)


def _try_mutants(scope: Scope, asked: Asked) -> int:
    from agentops.cli.mutants import try_mutants

    project = read_project(scope, needs_secrets=False)
    agents = _selected(project, scope)
    scripts = asked.scripts(project, agents)
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


def record(
    call_id: Annotated[str, typer.Argument(metavar="CALL_ID", help="The call, as call logs and reports name it.")],
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write it here instead of stdout; never overwrites.")
    ] = None,
) -> int:
    """Turn the record of a real call into a script to edit."""
    from agentops.render.calls.script import script_yaml
    from agentops.workflow.calls import script_of_call

    async def main() -> str:
        async with opened(Scope(project, environment, api)) as deployment:
            return script_yaml(await script_of_call(deployment, call_id))

    text = run_async(main)
    if output is None:
        sys.stdout.write(text)
        return ExitCode.DONE
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{output} can't be written: {error.strerror}", code="output") from None
    talk(f"Wrote {output}. Read it before you trust it: it expects what this one call happened to say.")
    return ExitCode.DONE


def merge_reports(
    reports: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The report.json files of the shards.")],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="Where the merged reports go.")],
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")] = TextOrJson.TEXT,
) -> int:
    """Put the call reports of several shards together; exits as one run would have."""
    from agentops.calls.folder import merge_folders
    from agentops.cli.call_pages import write_pages

    run = merge_folders(reports, output)
    page = write_pages(run, output)
    sys.stdout.write(_output(run, output_format))
    talk(f"Report: {page}")
    return exit_code_of(run)


def default_folder(root: Path) -> Path:
    """`.agentops/calls/20261122-174500`: a folder of its own for each run."""
    return state_folder(root) / "calls" / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")


def exit_code_of(run: RunReport) -> ExitCode:
    from agentops.calls.model import Verdict

    return ExitCode.DONE if run.verdict is Verdict.PASSED else ExitCode.CALLS_FAILED


def _in_project(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{path} is outside of the project in {root}") from None


def _output(run: RunReport, output_format: TextOrJson) -> str:
    from agentops.calls.folder import run_json
    from agentops.render.calls.text import run_text

    return run_json(run) if output_format is TextOrJson.JSON else run_text(run)
