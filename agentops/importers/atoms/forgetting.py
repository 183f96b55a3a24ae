"""Stops managing an agent: its files are removed, its key is listed as forgotten, the platform is left alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentops.closest import closest
from agentops.document import AGENT_KEY, DesiredAgent
from agentops.errors import UsageError
from agentops.importers.yaml_text import block_lines, flow_text
from agentops.spec.files import PROJECT_FILE
from agentops.spec.source_edit import Writers, add_entry, add_item
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import Map, value_place


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What forgetting an agent does.

    name:     None for an agent without a spec
    removed:  the files that are deleted
    settings: the new text of `agentops.yaml`
    """

    key: str
    name: str | None
    removed: tuple[str, ...]
    settings: str


def forget_agent(key: str, agents: Sequence[DesiredAgent], settings: str) -> Forgetting:
    """What forgetting `key` does; `settings` is the text of `agentops.yaml`. Raises UsageError if it can't be done.

    A key without a spec belongs to an agent whose spec was deleted: only the key is left to be listed.
    """
    agent = next((each for each in agents if each.key == key), None)
    if agent is None:
        known = [each.key for each in agents]
        if AGENT_KEY.fullmatch(key) is None or closest(key, known, cutoff=0.8):
            hint = f"the project has: {', '.join(sorted(known)) or 'none'}"
            raise UsageError(f"there is no agent {key!r}", hint=hint, code="no-agent")
        return Forgetting(key, None, (), _remembered(settings, key))
    siblings = [each.key for each in agents if each.source == agent.source and each.key != key]
    if siblings:
        hint = f"take its item out of `for_each` in {agent.source}"
        raise UsageError(f"{agent.source} also makes {', '.join(siblings)}", hint=hint, code="shared-spec")
    used = {file for each in agents if each.key != key for file in each.files}
    own = dict.fromkeys([agent.source, *agent.files, *agent.calls])
    removed = tuple(file for file in own if file not in used and file != PROJECT_FILE)
    for each in (*agent.previous_keys, key):  # the live revision may have the mark of a key from before a rename
        settings = _remembered(settings, each)
    return Forgetting(key, agent.name, removed, settings)


def _remembered(settings: str, key: str) -> str:
    """`agentops.yaml` with the key in its list of forgotten ones."""
    tree, _ = read_yaml(settings, PROJECT_FILE)
    writers = Writers(block_lines, flow_text)
    changed: str | None = None
    if isinstance(tree, Map) and key in (tree.get("forgotten") or ()):
        return settings
    if isinstance(tree, Map) and "forgotten" in tree:
        place = value_place(tree.marks["forgotten"])
        changed = add_item(settings, (place.line - 1, place.column - 1), key, writers)
    elif isinstance(tree, Map):
        changed = add_entry(settings, (tree.mark[1], tree.mark[2]), "forgotten", [key], writers)
    if changed is None:
        hint = f"add it by hand: `forgotten: [{key}]`"
        raise UsageError(f"{PROJECT_FILE} can't be edited safely", hint=hint, code="not-editable")
    return changed
