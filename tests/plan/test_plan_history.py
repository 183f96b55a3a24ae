"""The revisions of an agent as people ask about them."""

from __future__ import annotations

from agentops.document import Environment, Mark, Revision, build_label
from agentops.plan.history import build_history

ENVIRONMENT = Environment("acme", "prod")


def label(text: str, project: str = "acme", environment: str = "prod") -> str:
    return build_label(text, Mark(project, environment, "desk", "f" * 16))


def test_each_revision_says_whose_it_is_and_what_became_of_it() -> None:
    revisions = [
        Revision("r6", 6, "Restored", restored_from="r3"),
        Revision("r5", 5, label("fifth"), restored_from="r1"),
        Revision("r4", 4, "by hand", restored_from="gone"),
        Revision("r3", 3, label("third", environment="staging")),
        Revision("r2", 2, label("second", project="other")),
        Revision("r1", None, label("first")),
    ]
    entries = build_history(ENVIRONMENT, revisions, "r5", {"r5": "passed", "r9": "failed"})
    assert [entry.revision for entry in entries] == revisions
    assert [entry.is_live for entry in entries] == [False, True, False, False, False, False]
    assert [entry.is_ours for entry in entries] == [False, True, False, False, False, True]
    assert [entry.text for entry in entries] == ["Restored", "fifth", "by hand", "third", "second", "first"]
    assert [entry.restored_from for entry in entries] == [3, "r1", "gone", None, None, None]
    assert [entry.verdict for entry in entries] == [None, "passed", None, None, None, None]
    assert [entry.mark.environment if entry.mark else None for entry in entries] == [
        *(None, "prod", None),
        *("staging", "prod", "prod"),
    ]


def test_an_agent_that_serves_nothing_has_a_history_too() -> None:
    [entry] = build_history(ENVIRONMENT, [Revision("r1", 1)], None)
    assert (entry.is_live, entry.is_ours, entry.text, entry.verdict) == (False, False, "", None)
