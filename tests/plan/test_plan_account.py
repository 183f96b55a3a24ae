"""What a plan asks of the account, and what of its answers speaks against applying."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.account import AccountLimits, PhoneNumber, Voice
from agentops.diagnostics import Diagnostic, Severity
from agentops.document import AgentListing, DesiredAgent, Generation, ObservedAgent, Path, Revision, Secret, SecretRef
from agentops.fields import Category, Risk
from agentops.plan.account import (
    AccountAnswers,
    AccountQuestion,
    CampaignUse,
    check_account,
    names_numbers,
    questions,
    with_product_ids,
)
from agentops.plan.model import Action, AgentChange, FieldChange, Operation, Plan
from agentops.resources import Kind, Ref

VOICE: Path = ("synthesizer", "voiceConfig", "voiceId")
MODEL: Path = ("synthesizer", "voiceConfig", "model")
KNOWLEDGE: Path = ("globalKnowledgeBaseId",)
NUMBERS: Path = ("telephonyProductId",)
QUIET = AgentChange("quiet", "Quiet", Action.UNCHANGED, "", "a9")


def field(path: Path, after: Any) -> FieldChange:
    return FieldChange(path, Operation.REPLACE, None, after, Category.OTHER, Risk.LOW)


def change(*fields: FieldChange, action: Action = Action.UPDATE, config: Any = None, live: Any = None) -> AgentChange:
    observed = ObservedAgent(AgentListing("a1", "Desk", {}), live=Revision("r1", 1, document=live) if live else None)
    desired = DesiredAgent("desk", "Desk", config or {})
    agent_id = None if action is Action.CREATE else "a1"
    return AgentChange("desk", "Desk", action, "", agent_id, fields=fields, desired=desired, observed=observed)


def plan_of(*changes: AgentChange) -> Plan:
    return Plan("acme", "prod", "https://api.smallest.ai", Generation.V2, changes, "0" * 16)


def refused(found: AgentChange, account: AccountAnswers) -> list[str]:
    return [refusal.summary for refusal in check_account(plan_of(QUIET, found), account).refusals]


# ---- what is asked


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        (QUIET, set()),
        (change(field(("firstMessage",), "Hi")), {AccountQuestion.CAMPAIGNS}),
        (change(action=Action.CREATE), {AccountQuestion.LIMITS}),
        (change(action=Action.ARCHIVE), {AccountQuestion.CAMPAIGNS}),
        (change(action=Action.GO_LIVE), {AccountQuestion.CAMPAIGNS}),
        (change(action=Action.RESTORE), {AccountQuestion.CAMPAIGNS}),
        (change(action=Action.CALL), set()),
        (change(field(VOICE, "nyah"), action=Action.CREATE), {AccountQuestion.LIMITS, AccountQuestion.VOICES}),
        (change(field(MODEL, "waves"), action=Action.CREATE), {AccountQuestion.LIMITS, AccountQuestion.VOICES}),
        (
            change(field(KNOWLEDGE, "kb1"), action=Action.CREATE),
            {AccountQuestion.LIMITS, AccountQuestion.KNOWLEDGE_BASES},
        ),
        (change(field(KNOWLEDGE, Ref(Kind.KNOWLEDGE, "returns")), action=Action.CREATE), {AccountQuestion.LIMITS}),
        (change(field(NUMBERS, ["n1"]), action=Action.CREATE), {AccountQuestion.LIMITS, AccountQuestion.PHONE_NUMBERS}),
        (change(field(VOICE, "nyah"), action=Action.RESTORE), {AccountQuestion.CAMPAIGNS}),
    ],
)
def test_only_what_a_plan_needs_to_know_is_asked(found: AgentChange, asked: set[AccountQuestion]) -> None:
    assert questions(plan_of(QUIET, found)) == asked


# ---- voices

CATALOG = (Voice("nyah", "Nyah", models=("lightning-v3.1",)), Voice("zorin", "Zorin"))


@pytest.mark.parametrize(
    ("voice", "model", "said"),
    [
        ("nyah", None, None),
        ("nyah", "waves_lightning_v3_1", None),
        ("zorin", "lightning-v3.1-pro", None),
        ("nobody", None, "desk: voice 'nobody' is not in the catalog"),
        ("voice_7", "waves_lightning_v3_1", "desk: voice 'voice_7' is not among the account's cloned voices"),
        ("nobody", "waves_lightning_v2", None),  # older families have no list
        ("nobody", "gpt-realtime", None),
        (None, None, None),
        (Secret((SecretRef("VOICE", "x"),)), None, None),
        ("", None, None),
    ],
)
def test_a_voice_is_in_the_catalog_of_its_model(voice: Any, model: str | None, said: str | None) -> None:
    config = {"synthesizer": {"voiceConfig": {"voiceId": voice, **({"model": model} if model else {})}}}
    found = change(field(VOICE, voice), config=config)
    assert refused(found, AccountAnswers(voices=CATALOG)) == ([said] if said else [])
    assert refused(found, AccountAnswers()) == [], "nobody was asked"


@pytest.mark.parametrize("models", [("lightning-v2",), ("lightning-v2", "waves_lightning_v3_1")])
def test_a_voice_fits_its_model(models: tuple[str, ...]) -> None:
    voices = (Voice("nyah", "Nyah", models=models),)
    config = {"synthesizer": {"voiceConfig": {"voiceId": "nyah"}}}
    said = refused(change(field(VOICE, "nyah"), config=config), AccountAnswers(voices=voices))
    fits = len(models) == 2
    assert said == ([] if fits else ["desk: voice 'nyah' is made for lightning-v2, not for the default model"])


def test_the_voice_that_serves_counts_where_the_spec_names_the_model_alone() -> None:
    live = {"synthesizer": {"voiceConfig": {"voiceId": "nobody", "model": "waves_lightning_v2"}}}
    config = {"synthesizer": {"voiceConfig": {"model": "waves_lightning_v3_1"}}}
    found = change(field(MODEL, "waves_lightning_v3_1"), config=config, live=live)
    assert refused(found, AccountAnswers(voices=CATALOG)) == ["desk: voice 'nobody' is not in the catalog"]
    silent = change(field(("firstMessage",), "Hi"), config=config, live=live)
    assert refused(silent, AccountAnswers(voices=CATALOG)) == [], "nothing about its voice is written"


def test_close_voices_are_named() -> None:
    voices = tuple(Voice(f"nyah{number}", "Nyah") for number in range(5))
    config = {"synthesizer": {"voiceConfig": {"voiceId": "nyah"}}}
    plan = check_account(plan_of(change(field(VOICE, "nyah"), config=config)), AccountAnswers(voices=voices))
    assert plan.refusals[0].hint.startswith("did you mean nyah4, nyah3, nyah2?; if the account is wrong")
    config = {"synthesizer": {"voiceConfig": {"voiceId": "xx"}}}
    plan = check_account(plan_of(change(field(VOICE, "xx"), config=config)), AccountAnswers(voices=voices))
    assert plan.refusals[0].hint.startswith("choose one that the account has; if")
    assert plan.refusals[0].acknowledgement == "VOICE_UNKNOWN"


# ---- knowledge, numbers, room


def test_a_knowledge_base_is_one_of_the_account() -> None:
    def said(value: Any, known: tuple[str, ...] | None) -> list[str]:
        return refused(change(field(KNOWLEDGE, value)), AccountAnswers(knowledge_base_ids=known))

    assert said("kb1", ("kb1", "kb2")) == []
    assert said("kb9", None) == []
    assert said("kb9", ("kb1",)) == ["desk: globalKnowledgeBaseId: the account has no knowledge base 'kb9'"]
    assert said(Ref(Kind.KNOWLEDGE, "returns"), ()) == [], "it is made by the apply"
    assert said("", ("kb1",)) == [], "a playbook says so that it has none"
    assert refused(change(field(("firstMessage",), "kb9")), AccountAnswers(knowledge_base_ids=())) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (PhoneNumber("n1", "+14155550100"), None),
        (PhoneNumber("n1", "+14155550100", "a1"), None),
        (PhoneNumber("n1", "+14155550100", "a2"), "desk: phone number +14155550100 belongs to agent a2 now"),
        (PhoneNumber("n1", "", "a2"), "desk: phone number n1 belongs to agent a2 now"),
        (PhoneNumber("n2", "", "a1"), "desk: phone_numbers: the account has no phone number 'n1'"),
    ],
)
def test_a_phone_number_is_free_or_its_own(number: PhoneNumber, said: str | None) -> None:
    found = change(field(NUMBERS, ["n1"]))
    assert refused(found, AccountAnswers(phone_numbers=(number,))) == ([said] if said else [])
    assert refused(found, AccountAnswers()) == []


@pytest.mark.parametrize(
    ("count", "has"),
    [(0, "none"), (1, "+100"), (5, "+100, +101, +102, +103, +104"), (6, "+100, +101, +102, +103, +104")],
)
def test_the_first_numbers_that_the_account_has_are_named(count: int, has: str) -> None:
    numbers = tuple(PhoneNumber(f"p{number}", f"+10{number}") for number in range(count))
    plan = check_account(plan_of(change(field(NUMBERS, ["n1"]))), AccountAnswers(phone_numbers=numbers))
    assert f"(the account has: {has})" in plan.refusals[0].hint


@pytest.mark.parametrize(
    ("limit", "there", "is_refused"), [(None, 9, False), (3, 2, False), (3, 3, True), (0, 0, True)]
)
def test_there_is_room_for_new_agents(limit: int | None, there: int, is_refused: bool) -> None:
    account = AccountAnswers(limits=AccountLimits(limit), agent_count=there)
    assert bool(refused(change(action=Action.CREATE), account)) is is_refused
    assert refused(change(action=Action.UPDATE), account) == []
    assert refused(change(action=Action.CREATE), replace(account, limits=None)) == []


# ---- campaigns, and no answer


@pytest.mark.parametrize(
    ("action", "status", "told"),
    [
        (Action.ARCHIVE, "running", "refused"),
        (Action.ARCHIVE, "completed", "nothing"),
        (Action.UPDATE, "paused", "warned"),
        (Action.UPDATE, "completed", "nothing"),
        (Action.CALL, "running", "nothing"),
        (Action.UNCHANGED, "running", "nothing"),
    ],
)
def test_a_campaign_that_is_not_over_speaks_against_its_agent(action: Action, status: str, told: str) -> None:
    uses = (CampaignUse("a5", "other", "running"), CampaignUse("a1", "spring", status))
    plan = check_account(plan_of(change(action=action), QUIET), AccountAnswers(campaigns=uses))
    assert [each.code for each in plan.refusals] == (["CAMPAIGN_USES_AGENT"] if told == "refused" else [])
    assert [each.code for each in plan.diagnostics] == (["campaign-unfinished"] if told == "warned" else [])


def test_what_was_not_answered_is_said_and_refuses_nothing() -> None:
    before = replace(plan_of(QUIET), diagnostics=(Diagnostic("old", Severity.NOTE, "as before"),))
    open_questions = frozenset({AccountQuestion.VOICES, AccountQuestion.CAMPAIGNS})
    plan = check_account(before, AccountAnswers(unanswered=open_questions))
    assert [each.code for each in plan.diagnostics] == ["old", "account-silent", "account-silent"]
    campaigns, voices = plan.diagnostics[1:]
    assert "did not answer about its campaigns" in campaigns.summary
    assert "uses an agent that is changed here" in (campaigns.hint or "")
    assert "will refuse what does not exist" in (voices.hint or "")
    assert plan.is_applyable
    assert plan.digest == before.digest


def test_what_speaks_against_a_plan_can_be_acknowledged() -> None:
    account = AccountAnswers(knowledge_base_ids=())
    plan = check_account(plan_of(change(field(KNOWLEDGE, "kb9"))), account, frozenset({"KNOWLEDGE_BASE_UNKNOWN:desk"}))
    assert (plan.refusals, plan.acknowledged) == ((), ("KNOWLEDGE_BASE_UNKNOWN:desk",))


# ---- numbers by their digits


def test_a_number_by_its_digits_becomes_the_accounts_product() -> None:
    def line(*numbers: str) -> DesiredAgent:
        return DesiredAgent("desk", "Desk", {}, {"telephonyProductId": list(numbers), "description": "x"})

    account = (PhoneNumber("p1", "+1 (415) 555-0100"), PhoneNumber("p2", ""), PhoneNumber("p3", "14155550102"))
    assert names_numbers([line("p1"), line("p2", "+14155550100")])
    assert not names_numbers([line("p1"), DesiredAgent("quiet", "Quiet", {})])
    changed = with_product_ids(line("+14155550100", "p2", "+14155550102", "+14155550199", "14155550100"), account)
    assert changed.metadata["telephonyProductId"] == ["p1", "p2", "p3", "+14155550199", "14155550100"]
    assert changed.metadata["description"] == "x"
    untouched = line("14155550100")
    assert with_product_ids(untouched, account) is untouched
