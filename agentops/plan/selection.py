"""Which of the project's agents a command is about: by key, by tag, by what changed in git. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agentops.closest import closest
from agentops.document import DesiredAgent
from agentops.errors import UsageError

_LISTED = 20


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
    """The selected agents in their order, with those whose tags can't be read, since they may have any.

    sources: the files that each agent, by key, is made from

    Raises UsageError for a key, glob or tag that means no agent of the project, and where keys and tags together leave
    none: a typo must not deploy nothing and be green. That nothing changed since a commit is an answer, and no error.
    """
    tags = [_split_tag(tag) for tag in selection.tags]
    _require_known(agents, selection.agents, "--agent")
    _require_known(agents, selection.excluded, "--exclude")
    for name, value in tags:
        _require_tag(agents, name, value)
    chosen = [
        agent
        for agent in agents
        if (not selection.agents or _is_named(agent, selection.agents))
        and not _is_named(agent, selection.excluded)
        and all(_has_tag(agent, name, value) for name, value in tags)
    ]
    if agents and not chosen:
        raise UsageError(
            "--agent, --exclude and --select leave no agent",
            hint=f"the project's keys: {_listed(agent.key for agent in agents)}",
            code="empty-selection",
        )
    return tuple(
        agent
        for agent in chosen
        if (selection.keys is None or agent.key in selection.keys)
        and _is_touched(agent, selection.changed_files, sources or {})
    )


def _is_named(agent: DesiredAgent, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(agent.key, pattern) for pattern in patterns)


def _is_touched(agent: DesiredAgent, changed: frozenset[str] | None, sources: Mapping[str, frozenset[str]]) -> bool:
    """An agent whose sources are not known counts as changed: leaving it out would be a guess."""
    if changed is None:
        return True
    known = sources.get(agent.key)
    return known is None or bool(known & changed)


def _require_known(agents: Sequence[DesiredAgent], patterns: Sequence[str], option: str) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(agent.key, pattern) for agent in agents):
            keys = [agent.key for agent in agents]
            close = closest(pattern, keys)
            meant = f"did you mean {close}? " if close else ""
            raise UsageError(
                f"{option} {pattern or repr(pattern)}: no agent has such a key",
                hint=f"{meant}the project's keys: {_listed(keys)}",
                code="unknown-agent",
            )


def _has_tag(agent: DesiredAgent, name: str, value: str) -> bool:
    if agent.tags is None:
        return True
    return name in agent.tags and fnmatchcase(str(agent.tags[name]), value)


def _require_tag(agents: Sequence[DesiredAgent], name: str, value: str) -> None:
    if any(_has_tag(agent, name, value) for agent in agents):
        return
    tags = [agent.tags for agent in agents if agent.tags is not None]
    names = {each for held in tags for each in held}
    known = {str(held[name]) for held in tags if name in held} if name in names else names
    close = closest(value if name in names else name, sorted(known))
    meant = f"did you mean {close}? " if close else ""
    what = f"values of {name}" if name in names else "tags"
    raise UsageError(
        f"--select {name}={value}: no agent has this tag",
        hint=f"{meant}the project's {what}: {_listed(sorted(known))}",
        code="unknown-tag",
    )


def _listed(names: Iterable[str]) -> str:
    """The first names, since a project may have thousands."""
    all_names = list(names)
    more = f" and {len(all_names) - _LISTED} more" if len(all_names) > _LISTED else ""
    return (", ".join(all_names[:_LISTED]) or "none") + more


def _split_tag(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(
            f"--select {text}: expected TAG=VALUE", hint="for example `--select team=cx`", code="bad-selection"
        )
    return name, value
