"""Writes the GitHub workflows and the action of a project: `init --github`, and `ci files`, which renews them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agentops.ci.scaffold import GuardedEnvironment, Scaffold, github_files
from agentops.document import Secret
from agentops.files import make_folder, write_file
from agentops.settings import Settings
from agentops.spec import Project, find_root, load_project
from agentops.workflow.git import repository_top


def read_scaffold(
    start: Path, settings: Settings, *, branch: str = "main", requirement: str | None = None
) -> tuple[Path, Scaffold]:
    """The top of the repository, where GitHub looks for workflows, and everything that they depend on."""
    root = find_root(start)
    top = repository_top(root)
    first = load_project(root, environ=settings.environ, environment=None)
    names = first.context.environments if first.context else (first.environment.name,)
    projects = [load_project(root, environ=settings.environ, environment=name) for name in names]
    scaffold = Scaffold(
        project=first.name,
        environments=tuple(_guarded(project) for project in projects),
        folder=root.relative_to(top).as_posix(),
        branch=branch,
    )
    return top, replace(scaffold, requirement=requirement) if requirement else scaffold


def _guarded(project: Project) -> GuardedEnvironment:
    """An environment with the names of the variables that its secrets come from."""
    environment = project.environment
    names = {name for agent in project.agents for name in _secret_names([agent.config, agent.metadata])}
    names |= set(environment.api_key.names) if environment.api_key else set()
    sources = project.context.secrets if project.context else None
    variables = {sources.variable_of(name) if sources else name for name in names}
    if environment.api_key is None and not environment.is_emulator:
        variables.add("SMALLEST_API_KEY")
    return GuardedEnvironment(
        name=environment.name,
        secrets=tuple(sorted(name for name in variables if name)),
        is_protected=environment.is_protected,
        is_emulator=environment.is_emulator,
        is_watched=bool(environment.deploy.watch),
    )


def _secret_names(value: object) -> Iterator[str]:
    """The names of all secrets in a document."""
    if isinstance(value, Secret):
        yield from value.names
    elif isinstance(value, dict):
        for item in value.values():
            yield from _secret_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _secret_names(item)


def stale_files(top: Path, scaffold: Scaffold) -> list[str]:
    """The paths of files that are missing, or differ from what `write_github_files` would write."""
    texts = github_files(scaffold)
    return [
        name for name, text in texts.items() if not (top / name).exists() or (top / name).read_text("utf-8") != text
    ]


def write_github_files(top: Path, scaffold: Scaffold, *, overwrites: bool = False) -> tuple[list[str], list[str]]:
    """Writes the missing files. Returns the paths that were written, and those that differ but were left alone."""
    written, different = [], []
    for name, text in github_files(scaffold).items():
        path = top / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        if path.exists() and not overwrites:
            different.append(name)
            continue
        make_folder(path.parent)
        write_file(path, text)
        written.append(name)
    return written, different
