"""`agentops rollback`: puts an earlier revision back in service."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.apply.model import Outcome
from agentops.cli import completion
from agentops.cli.acknowledging import acknowledged
from agentops.cli.approval import Consent, carry_out
from agentops.cli.options import (
    AckOption,
    ApiOption,
    EnvironmentOption,
    KeysArgument,
    NoInputOption,
    ProjectOption,
    SelectOption,
    TextOrJson,
    VerboseOption,
    YesOption,
)
from agentops.cli.output import result_output
from agentops.cli.session import is_interactive, scope_of, today
from agentops.errors import UsageError
from agentops.plan.build import PlanOptions

if TYPE_CHECKING:
    from agentops.apply.model import ApplyResult
    from agentops.plan.model import Plan
    from agentops.workflow.deployment import Deployment


def rollback(
    key: KeysArgument = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    select: SelectOption = None,
    api: ApiOption = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="REVISION",
            help="A number, an id, a label; default: the previous.",
            autocompletion=completion.revisions,
        ),
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
        raise UsageError("no agent to roll back was named", hint="name keys, --select TAG=VALUE, or --run ID")
    if to is not None and run is not None:
        raise UsageError("--to and --run exclude each other", hint="a run goes back to what served before it")
    scope = scope_of(project, environment, api, key, None, select, is_verbose=verbose)
    options = PlanOptions(acknowledged=acknowledged(ack, project), today=today())
    consent = Consent(is_given=yes, may_ask=not no_input and is_interactive(), is_emergency=True)

    async def make(deployment: Deployment) -> Plan:
        if run is not None:
            return await workflow.history.plan_undoing(deployment, run, options)
        return await workflow.history.plan_going_back(deployment, options, to=to or "previous")

    result = carry_out(scope, make, lambda: workflow.applying.ApplyRequest(smoke=False), consent)
    if result.run_id or output_format is TextOrJson.JSON:  # without a run, the plan already shows everything
        sys.stdout.write(result_output(result, output_format, _again(result, run, to)))
    return result.exit_code


def _again(result: ApplyResult, run: str | None, to: str | None) -> str:
    """What goes on with an interrupted rollback. An agent that has gone back to the previous revision must not go
    further back, so only the others are named."""
    words = ["agentops", "rollback", *(["--run", run] if run else [])]
    if run is None:
        words += [agent.key for agent in result.agents if agent.outcome is Outcome.NOT_ATTEMPTED]
        words = [*words, *(["--to", to] if to else [])] if len(words) > 2 else ["agentops", "status"]
    return shlex.join([*words, "-e", result.environment])
