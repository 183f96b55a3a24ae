"""Reads the project around a folder, for an environment. Makes no request to the platform."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agentops.errors import SpecError
from agentops.plan.references import with_fingerprints
from agentops.settings import Settings
from agentops.spec import Project, find_root, load_project
from agentops.workflow.git import read_git_facts


def read_project(start: Path, environment: str | None, settings: Settings, *, needs_secrets: bool = False) -> Project:
    """The project at or above `start`, with the commit that labels name. Its problems are in `diagnostics`.

    needs_secrets: a secret without a value is a problem. Raises UsageError if there is no project or environment.
    """
    root = find_root(start)
    project = load_project(
        root,
        environ=settings.for_specs,
        environment=environment,
        needs_secrets=needs_secrets,
        git=read_git_facts(root),
    )
    return replace(project, agents=tuple(with_fingerprints(each, project.resources) for each in project.agents))


def read_valid_project(start: Path, environment: str | None, settings: Settings) -> Project:
    """The project with its secrets as names only. Raises SpecError if it has errors."""
    project = read_project(start, environment, settings)
    if any(diagnostic.is_error for diagnostic in project.diagnostics):
        raise SpecError(project.diagnostics)
    return project


def read_specs(start: Path, environment: str | None, settings: Settings) -> Project:
    """The project from its files alone, without the values of secrets and without a commit."""
    root = find_root(start)
    return load_project(root, environ=settings.environ, environment=environment)
