"""`agentops merge`: puts together what the shards of a CI matrix left behind."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops.calls.call_files import merge_folders
from agentops.cli.call_pages import exit_code_of, run_output, write_pages
from agentops.cli.options import TextOrJson
from agentops.cli.session import talk

merge = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Put the results of several shards together.")


@merge.command("reports")
def reports(
    file: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The report.json files of the shards.")],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="Where the merged reports go.")],
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print the result.")] = TextOrJson.TEXT,
) -> int:
    """Put the call reports of several shards together; exits as one run would have."""
    run = merge_folders(file, output)
    sys.stdout.write(run_output(run, output_format))
    talk(f"Report: {write_pages(run, output)}")
    return exit_code_of(run)
