"""`agentops pull`: brings console edits into the specs and prompts that are there."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.options import (
    AgentOption,
    ApiOption,
    ChangedSinceOption,
    EnvironmentOption,
    ExcludeOption,
    ProjectOption,
    SelectOption,
    TextOrJson,
)
from agentops.cli.session import opened, run_async, scope_of, talk, today
from agentops.commands import in_environment, quoted_path
from agentops.document import path_text
from agentops.errors import ExitCode
from agentops.importers.files import unified
from agentops.plan.build import PlanOptions
from agentops.render.pulled import pulled_json
from agentops.settings import read_settings

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
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Keep other environments as they are: write into this one's own block.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the edits as a diff and write nothing.")] = False,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
) -> int:
    """Bring what was changed in the console into the specs and prompts, keeping comments and expressions."""
    scope = scope_of(project, environment, api, agent, exclude, select, changed_since)

    async def main() -> tuple[Path, str, Pulled]:
        async with opened(scope) as deployment:
            options = PlanOptions(today=today())
            pulled = await workflow.pulling.pull(
                deployment, options, read_settings(), takes_conflicts=theirs, overlays=overlay
            )
            return deployment.root, deployment.environment.name, pulled

    root, name, pulled = run_async(main)
    if not dry_run:
        workflow.pulling.write_pulled(pulled, root)
    if output_format is TextOrJson.JSON:
        sys.stdout.write(pulled_json(pulled, name, is_dry_run=dry_run))
    else:
        for path, (before, after) in pulled.files.items():
            sys.stdout.write(unified(before, after, path))
        _tell(pulled, name, project, dry_run=dry_run)
    if pulled.unwritten:
        return ExitCode.STALE
    return ExitCode.CHANGES if dry_run and pulled.files else ExitCode.DONE


def _tell(pulled: Pulled, environment: str, project: Path, *, dry_run: bool) -> None:
    for each in pulled.written:
        verb = "would go" if dry_run else "went"
        also = f", which changes it in {', '.join(each.elsewhere)}, too" if each.elsewhere else ""
        talk(f"{each.agent}: {path_text(each.path)} {verb} into {each.file}{also}")
    if shared := sorted({each.file for each in pulled.written if each.elsewhere}):
        git = "git" if project == Path() else f"git -C {quoted_path(str(project))}"
        first = "" if dry_run else f"`{git} restore {shlex.join(shared)}`, then "
        again = in_environment("`agentops pull --overlay`", environment)
        talk(f"To change {environment} alone: {first}{again}")
    for left in pulled.unwritten:
        where = f" ({left.where})" if left.where else ""
        talk(f"{left.agent}: {path_text(left.path)}{where} is left to you: {left.why}")
        if left.patch:
            talk(left.patch.rstrip("\n"))
    for remark in pulled.remarks:
        talk(remark)
    for name in pulled.secrets:
        talk(f"secret {name}: not copied; set it in each environment")
    if not pulled.written and not pulled.unwritten:
        talk("Nothing was changed outside git.")
