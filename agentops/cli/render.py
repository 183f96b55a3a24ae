"""`agentops render`: the resolved document of each agent, or where one value came from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli import completion
from agentops.cli.options import AgentOption, EnvironmentOption, ProjectOption
from agentops.errors import ExitCode
from agentops.render.document.json import document_json
from agentops.render.document.provenance import provenance_json, provenance_text
from agentops.render.document.yaml import document_yaml
from agentops.settings import read_settings


class RenderFormat(StrEnum):
    YAML = "yaml"
    JSON = "json"


def render(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    shared: Annotated[
        list[str] | None,
        typer.Option(
            "--shared",
            metavar="NAME",
            help="Only tools, knowledge bases and webhooks with this name or glob, as tool.KEY; repeatable.",
            autocompletion=completion.shared,
        ),
    ] = None,
    explain_path: Annotated[
        str | None, typer.Option("--explain", metavar="PATH", help="Say where this value came from.")
    ] = None,
    output_format: Annotated[RenderFormat, typer.Option("--format", help="How to print it.")] = RenderFormat.YAML,
) -> int:
    """Print the resolved document of each agent, and of what agents share: no expressions left, secrets by name."""
    settings, chosen = read_settings(), workflow.validating.Chosen(agent or (), shared or ())
    if explain_path is not None:
        found = workflow.validating.explain_path(project, environment, settings, chosen, explain_path)
        if output_format is RenderFormat.JSON:
            owned = [("shared" if each.is_shared else "agent", key, each) for key, each in found]
            objects = [provenance_json(owner, key, each.path, each.value, each.steps) for owner, key, each in owned]
            print(f"[{', '.join(objects)}]")
        else:
            print("\n\n".join(provenance_text(key, each.path, each.value, each.steps) for key, each in found))
        return ExitCode.DONE
    agents, resources = workflow.validating.resolved(project, environment, settings, chosen)
    print((document_json if output_format is RenderFormat.JSON else document_yaml)(agents, resources))
    return ExitCode.DONE
