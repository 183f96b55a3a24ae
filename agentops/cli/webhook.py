"""`agentops webhook`: the secret that a webhook's requests are signed with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli import completion
from agentops.cli.options import ApiOption, EnvironmentOption, ProjectOption
from agentops.cli.session import opened, run_async, scope_of
from agentops.errors import ExitCode, UsageError

webhook = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Webhooks that are described in webhooks/.",
)


@webhook.callback()
def webhooks() -> None:
    """Webhooks that are described in webhooks/."""


@webhook.command("secret")
def secret(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The webhook's file, without its ending.", autocompletion=completion.webhooks
        ),
    ],
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
) -> int:
    """Print the secret that the platform signs this webhook's requests with (X-Signature). To a terminal only."""
    if not sys.stdout.isatty():
        raise UsageError(
            "the signing secret is printed to a terminal only",
            hint="run this in a terminal and paste it into the secrets of whatever receives the requests",
            code="not-a-terminal",
        )
    scope = scope_of(project, environment, api)

    async def main() -> str:
        async with opened(scope, needs_specs=False) as deployment:
            return await workflow.resources.read_webhook_secret(deployment.account, deployment.project, name)

    print(run_async(main))
    return ExitCode.DONE
