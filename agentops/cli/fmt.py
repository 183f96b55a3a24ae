"""`agentops fmt`: YAML files in the canonical order and layout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops.cli.options import ProjectOption
from agentops.errors import ExitCode, SpecError
from agentops.spec import find_root
from agentops.spec.formatting import format_project


def fmt(
    files: Annotated[list[Path] | None, typer.Argument(help="Files to format; default: the whole project.")] = None,
    project: ProjectOption = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when something would change.")
    ] = False,
) -> int:
    """Bring YAML files into the canonical order and layout. Comments, quotes and expressions stay."""
    root = find_root(project)
    result = format_project(root, [path.absolute() for path in files] if files else None, writes=not check)
    for name in result.changed:
        print(name)
    if result.problems:
        raise SpecError(result.problems)
    done = "would change" if check else "changed"
    print(f"{len(result.changed)} of {result.count} files {done}", file=sys.stderr)
    return ExitCode.FAILED if check and result.changed else ExitCode.DONE
