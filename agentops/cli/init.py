"""`agentops init`: files that validate, plan and apply on the emulator at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli.schemas import schema_files
from agentops.errors import ExitCode, RefusedError, UsageError
from agentops.settings import read_settings
from agentops.spec.starting import TEMPLATES, Start, project_files, project_name


def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder; made when it is not there.")] = Path(),
    name: Annotated[str | None, typer.Option("--name", help="The project's name; default: the folder's.")] = None,
    template: Annotated[str, typer.Option("--template", metavar="NAME", help="support, appointments or survey.")] = (
        "support"
    ),
    github: Annotated[bool, typer.Option("--github", help="Add the workflows for GitHub.")] = False,
) -> int:
    """Start a project. Files that are there already are never overwritten."""
    if template not in TEMPLATES:
        listed = "; ".join(f"{each}: {what}" for each, (what, _, _) in TEMPLATES.items())
        raise UsageError(f"there is no template {template!r}", hint=listed, code="no-template")
    project = name or project_name(folder.resolve().name)
    if project_name(project) != project:
        hint = "use lower-case letters, digits and -, at most 40"
        raise UsageError(f"{project!r} can't be a project's name", hint=hint, code="bad-name")
    schemas = {f"schemas/{file}": text for file, text in schema_files().items()}
    _write(folder, {**project_files(Start(project, template)), **schemas})
    if github:
        _write_workflows(folder)
    where = "" if folder == Path() else f"cd {folder} && "
    print(f"next: {where}agentops validate && agentops plan && agentops apply", file=sys.stderr)
    return ExitCode.DONE


def _write(folder: Path, files: dict[str, str]) -> None:
    """Writes the files that are new. Raises `RefusedError`, before anything is written, where one would be changed."""
    changed = [path for path, text in files.items() if _differs(folder / path, text)]
    if changed:
        hint = "move them away, or start in an empty folder"
        raise RefusedError(f"these files are there already: {', '.join(changed)}", hint=hint, code="would-overwrite")
    for path, text in files.items():
        target = folder / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            print(target.as_posix())


def _differs(path: Path, text: str) -> bool:
    return path.exists() and (not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text)


def _write_workflows(folder: Path) -> None:
    """The workflows go to the top of the repository, which may be above the project."""
    top, scaffold = workflow.github_files.read_scaffold(folder, read_settings())
    written, different = workflow.github_files.write_github_files(top, scaffold)
    for file in written:
        print((top / file).as_posix())
    for file in different:
        print(f"{file} is there already and was left alone; `agentops ci files --overwrite` renews it", file=sys.stderr)
