"""Narrows a project to the agents that a command is about, and says which mistakes in its files are in the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agentops.diagnostics import Diagnostic, Severity
from agentops.document import AGENT_KEY, DesiredAgent
from agentops.errors import SpecError
from agentops.plan.selection import Selection, select_agents
from agentops.spec import Project
from agentops.spec.files import PROJECT_FILE
from agentops.workflow.git import changed_files


def agents_of(project: Project, selection: Selection, changed_since: str | None = None) -> tuple[DesiredAgent, ...]:
    """The selected agents of a project, without connecting to anything; `changed_since` is a git reference.

    Raises UsageError for keys, tags and references that mean nothing, SpecError for mistakes in what is selected.
    """
    if selection.tags and project.unresolved:
        raise SpecError(project.diagnostics)  # nobody knows the tags of a spec that can't be read
    chosen = deployed_agents(with_unresolved(project), selection, changed_since)
    if any(_is_in_the_way(each, project, chosen) for each in project.diagnostics):
        raise SpecError(project.diagnostics)
    return chosen


def deployed_agents(
    project: Project, selection: Selection, changed_since: str | None = None
) -> tuple[DesiredAgent, ...]:
    """The selected agents, whatever is wrong with their specs. Every agent is made from the project's own file too:
    variables, environments, defaults."""
    if changed_since is not None:
        selection = replace(selection, changed_files=changed_files(project.root, changed_since))
    sources = {agent.key: frozenset((*agent.files, PROJECT_FILE)) for agent in project.agents}
    return select_agents(project.agents, selection, sources)


def with_unresolved(project: Project, named: Selection | None = None) -> Project:
    """`project` with its unresolved agents among the others, known by their keys alone; and those that `named` spells
    out, although no spec has them: an agent whose spec was deleted."""
    known = {agent.key for agent in project.agents} | set(project.unresolved)
    gone = [key for key in (named.agents if named else ()) if key not in known and AGENT_KEY.fullmatch(key)]
    unresolved = {**project.unresolved, **dict.fromkeys(gone, frozenset[str]())}
    unread = tuple(DesiredAgent(key, name="", config={}, files=tuple(sorted(unresolved[key]))) for key in unresolved)
    return replace(project, agents=(*project.agents, *unread), unresolved=unresolved)


def warned(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Errors as warnings: they are in files that the command does not need."""
    return tuple(replace(each, severity=Severity.WARNING) if each.is_error else each for each in diagnostics)


def _is_in_the_way(problem: Diagnostic, project: Project, chosen: Sequence[DesiredAgent]) -> bool:
    """Whether a mistake is in what the chosen agents are made of; one whose place is not known may be anywhere."""
    if not problem.is_error:
        return False
    is_everything = len(chosen) == len(project.agents) + len(project.unresolved)
    if is_everything or problem.where is None:
        return True
    files = {PROJECT_FILE, *(file for agent in chosen for file in (agent.source, *agent.files))}
    return problem.where.file in files or problem.agent in {agent.key for agent in chosen}
