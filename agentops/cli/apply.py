"""`agentops apply`: plans, asks for consent, and makes the platform match the specs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli.acknowledging import acknowledged
from agentops.cli.approval import Consent, carry_out
from agentops.cli.options import (
    AckOption,
    AgentOption,
    ApiOption,
    ChangedSinceOption,
    EnvironmentOption,
    ExcludeOption,
    Gate,
    NoInputOption,
    ProgressFormat,
    ProgressOption,
    ProjectOption,
    SelectOption,
    TextOrJson,
    VerboseOption,
    YesOption,
)
from agentops.cli.output import result_output
from agentops.cli.session import is_interactive, scope_of, today
from agentops.plan.build import PlanOptions


def apply(
    plan_file: Annotated[
        Path | None, typer.Argument(metavar="[PLAN]", help="A plan saved with `plan --out`; refused if out of date.")
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
        bool, typer.Option("--discard-draft", help="Discard somebody's unpublished draft.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Archive agents that agentops deployed and that have no spec now.")
    ] = False,
    atomic: Annotated[bool, typer.Option("--atomic", help="If one agent fails, restore those already live.")] = False,
    smoke: Annotated[
        bool | None, typer.Option("--smoke/--no-smoke", help="Call the changed agents after going live.")
    ] = None,
    gate: Annotated[Gate | None, typer.Option("--gate", help="Call ephemeral copies before anything changes.")] = None,
    progress: ProgressOption = ProgressFormat.TEXT,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")] = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Make the platform match the specs: draft, publish, scan, live, read back, call, keep or restore."""
    approved = workflow.plan_file.read_plan(plan_file) if plan_file else None
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since, is_verbose=verbose)
    if approved is not None:
        scope, prune = scope.of_plan(approved), prune or approved.archives
    options = PlanOptions(
        acknowledged=acknowledged(ack, project),
        overwrites_drift=overwrite_drift,
        discards_draft=discard_draft,
        today=today(),
    )
    consent = Consent(is_given=yes, may_ask=not no_input and is_interactive(), digest=digest, approved=approved)
    calls = workflow.expected_calls.CallSettings(smoke, gate is Gate.PREVIEW)
    result = carry_out(
        scope,
        lambda deployment: workflow.planning.plan_deployment(deployment, options, prune=prune, calls=calls),
        lambda: workflow.applying.ApplyRequest(
            discard_draft=discard_draft, is_atomic=atomic, smoke=smoke, gate_preview=gate is Gate.PREVIEW
        ),
        consent,
        progress,
        output_format,
    )
    if result.run_id or output_format is TextOrJson.JSON:  # without a run, the plan already shows everything
        sys.stdout.write(result_output(result, output_format))
    return result.exit_code
