"""`agentops ci`: the verbs that workflows call, and the one that writes those workflows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentops.ci.scaffold import github_files
from agentops.cli import ci_deploy, ci_watch
from agentops.cli.ci_job import print_lines
from agentops.cli.github_files import read_scaffold, write_github_files
from agentops.cli.session import talk
from agentops.errors import ExitCode

ci = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="What GitHub workflows call: runs a command and tells GitHub about it. Elsewhere, use the verbs themselves.",
)
ci.command("plan")(ci_deploy.plan)
ci.command("apply")(ci_deploy.apply)
ci.command("rollback")(ci_deploy.rollback)
ci.command("revert")(ci_deploy.revert)
ci.command("drift")(ci_watch.drift)
ci.command("calls")(ci_watch.calls)
ci.command("merge-calls")(ci_watch.merge_calls)
ci.command("preview")(ci_watch.preview)
ci.command("preview-gc")(ci_watch.preview_gc)


@ci.command("files")
def files(
    project: Annotated[
        Path, typer.Option("--project", metavar="DIR", help="Where to look for agentops.yaml; default: here.")
    ] = Path(),
    branch: Annotated[str, typer.Option("--branch", help="The branch whose pushes are applied.")] = "main",
    requirement: Annotated[
        str | None, typer.Option("--requirement", metavar="SPEC", help="What pip installs in the jobs.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Renew files that differ.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when something would be.")] = False,
) -> int:
    """Write the workflows and the action, or renew them after environments, secrets or agentops changed."""
    top, scaffold = read_scaffold(project, branch=branch, requirement=requirement)
    if check:
        stale = [name for name, text in github_files(scaffold).items() if not _is(top / name, text)]
        print_lines([f"{name} is not what `agentops ci files` writes" for name in stale])
        return ExitCode.FAILED if stale else ExitCode.DONE
    written, different = write_github_files(top, scaffold, overwrites=overwrite)
    print_lines(written)
    for name in different:
        talk(f"{name} differs and was left alone; --overwrite renews it")
    return ExitCode.DONE


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text
