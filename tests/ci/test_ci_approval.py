from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.ci.approval import (
    GITHUB_ACTIONS_BOT,
    Approval,
    approval_of,
    merged_pull,
    parts_of,
    require_approved,
)
from agentops.ci.model import Comment, Pull
from agentops.ci.stamp import Stamp, StampKind, Standing, read_stamp, stamp_line
from agentops.document import Generation
from agentops.errors import RefusedError, StaleError
from agentops.fields import Category, Risk
from agentops.plan.model import Action, AgentChange, FieldChange, Operation, Plan, ResourceAction, ResourceChange
from agentops.resources import Address
from agentops.resources import Kind as ResourceKind

HEAD, MERGE = "1" * 40, "3" * 40
PULL = Pull(7, head_sha=HEAD, base_ref="main", merge_sha=MERGE, is_merged=True)
PLAN = Stamp(StampKind.PLAN, "acme-voice", "prod", digest="d1", commit=HEAD, standing=Standing.APPLYABLE)


def comment(stamp: Stamp = PLAN, *, author: str = GITHUB_ACTIONS_BOT, comment_id: int = 1, before: str = "") -> Comment:
    return Comment(comment_id, author, f"{before}{stamp_line(stamp)}\n### a plan", "https://example.com/c1")


def approve(*comments: Comment, pull: Pull = PULL) -> str:
    return approval_of(pull, comments, bot=GITHUB_ACTIONS_BOT, project="acme-voice", environment="prod").digest


def test_the_bots_comment_on_the_merged_head_approves_its_digest() -> None:
    assert approve(comment()) == "d1"


