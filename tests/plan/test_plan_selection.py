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
        (Selection(tags=("team=cxx",)), "--select team=cxx: no agent has this tag"),
        (Selection(tags=("team=cx", "taem=cx")), "--select taem=cx: no agent has this tag"),
        (Selection(tags=("team=front", "tier=1")), "leave no agent"),
        (Selection(agents=("desk",), tags=("team=cx",)), "leave no agent"),
        (Selection(excluded=("*",)), "leave no agent"),
        (Selection(tags=("team=cxx",), changed_files=frozenset()), "--select team=cxx"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(selection: Selection, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        select_agents(AGENTS, selection)


@pytest.mark.parametrize(
    ("selection", "hint"),
    [
        (Selection(agents=("suport",)), "did you mean support? the project's keys: support, support-night, desk"),
        (Selection(tags=("team=cxx",)), "did you mean cx? the project's values of team: cx, front"),
        (Selection(tags=("taem=cx",)), "did you mean team? the project's tags: team, tier"),
        (Selection(tags=("owner=me",)), "the project's tags: team, tier"),
    ],
)
def test_the_way_out_names_what_there_is(selection: Selection, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        select_agents(AGENTS, selection)
    assert refused.value.hint == hint


@pytest.mark.parametrize(
    ("count", "end"), [(19, "a19"), (20, "a20"), (21, "a20 and 1 more"), (2000, "a20 and 1980 more")]
)
def test_the_way_out_names_twenty_keys_and_counts_the_others(count: int, end: str) -> None:
    agents = [DesiredAgent(f"a{number}", "A", {}) for number in range(1, count + 1)]
    with pytest.raises(UsageError) as refused:
        select_agents(agents, Selection(agents=("z",)))
    assert (refused.value.hint or "").endswith(f", {end}")


def test_an_agent_whose_tags_nobody_can_read_may_have_any() -> None:
    agents = (*AGENTS, DesiredAgent(key="broken", name="", config={}, tags=None))
    assert [agent.key for agent in select_agents(agents, Selection(tags=("team=front",)))] == ["desk", "broken"]
    assert [agent.key for agent in select_agents(agents, Selection(tags=("no=such",)))] == ["broken"]


def test_a_project_without_agents_has_nothing_to_select_and_no_error() -> None:
    assert select_agents((), Selection(excluded=())) == ()
