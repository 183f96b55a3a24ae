"""What is said where somebody else was at work on the same agent: revisions go by their number, else by their id."""

from __future__ import annotations

from dataclasses import replace

from agentops.apply.stale import base_moved, not_live, overtook, unplanned_changes
from agentops.document import Revision
from agentops.plan.diff import Difference
from agentops.plan.model import Action, AgentChange

CHANGE = AgentChange("desk", "Desk", Action.UPDATE, "", "a1", "r2", 2)
OURS, THEIRS, UNNUMBERED = Revision("r3", 3), Revision("r4", 4), Revision("r5")


def test_a_base_that_moved_is_named_with_the_one_of_the_plan() -> None:
    assert base_moved(CHANGE, 4).summary == (
        "desk: revision 4 went live since the plan was made, which was computed from 2"
    )
    assert base_moved(replace(CHANGE, base_number=None), 4).summary.endswith("computed from r2")
    new = replace(CHANGE, base_number=None, base_revision_id=None)
    assert base_moved(new, 4).summary.endswith("computed from nothing")


def test_edits_that_nobody_planned_are_named() -> None:
    edits = [Difference(("firstMessage",), "a", "b"), Difference(("synthesizer", "speed"), 1, 2)]
    assert unplanned_changes(CHANGE, "the draft", edits).summary == (
        "desk: the draft holds changes that were not planned: firstMessage, synthesizer.speed"
    )
    assert unplanned_changes(CHANGE, "the draft", []).summary.endswith("it was forked from another revision")


def test_who_was_faster_is_named() -> None:
    assert not_live(CHANGE, OURS, 4).summary == "desk: revision 3 was made live, but 4 serves"
    assert not_live(CHANGE, UNNUMBERED, 4, "was to serve again").summary == (
        "desk: revision r5 was to serve again, but 4 serves"
    )
    assert overtook(CHANGE, OURS, THEIRS).summary == (
        "desk: revision 4 went live right before revision 3, which replaced it"
    )
    assert "revision r5 went live right before revision 3" in overtook(CHANGE, OURS, UNNUMBERED).summary
