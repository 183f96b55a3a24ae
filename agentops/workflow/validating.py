"""Finds the mistakes in a project's files, and where the values of its specs come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from agentops.campaigns.reading import check_campaigns
from agentops.diagnostics import Diagnostic, has_errors
from agentops.document import DesiredAgent
from agentops.errors import SpecError, UsageError
from agentops.resources import DesiredResource
from agentops.settings import Settings
from agentops.spec import Project, find_root
from agentops.spec.environment import environment_names
from agentops.spec.explanations import explanations
from agentops.spec.files import ProjectFiles
from agentops.spec.lint import lint_errors, lint_project
from agentops.spec.project import with_sources
from agentops.spec.provenance import Provenance, explain_value
from agentops.workflow.policing import check_names
from agentops.workflow.projects import read_specs
from agentops.workflow.scripts import check_scripts


@dataclass(frozen=True, slots=True)
class Validation:
    """Every problem once, and what was checked, in words: "3 agents in prod"."""

    diagnostics: tuple[Diagnostic, ...]
    subject: str


def validate_project(start: Path, environment: str | None, settings: Settings) -> Validation:
    """Checks specs, call scripts and campaigns in one environment, or in all of them. Needs no secret's value."""
    every: list[str | None] = [environment]
    if environment is None:
        every = [*environment_names(find_root(start))] or [None]
    found: list[Diagnostic] = []
    subjects: list[str] = []
    for name in every:
        try:
            project = read_specs(start, name, settings)
        except SpecError as error:
            found += error.diagnostics
            continue
        found += [*project.diagnostics, *check_scripts(project), *check_campaigns(project), *check_names(project)]
        found += lint_errors(project)
        subjects.append(_subject(project))
    once = {(each.code, each.where, each.summary): each for each in found}
    return Validation(with_sources(once.values(), ProjectFiles(find_root(start))), ", ".join(subjects))


def lint(start: Path, environment: str | None, settings: Settings) -> Validation:
    """The problems that validation finds, and valid settings that still harm a phone line."""
    project = read_specs(start, environment, settings)
    found = (*lint_project(project), *check_campaigns(project))
    return Validation(with_sources(found, ProjectFiles(project.root)), _subject(project))


def code_titles() -> dict[str, str]:
    """The meaning of each diagnostic's code, in a few words."""
    return {code: each.title for code, each in explanations().items()}


def resolved(
    start: Path, environment: str | None, settings: Settings, chosen: Chosen
) -> tuple[tuple[DesiredAgent, ...], tuple[DesiredResource, ...]]:
    """The chosen agents, tools, knowledge bases and webhooks. Raises SpecError if the project has errors."""
    project = _valid_specs(start, environment, settings)
    keys, names = chosen.keys(project), chosen.names(project)
    agents = tuple(agent for agent in project.agents if agent.key in keys)
    return agents, tuple(each for each in project.resources if each.address.name in names)


def explain_path(
    start: Path, environment: str | None, settings: Settings, chosen: Chosen, path: str
) -> list[tuple[str, Provenance]]:
    """Where the value at `path` comes from, by agent or resource. Raises UsageError if none of the chosen has one."""
    project = _valid_specs(start, environment, settings)
    keys, names = chosen.keys(project), chosen.names(project)
    found = [(each.target, each.layers) for each in project.resolved if each.agent.key in keys]
    shared = [(each.target, each.layers) for each in project.read_resources() if each.address.name in names]
    targets = [*found, *((target, layers) for target, layers in shared if target is not None)]
    explained: list[tuple[str, Provenance]] = []
    for target, layers in targets:
        try:
            explained.append((target.key, explain_value(project, target, layers, path)))
        except UsageError:
            if len(targets) == 1:
                raise
    if not explained:
        hint = "`agentops render` prints every value"
        raise UsageError(f"nothing has a value at {path}", hint=hint, code="no-value")
    return explained


@dataclass(frozen=True, slots=True)
class Chosen:
    """Patterns of agents, and of the resources that they share (`tool.look_up_order`). Without any, all are chosen."""

    agents: Sequence[str] = ()
    shared: Sequence[str] = ()

    def keys(self, project: Project) -> list[str]:
        known = [agent.key for agent in project.agents]
        return _matching(self.agents, known, "agent") if self.agents or not self.shared else []

    def names(self, project: Project) -> list[str]:
        known = [each.address.name for each in project.resources]
        return (
            _matching(self.shared, known, "tool, knowledge base or webhook") if self.shared or not self.agents else []
        )


def _valid_specs(start: Path, environment: str | None, settings: Settings) -> Project:
    project = read_specs(start, environment, settings)
    if has_errors(project.diagnostics):
        raise SpecError(project.diagnostics)
    return project


def _subject(project: Project) -> str:
    count = len(project.agents)
    return f"{count} agent{'s' if count != 1 else ''} in {project.environment.name}"


def _matching(patterns: Sequence[str], names: Sequence[str], what: str) -> list[str]:
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in names):
            hint = f"the project has: {', '.join(names) or 'none'}"
            raise UsageError(f"no {what} matches {pattern!r}", hint=hint, code="no-agent")
    return [name for name in names if not patterns or any(fnmatch(name, pattern) for pattern in patterns)]
