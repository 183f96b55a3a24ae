"""`agentops rollback`: puts an earlier revision back in service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.approval import Consent, require_consent
from agentops.cli.options import (
    AckOption,
    ApiOption,
    EnvironmentOption,
    KeysArgument,
    NoInputOption,
    PlanFormat,
    ProjectOption,
    SelectOption,
    TextOrJson,
    VerboseOption,
    YesOption,
)
from agentops.cli.output import call_hooks, plan_output, result_output, stderr_style, watching
from agentops.cli.session import is_interactive, opened, run_async, scope_of, talk, today
from agentops.errors import ExitCode, UsageError
from agentops.plan.build import PlanOptions

if TYPE_CHECKING:
    from agentops.apply.model import ApplyResult


def rollback(
    key: KeysArgument = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    select: SelectOption = None,
    api: ApiOption = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="REVISION", help="A number, an id, a label; default: the previous.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="ID", help="Undo this run, for all its agents.")] = None,
    yes: YesOption = False,
    no_input: NoInputOption = False,
    ack: AckOption = None,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Put an earlier revision back in service: planned, shown, then applied by the same engine as everything else."""
    if not key and not select and run is None:
        raise UsageError("nothing says which agents to roll back", hint="name keys, --select TAG=VALUE, or --run ID")
    if to is not None and run is not None:
        raise UsageError("--to and --run exclude each other", hint="a run goes back to what served before it")
    scope = scope_of(project, environment, api, key, None, select, is_verbose=verbose)
    options = PlanOptions(acknowledged=frozenset(ack or ()), today=today())
    consent = Consent(is_given=yes, may_ask=not no_input and is_interactive(), is_emergency=True)

    async def main() -> ApplyResult | None:
        async with opened(scope) as deployment:
            if run is not None:
                made = await workflow.history.plan_undoing(deployment, run, options)
            else:
                made = await workflow.history.plan_going_back(deployment, options, to=to or "previous")
            talk(plan_output(made, PlanFormat.TEXT, stderr_style()))
            if made.is_empty and made.is_applyable:
                return None
            workflow.applying.require_applyable(made)
            require_consent(made, deployment.environment, consent)
            request = workflow.applying.ApplyRequest(smoke=False)
            with watching() as on_event:
                return await workflow.applying.apply_deployment(
                    deployment, made, request, calls=call_hooks(), on_event=on_event
                )

    result = run_async(main)
    if result is None:
        return ExitCode.DONE
    sys.stdout.write(result_output(result, output_format))
    return result.exit_code
