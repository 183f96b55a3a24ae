"""`agentops campaign`: calls many people from a reviewed file. Nothing dials but `start`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from agentops import workflow
from agentops.cli.options import ApiOption, EnvironmentOption, NoInputOption, ProjectOption, TextOrJson, YesOption
from agentops.cli.session import Scope, is_interactive, opened, read_project, run_async, scope_of, talk
from agentops.errors import AgentopsError, ExitCode, UsageError
from agentops.files import write_file
from agentops.render.campaign.data import people_csv, progress_json, report_json, results_csv, results_json
from agentops.render.campaign.html import results_html
from agentops.render.campaign.text import people_text, progress_text, report_text, results_text
from agentops.render.style import plural

if TYPE_CHECKING:
    from agentops.campaigns.checks import CampaignReport
    from agentops.workflow.campaigns import PreparedCampaign
    from agentops.workflow.deployment import Deployment

Result = TypeVar("Result")
_WATCHED_EVERY_S = 5.0

campaign = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Call many people from a reviewed file. Nothing dials but `start`.",
)
FormatOption = Annotated[TextOrJson, typer.Option("--format", help="How to print it.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The campaign: campaigns/NAME.yaml.")]


AtOption = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help='Start then, as in "2026-12-01 09:00", not now: the platform dials by itself.'
    ),
]
ZoneOption = Annotated[str, typer.Option("--zone", metavar="NAME", help="The time zone of --at.")]


class ResultsFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


@campaign.command("check")
def check(
    name: NameArgument,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    at: AtOption = None,
    zone: ZoneOption = "UTC",
    output_format: FormatOption = TextOrJson.TEXT,
) -> int:
    """Check the file, the audience, the agent and the account, and say what a start would do. Writes nothing."""
    scope, moment = scope_of(project, environment, api), _moment(at, zone)
    now = datetime.now(UTC)
    report = _prepared(name, scope, lambda opened, prepared: workflow.campaigns.check(opened, prepared, now, moment))
    print(report_json(report) if output_format is TextOrJson.JSON else report_text(report))
    return ExitCode.REFUSED if report.refused else ExitCode.DONE


@campaign.command("create")
def create(
    name: NameArgument, environment: EnvironmentOption = None, project: ProjectOption = Path(), api: ApiOption = None
) -> int:
    """Put the audience and the campaign on the platform. Dials nobody; what already exists is used again."""
    stored, is_new = _prepared(name, scope_of(project, environment, api), workflow.campaigns.create)
    outcome = "created" if is_new else "already exists"
    print(f"{stored.name} {outcome}: {stored.status}, {people_text(stored.people or 0)}. Nobody is called.")
    return ExitCode.DONE


@campaign.command("start")
def start(
    name: NameArgument,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    yes: YesOption = False,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="D", help="The digest of the summary that `check` showed.")
    ] = None,
    no_input: NoInputOption = False,
    at: AtOption = None,
    zone: ZoneOption = "UTC",
) -> int:
    """Call the people of a created campaign, or go on with a paused one. Checks everything once more before.

    With --at the campaign is created for that time, and the platform dials by itself.
    """
    target, moment = scope_of(project, environment, api), _moment(at, zone)
    if yes and digest is None:
        hint = f"`agentops campaign check {name}` shows the summary with its digest"
        raise UsageError("--yes needs the --digest of the summary that was read", hint=hint, code="no-digest")

    def begin(approved: str | None) -> tuple[CampaignReport, str | None]:
        now, attempt = datetime.now(UTC), workflow.campaigns.begin
        return _prepared(name, target, lambda opened, prepared: attempt(opened, prepared, now, moment, approved))

    report, status = begin(digest if yes else None)
    print(report_text(report))
    if status is None and report.refused:
        return ExitCode.REFUSED
    # The person is asked while no connection is open; what was agreed to is then checked again by its digest.
    if status is None:
        report, status = begin(_ask(report, may_ask=is_interactive() and not no_input))
        if status is None:
            print(report_text(report))
            return ExitCode.REFUSED
    if moment is not None:
        print(f"The platform calls {people_text(report.people)} by itself at {moment:%Y-%m-%d %H:%M} UTC.")
        print("They will hear whatever revision serves then: nothing is checked again.")
    print(f"{report.name}: {status}. `agentops campaign pause {name} -e {report.environment}` stops it.")
    return ExitCode.DONE


@campaign.command("pause")
def pause(
    name: NameArgument, environment: EnvironmentOption = None, project: ProjectOption = Path(), api: ApiOption = None
) -> int:
    """Stop dialling. Calls that are being made go on; `start` resumes."""
    scope = scope_of(project, environment, api)
    for stored in _on_platform(scope, lambda deployment: workflow.campaigns.pause(deployment, name)):
        print(f"{stored.name}: {stored.status}")
    return ExitCode.DONE


@campaign.command("status")
def status(
    name: NameArgument,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat until the campaign no longer dials.")] = False,
    output_format: FormatOption = TextOrJson.TEXT,
) -> int:
    """Show the progress of the campaign that was created last."""

    async def look(deployment: Deployment) -> None:
        printed = None
        while True:
            stored = await workflow.campaigns.newest(deployment, name)
            found = await workflow.campaigns.results(deployment, stored)
            status = f"scheduled for {stored.scheduled_at}" if stored.status == "scheduled" else stored.status
            line = (
                progress_json(stored.name, stored.status, found)
                if output_format is TextOrJson.JSON
                else progress_text(stored.name, status, found)
            )
            if line != printed:
                print(line, flush=True)
            printed = line
            if not watch or stored.status not in workflow.campaigns.WILL_DIAL:
                return
            await asyncio.sleep(_WATCHED_EVERY_S)

    _on_platform(scope_of(project, environment, api), look)
    return ExitCode.DONE


@campaign.command("results")
def results(
    name: NameArgument,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    output_format: Annotated[ResultsFormat, typer.Option("--format", help="How to print them.")] = ResultsFormat.TEXT,
    people: Annotated[
        Path | None,
        typer.Option("--people", metavar="FILE", help="Write who was called and with what result, for your eyes only."),
    ] = None,
) -> int:
    """Print the results of the campaign that was created last, as counts."""
    if people is not None:
        workflow.campaigns.refuse_in_repository(people, project)

    async def read(deployment: Deployment) -> str:
        stored = await workflow.campaigns.newest(deployment, name)
        found = await workflow.campaigns.results(deployment, stored)
        if people is not None:
            write_file(people, people_csv(await workflow.campaigns.people(deployment, stored)), is_private=True)
            talk(f"{people} holds personal data; only you may read it")
        match output_format:
            case ResultsFormat.TEXT:
                return results_text(stored.name, stored.status, found)
            case ResultsFormat.JSON:
                return results_json(stored.name, stored.status, found) + "\n"
            case ResultsFormat.CSV:
                return results_csv(found)
            case ResultsFormat.HTML:
                return results_html(stored.name, stored.status, found)

    sys.stdout.write(_on_platform(scope_of(project, environment, api), read))
    return ExitCode.DONE


@campaign.command("gc")
def gc(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    yes: YesOption = False,
) -> int:
    """Delete audiences of this project that no campaign uses. Says which ones, and deletes them with --yes."""
    scope, collect = scope_of(project, environment, api), workflow.campaigns.collect_audiences
    found = _on_platform(scope, lambda deployment: collect(deployment, deletes=yes))
    for each in found:
        print(f"{each.name}: {people_text(each.people or 0)}")
    outcome = "deleted" if yes else "would be deleted with --yes"
    print(f"{plural(len(found), 'audience')} {outcome}." if found else "No audience is left over.")
    return ExitCode.DONE


def _prepared(name: str, scope: Scope, work: Callable[[Deployment, PreparedCampaign], Awaitable[Result]]) -> Result:
    """Reads the campaign's files before anything is connected, then does `work` on the account."""
    loaded, audience = workflow.campaigns.load(read_project(scope), name)
    scope = replace(scope, agents=(loaded.agent,))

    async def main() -> Result:
        async with opened(scope) as deployment:
            return await work(deployment, await workflow.campaigns.prepare(deployment, loaded, audience))

    return run_async(main)


def _on_platform(scope: Scope, work: Callable[[Deployment], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        async with opened(scope, needs_specs=False) as deployment:
            return await work(deployment)

    return run_async(main)


def _moment(at: str | None, zone: str) -> datetime | None:
    return None if at is None else workflow.campaigns.read_start(at, zone, datetime.now(UTC))


def _ask(report: CampaignReport, *, may_ask: bool) -> str:
    """The digest of what the person at the terminal agreed to."""
    if not may_ask:
        hint = f"pass --yes --digest {report.digest}"
        raise UsageError("these calls aren't approved, and there is no terminal to ask at", hint=hint)
    when = "now" if report.at is None else f"at {report.at:%Y-%m-%d %H:%M} UTC, by the platform itself"
    if not typer.confirm(f"Call {people_text(report.people)} {when}?", err=True):
        talk("Nobody is called.")
        raise AgentopsError(
            "not started: you answered no", hint="run the command again once you agree", code="declined"
        )
    return report.digest
