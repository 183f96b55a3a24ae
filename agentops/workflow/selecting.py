"""Narrows a deployment to the agents that a command is about."""

from __future__ import annotations

from dataclasses import replace

from agentops.document import DesiredAgent
from agentops.plan.selection import Selection, select_agents
from agentops.spec import Project
from agentops.spec.files import PROJECT_FILE
from agentops.workflow.deployment import Deployment
from agentops.workflow.git import changed_files


def selected(deployment: Deployment, selection: Selection, changed_since: str | None = None) -> Deployment:
    """The deployment with only the selected agents; `changed_since` is a git reference.

    Raises UsageError for keys, tags and references that mean nothing.
    """
    return deployment.narrowed(agents_of(deployment.project, selection, changed_since))


def agents_of(project: Project, selection: Selection, changed_since: str | None = None) -> tuple[DesiredAgent, ...]:
    """The selected agents of a project, without connecting to anything. Every agent is made from the project's own file
    too: variables, environments, defaults."""
    if changed_since is not None:
        selection = replace(selection, changed_files=changed_files(project.root, changed_since))
    sources = {agent.key: frozenset((*agent.files, PROJECT_FILE)) for agent in project.agents}
    return select_agents(project.agents, selection, sources)
