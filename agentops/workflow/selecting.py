"""Narrows a deployment to the agents that a command is about."""

from __future__ import annotations

from dataclasses import replace

from agentops.plan.selection import Selection, select_agents
from agentops.workflow.deployment import Deployment
from agentops.workflow.git import changed_files


def selected(deployment: Deployment, selection: Selection, changed_since: str | None = None) -> Deployment:
    """The deployment with only the selected agents; `changed_since` is a git reference.

    Raises UsageError for keys, tags and references that mean nothing.
    """
    if changed_since is not None:
        selection = replace(selection, changed_files=changed_files(deployment.root, changed_since))
    sources = {agent.key: frozenset(agent.files) for agent in deployment.agents}
    return deployment.narrowed(select_agents(deployment.agents, selection, sources))
