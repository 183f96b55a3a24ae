"""`agentops merge`: puts together what the shards of a CI matrix left behind."""

from __future__ import annotations

import typer

from agentops.cli.calls import merge_reports

merge = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Put the results of several shards together.")
merge.command("reports")(merge_reports)
