"""`agentops history`: the revisions of agents, newest first."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.options import (
    ApiOption,
    EnvironmentOption,
    KeysArgument,
    ProjectOption,
    SelectOption,
    VerboseOption,
)
from agentops.cli.output import stdout_style
from agentops.cli.session import opened, run_async, scope_of, talk
from agentops.errors import ExitCode
from agentops.render.history.at import served_text
from agentops.render.history.data import entry_data, history_csv
from agentops.render.history.text import history_text

if TYPE_CHECKING:
    from agentops.plan.history import HistoryEntry
    from agentops.workflow.history import AgentHistory
    from agentops.workflow.serving import Served


class HistoryFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def history(
    key: KeysArgument = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    select: SelectOption = None,
    api: ApiOption = None,
    output_format: Annotated[HistoryFormat, typer.Option("--format", help="How to print it.")] = HistoryFormat.TEXT,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help='Show only what served then, as in "2026-03-03 10:00".')
    ] = None,
    zone: Annotated[str, typer.Option("--zone", metavar="NAME", help="The time zone of --at.")] = "UTC",
    ledger: Annotated[
        Path | None,
        typer.Option("--ledger", metavar="FILE", help="Also write what was deployed to this file, as JSON Lines."),
    ] = None,
    verbose: VerboseOption = False,
) -> int:
    """List the revisions of agents, newest first: number, time, author, commit, verdict of the calls, live or not."""
    moment = None if at is None else workflow.serving.read_past(at, zone, datetime.now(UTC))
    scope = scope_of(project, environment, api, key, None, select, is_verbose=verbose)

    async def main() -> tuple[AgentHistory, ...]:
        async with opened(scope, needs_specs=False) as deployment:
            found = await workflow.history.read_histories(deployment)
            for each in deployment.left_out:
                talk(f"{each.severity}: {each.summary}")
            if ledger is not None:
                count = workflow.ledger.write_ledger(deployment, found, ledger)
                talk(f"{count} deployed revisions written to {ledger}.")
            return found

    found = run_async(main)
    shown = _output(found, output_format) if moment is None else _served_output(found, moment, output_format)
    sys.stdout.write(shown)
    return ExitCode.DONE


def _output(found: tuple[AgentHistory, ...], output_format: HistoryFormat) -> str:
    match output_format:
        case HistoryFormat.TEXT:
            style = stdout_style()
            return "\n".join(history_text(each.agent.key, each.agent.name, each.entries, style) for each in found)
        case HistoryFormat.JSON:
            data = [
                {
                    "key": each.agent.key,
                    "name": each.agent.name,
                    "agent_id": each.agent_id,
                    "revisions": [entry_data(entry, workflow.history.commit_of(each, entry)) for entry in each.entries],
                }
                for each in found
            ]
            return _json(data)
        case HistoryFormat.CSV:
            return history_csv([_row(each, entry) for each in found for entry in each.entries])


def _served_output(found: tuple[AgentHistory, ...], moment: datetime, output_format: HistoryFormat) -> str:
    """What served at `moment`, in the format asked for."""
    served = [workflow.serving.served_at(each, moment) for each in found]
    at = moment.isoformat().replace("+00:00", "Z")
    if output_format is HistoryFormat.TEXT:
        style = stdout_style()
        return "\n".join(
            served_text(each.history.agent.key, at, each.entry, _commit(each), each.doubt, style) for each in served
        )
    if output_format is HistoryFormat.JSON:
        return _json(
            [
                {
                    "key": each.history.agent.key,
                    "at": at,
                    "revision": entry_data(each.entry, _commit(each)) if each.entry else None,
                    "doubt": each.doubt,
                }
                for each in served
            ]
        )
    rows = [{"at": at, **_row(each.history, each.entry), "doubt": each.doubt} for each in served if each.entry]
    return history_csv(rows)


def _row(history: AgentHistory, entry: HistoryEntry) -> dict[str, object]:
    return {"key": history.agent.key, **entry_data(entry, workflow.history.commit_of(history, entry))}


def _commit(served: Served) -> str | None:
    return workflow.history.commit_of(served.history, served.entry) if served.entry else None


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
