"""Which revision brought a drifted field, and what a side of a comparison is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.document import DesiredAgent, Revision
from agentops.errors import UsageError
from agentops.fields import Category, Risk
from agentops.plan.agent_diff import Side, SideKind, read_side
from agentops.plan.blame import blame
from agentops.plan.model import Action, AgentChange, FieldChange, Operation

SPEC = DesiredAgent("desk", "Desk", {"a": 1, "b": 1, "globalKnowledgeBaseId": "kb1"})
FIELD = FieldChange(("a",), Operation.REPLACE, 1, 2, Category.OTHER, Risk.LOW, reason="changed outside git")


def change(*paths: str) -> AgentChange:
    fields = tuple(replace(FIELD, path=(path,)) for path in paths)
    return AgentChange("desk", "Desk", Action.UPDATE, "", drift_fields=fields, desired=SPEC)


def revision(number: int, document: Any, **facts: Any) -> Revision:
    return Revision(f"r{number}", number, document=document, **facts)


def reasons(found: AgentChange) -> dict[str, str]:
    return {str(field.path[0]): field.reason for field in found.drift_fields}


def test_the_last_revision_that_moved_a_field_is_named() -> None:
    trail = [
        revision(1, {"a": 1, "b": 1}),
        revision(2, {"a": 5, "b": 1}, published_by="Ada"),
        revision(3, None),
        revision(4, {"a": 2, "b": 1}, published_by="Ben", published_at="2026-11-20"),
        revision(5, {"a": 2, "b": 3}, published_at="2026-11-21"),
    ]
    assert reasons(blame(change("a", "b"), trail)) == {
        "a": "revision 4 by Ben at 2026-11-20",
        "b": "revision 5 at 2026-11-21",
    }
    assert reasons(blame(change("a"), trail[:2])) == {"a": "revision 2 by Ada"}


def test_what_nobody_is_known_to_have_moved_keeps_its_reason() -> None:
    same = [revision(1, {"a": 2}), revision(2, {"a": 2})]
    assert reasons(blame(change("a"), same)) == {"a": "changed outside git"}
    moved = [revision(1, {"a": 1}), revision(2, {"a": 2})]
    assert reasons(blame(change("a"), moved)) == {"a": "revision 2"}
    assert reasons(blame(change("a"), moved[1:])) == {"a": "changed outside git"}
    assert reasons(blame(replace(change("a"), desired=None), moved)) == {"a": "changed outside git"}
    hidden = [
        revision(1, {"globalKnowledgeBaseId": "x"}),
        revision(2, {}, unverifiable=frozenset({"globalKnowledgeBaseId"})),
    ]
    assert reasons(blame(change("globalKnowledgeBaseId"), hidden)) == {"globalKnowledgeBaseId": "changed outside git"}


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("spec", Side(SideKind.SPEC)),
        ("live", Side(SideKind.LIVE)),
        ("env:staging", Side(SideKind.ENVIRONMENT, "staging")),
        ("environment:prod", Side(SideKind.ENVIRONMENT, "prod")),
        ("7", Side(SideKind.REVISION, "7")),
        ("fix: greeting", Side(SideKind.REVISION, "fix: greeting")),
        ("env", Side(SideKind.REVISION, "env")),
    ],
)
def test_what_a_side_of_a_comparison_means(text: str, side: Side) -> None:
    assert read_side(text) == side


@pytest.mark.parametrize("text", ["", "env:", "fix:"])
def test_a_side_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names nothing to compare"):
        read_side(text)
