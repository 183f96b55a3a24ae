"""`agentops history`: the revisions of agents, newest first."""

from __future__ import annotations

import json
import sys
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
    TextOrJson,
    VerboseOption,
)
from agentops.cli.output import stdout_style
from agentops.cli.session import opened, run_async, scope_of, talk
from agentops.errors import ExitCode
from agentops.render.history.text import history_text

if TYPE_CHECKING:
    from agentops.workflow.history import AgentHistory


def history(
    key: KeysArgument = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    select: SelectOption = None,
    api: ApiOption = None,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", metavar="FILE", help="Write what was deployed as JSON Lines, too.")
    ] = None,
    verbose: VerboseOption = False,
) -> int:
    """List the revisions of agents, newest first: number, time, author, commit, verdict of the calls, live or not."""
    scope = scope_of(project, environment, api, key, None, select, is_verbose=verbose)

    async def main() -> tuple[AgentHistory, ...]:
        async with opened(scope, needs_specs=False) as deployment:
            found = await workflow.history.read_histories(deployment)
            if ledger is not None:
                count = workflow.ledger.write_ledger(deployment, found, ledger)
                talk(f"{count} deployed revisions written to {ledger}.")
            return found

    found = run_async(main)
    if output_format is TextOrJson.JSON:
        sys.stdout.write(json.dumps([_data(each) for each in found], ensure_ascii=False, indent=2) + "\n")
    else:
        style = stdout_style()
        texts = (history_text(each.agent.key, each.agent.name, each.entries, style) for each in found)
        sys.stdout.write("\n".join(texts))
    return ExitCode.DONE


def _data(history: AgentHistory) -> dict[str, object]:
    return {
        "key": history.agent.key,
        "name": history.agent.name,
        "agent_id": history.agent_id,
        "revisions": [
            {
                "revision_id": entry.revision.revision_id,
                "number": entry.revision.number,
                "label": entry.text,
                "published_at": entry.revision.published_at,
                "published_by": entry.revision.published_by,
                "is_live": entry.is_live,
                "is_ours": entry.is_ours,
                "fingerprint": entry.mark.fingerprint if entry.mark else None,
                "restored_from": entry.restored_from,
                "calls": entry.verdict,
            }
            for entry in history.entries
        ],
    }
