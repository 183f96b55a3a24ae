"""The verbs that plan and apply. Each parses, asks, and shows what a use case returned."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops.cli.options import (
    AckOption,
    AgentOption,
    ApiOption,
    ChangedSinceOption,
    EnvironmentOption,
    ExcludeOption,
    Gate,
    NoInputOption,
    PlanFormat,
    Progress,
    ProgressOption,
    ProjectOption,
    SelectOption,
    ShardOption,
    TextOrJson,
    VerboseOption,
    YesOption,
    read_shard,
)
from agentops.cli.output import plan_output, result_output, stderr_style, today
from agentops.cli.session import is_interactive, opened, run_async, scope_of, talk
from agentops.errors import ExitCode
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.apply.model import ApplyResult, Event, EventSink
    from agentops.calls.model import RunReport
    from agentops.calls.schedule import CallEnded, CallStarted
    from agentops.plan.model import Plan
    from agentops.workflow.applying import CallHooks


def plan(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    changed_since: ChangedSinceOption = None,
    api: ApiOption = None,
    ack: AckOption = None,
    unmanaged: Annotated[bool, typer.Option("--unmanaged", help="List live fields that no spec manages.")] = False,
    shard: ShardOption = None,
    prune: Annotated[bool, typer.Option("--prune", help="Plan to archive agents of ours without a spec.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Save the plan for `apply FILE`.")] = None,
    output_format: Annotated[PlanFormat, typer.Option("--format", help="How to print it.")] = PlanFormat.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Show what apply would change, why, and what it risks. Writes nothing to the platform."""
    from agentops.plan.build import PlanOptions
    from agentops.workflow.planning import plan_deployment

    scope = scope_of(
        project, environment, api, agent, exclude, select, changed_since, is_verbose=verbose, shard=read_shard(shard)
    )
    options = PlanOptions(acknowledged=frozenset(ack or ()), lists_unmanaged=unmanaged, today=today())

    async def main() -> Plan:
        async with opened(scope) as deployment:
            return await plan_deployment(deployment, options, prune=prune)

    made = run_async(main)
    if out is not None:
        from agentops.cli.consent import save_plan

        save_plan(made, out)
    sys.stdout.write(plan_output(made, output_format))
    if out is not None:
        talk(f"Saved to {out}. To apply exactly this: agentops apply {out}")
    return ExitCode.CHANGES if detailed_exitcode and not made.is_empty else ExitCode.DONE


def apply(
    plan_file: Annotated[
        Path | None, typer.Argument(metavar="[PLAN]", help="A plan saved with `plan --out`; must still hold.")
    ] = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    changed_since: ChangedSinceOption = None,
    api: ApiOption = None,
    yes: YesOption = False,
    no_input: NoInputOption = False,
    digest: Annotated[str | None, typer.Option("--digest", help="Apply only if the plan has this digest.")] = None,
    ack: AckOption = None,
    overwrite_drift: Annotated[
        bool, typer.Option("--overwrite-drift", help="Replace edits made in the console.")
    ] = False,
    discard_draft: Annotated[
        bool, typer.Option("--discard-draft", help="Throw away somebody's unpublished draft.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Archive agents of ours without a spec.")] = False,
    atomic: Annotated[bool, typer.Option("--atomic", help="If one agent fails, restore those already live.")] = False,
    smoke: Annotated[
        bool | None, typer.Option("--smoke/--no-smoke", help="Call the changed agents after going live.")
    ] = None,
    gate: Annotated[Gate | None, typer.Option("--gate", help="Call ephemeral copies before anything changes.")] = None,
    progress: ProgressOption = Progress.TEXT,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")] = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Make the platform match the specs: draft, publish, scan, live, read back, call, keep or restore."""
    from agentops.cli.consent import Consent, is_done, read_plan, require_consent
    from agentops.plan.build import PlanOptions
    from agentops.workflow.applying import ApplyRequest, apply_deployment, require_applyable
    from agentops.workflow.planning import plan_deployment

    approved = read_plan(plan_file) if plan_file else None
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since, is_verbose=verbose)
    if approved is not None:
        scope, prune = scope.of_plan(approved), prune or approved.archives
    options = PlanOptions(
        acknowledged=frozenset(ack or ()),
        overwrites_drift=overwrite_drift,
        discards_draft=discard_draft,
        today=today(),
    )
    consent = Consent(is_given=yes, may_ask=not no_input and is_interactive(), digest=digest, approved=approved)
    request = ApplyRequest(
        discard_draft=discard_draft, is_atomic=atomic, smoke=smoke, gate_preview=gate is Gate.PREVIEW
    )

    async def main() -> ApplyResult | None:
        async with opened(scope) as deployment:
            made = await plan_deployment(deployment, options, prune=prune)
            talk(plan_output(made, PlanFormat.TEXT, stderr_style()))
            if is_done(made, consent):
                return None
            require_applyable(made)
            require_consent(made, deployment.environment, consent)
            with watching(progress) as on_event:
                return await apply_deployment(deployment, made, request, calls=call_hooks(), on_event=on_event)

    result = run_async(main)
    if result is None:
        return ExitCode.DONE
    sys.stdout.write(result_output(result, output_format))
    return result.exit_code


def call_hooks() -> CallHooks:
    """Pages in the run's folder, progress on stderr; nothing of it is imported before there is something to call."""
    from agentops.workflow.applying import CallHooks

    def write_pages(run: RunReport, folder: Path) -> Path:
        from agentops.cli.call_pages import write_pages

        return write_pages(run, folder)

    def tell_progress(event: CallStarted | CallEnded) -> None:
        from agentops.cli.call_pages import tell_progress

        tell_progress(event)

    return CallHooks(write_pages, tell_progress)


@contextmanager
def watching(progress: Progress = Progress.TEXT) -> Iterator[EventSink]:
    """Who is told what an apply is doing: a person at a terminal, a log, or a program that reads JSON Lines."""
    if progress is Progress.JSON:
        yield _tell_as_json
    elif progress is Progress.LINES or not (sys.stderr.isatty() and read_settings().can_redraw):
        yield tell_event
    else:
        from agentops.cli.live import LiveView, terminal

        with LiveView(terminal(is_colored=read_settings().wants_color)) as view:
            yield view.tell


def _tell_as_json(event: Event) -> None:
    import json

    from agentops.apply.journal import event_data

    talk(json.dumps(event_data(event), ensure_ascii=False))


def tell_event(event: Event) -> None:
    """Says what an apply is doing, one line at a time."""
    from agentops.render.apply.text import event_text

    if (line := event_text(event, stderr_style())) is not None:
        talk(line)
