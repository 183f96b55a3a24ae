"""`agentops promote`: applies what another environment serves and has passed its calls with, and nothing else."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli import completion
from agentops.cli.acknowledging import acknowledged
from agentops.cli.approval import Consent, carry_out
from agentops.cli.options import (
    AckOption,
    AgentOption,
    ApiOption,
    ExcludeOption,
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
from agentops.errors import ExitCode
from agentops.plan.build import PlanOptions


def promote(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="NAME",
            help="The environment that serves it now.",
            autocompletion=completion.environments,
            show_default=False,
        ),
    ],
    target: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="NAME",
            help="The environment to apply it to.",
            autocompletion=completion.environments,
            show_default=False,
        ),
    ],
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    api: ApiOption = None,
    yes: YesOption = False,
    no_input: NoInputOption = False,
    digest: Annotated[str | None, typer.Option("--digest", help="Apply only if the plan has this digest.")] = None,
    ack: AckOption = None,
    progress: ProgressOption = ProgressFormat.TEXT,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")] = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Apply to one environment what another one serves from the same files, with its calls passed."""
    scope = scope_of(project, target, api, agent, exclude, select, is_verbose=verbose)
    options = PlanOptions(acknowledged=acknowledged(ack, project), today=today())
    consent = Consent(is_given=yes, may_ask=not no_input and is_interactive(), digest=digest)
    result = carry_out(
        scope,
        lambda deployment: workflow.planning.plan_deployment(deployment, options, requires=source),
        workflow.applying.ApplyRequest,
        consent,
        progress,
        output_format,
    )
    if result is None:
        return ExitCode.DONE
    again = shlex.join(["agentops", "promote", "--from", source, "--to", target])
    sys.stdout.write(result_output(result, output_format, again))
    return result.exit_code
