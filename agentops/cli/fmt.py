"""`agentops fmt`: YAML files in the canonical order and layout."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops.cli.options import ProjectOption, TextOrJson
from agentops.errors import ExitCode, SpecError
from agentops.importers.files import unified
from agentops.render.diagnostics.json import diagnostic_fields
from agentops.render.style import plural
from agentops.spec import find_root
from agentops.spec.formatting import format_project


def fmt(
    files: Annotated[list[Path] | None, typer.Argument(help="Files to format; default: the whole project.")] = None,
    project: ProjectOption = Path(),
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would change, exit as --check.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when something would change.")
    ] = False,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
) -> int:
    """Bring YAML files into the canonical order, layout and style. Comments and expressions stay as they are."""
    root, writes = find_root(project), not check and not diff
    result = format_project(root, [path.absolute() for path in files] if files else None, writes=writes)
    if output_format is TextOrJson.JSON:
        data = {
            "files": result.count,
            "are_written": writes,
            "changed": [{"file": name, "diff": unified(*texts, name)} for name, texts in result.changed.items()],
            "problems": [diagnostic_fields(each) for each in result.problems],
        }
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    else:
        for name, (before, after) in result.changed.items():
            sys.stdout.write(unified(before, after, name) if diff else f"{name}\n")
    if result.problems:
        raise SpecError(result.problems)
    done = "changed" if writes else "would change"
    print(f"{len(result.changed)} of {plural(result.count, 'file')} {done}", file=sys.stderr)
    return ExitCode.FAILED if not writes and result.changed else ExitCode.DONE
