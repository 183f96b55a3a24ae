"""The verbs of scripted calls: smoke. Each parses, asks, and shows what a use case returned."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops.apply.journal import state_folder
from agentops.cli.options import (
    AgentOption,
    ApiOption,
    ChangedSinceOption,
    EnvironmentOption,
    ExcludeOption,
    ProjectOption,
    SelectOption,
    TextOrJson,
)
from agentops.cli.session import Scope, opened, run_async, talk
from agentops.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from agentops.calls import RunReport

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
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")] = TextOrJson.TEXT,
) -> int:
    """Call the agents that serve now, by their scripts, and report what was heard."""
    scope = Scope(
        project, environment, api, tuple(agent or ()), tuple(exclude or ()), tuple(select or ()), changed_since
    )
    paths = [path.resolve() for path in script or ()]

    async def main() -> tuple[RunReport, Path]:
        from agentops.calls import Plan, keep_in
        from agentops.cli.call_pages import tell_progress, write_pages
        from agentops.workflow.calls import Choice, load_scripts
        from agentops.workflow.calls import smoke as call_all

        async with opened(scope) as deployment:
            choice = Choice(tuple(_in_project(path, deployment.root) for path in paths), tuple(tag or ()))
            scripts = load_scripts(deployment.root, deployment.agents, choice)
            if not scripts:
                raise UsageError("no call script fits what was asked for", hint="name one, or add `calls:` to a spec")
            folder = output or default_folder(deployment.root)
            plan = Plan(concurrency=concurrency, progress=tell_progress, keep=keep_in(folder))
            run = await call_all(deployment, scripts, plan)
            return run, write_pages(run, folder)

    run, page = run_async(main)
    sys.stdout.write(_output(run, output_format))
    talk(f"Report: {page}")
    return exit_code_of(run)


def default_folder(root: Path) -> Path:
    """`.agentops/calls/20261122-174500`: a folder of its own for each run."""
    return state_folder(root) / "calls" / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")


def exit_code_of(run: RunReport) -> ExitCode:
    from agentops.calls import Verdict

    return ExitCode.DONE if run.verdict is Verdict.PASSED else ExitCode.CALLS_FAILED


def _in_project(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{path} is outside of the project in {root}") from None


def _output(run: RunReport, output_format: TextOrJson) -> str:
    from agentops.calls import run_json
    from agentops.render.calls_text import run_text

    return run_json(run) if output_format is TextOrJson.JSON else run_text(run)
