"""`agentops init`: files that validate, plan and apply on the emulator at once."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli.schemas import schema_files
from agentops.errors import ExitCode, UsageError
from agentops.files import make_folder, write_file
from agentops.settings import read_settings
from agentops.spec.environment import environment_to_name
from agentops.spec.files import AGENTS
from agentops.spec.starting import TEMPLATES, Start, has_specs, policy_files, project_files, project_name


class Policies(StrEnum):
    """The packs that there are."""

    REGULATED = "regulated"


def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder; created if it doesn't exist.")] = Path(),
    name: Annotated[str | None, typer.Option("--name", help="The project's name; default: the folder's.")] = None,
    template: Annotated[str, typer.Option("--template", metavar="NAME", help="support, appointments or survey.")] = (
        "support"
    ),
    github: Annotated[bool, typer.Option("--github", help="Add the workflows for GitHub.")] = False,
    policy: Annotated[
        Policies | None,
        typer.Option("--policy", help="Add a starter pack of policies to adapt."),
    ] = None,
) -> int:
    """Start a project, or add what is missing to one. Files that are there already are never overwritten."""
    if template not in TEMPLATES:
        listed = "; ".join(f"{each}: {what}" for each, (what, _, _) in TEMPLATES.items())
        raise UsageError(f"there is no template {template!r}", hint=listed, code="no-template")
    project = name or project_name(folder.resolve().name)
    if project_name(project) != project:
        hint = "use lower-case letters, digits and -, at most 40"
        raise UsageError(f"{project!r} can't be a project's name", hint=hint, code="bad-name")
    files = project_files(Start(project, template))
    if has_specs(folder):  # another agent would be deployed with the project's own
        files = {path: text for path, text in files.items() if not path.startswith(f"{AGENTS}/")}
    schemas = {f"schemas/{file}": text for file, text in schema_files().items()}
    policies = policy_files(policy.value) if policy is not None else {}
    _write(folder, {**files, **schemas, **policies})
    if github:
        _write_workflows(folder)
    print("next:", file=sys.stderr)
    if folder.resolve() != Path.cwd():
        print(f"  cd {shlex.quote(_shown(folder))}", file=sys.stderr)
    environment = environment_to_name(folder)
    where = f" -e {shlex.quote(environment)}" if environment else ""
    for verb in ("validate", "plan", "apply"):
        print(f"  agentops {verb}{where}", file=sys.stderr)
    return ExitCode.DONE


def _write(folder: Path, files: dict[str, str]) -> None:
    """Writes the files that are new, and says which others were left alone."""
    for path, text in files.items():
        target = folder / path
        if not target.exists():
            make_folder(target.parent)
            write_file(target, text)
            print(_shown(target))
        elif not target.is_file() or target.read_text(encoding="utf-8", errors="replace") != text:
            print(f"{_shown(target)} already exists and was left alone", file=sys.stderr)


def _write_workflows(folder: Path) -> None:
    """The workflows go to the top of the repository, which may be above the project."""
    top, scaffold = workflow.github_files.read_scaffold(folder, read_settings())
    written, different = workflow.github_files.write_github_files(top, scaffold)
    for file in written:
        print(_shown(top / file))
    for file in different:
        print(
            f"{_shown(top / file)} already exists and was left alone; `agentops ci files --overwrite` renews it",
            file=sys.stderr,
        )


def _shown(path: Path) -> str:
    """The path from here, where it is below."""
    path, here = path.resolve(), Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
