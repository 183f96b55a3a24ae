"""Narrows a project to the agents that a command is about, and finds the mistakes in its files that prevent that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agentops.diagnostics import Diagnostic, Severity
from agentops.document import AGENT_KEY, DesiredAgent
from agentops.errors import SpecError, UsageError
from agentops.plan.drift import tags_unread
from agentops.plan.selection import Selection, select_agents
from agentops.spec import Project
from agentops.spec.files import PROJECT_FILE
from agentops.spec.project import Unresolved
from agentops.workflow.git import changed_files


def agents_of(project: Project, selection: Selection, changed_since: str | None = None) -> tuple[DesiredAgent, ...]:
    """The selected agents of a project, without connecting to anything; `changed_since` is a git reference.

    Raises UsageError for keys, tags and references that match nothing, SpecError for mistakes in agents that are
    selected, or may be since their tags can't be read.
    """
    chosen = deployed_agents(with_unresolved(project), selection, changed_since)
    if any(_is_in_the_way(each, project, chosen) for each in project.diagnostics):
        raise SpecError(project.diagnostics)
    return chosen


def deployed_agents(
    project: Project, selection: Selection, changed_since: str | None = None
) -> tuple[DesiredAgent, ...]:
    """The selected agents, whatever mistakes their specs have. A change of the project's own file selects every agent,
    since its variables, environments and defaults are part of each."""
    if changed_since is not None:
        selection = replace(selection, changed_files=changed_files(project.root, changed_since))
    sources = {agent.key: frozenset((*agent.files, PROJECT_FILE)) for agent in project.agents}
    return select_agents(project.agents, selection, sources)


def with_unresolved(project: Project, named: Selection | None = None) -> Project:
    """`project` with its unresolved agents among the others, known by their keys alone, and with the keys in `named`
    that no spec has: agents whose spec was deleted."""
    known = {agent.key for agent in project.agents} | set(project.unresolved)
    gone = [key for key in (named.agents if named else ()) if key not in known and AGENT_KEY.fullmatch(key)]
    unresolved = {**project.unresolved, **dict.fromkeys(gone, Unresolved())}
    unread = tuple(
        DesiredAgent(key, name="", config={}, tags=each.tags, files=tuple(sorted(each.files)))
        for key, each in unresolved.items()
    )
    return replace(project, agents=(*project.agents, *unread), unresolved=unresolved)


def without_doubtful(
    agents: Sequence[DesiredAgent], selection: Selection
) -> tuple[tuple[DesiredAgent, ...], tuple[Diagnostic, ...]]:
    """The agents that are known to be selected, and a warning for each that may be.

    Raises UsageError if none is left.
    """
    doubtful = [agent for agent in agents if selection.tags and agent.tags is None]
    known = tuple(agent for agent in agents if agent not in doubtful)
    if doubtful and not known:
        raise UsageError(
            f"--select {selection.tags[0]}: no agent is known to have this tag, and the tags of "
            f"{', '.join(agent.key for agent in doubtful)} can't be read",
            hint="name them by their keys, or mend their specs: `agentops validate`",
            code="tags-unread",
        )
    return known, tuple(tags_unread(agent.key) for agent in doubtful)


def as_warnings(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """`diagnostics` with errors as warnings, for files that the command does not need."""
    return tuple(replace(each, severity=Severity.WARNING) if each.is_error else each for each in diagnostics)


def _is_in_the_way(problem: Diagnostic, project: Project, chosen: Sequence[DesiredAgent]) -> bool:
    """Whether a mistake is in the files of the chosen agents. One without a place may be anywhere, so it counts."""
    if not problem.is_error:
        return False
    is_everything = len(chosen) == len(project.agents) + len(project.unresolved)
    if is_everything or problem.where is None:
        return True
    files = {PROJECT_FILE, *(file for agent in chosen for file in (agent.source, *agent.files))}
    return problem.where.file in files or problem.agent in {agent.key for agent in chosen}
