"""`agentops forget`: stops managing an agent without touching it on the platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli.options import ProjectOption, YesOption
from agentops.cli.session import is_interactive, read_project, scope_of, talk
from agentops.errors import AgentopsError, ExitCode, UsageError


def forget(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The agent's key in this project.")],
    project: ProjectOption = Path(),
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go and change nothing.")] = False,
) -> int:
    """Stop managing an agent: its files go, it stays as it is on the platform, and nothing here archives it."""
    found = read_project(scope_of(project, None, None))
    forgetting = workflow.pulling.plan_forgetting(found, key)
    for path in forgetting.removed:
        talk(f"{'would remove' if dry_run else 'remove'} {path}")
    if dry_run:
        return ExitCode.DONE
    if not yes and not is_interactive():
        raise UsageError(
            "forgetting the agent isn't confirmed, and there is no terminal to ask at",
            hint="pass --yes to forget it",
            code="no-consent",
        )
    if not yes and not typer.confirm(f"Stop managing {forgetting.name or key}?", err=True):
        raise AgentopsError(
            "nothing was changed: you answered no", hint="run the command again once you agree", code="declined"
        )
    workflow.pulling.forget(forgetting, found.root)
    if forgetting.name is None:
        talk(f"{key} is forgotten: it had no spec, and an agent that was deployed under this key is left alone.")
    else:
        talk(f"{key} is forgotten: {forgetting.name} goes on serving calls, and agentops no longer looks at it.")
    return ExitCode.DONE
