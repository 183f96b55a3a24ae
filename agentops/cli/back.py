"""The verbs that look and go back: history and rollback."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops.cli.deploy import call_hooks, watching
from agentops.cli.options import (
    AckOption,
    ApiOption,
    EnvironmentOption,
    NoInputOption,
    PlanFormat,
    ProjectOption,
    SelectOption,
    TextOrJson,
    VerboseOption,
    YesOption,
)
from agentops.cli.output import plan_output, result_output, stderr_style, stdout_style, today
from agentops.cli.session import is_interactive, opened, run_async, scope_of, talk
from agentops.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from agentops.apply.model import ApplyResult
    from agentops.workflow.deployment import Deployment
    from agentops.workflow.history import AgentHistory

KeysArgument = Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Agents by key or glob.")]


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
    from agentops.workflow.history import read_histories

    scope = scope_of(project, environment, api, key, None, select, is_verbose=verbose)

    async def main() -> tuple[AgentHistory, ...]:
        async with opened(scope) as deployment:
            found = await read_histories(deployment)
            if ledger is not None:
                _write_ledger(deployment, found, ledger)
            return found

    found = run_async(main)
    if output_format is TextOrJson.JSON:
        sys.stdout.write(json.dumps([_data(each) for each in found], ensure_ascii=False, indent=2) + "\n")
        return ExitCode.DONE
    from agentops.render.history.text import history_text

    style = stdout_style()
    sys.stdout.write("\n".join(history_text(each.agent.key, each.agent.name, each.entries, style) for each in found))
    return ExitCode.DONE


def _write_ledger(deployment: Deployment, found: tuple[AgentHistory, ...], path: Path) -> None:
    from agentops.apply.evidence import read_deeds
    from agentops.workflow.ledger import ledger_lines

    name = deployment.environment.name
    lines = list(ledger_lines(name, found, read_deeds(deployment.root, name)))
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the ledger can't be written to {path}: {error.strerror}") from None
    talk(f"{len(lines)} deployed revisions written to {path}.")


def rollback(
    key: KeysArgument = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    select: SelectOption = None,
    api: ApiOption = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="REVISION", help="A number, an id, a label; default: the previous.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="ID", help="Undo this run, for all its agents.")] = None,
    yes: YesOption = False,
    no_input: NoInputOption = False,
    ack: AckOption = None,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Put an earlier revision back in service: planned, shown, then applied by the same engine as everything else."""
    from agentops.cli.consent import Consent, require_consent
    from agentops.plan.build import PlanOptions
    from agentops.workflow.applying import ApplyRequest, apply_deployment, require_applyable
    from agentops.workflow.history import plan_going_back, plan_undoing

    if not key and not select and run is None:
        raise UsageError("nothing says which agents to roll back", hint="name keys, --select TAG=VALUE, or --run ID")
    if to is not None and run is not None:
        raise UsageError("--to and --run exclude each other", hint="a run goes back to what served before it")
    scope = scope_of(project, environment, api, key, None, select, is_verbose=verbose)
    options = PlanOptions(acknowledged=frozenset(ack or ()), today=today())
    consent = Consent(is_given=yes, may_ask=not no_input and is_interactive(), is_emergency=True)

    async def main() -> ApplyResult | None:
        async with opened(scope) as deployment:
            if run is not None:
                made = await plan_undoing(deployment, run, options)
            else:
                made = await plan_going_back(deployment, options, to=to or "previous")
            talk(plan_output(made, PlanFormat.TEXT, stderr_style()))
            if made.is_empty and made.is_applyable:
                return None
            require_applyable(made)
            require_consent(made, deployment.environment, consent)
            request = ApplyRequest(smoke=False)
            with watching() as on_event:
                return await apply_deployment(deployment, made, request, calls=call_hooks(), on_event=on_event)

    result = run_async(main)
    if result is None:
        return ExitCode.DONE
    sys.stdout.write(result_output(result, output_format))
    return result.exit_code


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
