"""How a command that a workflow calls starts and ends: its inputs, its result for GitHub, its log.

The action hands its inputs over as AGENTOPS_CI_* variables, so that its shell step is one line without decisions.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentops.ci.job import Job, read_job
from agentops.ci.telling import Told, silenced, tell_failure
from agentops.cli.session import Scope, run_async
from agentops.errors import AgentopsError, UsageError
from agentops.render.plan.text import plan_text
from agentops.settings import read_settings
from agentops.spec import find_root

if TYPE_CHECKING:
    from agentops.plan.model import Plan

EnvironmentOption = Annotated[
    str | None,
    typer.Option("-e", "--environment", metavar="NAME", help="The environment; default: the action's input."),
]
ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", help="The folder with agentops.yaml; default: the action's input."),
]


def start(command: str, environment: str | None, project: Path | None) -> tuple[Job, Scope]:
    environ = read_settings().environ
    job = read_job(command, environ)
    folder = project or Path(environ.get("AGENTOPS_CI_PROJECT") or ".")
    return job, Scope(folder, environment=environment or environ.get("AGENTOPS_CI_ENVIRONMENT") or None)


def run_told(job: Job, scope: Scope, work: Callable[[], Coroutine[Any, Any, Told]]) -> int:
    """Runs the command; whatever it ends in, the job's outputs, summary and annotations are written."""
    try:
        told = run_async(work)
    except AgentopsError as error:
        failed = tell_failure(job, scope.environment or "default", error, _folder(job, scope))
        print_lines(failed.commands)
        raise
    print_lines(told.commands)
    return told.exit_code


def _folder(job: Job, scope: Scope) -> str:
    try:
        return job.folder_of(find_root(scope.start))
    except UsageError:
        return ""


def show(made: Plan) -> None:
    """The plan in the job's log. It quotes prompts, so the runner is told to read no commands in it."""
    print_lines(silenced(secrets.token_hex(16), plan_text(made).splitlines()))


def print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        print(line)
    sys.stdout.flush()
