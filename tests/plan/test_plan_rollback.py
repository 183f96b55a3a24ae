"""What a rollback's plan says and refuses: which revision serves again, what callers get back, what can't serve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.diagnostics import Where
from agentops.document import (
    AgentListing,
    DesiredAgent,
    Environment,
    Generation,
    Mark,
    ObservedAgent,
    Revision,
    ScanState,
    Secret,
    SecretRef,
    build_label,
)
from agentops.plan.build import PlanOptions
from agentops.plan.model import Action, Plan
from agentops.plan.rollback import Rollback, build_rollback, refuse_gone, resources_needed

ENVIRONMENT = Environment(project="acme", name="prod")
SPEC = DesiredAgent("support", "Support", {"firstMessage": "Hum"}, where={(): Where("agents/support.yaml")})
LABEL = build_label("abc1234", Mark("acme", "prod", "support", "f" * 16))
OLD = Revision("r2", 2, LABEL, document={"firstMessage": "Hi", "singlePromptConfig": {"prompt": "Help."}})
LIVE = Revision("r3", 3, LABEL, document={"firstMessage": "Hum", "singlePromptConfig": {"prompt": "Help."}})
# What the platform itself publishes when an agent is created.
FIRST = Revision("r1", 1, document={"singlePromptConfig": {"prompt": " "}})


def back_to(
    revision: Revision, live: Revision | None = LIVE, *, environment: Environment = ENVIRONMENT, ack: str = ""
) -> Plan:
    observed = ObservedAgent(AgentListing("a1", "Support", {}), live=live)
    options = PlanOptions(acknowledged=frozenset([ack] if ack else []))
    found = [Rollback(SPEC, observed, revision)]
    return build_rollback(environment, Generation.V2, "https://api.smallest.ai", found, options)


def shown(plan: Plan) -> dict[tuple[Any, ...], tuple[Any, Any]]:
    return {field.path: (field.before, field.after) for field in plan.changes[0].fields}


def test_callers_get_back_what_the_revision_holds() -> None:
    plan = back_to(OLD)
    [change] = plan.changes
    assert change.action is Action.RESTORE
    assert change.reason == "revision 2 shall serve again"
    assert shown(plan) == {("firstMessage",): ("Hum", "Hi")}
    assert change.fields[0].reason == "as in revision 2"
    assert change.fields[0].where is None, "the value is not the spec's"
    assert (change.base_revision_id, change.base_number, change.fingerprint) == ("r3", 3, "f" * 16)
    assert plan.is_applyable


def test_a_revision_without_a_number_goes_by_its_id() -> None:
    plan = back_to(replace(OLD, number=None, label=None))
    [change] = plan.changes
    assert change.reason == "revision r2 shall serve again"
    assert change.fields[0].reason == "as in revision r2"
    assert change.fingerprint == ""


def test_what_serves_already_is_no_change() -> None:
    for serving in (OLD, FIRST):  # nobody asks for what callers get anyway
        plan = back_to(serving, replace(serving, document={"firstMessage": "Hey"}))
        [change] = plan.changes
        assert change.action is Action.UNCHANGED
        assert change.reason == f"revision {serving.number} serves already"
        assert change.fields == ()
        assert plan.refusals == ()


def test_an_agent_that_serves_nothing_gets_its_revision_back() -> None:
    plan = back_to(OLD, None)
    [change] = plan.changes
    assert (change.action, change.fields, change.base_revision_id) == (Action.RESTORE, (), None)


@pytest.mark.parametrize("side", ["live", "revision"])
def test_what_can_not_be_read_back_is_not_compared(side: str) -> None:
    unseen = {"firstMessage": "Hi", "globalKnowledgeBaseId": "kb1"}
    live = replace(LIVE, document={"firstMessage": "Hum"}, unverifiable=frozenset({"globalKnowledgeBaseId"}))
    old = replace(OLD, document=unseen)
    if side == "revision":
        live, old = replace(live, unverifiable=frozenset()), replace(old, unverifiable=live.unverifiable)
    assert shown(back_to(old, live)) == {("firstMessage",): ("Hum", "Hi")}


def test_a_revision_that_was_listed_without_its_content_shows_what_goes() -> None:
    assert shown(back_to(replace(OLD, document=None), replace(LIVE, document={"firstMessage": "Hum"}))) == {
        ("firstMessage",): ("Hum", None)
    }
    assert shown(back_to(OLD, replace(LIVE, document=None)))[("firstMessage",)] == (None, "Hi")


def test_a_secret_of_the_environment_is_not_shown() -> None:
    environment = replace(ENVIRONMENT, secrets=(SecretRef("CRM", "do-not-show-me"),))
    plan = back_to(replace(OLD, document={"firstMessage": "It is do-not-show-me."}), environment=environment)
    assert "do-not-show-me" not in str(plan.changes[0].fields)
    assert isinstance(shown(back_to(OLD))[("firstMessage",)][1], str)
    assert not isinstance(shown(back_to(OLD))[("firstMessage",)][1], Secret)


@pytest.mark.parametrize(
    ("revision", "why"),
    [
        (replace(OLD, is_published=False), "support: revision 2 can't serve: it was never published"),
        (replace(OLD, scan=ScanState.FAILED), "support: revision 2 can't serve: its security scan is failed"),
        (replace(OLD, scan=ScanState.PENDING, number=None), "support: revision r2 can't serve: its security scan is"),
    ],
)
def test_what_can_not_serve_is_refused_for_good(revision: Revision, why: str) -> None:
    [refusal] = back_to(revision, ack="NOT_RESTORABLE").refusals
    assert refusal.code == "NOT_RESTORABLE"
    assert refusal.summary.startswith(why)


def test_the_platforms_first_revision_is_asked_for() -> None:
    plan = back_to(FIRST)
    assert [refusal.code for refusal in plan.refusals] == ["PLATFORM_DEFAULT"]
    assert "revision 1 is what the platform made" in plan.refusals[0].summary
    meant = back_to(FIRST, ack="PLATFORM_DEFAULT:support")
    assert (meant.refusals, meant.acknowledged) == ((), ("PLATFORM_DEFAULT:support",))


@pytest.mark.parametrize(
    "of_somebody",
    [
        replace(FIRST, number=2),
        replace(FIRST, label="by hand"),
        replace(FIRST, document={"singlePromptConfig": {"prompt": "Help."}}),
    ],
)
def test_a_revision_that_somebody_made_is_not_the_platforms(of_somebody: Revision) -> None:
    assert back_to(of_somebody).refusals == ()


@pytest.mark.parametrize("document", [None, {}, {"singlePromptConfig": {"prompt": ""}}])
def test_the_platforms_first_revision_has_no_prompt(document: dict[str, Any] | None) -> None:
    assert [each.code for each in back_to(replace(FIRST, document=document)).refusals] == ["PLATFORM_DEFAULT"]


def test_a_protected_agent_is_not_taken_back_unasked() -> None:
    environment = replace(ENVIRONMENT, protected_agents=("support",))
    assert [refusal.code for refusal in back_to(OLD, environment=environment).refusals] == ["PROTECTED_AGENT"]
    assert back_to(OLD, environment=environment, ack="PROTECTED_AGENT").is_applyable
    assert back_to(LIVE, environment=environment).is_applyable


def test_the_digest_is_of_the_revision_that_shall_serve() -> None:
    assert back_to(OLD).digest == back_to(OLD).digest
    assert back_to(OLD).digest != back_to(replace(OLD, revision_id="r1")).digest
    assert back_to(OLD).digest != back_to(OLD, replace(LIVE, revision_id="r4")).digest


# ---- what a revision refers to

TOOLS = {"globalKnowledgeBaseId": "kb1", "singlePromptConfig": {"prompt": "Help.", "toolRefs": ["tool_b", "tool_a"]}}


def test_what_an_older_revision_refers_to_must_still_be_there() -> None:
    plan = back_to(replace(OLD, document=TOOLS))
    assert resources_needed(plan) == {"kb1", "tool_a", "tool_b"}
    assert refuse_gone(plan, frozenset({"kb1", "tool_a", "tool_b", "tool_c"})) == []
    [refusal] = refuse_gone(plan, frozenset({"kb1"}))
    assert refusal.summary == ("support: revision 2 refers to tool_a, tool_b, which the account no longer has")
    assert (refusal.agent, refusal.acknowledgement) == ("support", "RESOURCE_GONE")


def test_a_revision_that_refers_to_nothing_needs_nothing() -> None:
    for plan in (back_to(OLD), back_to(replace(OLD, document=None))):
        assert resources_needed(plan) == frozenset()
        assert refuse_gone(plan, frozenset()) == []


def test_what_serves_already_needs_nothing_to_be_restored() -> None:
    plan = back_to(replace(LIVE, document=TOOLS))
    assert resources_needed(plan) == frozenset()
    assert refuse_gone(plan, frozenset()) == []
