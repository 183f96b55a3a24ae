"""`agentops merge`: puts together what the shards of a CI matrix left behind."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops.cli.calls import merge_reports
from agentops.cli.options import PlanFormat
from agentops.cli.output import plan_output
from agentops.cli.session import talk
from agentops.errors import ExitCode

merge = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Put the results of several shards together.")
merge.command("reports")(merge_reports)


@merge.command("plans")
def merge_plans(
    file: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Saved by `plan --shard I/N --out FILE`.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Save the whole for `apply FILE`.")] = None,
    output_format: Annotated[PlanFormat, typer.Option("--format", help="How to print it.")] = PlanFormat.TEXT,
) -> int:
    """Put the plans of several shards together into the one that is reviewed and applied."""
    from agentops.cli.consent import read_plan
    from agentops.plan.merging import merge_plans as merged
    from agentops.plan.serial import to_json

    whole = merged([read_plan(each) for each in file])
    sys.stdout.write(plan_output(whole, output_format))
    if out is not None:
        out.write_text(to_json(whole), "utf-8")
        talk(f"Saved to {out}. To apply exactly this: agentops apply {out}")
    return ExitCode.DONE
