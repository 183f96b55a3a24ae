"""`pull` brings console edits into the files; `forget` stops managing an agent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops.cli.options import (
    AgentOption,
    ApiOption,
    ChangedSinceOption,
    EnvironmentOption,
    ExcludeOption,
    ProjectOption,
    SelectOption,
    YesOption,
)
from agentops.cli.output import today
from agentops.cli.session import Scope, is_interactive, opened, read_project, run_async, scope_of, talk
from agentops.document import path_text
from agentops.errors import ExitCode, RefusedError, UsageError
from agentops.importers.files import unified

if TYPE_CHECKING:
    from agentops.importers.atoms.pulling import Pulled


def pull(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    exclude: ExcludeOption = None,
    select: SelectOption = None,
    changed_since: ChangedSinceOption = None,
    api: ApiOption = None,
    theirs: Annotated[
        bool, typer.Option("--theirs", help="Fields that changed on both sides take the live value.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the edits as a diff and write nothing.")] = False,
) -> int:
    """Bring what was changed in the console into the specs and prompts, keeping comments and expressions."""
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since)
    root, pulled = run_async(lambda: _pull(scope, theirs=theirs))
    for path, (before, after) in pulled.files.items():
        sys.stdout.write(unified(before, after, path))
        if not dry_run:
            (root / path).write_text(after, encoding="utf-8", newline="\n")
    _tell(pulled, dry_run=dry_run)
    if pulled.unwritten:
        return ExitCode.STALE
    return ExitCode.CHANGES if dry_run and pulled.files else ExitCode.DONE


def forget(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The agent's key in this project.")],
    project: ProjectOption = Path(),
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go and change nothing.")] = False,
) -> int:
    """Stop managing an agent: its files go, it stays as it is on the platform, and nothing here archives it."""
    from agentops.importers.atoms.forgetting import forget_agent

    found = read_project(scope_of(project, None, None), needs_secrets=False)
    settings = found.root / "agentops.yaml"
    forgetting = forget_agent(key, found.agents, settings.read_text("utf-8"))
    for path in forgetting.removed:
        talk(f"{'would remove' if dry_run else 'remove'} {path}")
    if dry_run:
        return ExitCode.DONE
    if not yes and not _confirmed(forgetting.name):
        raise RefusedError("nothing was changed: you said no", code="declined")
    for path in forgetting.removed:
        (found.root / path).unlink(missing_ok=True)
    settings.write_text(forgetting.settings, encoding="utf-8", newline="\n")
    talk(f"{key} is forgotten: {forgetting.name} goes on serving calls, and agentops no longer looks at it.")
    return ExitCode.DONE


def _confirmed(name: str) -> bool:
    if not is_interactive():
        raise UsageError("nobody can be asked here", hint="pass --yes to forget the agent", code="no-consent")
    return typer.confirm(f"Stop managing {name}?", err=True)


async def _pull(scope: Scope, *, theirs: bool) -> tuple[Path, Pulled]:
    from agentops.importers.atoms.pulling import Puller, users_of
    from agentops.plan.build import PlanOptions
    from agentops.settings import read_settings
    from agentops.workflow.drift import read_drift

    async with opened(scope) as deployment:
        plan = await read_drift(deployment, PlanOptions(today=today()))
        project = deployment.project
    puller = Puller(
        root=project.root,
        environ=read_settings().environ,
        environment=project.environment.name,
        takes_conflicts=theirs,
        users=users_of(project.agents),
    )
    for change in plan.changes:
        puller.pull(change)
    return project.root, puller.result()


def _tell(pulled: Pulled, *, dry_run: bool) -> None:
    for each in pulled.written:
        verb = "would go" if dry_run else "went"
        talk(f"{each.agent}: {path_text(each.path)} {verb} into {each.file}")
    for left in pulled.unwritten:
        where = f" ({left.where})" if left.where else ""
        talk(f"{left.agent}: {path_text(left.path)}{where} is left to you: {left.why}")
        if left.patch:
            talk(left.patch.rstrip("\n"))
    for name in pulled.secrets:
        talk(f"secret {name}: not copied; set it in each environment")
    if not pulled.written and not pulled.unwritten:
        talk("Nothing was changed outside git.")
