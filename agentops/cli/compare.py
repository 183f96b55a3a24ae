"""`agentops compare`: whether callers fare better under one revision than under another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli import completion
from agentops.cli.options import ApiOption, EnvironmentOption, ProjectOption, ReportFormat, VerboseOption
from agentops.cli.output import stdout_style
from agentops.cli.session import opened, run_async, scope_of, talk
from agentops.clock import Period
from agentops.errors import ExitCode, UsageError
from agentops.render.compare.html import comparison_html
from agentops.render.compare.json import comparison_json
from agentops.render.compare.markdown import comparison_markdown
from agentops.render.compare.text import comparison_text
from agentops.render.style import plural

if TYPE_CHECKING:
    from agentops.compare.comparison import RevisionComparison

_PHONE = ("telephony_inbound", "telephony_outbound")
CallTypeOption = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Calls of this type; repeatable; default: phone.")
]


def compare(
    key: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's key.", autocompletion=completion.agents)],
    old: Annotated[
        str | None,
        typer.Argument(
            metavar="[OLD",
            help="The old revision: number, id or label; default: the one before.",
            autocompletion=completion.revisions,
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="NEW]", help="The new revision; default: the one that serves.", autocompletion=completion.revisions
        ),
    ] = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    call_type: CallTypeOption = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help='Calls from then on, such as "2026-03-03 10:00".')
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Calls until then.")] = None,
    zone: Annotated[str, typer.Option("--zone", metavar="NAME", help="The time zone of both.")] = "UTC",
    api: ApiOption = None,
    output_format: Annotated[ReportFormat, typer.Option("--format", help="How to print it.")] = ReportFormat.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Compare what callers met with under two revisions: every measure with its count, the difference, an interval."""
    if old is not None and new is None:
        raise UsageError("name both revisions, the old and the new, or none", hint=f"`agentops history {key}`")
    names = None if old is None or new is None else (old, new)
    types = call_types(call_type)
    period = _period(since, until, zone)
    scope = scope_of(project, environment, api, [key], is_verbose=verbose)

    def on_read(count: int) -> None:
        talk(f"  {plural(count, 'call')} read")

    async def main() -> RevisionComparison:
        async with opened(scope, needs_specs=False) as deployment:
            return await workflow.comparing.compare_revisions(deployment, names, types, period, on_read)

    sys.stdout.write(_output(run_async(main), output_format))
    return ExitCode.DONE


def _period(since: str | None, until: str | None, zone: str) -> Period:
    """The times that calls may be from. Raises UsageError for what is not a time, and for two in the wrong order."""
    read = workflow.moments.read_moment
    period = Period(
        read(since, zone, option="--since") if since else None, read(until, zone, option="--until") if until else None
    )
    if period.since and period.until and period.since >= period.until:
        hint = "give the earlier time to --since"
        raise UsageError(f"--since {since!r} is not before --until {until!r}", hint=hint, code="no-time")
    return period


def call_types(asked: list[str] | None) -> tuple[str, ...]:
    """The types of calls to read. Raises UsageError for one that the platform does not have."""
    types = tuple(dict.fromkeys(asked or _PHONE))
    known = workflow.comparing.CALL_TYPES
    if unknown := [each for each in types if each not in known]:
        raise UsageError(f"there is no call type {unknown[0]!r}", hint=f"the types are {', '.join(known)}")
    return types


def _output(found: RevisionComparison, output_format: ReportFormat) -> str:
    match output_format:
        case ReportFormat.TEXT:
            return comparison_text(found, stdout_style())
        case ReportFormat.MARKDOWN:
            return comparison_markdown(found)
        case ReportFormat.JSON:
            return comparison_json(found)
        case ReportFormat.HTML:
            return comparison_html(found)
