"""`agentops record`: a script to edit from the record of a real call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli.options import ApiOption, EnvironmentOption, ProjectOption
from agentops.cli.session import Scope, opened, run_async, talk
from agentops.errors import ExitCode
from agentops.files import write_file
from agentops.render.calls.script import script_yaml


def record(
    call_id: Annotated[str, typer.Argument(metavar="CALL_ID", help="The call, as call logs and reports name it.")],
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write it here instead of stdout; never overwrites.")
    ] = None,
) -> int:
    """Turn the record of a real call into a script to edit."""

    async def main() -> str:
        async with opened(Scope(project, environment, api)) as deployment:
            return script_yaml(await workflow.calls.script_from_record(deployment, call_id))

    text = run_async(main)
    if output is None:
        sys.stdout.write(text)
        return ExitCode.DONE
    write_file(output, text, is_new=True)
    talk(f"Wrote {output}. Read it before you trust it: it expects what this one call happened to say.")
    return ExitCode.DONE
