"""Which of the project's agents a command is about: by key, by tag, by what changed in git. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agentops.document import DesiredAgent
from agentops.errors import UsageError


@dataclass(frozen=True, slots=True)
class Selection:
    """Everything must hold: one of `agents`, none of `excluded`, all of `tags`, a source among `changed_files`.

    agents, excluded: keys or globs
    tags:             "tag=value", the value may be a glob
    changed_files:    project-relative paths; None when the question was not asked
    keys:             exactly these, as far as the project has them: the agents of a saved plan
    """

    agents: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    changed_files: frozenset[str] | None = None
    keys: frozenset[str] | None = None


def select_agents(
    agents: Sequence[DesiredAgent],
    selection: Selection,
    sources: Mapping[str, frozenset[str]] | None = None,
) -> tuple[DesiredAgent, ...]:
    """The selected agents in their order. `sources` are the files that each agent, by key, is made from.

    Raises UsageError for a key or glob that means no agent of the project, and for a tag without a value.
    """
    tags = [_split_tag(tag) for tag in selection.tags]
    _require_known(agents, selection.agents, "--agent")
    _require_known(agents, selection.excluded, "--exclude")
    return tuple(
        agent
        for agent in agents
        if (selection.keys is None or agent.key in selection.keys)
        and (not selection.agents or _is_named(agent, selection.agents))
        and not _is_named(agent, selection.excluded)
        and all(fnmatchcase(str(agent.tags.get(name, "")), value) and name in agent.tags for name, value in tags)
        and _is_touched(agent, selection.changed_files, sources or {})
    )


def _is_named(agent: DesiredAgent, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(agent.key, pattern) for pattern in patterns)


def _is_touched(agent: DesiredAgent, changed: frozenset[str] | None, sources: Mapping[str, frozenset[str]]) -> bool:
    """An agent whose sources nobody knows counts as changed: leaving it out would be a guess."""
    if changed is None:
        return True
    known = sources.get(agent.key)
    return known is None or bool(known & changed)


def _require_known(agents: Sequence[DesiredAgent], patterns: Sequence[str], option: str) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(agent.key, pattern) for agent in agents):
            keys = ", ".join(agent.key for agent in agents) or "none"
            raise UsageError(
                f"{option} {pattern}: no agent has such a key", hint=f"the project's keys: {keys}", code="unknown-agent"
            )


def _split_tag(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(
            f"--select {text}: expected TAG=VALUE", hint="for example `--select team=cx`", code="bad-selection"
        )
    return name, value
