"""`agentops schema`: the JSON Schemas of the project's files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops.cli.schemas import KINDS, all_schemas, schema_files, schema_text
from agentops.errors import ExitCode, UsageError
from agentops.files import make_folder, write_file


def schema(
    kind: Annotated[
        str | None,
        typer.Argument(help=f"{', '.join(KINDS)}."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="DIR", help="Write all of them there.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say whether the files in DIR are up to date.")] = False,
) -> int:
    """Print the JSON Schema of one kind of file, or write all of them for editors."""
    if output is not None:
        return _write(output, check=check)
    if kind not in KINDS:
        hint = f"name one of {', '.join(KINDS)}, or write them all with --output schemas"
        raise UsageError(f"there is no schema {kind!r}" if kind else "which schema?", hint=hint, code="no-schema")
    print(schema_text(all_schemas()[kind]), end="")
    return ExitCode.DONE


def _write(folder: Path, *, check: bool) -> ExitCode:
    files = schema_files()
    if check:
        present = {name: (folder / name).read_text("utf-8") for name in files if (folder / name).is_file()}
        stale = [name for name, text in files.items() if present.get(name) != text]
        for name in stale:
            print(f"{folder / name} is out of date", file=sys.stderr)
        return ExitCode.FAILED if stale else ExitCode.DONE
    make_folder(folder)
    for name, text in files.items():
        write_file(folder / name, text)
        print(folder / name)
    return ExitCode.DONE
