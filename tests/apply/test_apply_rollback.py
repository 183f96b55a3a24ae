"""Going back by plan: to the previous revision, a number, a label; what cannot be gone back to; what plan says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from deploy_world import World, agent

from agentops.apply.model import Outcome
from agentops.apply.rollback import (
    RollbackTarget,
    choose_revision,
    commit_in,
    commits_to_revert,
    good_commits,
    plan_rollback,
)
from agentops.document import (
    AgentListing,
    DesiredAgent,
    Environment,
    Generation,
    Mark,
    ObservedAgent,
    Revision,
    build_label,
)
from agentops.errors import RefusedError, UsageError
from agentops.plan.build import PlanOptions
from agentops.plan.model import Action, AgentChange, Drift, Plan

ENVIRONMENT = Environment(project="acme", name="test")


async def rollback_plan(world: World, agents: Sequence[DesiredAgent], to: str = "previous") -> Plan:
    targets = [RollbackTarget(each, await world.observe(each.name), to) for each in agents]
    return await plan_rollback(world.writer, ENVIRONMENT, targets, PlanOptions())


async def test_back_to_the_previous_revision(world: World) -> None:
    await world.deploy([agent(prompt="One.")])
    before = (await world.observe("Acme support")).live
    changed = [agent(prompt="Two.")]
    await world.deploy(changed)
    plan = await rollback_plan(world, changed)
    assert [change.action for change in plan.changes] == [Action.RESTORE]
    assert [field.path for field in plan.changes[0].fields] == [("singlePromptConfig", "prompt")]
    assert commits_to_revert(plan) == {}  # "abc123" is too short to be taken for a commit
    result = await world.apply(plan)
    assert result.agents[0].outcome is Outcome.APPLIED, result
    after = (await world.observe("Acme support")).live
    assert before is not None
    assert after is not None
    assert after.document == before.document
    next_plan = await world.plan(changed)
    assert next_plan.changes[0].drift is Drift.ROLLED_BACK
    assert [refusal.code for refusal in next_plan.refusals] == ["REDEPLOY"]


async def test_a_second_rollback_goes_one_further_back(world: World) -> None:
    for prompt in ("One.", "Two.", "Three."):
        await world.deploy([agent(prompt=prompt)])
    for prompt in ("Two.", "One."):
        await world.apply(await rollback_plan(world, [agent(prompt="Three.")]))
        live = (await world.observe("Acme support")).live
        assert live is not None
        assert live.document is not None
        assert live.document["singlePromptConfig"]["prompt"] == prompt


async def test_what_served_before_may_be_a_restored_revision(world: World) -> None:
    """Not the one that was taken back: callers must not get it again."""
    for prompt in ("One.", "Two."):
        await world.deploy([agent(prompt=prompt)])
        world.store.clock.advance(60)
    await world.apply(await rollback_plan(world, [agent(prompt="Two.")]))
    await world.deploy([agent(prompt="Three.")])
    await world.apply(await rollback_plan(world, [agent(prompt="Three.")]))
    assert await world.live_prompt() == "One."


async def test_back_to_a_number(world: World) -> None:
    for prompt in ("One.", "Two.", "Three."):
        await world.deploy([agent(prompt=prompt)])
    await world.apply(await rollback_plan(world, [agent()], to="2"))
    live = (await world.observe("Acme support")).live
    assert live is not None
    assert live.document is not None
    assert live.document["singlePromptConfig"]["prompt"] == "One."


async def test_a_first_deploy_refuses_before_anything_is_done(world: World) -> None:
    await world.deploy([agent()])
    with pytest.raises(RefusedError, match="first deploy"):
        await rollback_plan(world, [agent()])


def revisions(*labels: str | None) -> list[Revision]:
    count = len(labels)
    return [Revision(f"r{count - at}", number=count - at, label=label) for at, label in enumerate(labels)]


def test_a_label_that_fits_several_revisions_is_refused() -> None:
    with pytest.raises(UsageError, match="any of revisions 3, 2"):
        choose_revision("support", None, revisions("same", "same", None), "same")


def test_an_unknown_revision_is_refused() -> None:
    with pytest.raises(UsageError, match="no revision is called 'nope'"):
        choose_revision("support", None, revisions("a", None), "nope")


def test_part_of_a_label_names_a_revision() -> None:
    assert choose_revision("support", None, revisions("f00 second", "abc first", None), "abc").number == 2


# ---- which revision is meant


def revision(number: int, label: str | None = "x", **facts: Any) -> Revision:
    return replace(Revision(f"r{number}", number, label=label, document={"firstMessage": "Hi"}), **facts)


def previous(live: Revision | None, *older: Revision) -> str:
    return choose_revision("support", live, [*([live] if live else []), *older], "previous").revision_id


FIRST = Revision("r1", 1)  # what the platform published when the agent was created


def test_the_previous_one_is_the_newest_that_served_before() -> None:
    assert previous(revision(4), revision(3), revision(2), FIRST) == "r3"
    assert previous(revision(4), revision(3, is_published=False), revision(2)) == "r2"
    assert previous(revision(4), revision(3, restored_from="r1"), revision(1)) == "r1", "a copy is what it copies"
    assert previous(revision(4, restored_from="r2"), revision(3), revision(2), revision(1)) == "r1"
    assert previous(revision(4), FIRST, revision(0)) == "r0", "the platform's own has nothing to say"


@pytest.mark.parametrize(
    "live", [None, revision(2), revision(9, restored_from="gone")], ids=["nothing serves", "the first", "not listed"]
)
def test_there_may_be_nothing_to_go_back_to(live: Revision | None) -> None:
    with pytest.raises(RefusedError, match="nothing to go back to"):
        previous(live, *([FIRST] if live and live.number == 2 else []))


def test_a_version_that_was_not_active_never_served() -> None:
    """v1 says when a version went live, so that the newest one is not always the one before."""
    live = revision(4, activated_at="05")
    assert previous(live, revision(3), revision(2, activated_at="02"), revision(1, activated_at="01")) == "r2"
    assert previous(live, revision(3, activated_at="01"), revision(2, activated_at="03")) == "r2"


LISTED = [
    revision(12, "third abc123", branch_id="b2"),
    revision(3, build_label("second", Mark("acme", "test", "support", "f" * 16)), branch_id="b1"),
    revision(2, "first abc123", branch_id="b1"),
    revision(1, None, branch_id="b1"),
    replace(revision(0, "r12 of old", branch_id="b1"), number=None),
]


@pytest.mark.parametrize(
    ("to", "live", "meant"),
    [
        ("2", None, "r2"),
        ("r2", None, "r2"),
        ("12", None, "r12"),
        ("r12", None, "r12"),  # an id before part of a label
        ("second", None, "r3"),
        ("f" * 16, None, "r3"),
        ("third", LISTED[2], "r12"),  # though it is on another branch
        ("abc123", LISTED[1], "r2"),
        ("abc123", LISTED[0], "r12"),
        ("of old", None, "r0"),
    ],
)
def test_a_revision_goes_by_number_id_label_or_mark(to: str, live: Revision | None, meant: str) -> None:
    assert choose_revision("support", live, LISTED, to).revision_id == meant


@pytest.mark.parametrize(("to", "said"), [("abc123", "any of revisions 12, 2"), ("9", "no revision is called '9'")])
def test_what_means_no_revision_or_several_is_refused(to: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose_revision("support", None, LISTED, to)
    with pytest.raises(UsageError, match="could be any of revisions r8, 7"):
        choose_revision("support", None, [replace(revision(8), number=None), revision(7)], "x")


# ---- the commits in labels


def test_a_commit_is_known_by_its_looks() -> None:
    assert commit_in("deploy of abc1234 by Ada") == "abc1234"
    assert commit_in("f" * 40) == "f" * 40
    for other in ("abc123", "f" * 41, "abc1234x", "ABC1234", None, ""):
        assert commit_in(other) is None


def test_the_commits_of_a_rollback() -> None:
    live, old = revision(3, "bbbbbbb New"), revision(2, "aaaaaaa Old")
    copied = revision(4, "Restored", restored_from="r2")

    def change(action: Action, serving: Revision | None, to: Revision | None = None, key: str = "desk") -> AgentChange:
        observed = ObservedAgent(AgentListing("a1", "Desk", {}), live=serving, history=(copied, live, old))
        return AgentChange(key, key, action, "", observed=observed, restore_to=to)

    def plan(*changes: AgentChange) -> Plan:
        return Plan("acme", "test", "", Generation.V2, changes, "")

    back = plan(
        change(Action.RESTORE, live, old),
        change(Action.UNCHANGED, live, key="kept"),
        change(Action.RESTORE, copied, revision(1, "by hand"), key="hand"),
        change(Action.RESTORE, None, old, key="silent"),
    )
    assert commits_to_revert(back) == {"desk": "bbbbbbb"}
    assert good_commits(back) == {"desk": "aaaaaaa", "kept": "bbbbbbb", "hand": None, "silent": "aaaaaaa"}
    forward = plan(change(Action.UPDATE, copied), change(Action.UPDATE, None, key="new"))
    assert commits_to_revert(forward) == {}
    assert good_commits(forward) == {"desk": "aaaaaaa"}
    unread = replace(change(Action.UPDATE, live), observed=None)
    assert (commits_to_revert(plan(unread)), good_commits(plan(unread))) == ({}, {})
    from_file = replace(change(Action.RESTORE, live, old), observed=None)
    assert (commits_to_revert(plan(from_file)), good_commits(plan(from_file))) == ({}, {"desk": "aaaaaaa"})
