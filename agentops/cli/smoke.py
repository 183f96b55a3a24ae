"""`agentops smoke`: calls the agents that serve now, by their scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli import completion
from agentops.cli.call_pages import exit_code_of, run_output, tell_ends, tell_progress, write_pages
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
from agentops.render.calls.estimate import estimate_json, estimate_text
from agentops.render.style import plural
from agentops.workflow.call_wiring import estimate_usage
from agentops.workflow.calls import CallRequest

if TYPE_CHECKING:
    from agentops.document import DesiredAgent
    from agentops.spec import Project
    from agentops.workflow.smoke_runs import SmokeRun

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
BaselineOption = Annotated[
    Path | None, typer.Option("--baseline", metavar="REPORT", help='The report.json that "+20%" rises from.')
]
RejudgeOption = Annotated[
    Path | None, typer.Option("--rejudge", metavar="DIR", help="Judge the calls of an earlier run; call nobody.")
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
        float | None, typer.Option("--budget", metavar="MINUTES", help="Refuse if the calls would take longer.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be called, and for how long.")] = False,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Test the scripts: broken agents on a temporary emulator must fail.")
    ] = False,
    baseline: BaselineOption = None,
    rejudge: RejudgeOption = None,
    replay: ReplayOption = None,
    coverage: CoverageOption = False,
    preview: Annotated[
        str | None, typer.Option("--preview", metavar="NAME", help="Call the copies that `preview up NAME` put up.")
    ] = None,
    revision: RevisionOption = None,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")] = TextOrJson.TEXT,
) -> int:
    """Call the agents that serve now, by their scripts, and report what was heard."""
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since)
    files = tuple(path.parent.resolve() / path.name for path in script or ())
    request = CallRequest(files, tuple(tag or ()), read_shard(shard), budget)
    given: dict[str, object] = {"--dry-run": dry_run, "--mutate": mutate, "--rejudge": rejudge, "--replay": replay}
    given |= {"--preview": preview, "--revision": revision, "--baseline": baseline}
    _require_fitting({**given, "--coverage": coverage, "--output": output})
    if mutate:
        return _try_mutants(scope, request, output_format)
    if dry_run:
        return _say_what_would_be_called(scope, request, output_format)

    read = workflow.recorded_calls.read_earlier
    options = workflow.smoke_runs.SmokeOptions(
        output,
        concurrency,
        read(baseline) if baseline else None,
        read(rejudge / "report.json") if rejudge else None,
        read(replay) if replay else None,
        coverage,
        preview,
        revision,
    )
    hooks = workflow.smoke_runs.SmokeHooks(
        tell_progress if output_format is TextOrJson.TEXT else tell_ends,
        workflow.previewing.PreviewHooks(tell_warning),
        talk,
    )

    async def main() -> SmokeRun:
        async with opened(scope) as deployment:
            return await workflow.smoke_runs.run_smoke(deployment, request, options, hooks)

    made = run_async(main)
    # Print the result before writing pages: the calls were paid for, and a full disk should cost only the pages.
    sys.stdout.write(run_output(made.report, output_format))
    talk(f"Report: {write_pages(made.report, made.folder)}")
    if made.is_below_floor:
        talk(
            f"coverage: {made.report.covered_share:.0%} of tools and playbooks were exercised, "
            f"deploy.coverage asks for {made.coverage_floor:.0%}"
        )
        return ExitCode.CALLS_FAILED
    return exit_code_of(made.report)


# What each would leave out of account without a word, or contradict.
_UNFIT = {
    "--dry-run": ("--mutate", "--rejudge", "--replay", "--preview", "--revision"),
    "--mutate": ("--rejudge", "--replay", "--preview", "--revision", "--baseline", "--coverage", "--output"),
    "--rejudge": ("--replay", "--preview", "--revision", "--coverage"),
    "--preview": ("--revision",),
}


def _require_fitting(options: Mapping[str, object]) -> None:
    """Raises UsageError where one of the options that were given says what another could not keep to."""
    for option, others in _UNFIT.items():
        found = [each for each in others if options[each]]
        if options[option] and found:
            raise UsageError(
                f"{option} can't be combined with {' and '.join(found)}",
                hint=f"give {option} without it",
                code="options",
            )


def _say_what_would_be_called(scope: Scope, request: CallRequest, output_format: TextOrJson) -> int:
    project = read_project(scope)
    chosen = workflow.calls.choose_scripts(project, _selected(project, scope), request)
    scripts = [(item.file, item.script) for item in chosen]
    judge = estimate_usage([script for _, script in scripts], project.environment)
    render = estimate_json if output_format is TextOrJson.JSON else estimate_text
    sys.stdout.write(render(scripts, judge))
    return ExitCode.DONE


def _selected(project: Project, scope: Scope) -> Sequence[DesiredAgent]:
    return workflow.selecting.agents_of(project, scope.selection, scope.changed_since)


def _try_mutants(scope: Scope, request: CallRequest, output_format: TextOrJson) -> int:
    project = read_project(scope)
    agents = _selected(project, scope)
    scripts = workflow.calls.choose_scripts(project, agents, request)
    talk("Calling sound and broken agents on a temporary emulator; the environment is left alone ...")
    trials = run_async(lambda: try_mutants(project.root, agents, scripts))
    wrong = sum(not trial.is_as_it_should_be for trial in trials)
    if output_format is TextOrJson.JSON:
        sys.stdout.write(json.dumps({"trials": [trial.data for trial in trials], "wrong": wrong}, indent=2) + "\n")
        return ExitCode.CALLS_FAILED if wrong else ExitCode.DONE
    for trial in trials:
        print(trial.text)
    print(
        "Every script passes the sound agent and fails the broken ones."
        if not wrong
        else f"{plural(wrong, 'trial')} went wrong."
    )
    return ExitCode.CALLS_FAILED if wrong else ExitCode.DONE
