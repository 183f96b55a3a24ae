"""`agentops render`: the resolved document of each agent, or where one value came from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
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
    explain_path: Annotated[
        str | None, typer.Option("--explain", metavar="PATH", help="Say where this value came from.")
    ] = None,
    output_format: Annotated[RenderFormat, typer.Option("--format", help="How to print it.")] = RenderFormat.YAML,
) -> int:
    """Print the resolved document of each agent, and of what agents share: no expressions left, secrets by name."""
    settings, patterns = read_settings(), agent or ()
    if explain_path is not None:
        found = workflow.validating.explain_path(project, environment, settings, patterns, explain_path)
        show = provenance_json if output_format is RenderFormat.JSON else provenance_text
        parts = [show(key, each.path, each.value, each.steps) for key, each in found]
        print(f"[{', '.join(parts)}]" if output_format is RenderFormat.JSON else "\n\n".join(parts))
        return ExitCode.DONE
    agents = workflow.validating.resolved_agents(project, environment, settings, patterns)
    shared = () if patterns else workflow.validating.resolved_resources(project, environment, settings)
    print((document_json if output_format is RenderFormat.JSON else document_yaml)(agents, shared))
    return ExitCode.DONE