@pytest.mark.parametrize(
    ("comments", "code"),
    [
        ([], "no_plan_comment"),
        ([comment(author="dana")], "no_plan_comment"),
        ([comment(author="github-actions")], "no_plan_comment"),
        ([comment(before="> ")], "no_plan_comment"),
        ([comment(before="Look at this:\n")], "no_plan_comment"),
        ([comment(Stamp(StampKind.PLAN, "acme-voice", "staging", "d1", HEAD, Standing.APPLYABLE))], "no_plan_comment"),
        ([comment(Stamp(StampKind.PLAN, "other", "prod", "d1", HEAD, Standing.APPLYABLE))], "no_plan_comment"),
        ([comment(Stamp(StampKind.DRIFT, "acme-voice", "prod", "d1", HEAD, Standing.APPLYABLE))], "no_plan_comment"),
        (
            [comment(Stamp(StampKind.PLAN, "acme-voice", "prod", "d1", "9" * 40, Standing.APPLYABLE))],
            "plan_of_other_commit",
        ),
        ([comment(Stamp(StampKind.PLAN, "acme-voice", "prod", "d1", HEAD, Standing.REFUSED))], "plan_was_refused"),
    ],
)
def test_nothing_else_approves(comments: list[Comment], code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        approve(*comments)
    assert refused.value.code == code
    assert refused.value.hint


def test_a_persons_copy_of_the_comment_does_not_outvote_the_bots() -> None:
    forged = comment(Stamp(StampKind.PLAN, "acme-voice", "prod", "evil", HEAD, Standing.APPLYABLE), author="mallory")
    assert approve(forged, comment(comment_id=2)) == "d1"


@pytest.mark.parametrize(
    "pull",
    [
        Pull(7, HEAD, "main", merge_sha=None),
        Pull(7, HEAD, "main", merge_sha="8" * 40, is_merged=True),
        Pull(7, HEAD, "release", merge_sha=MERGE, is_merged=True),
        Pull(7, HEAD, "main", merge_sha=MERGE, is_merged=False),
    ],
)
def test_a_commit_that_no_merge_made_is_a_direct_push(pull: Pull) -> None:
    with pytest.raises(RefusedError) as refused:
        merged_pull([pull], branch="main", sha=MERGE)
    assert refused.value.code == "direct_push"


def test_the_merged_pull_request_is_found_among_others() -> None:
    others = [Pull(6, "5" * 40, "main", merge_sha="6" * 40, is_merged=True), PULL]
    assert merged_pull(others, branch="main", sha=MERGE).number == 7


texts = st.text(max_size=40)


@given(
    st.builds(
        Stamp,
        st.sampled_from(StampKind),
        texts,
        texts,
        texts,
        texts,
        st.sampled_from(Standing),
        st.lists(texts).map(tuple),
    ),
    texts,
)
def test_a_stamp_reads_back_and_nothing_in_it_ends_the_comment(stamp: Stamp, body: str) -> None:
    line = stamp_line(stamp)
    assert "\n" not in line
    assert line.count("-->") == 1
    assert line.endswith("-->")
    assert read_stamp(f"{line}\n{body}") == stamp


@given(st.text())
def test_no_text_breaks_the_reading_of_a_stamp(text: str) -> None:
    assert read_stamp(text) is None
    assert read_stamp(f"<!-- agentops {text} -->") is None


def change(key: str, action: Action = Action.UPDATE, base: str = "r1", fingerprint: str = "f1") -> AgentChange:
    return AgentChange(
        key, key.title(), action, "", agent_id=f"id-{key}", base_revision_id=base, fingerprint=fingerprint
    )


def plan(digest: str, *changes: AgentChange, resources: tuple[ResourceChange, ...] = ()) -> Plan:
    return Plan("acme-voice", "prod", "https://api.example.com", Generation.V2, changes, digest, resources=resources)


DONE = change("a", Action.UNCHANGED, base="r2")
APPROVED = Approval("d1", frozenset(parts_of(plan("d1", change("a"), change("b")))), PULL, "")


@pytest.mark.parametrize(
    "now",
    [
        plan("d1", change("a"), change("b")),
        plan("d2", DONE, change("b")),
        plan("d2", DONE, change("b", Action.GO_LIVE)),
        plan("d2", DONE, change("b", Action.UNCHANGED)),
    ],
)
def test_what_a_cut_off_apply_left_is_still_approved(now: Plan) -> None:
    require_approved(APPROVED, now)


@pytest.mark.parametrize(
    ("now", "named"),
    [
        (plan("d2", DONE, change("b", base="r9")), "b"),
        (plan("d2", DONE, change("b", fingerprint="f9")), "b"),
        (plan("d2", DONE, change("b", Action.ARCHIVE)), "b"),
        (plan("d2", DONE, change("b"), change("c")), "c"),
        (plan("d2", change("a", base="r2"), change("b")), "a"),
    ],
)
def test_anything_else_is_stale_and_named(now: Plan, named: str) -> None:
    with pytest.raises(StaleError) as stale:
        require_approved(APPROVED, now)
    assert stale.value.summary.endswith(f": {named}")
    assert "#7 again" in (stale.value.hint or "")


def resource(
    action: ResourceAction, resource_id: str | None, before: str = "Old.", wanted: str = "f1"
) -> ResourceChange:
    field = FieldChange(("name",), Operation.REPLACE, before, "New.", Category.OTHER, Risk.HIGH)
    address = Address(ResourceKind.KNOWLEDGE, "returns")
    return ResourceChange(address, "Returns", action, "", resource_id, wanted, fields=(field,))


@pytest.mark.parametrize(
    ("approved", "now", "is_approved"),
    [
        (resource(ResourceAction.REPLACE, "kb_1"), resource(ResourceAction.CREATE, "kb_2"), True),  # begun and cut off
        (resource(ResourceAction.REPLACE, "kb_1"), resource(ResourceAction.CREATE, "kb_2", wanted="f2"), False),
        (resource(ResourceAction.REPLACE, "kb_1"), resource(ResourceAction.UPDATE, "kb_1"), False),
        (resource(ResourceAction.UPDATE, "kb_1"), resource(ResourceAction.UPDATE, "kb_1"), True),
        (resource(ResourceAction.UPDATE, "kb_1"), resource(ResourceAction.UPDATE, "kb_1", before="By hand."), False),
        (resource(ResourceAction.DELETE, "kb_1"), resource(ResourceAction.DELETE, "kb_2"), False),
    ],
)
def test_what_agents_share_is_approved_as_it_would_be_done(
    approved: ResourceChange, now: ResourceChange, is_approved: bool
) -> None:
    approval = Approval("d1", frozenset(parts_of(plan("d1", resources=(approved,)))), PULL, "")
    if is_approved:
        require_approved(approval, plan("d2", resources=(now,)))
    else:
        with pytest.raises(StaleError, match="knowledge returns"):
            require_approved(approval, plan("d2", resources=(now,)))
