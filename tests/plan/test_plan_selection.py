"""Which agents a command is about."""

from __future__ import annotations

import pytest

from agentops.document import DesiredAgent
from agentops.errors import UsageError
from agentops.plan.selection import Selection, select_agents

AGENTS = (
    DesiredAgent(key="support", name="Support", config={}, tags={"team": "cx", "tier": "1"}),
    DesiredAgent(key="support-night", name="Night", config={}, tags={"team": "cx", "tier": "2"}),
    DesiredAgent(key="desk", name="Desk", config={}, tags={"team": "front"}),
)
SOURCES = {
    "support": frozenset({"agents/support.yaml", "agents/prompts/_manners.md"}),
    "support-night": frozenset({"agents/support-night.yaml", "agents/prompts/_manners.md"}),
    "desk": frozenset({"agents/desk.yaml"}),
}


@pytest.mark.parametrize(
    ("selection", "keys"),
    [
        (Selection(), ["support", "support-night", "desk"]),
        (Selection(agents=("support",)), ["support"]),
        (Selection(agents=("support*",)), ["support", "support-night"]),
        (Selection(agents=("desk", "support")), ["support", "desk"]),
        (Selection(excluded=("*-night",)), ["support", "desk"]),
        (Selection(agents=("support*",), excluded=("support-night",)), ["support"]),
        (Selection(tags=("team=cx",)), ["support", "support-night"]),
        (Selection(tags=("team=cx", "tier=2")), ["support-night"]),
        (Selection(tags=("team=*",)), ["support", "support-night", "desk"]),
        (Selection(tags=("tier=*",)), ["support", "support-night"]),
        (Selection(tags=("team=nobody",)), []),
        (Selection(changed_files=frozenset()), []),
        (Selection(changed_files=frozenset({"agents/prompts/_manners.md"})), ["support", "support-night"]),
        (Selection(changed_files=frozenset({"agents/desk.yaml", "README.md"})), ["desk"]),
        (Selection(keys=frozenset({"desk", "gone"})), ["desk"]),
    ],
)
def test_the_selected_agents_in_their_order(selection: Selection, keys: list[str]) -> None:
    assert [agent.key for agent in select_agents(AGENTS, selection, SOURCES)] == keys


def test_an_agent_whose_files_nobody_knows_counts_as_changed() -> None:
    assert len(select_agents(AGENTS, Selection(changed_files=frozenset({"x"})), {})) == 3


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(agents=("nobody",)), "--agent nobody: no agent has such a key"),
        (Selection(excluded=("nobody*",)), r"--exclude nobody\*: no agent has such a key"),
        (Selection(tags=("team",)), "--select team: expected TAG=VALUE"),
        (Selection(tags=("=cx",)), "--select =cx: expected TAG=VALUE"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(selection: Selection, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        select_agents(AGENTS, selection)
