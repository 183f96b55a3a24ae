"""What binds an approval to the deed: the facts of a digest, what has moved since, what speaks against applying."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agentops.diagnostics import Diagnostic, Severity
from agentops.document import Environment, Generation, Revision
from agentops.errors import RefusedError, SpecError, StaleError
from agentops.fields import Category, Risk
from agentops.plan.approval import (
    digest_of,
    is_carried_out,
    require_applyable,
    require_digest,
    require_same,
    target_name,
    what_moved,
)
from agentops.plan.model import (
    Action,
    AgentChange,
    FieldChange,
    Operation,
    Plan,
    Refusal,
    ResourceAction,
    ResourceChange,
)
from agentops.resources import Address, Kind

ENVIRONMENT = Environment("acme", "prod")
TARGET = "https://api.smallest.ai/atoms/v1"
GREETING = FieldChange(("firstMessage",), Operation.REPLACE, "Hi", "Hello", Category.GREETING, Risk.MEDIUM)
NAME = replace(GREETING, path=("name",), before="Desk", after="Front desk", is_immediate=True)
DESK = AgentChange("desk", "Desk", Action.UPDATE, "", "a1", "r2", 2, "f1", (GREETING, NAME))
SALES = AgentChange("sales", "Sales", Action.UNCHANGED, "", "a2", "r5", 5, "f2")
TOOL = ResourceChange(Address(Kind.TOOL, "look_up"), "look_up", ResourceAction.UPDATE, "", "t1", "f3", (GREETING,))


def plan_of(*changes: AgentChange, resources: tuple[ResourceChange, ...] = ()) -> Plan:
    digest = digest_of(ENVIRONMENT, TARGET, changes, resources)
    return Plan("acme", "prod", TARGET, Generation.V2, changes, digest, resources=resources)


# ---- the digest


def test_a_digest_is_the_same_in_any_order() -> None:
    assert plan_of(DESK, SALES).digest == plan_of(SALES, DESK).digest
    other = replace(TOOL, address=Address(Kind.TOOL, "book"), fingerprint="f4")
    assert plan_of(resources=(TOOL, other)).digest == plan_of(resources=(other, TOOL)).digest


@pytest.mark.parametrize(
    "moved",
    [
        replace(DESK, key="front"),
        replace(DESK, name="Front"),
        replace(DESK, agent_id="a9"),
        replace(DESK, agent_id=None),
        replace(DESK, action=Action.UNCHANGED),
        replace(DESK, base_revision_id="r3"),
        replace(DESK, fingerprint="f9"),
        replace(DESK, fields=(GREETING, replace(NAME, after="Reception"))),
        replace(DESK, restore_to=Revision("r1", 1)),
    ],
)
def test_a_digest_is_another_one_for_whatever_apply_would_do_otherwise(moved: AgentChange) -> None:
    assert plan_of(moved).digest != plan_of(DESK).digest


@pytest.mark.parametrize(
    "same",
    [
        replace(DESK, reason="why not"),
        replace(DESK, base_number=9),
        replace(DESK, fields=(replace(GREETING, after="what the fingerprint says"), NAME)),
    ],
)
def test_a_digest_is_the_same_for_what_is_only_shown(same: AgentChange) -> None:
    assert plan_of(same).digest == plan_of(DESK).digest


@pytest.mark.parametrize(
    "moved",
    [
        replace(TOOL, address=Address(Kind.WEBHOOK, "look_up")),
        replace(TOOL, address=Address(Kind.TOOL, "book")),
        replace(TOOL, resource_id="t2"),
        replace(TOOL, action=ResourceAction.REPLACE),
        replace(TOOL, fingerprint="f9"),
        replace(TOOL, fields=(replace(GREETING, before="Hey"),)),  # what is edited in place has no revision to go by
        replace(TOOL, fields=(replace(GREETING, before=None),)),
    ],
)
def test_a_digest_covers_what_agents_share(moved: ResourceChange) -> None:
    assert plan_of(DESK, resources=(moved,)).digest != plan_of(DESK, resources=(TOOL,)).digest
    assert plan_of(DESK).digest != plan_of(DESK, resources=(TOOL,)).digest


def test_what_a_new_version_replaces_stays_as_it_is_and_is_no_fact() -> None:
    new = replace(TOOL, action=ResourceAction.REPLACE)
    hidden = replace(new, fields=(replace(GREETING, before="Hey"),))
    assert plan_of(resources=(new,)).digest == plan_of(resources=(hidden,)).digest


def test_a_digest_is_of_one_environment_and_account() -> None:
    digests = {
        digest_of(environment, target, (DESK,))
        for environment in (ENVIRONMENT, Environment("acme", "staging"), Environment("beta", "prod"))
        for target in (TARGET, "https://api.example.com")
    }
    assert len(digests) == 6


@pytest.mark.parametrize(
    ("environment", "target", "name"),
    [
        (ENVIRONMENT, "http://127.0.0.1:8123/atoms/v1", "local emulator"),
        (ENVIRONMENT, "http://localhost:80", "local emulator"),
        (ENVIRONMENT, "http://[::1]:9", "local emulator"),
        (Environment("acme", "local", is_emulator=True), "http://emulator.example", "local emulator"),
        (ENVIRONMENT, TARGET, TARGET),
    ],
)
def test_an_emulator_is_one_place_whatever_its_port(environment: Environment, target: str, name: str) -> None:
    assert target_name(environment, target) == name


# ---- what has moved since


def test_what_moved_is_told_in_the_order_of_the_plans() -> None:
    keys = [f"{letter}{number}" for number in range(3) for letter in "zma"]
    changes = [replace(DESK, key=key, fingerprint=key) for key in keys]
    gone, new = [replace(DESK, key=f"gone-{key}") for key in keys], [replace(DESK, key=f"new-{key}") for key in keys]
    newer = [replace(change, base_revision_id="r3", base_number=3) for change in changes]
    approved, fresh = plan_of(*gone, *changes), plan_of(*newer, *new)
    assert what_moved(approved, fresh) == [
        *(f"gone-{key}: no longer part of it" for key in keys),
        *(f"new-{key}: not part of the approved plan" for key in keys),
        *(f"{key}: revision 2 served when it was approved, revision 3 serves now" for key in keys),
    ]
    assert what_moved(approved, approved) == []


@pytest.mark.parametrize(
    ("now", "texts"),
    [
        (replace(DESK, agent_id="a9"), ["desk: agent a1 is now a9"]),
        (replace(DESK, agent_id=None), ["desk: agent a1 is now (new)"]),
        (
            replace(DESK, base_revision_id="r3", base_number=None),
            ["desk: revision 2 served when it was approved, revision r3 serves now"],
        ),
        (
            replace(DESK, base_revision_id=None, base_number=None),
            ["desk: revision 2 served when it was approved, nothing serves now"],
        ),
        (replace(DESK, fingerprint="f9"), ["desk: the spec changed (fingerprint f1 is now f9)"]),
        (replace(DESK, action=Action.UNCHANGED), ["desk: update is now unchanged"]),
        (replace(DESK, fields=(GREETING,)), ["desk: its field changes are not the approved ones"]),
        (replace(DESK, fingerprint="f9", fields=()), ["desk: the spec changed (fingerprint f1 is now f9)"]),
        (replace(DESK, reason="another"), []),
    ],
)
def test_what_moved_of_an_agent(now: AgentChange, texts: list[str]) -> None:
    assert what_moved(plan_of(DESK), plan_of(now)) == texts


def test_an_agent_that_is_there_by_now_is_named() -> None:
    was = replace(DESK, agent_id=None, base_revision_id=None, base_number=None, action=Action.CREATE)
    assert what_moved(plan_of(was), plan_of(DESK)) == [
        "desk: agent (new) is now a1",
        "desk: nothing served when it was approved, revision 2 serves now",
        "desk: create is now update",
    ]


def test_what_moved_of_the_plan_itself() -> None:
    approved = plan_of(DESK)
    fresh = replace(approved, project="beta", environment="staging", target="elsewhere", format_version=2)
    assert what_moved(approved, fresh) == [
        "format version 1 is now 2",
        "project 'acme' is now 'beta'",
        "environment 'prod' is now 'staging'",
        f"account {TARGET!r} is now 'elsewhere'",
    ]


@pytest.mark.parametrize(
    ("now", "texts"),
    [
        ((replace(TOOL, fingerprint="f9"),), ["tool look_up: update f3 is now update f9"]),
        ((), ["tool look_up: update f3 is now not part of it"]),
        (
            (TOOL, replace(TOOL, action=ResourceAction.DELETE, resource_id="t2", fingerprint="")),
            ["tool look_up: not part of it is now delete"],
        ),
        (
            (replace(TOOL, fields=(replace(GREETING, before="Hey"),)),),
            ["tool look_up: it was changed after the plan was approved"],
        ),
        ((TOOL,), []),
    ],
)
def test_what_moved_of_what_agents_share(now: tuple[ResourceChange, ...], texts: list[str]) -> None:
    assert what_moved(plan_of(resources=(TOOL,)), plan_of(resources=now)) == texts


def test_resources_that_moved_are_told_by_address_and_id() -> None:
    places = ((Kind.WEBHOOK, "a", "w1"), (Kind.TOOL, "z", "t2"), (Kind.TOOL, "z", None), (Kind.TOOL, "z", "t1"))
    moved = tuple(replace(TOOL, address=Address(kind, key), resource_id=found) for kind, key, found in places)
    fresh = [replace(each, fingerprint=f"of {each.resource_id}") for each in moved]
    texts = what_moved(plan_of(resources=moved), plan_of(resources=tuple(fresh)))
    assert [each.partition(": ")[0] for each in texts] == ["tool z", "tool z", "tool z", "webhook a"]
    assert [each.rpartition(" ")[2] for each in texts] == ["None", "t1", "t2", "w1"]


def test_an_approval_holds_for_the_plan_that_was_approved() -> None:
    require_same(plan_of(DESK), plan_of(DESK))
    with pytest.raises(StaleError, match="no longer holds: its digest does not fit its content"):
        require_same(replace(plan_of(DESK), digest="0" * 16), plan_of(DESK))
    fields = replace(plan_of(DESK), changes=(replace(DESK, fields=()),))
    with pytest.raises(StaleError, match="no longer holds: desk: its field changes"):
        require_same(fields, plan_of(DESK))


def test_a_digest_is_typed_in_any_case() -> None:
    plan = replace(plan_of(DESK), digest="abcdef0123456789")
    require_digest("ABCDEF0123456789", plan)
    with pytest.raises(StaleError, match="has the digest abcdef0123456789, approved was 1"):
        require_digest("1", plan)


DONE = replace(DESK, action=Action.UNCHANGED, base_revision_id="r3", fields=())


@pytest.mark.parametrize(
    ("done", "is_carried_out_now"),
    [
        (lambda plan: plan, True),
        (lambda plan: replace(plan, changes=(replace(DONE, action=Action.UPDATE),)), False),
        (lambda plan: replace(plan, project="beta"), False),
        (lambda plan: replace(plan, environment="staging"), False),
        (lambda plan: replace(plan, changes=(replace(DONE, fingerprint="f9"),)), False),
        (lambda plan: replace(plan, changes=()), False),
        (lambda plan: replace(plan, resources=()), False),
        (lambda plan: replace(plan, resources=(replace(TOOL, action=ResourceAction.UPDATE),)), False),
        (lambda plan: replace(plan, resources=(replace(plan.resources[0], fingerprint="f9"),)), False),
    ],
)
def test_a_plan_is_carried_out_where_everything_is_in_place(
    done: Callable[[Plan], Plan], is_carried_out_now: bool
) -> None:
    gone = replace(TOOL, action=ResourceAction.DELETE, resource_id="t0", fingerprint="")
    approved = plan_of(DESK, resources=(TOOL, gone))  # what was deleted is in no plan any more
    found = done(plan_of(DONE, resources=(replace(TOOL, action=ResourceAction.UNCHANGED),)))
    assert is_carried_out(approved, found) is is_carried_out_now


# ---- what speaks against it

RULE = Refusal("ADOPT", "desk: is there", "pass it", "desk", "ADOPT")
DRIFT = Refusal("DRIFT", "desk: moved", "pull it", "desk", is_stale=True)
MISTAKE = Diagnostic("clear-unknown", Severity.ERROR, "can't be emptied")


def test_a_world_that_is_in_the_way_comes_before_a_rule_and_that_before_a_mistake() -> None:
    plan = replace(plan_of(DESK), diagnostics=(MISTAKE,))
    with pytest.raises(StaleError) as stale:
        require_applyable(replace(plan, refusals=(RULE, DRIFT)))
    assert stale.value.code == "DRIFT"
    assert stale.value.summary == "desk: moved (and 1 more: see `agentops plan -e prod`)"
    with pytest.raises(RefusedError) as refused:
        require_applyable(replace(plan, refusals=(RULE,)))
    assert (refused.value.summary, refused.value.acknowledgement) == ("desk: is there", "ADOPT")
    with pytest.raises(SpecError):
        require_applyable(plan)
    require_applyable(replace(plan, diagnostics=(replace(MISTAKE, severity=Severity.WARNING),)))
