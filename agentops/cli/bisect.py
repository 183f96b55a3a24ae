"""`agentops bisect`: finds the revision in which a call script began to fail."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli import completion
from agentops.cli.call_pages import tell_progress, write_pages
from agentops.cli.options import ApiOption, EnvironmentOption, ProjectOption, TextOrJson, VerboseOption
from agentops.cli.output import stdout_style, tell_warning
from agentops.cli.session import opened, run_async, scope_of, talk
from agentops.errors import ExitCode
from agentops.render.bisect.json import bisected_json
from agentops.render.bisect.text import bisected_text, tally_text
from agentops.render.compare.text import revision_name
from agentops.render.style import plural
from agentops.state import state_folder

if TYPE_CHECKING:
    from agentops.compare.bisect_result import BisectResult
    from agentops.compare.bisection import Tally
    from agentops.document import Revision
    from agentops.plan.agent_diff import AgentDiff
    from agentops.workflow.bisecting import Search

GoodOption = Annotated[
    str | None,
    typer.Option(
        "--good",
        metavar="REVISION",
        help="One that passed: number, id or label; default: the oldest with a label.",
        autocompletion=completion.revisions,
    ),
]
BadOption = Annotated[
    str | None,
    typer.Option(
        "--bad",
        metavar="REVISION",
        help="One that fails: number, id or label; default: the one that serves.",
        autocompletion=completion.revisions,
    ),
]


def bisect(
    script: Annotated[
        Path, typer.Argument(metavar="SCRIPT", help="The call script.", autocompletion=completion.call_scripts)
    ],
    agent: Annotated[
        str,
        typer.Option(
            "--agent", metavar="KEY", help="The agent whose revisions are searched.", autocompletion=completion.agents
        ),
    ],
    good: GoodOption = None,
    bad: BadOption = None,
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    repeat: Annotated[
        int,
        typer.Option(
            "--repeat",
            metavar="N",
            min=1,
            max=10,
            help="How many more calls must agree than disagree; 1 if it isn't flaky.",
        ),
    ] = 2,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="MINUTES", help="Refuse if the calls would take longer.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be called, and for how long.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help="Where reports go; default: .agentops/calls.")
    ] = None,
    api: ApiOption = None,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
    verbose: VerboseOption = False,
) -> int:
    """Call copies of an agent's revisions, the middle one of those left, to find where a script began to fail."""
    bisecting = workflow.bisecting
    scope = scope_of(project, environment, api, [agent], is_verbose=verbose)
    request = bisecting.BisectRequest(script.resolve(), good, bad, repeat, budget)

    async def main() -> tuple[BisectResult, AgentDiff | None] | None:
        async with opened(scope, needs_specs=False) as deployment:
            search = await bisecting.plan_search(deployment, request)
            talk(_announcement(search))
            if dry_run:
                return None
            folder = output or state_folder(deployment.root) / "calls" / f"bisect-{datetime.now(UTC):%Y%m%d-%H%M%S}"
            hooks = bisecting.BisectHooks(folder, write_pages, tell_progress, tell_warning, _tell)
            return await bisecting.bisect(deployment, search, hooks)

    ended = run_async(main)
    if ended is None:
        talk("Nothing was called.")
        return ExitCode.DONE
    is_json = output_format is TextOrJson.JSON
    sys.stdout.write(bisected_json(*ended) if is_json else bisected_text(*ended, stdout_style()))
    return ended[0].exit_code


def _announcement(search: Search) -> str:
    ends = f"{revision_name(search.revisions[0])} to {revision_name(search.revisions[-1])}"
    return (
        f"{search.published.agent.key}: {plural(len(search.revisions), 'revision')}, {ends}: about "
        f"{plural(search.calls, 'call')}, {search.calls * search.call_min:.1f} minutes; at most "
        f"{search.most}, {search.most * search.call_min:.1f} minutes, where the script is flaky"
    )


def _tell(revision: Revision, tally: Tally) -> None:
    so_far = f" ({tally_text(tally)})" if tally.calls else ""
    talk(f"revision {revision_name(revision)}{so_far} ...")
