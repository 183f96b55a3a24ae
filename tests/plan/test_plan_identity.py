"""Which agent a spec means: each way of finding one, in its turn, and what is refused instead of guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentops.document import AgentListing, DesiredAgent, Environment, Mark, ObservedAgent, Revision
from agentops.plan.identity import FoundBy, Match, Matching, as_deployed, is_mark_of, match_agents

ENVIRONMENT = Environment("acme", "prod")
DESK = DesiredAgent("desk", "Desk", {})
MARK = Mark("acme", "prod", "desk", "f" * 16)


def listing(agent_id: str, name: str, *, archived: bool = False) -> AgentListing:
    return AgentListing(agent_id, name, {}, archived)


def matched(
    desired: DesiredAgent | list[DesiredAgent], *listings: AgentListing, marks: dict[str, Mark | None] | None = None
) -> Matching:
    return match_agents(ENVIRONMENT, desired if isinstance(desired, list) else [desired], listings, marks)


def found(matching: Matching) -> list[tuple[str, str | None]]:
    return [(match.found_by.value, match.listing.agent_id if match.listing else None) for match in matching.matches]


@pytest.mark.parametrize(
    ("desired", "by"),
    [
        (replace(DESK, agent_id="a1"), ("id", "a1")),
        (DESK, ("name", "a2")),
        (replace(DESK, name="New", previous_names=("Older", "Old")), ("previous_name", "a3")),
        (replace(DESK, name="New"), ("mark", "a4")),
        (replace(DESK, name="New", key="front", previous_keys=("desk",)), ("mark", "a4")),
        (replace(DESK, name="New", key="front"), ("nothing", None)),
        (replace(DESK, agent_id="a9"), ("nothing", None)),  # found by its id or not at all
        (replace(DESK, agent_id="a9", previous_names=("Old",)), ("nothing", None)),
    ],
)
def test_the_strongest_clue_that_fits_decides(desired: DesiredAgent, by: tuple[str, str | None]) -> None:
    agents = (listing("a1", "Other"), listing("a2", "Desk"), listing("a3", "Old"), listing("a4", "Renamed"))
    assert found(matched(desired, *agents, marks={"a4": MARK, "a1": None})) == [by]


@pytest.mark.parametrize(
    "mark", [None, replace(MARK, project="other"), replace(MARK, environment="staging"), replace(MARK, key="lobby")]
)
def test_a_mark_of_somebody_else_is_no_clue(mark: Mark | None) -> None:
    assert found(matched(DESK, listing("a1", "Renamed"), marks={"a1": mark})) == [("nothing", None)]
    assert not is_mark_of(mark, ENVIRONMENT, DESK)
    assert is_mark_of(MARK, ENVIRONMENT, DESK)
    assert is_mark_of(MARK, ENVIRONMENT, replace(DESK, key="front", previous_keys=("x", "desk")))


def test_an_archived_agent_is_found_by_its_id_or_mark_and_not_by_its_name() -> None:
    gone = listing("a1", "Desk", archived=True)
    assert found(matched(DESK, gone)) == [("nothing", None)]
    assert found(matched(replace(DESK, name="New", previous_names=("Desk",)), gone)) == [("nothing", None)]
    assert found(matched(DESK, gone, marks={"a1": MARK})) == [("mark", "a1")]
    assert found(matched(replace(DESK, agent_id="a1"), gone)) == [("id", "a1")]


def test_an_agent_that_one_spec_means_is_no_other_ones() -> None:
    helpline = DesiredAgent("helpline", "Helpline", {}, previous_names=("Desk",))
    matching = matched([helpline, DESK], listing("a1", "Desk"), listing("a2", "Free"))
    assert found(matching) == [("nothing", None), ("name", "a1")]
    assert [each.agent_id for each in matching.unmatched] == ["a2"]
    assert matching.needs_marks
    assert matching.sought_names == {"Helpline", "Desk"}
    assert not matched(DESK, listing("a1", "Desk")).needs_marks
    assert matched(DESK, listing("a1", "Desk")).sought_names == frozenset()


def test_two_that_fit_are_listed_and_the_first_is_looked_at() -> None:
    twins = (listing("a2", "Desk"), listing("a1", "Desk"))
    matching = matched(DESK, *twins)
    assert found(matching) == [("name", "a2")]
    assert [each.summary for each in matching.refusals] == ["desk: agents a1 and a2 are called 'Desk'"]
    renamed = matched(replace(DESK, name="New", previous_names=("Desk", "Old", "Desk")), *twins)
    assert [each.summary for each in renamed.refusals] == [
        "desk: agents a1 and a2 could be it (found by previous_name)"
    ]
    assert found(matched(replace(DESK, name="New", previous_names=("Desk", "Desk")), twins[0])) == [
        ("previous_name", "a2")
    ]
    both = matched(replace(DESK, name="New", previous_names=("Desk", "Old")), twins[0], listing("a3", "Old"))
    assert [each.summary for each in both.refusals] == ["desk: agents a2 and a3 could be it (found by previous_name)"]


def test_a_bound_id_that_is_not_there_is_said() -> None:
    assert [each.code for each in matched(replace(DESK, agent_id="a9")).refusals] == ["BOUND_AGENT_MISSING"]
    assert matched(replace(DESK, agent_id="a1"), listing("a1", "Desk")).refusals == ()
    assert matched(DESK).refusals == ()


def test_specs_that_would_deploy_to_one_agent_name_each_other() -> None:
    specs = [replace(DESK, key=key, agent_id="a1") for key in ("x", "y", "z")]
    refusals = matched(specs, listing("a1", "Desk")).refusals
    assert [each.summary for each in refusals] == [
        "x: resolves to the same agent as y, z",
        "y: resolves to the same agent as x, z",
        "z: resolves to the same agent as x, y",
    ]
    new = matched([replace(DESK, key="x"), replace(DESK, key="y"), replace(DESK, key="z", name="Z")]).refusals
    assert [each.agent for each in new] == ["x", "y"]


def test_a_part_of_a_matching_keeps_what_concerns_it() -> None:
    lobby = replace(DESK, key="lobby", name="Lobby", agent_id="a9")
    matching = matched([DESK, lobby], listing("a1", "Desk"), listing("a2", "Desk"), listing("a3", "Free"))
    general = replace(matching.refusals[0], agent=None)
    part = replace(matching, refusals=(*matching.refusals, general)).only(["lobby"])
    assert [match.desired.key for match in part.matches] == ["lobby"]
    assert [(each.code, each.agent) for each in part.refusals] == [
        ("BOUND_AGENT_MISSING", "lobby"),
        ("AMBIGUOUS_AGENT", None),
    ]
    assert part.unmatched == matching.unmatched


def test_a_spec_that_can_not_be_read_is_taken_for_what_was_deployed_last() -> None:
    there = Match(DESK, FoundBy.NAME, listing("a1", "Desk (old)"))
    base = Revision("r1", 1, document={"firstMessage": "Hi"})
    seen = as_deployed(there, ObservedAgent(listing("a1", "Desk (old)"), base=base))
    assert (seen.desired.name, dict(seen.desired.config), seen.found_by) == (
        "Desk (old)",
        {"firstMessage": "Hi"},
        FoundBy.ID,
    )
    for nothing in (None, ObservedAgent(listing("a1", "x")), ObservedAgent(listing("a1", "x"), base=Revision("r1"))):
        assert as_deployed(there, nothing).desired.config == {}
    new = Match(DESK, FoundBy.NOTHING)
    assert as_deployed(new, None) is new
