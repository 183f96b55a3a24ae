"""`agentops smoke`: calls the agents that serve now, by their scripts."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.calls.baseline import NO_BASELINE
from agentops.calls.call_files import keep_in
from agentops.calls.schedule import Progress, RunOptions
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
from agentops.render.style import plural
from agentops.state import state_folder
from agentops.workflow.call_wiring import estimate_usage
from agentops.workflow.calls import CallRequest, estimate_min

if TYPE_CHECKING:
    from agentops.calls.report import RunReport
    from agentops.document import DesiredAgent
    from agentops.spec import Project
    from agentops.workflow.deployment import Deployment
    from agentops.workflow.recorded_calls import EarlierRun
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
        float | None, typer.Option("--budget", metavar="MINUTES", help="Refuse if the calls would take longer.")
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
    options = _SmokeOptions(
        output,
        concurrency,
        read(baseline) if baseline else None,
        read(rejudge / "report.json") if rejudge else None,
        read(replay) if replay else None,
        coverage,
        preview,
        revision,
        tell_progress if output_format is TextOrJson.TEXT else tell_ends,
    )
    run, folder, floor = run_async(lambda: _call(scope, request, options))
    # Print the result before writing pages: the calls were paid for, and a full disk should cost only the pages.
    sys.stdout.write(run_output(run, output_format))
    talk(f"Report: {write_pages(run, folder)}")
    if floor is not None and run.covered_share is not None and run.covered_share < floor:
        talk(
            f"coverage: {run.covered_share:.0%} of tools and playbooks were exercised, "
            f"deploy.coverage asks for {floor:.0%}"
        )
        return ExitCode.CALLS_FAILED
    return exit_code_of(run)


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


@dataclass(frozen=True, slots=True)
class _SmokeOptions:
    """How to call, or what to judge instead."""

    output: Path | None
    concurrency: int
    baseline: EarlierRun | None
    rejudge: EarlierRun | None
    replay: EarlierRun | None
    coverage: bool
    preview: str | None
    revision: str | None
    progress: Progress


async def _call(scope: Scope, request: CallRequest, options: _SmokeOptions) -> tuple[RunReport, Path, float | None]:
    """The run, the folder it is in, and the floor of its coverage."""
    recorded = workflow.recorded_calls
    async with opened(scope) as deployment:
        copies = await workflow.previewing.find_copies(deployment, options.preview) if options.preview else None
        agents = [each for each in deployment.agents if copies is None or each.key in copies]
        scripts = workflow.calls.choose_scripts(deployment.project, agents, request)
        lines = recorded.lines_in(options.replay, scripts) if options.replay else {}
        scripts = [item for item in scripts if not options.replay or item.file in lines]
        before = recorded.baseline_in(options.baseline, scripts) if options.baseline else NO_BASELINE
        started = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        folder = options.output or state_folder(deployment.root) / "calls" / started
        if options.rejudge is not None:
            return await recorded.judge_again(deployment, scripts, options.rejudge, folder, before), folder, None
        floor = deployment.environment.deploy.coverage_floor
        run_options = RunOptions(
            concurrency=options.concurrency, shard=request.shard, progress=options.progress, keep=keep_in(folder)
        )
        measures_coverage = options.coverage or floor is not None
        async with AsyncExitStack() as until_called:
            if options.revision is not None:
                copies, where = await until_called.enter_async_context(_copy_of(deployment, scripts, options.revision))
                run_options = replace(run_options, environment=where)
            run = await workflow.calls.smoke(
                deployment, scripts, run_options, before, lines, copies=copies, measures_coverage=measures_coverage
            )
        return run, folder, floor


@asynccontextmanager
async def _copy_of(
    deployment: Deployment, scripts: Sequence[LoadedScript], revision: str
) -> AsyncIterator[tuple[dict[str, str], str]]:
    """The id of a copy of that revision, by the key of the one agent that is called, and what reports call it."""
    calling, keys = workflow.revision_calls, {item.script.agent for item in scripts}
    published = await calling.read_published(
        deployment.narrowed(tuple(agent for agent in deployment.agents if agent.key in keys))
    )
    chosen = published.revision(revision)
    hooks = workflow.previewing.PreviewHooks(tell_warning)
    async with calling.open_copy(deployment, published, f"revision-{secrets.token_hex(3)}", hooks) as copy:
        called = f"a copy of revision {chosen.name}"
        talk(f"Putting up {called} of {published.agent.key} ...")
        yield {published.agent.key: await copy.switch_to(chosen)}, f"{deployment.environment.name}, {called}"


def _say_what_would_be_called(scope: Scope, request: CallRequest, output_format: TextOrJson) -> int:
    project = read_project(scope)
    scripts = workflow.calls.choose_scripts(project, _selected(project, scope), request)
    usage = estimate_usage([item.script for item in scripts], project.environment)
    if output_format is TextOrJson.JSON:
        rows = [
            {
                "agent": item.script.agent,
                "script": item.file,
                "name": item.script.name,
                "mode": item.script.mode.value,
                "times": item.script.repeat.times,
                "minutes": round(estimate_min([item]), 2),
            }
            for item in scripts
        ]
        judge = {"requests": usage.requests, "tokens": usage.tokens}
        data = {"scripts": rows, "minutes": round(estimate_min(scripts), 2), "judge": judge}
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
        return ExitCode.DONE
    for item in scripts:
        times = f" x{item.script.repeat.times}" if item.script.repeat.times > 1 else ""
        title = item.script.name or item.file
        print(f"{item.script.agent}: {title}{times}  ({item.script.mode}, about {estimate_min([item]) * 60:.0f} s)")
    judged = (
        f", at most {usage.requests} requests to the judge (about {usage.tokens:,} tokens)" if usage.requests else ""
    )
    minutes = f"about {estimate_min(scripts):.1f} minutes of calls{judged}"
    print(f"{plural(len(scripts), 'script')}, {minutes}. Nothing was called.")
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
