"""What a spec can't know, checked against what the account answered: voices, knowledge bases, numbers, limits.

The caller asks: `questions` says what a plan needs to know, `check_account` judges the answers. A question that the
account did not answer is a warning, never a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from agentops.account import AccountLimits, PhoneNumber, Voice
from agentops.diagnostics import Diagnostic, Severity
from agentops.document import DesiredAgent, path_text
from agentops.fields import Reference, reference_of
from agentops.plan.build import with_refusals
from agentops.plan.changes import written_leaves
from agentops.plan.diff import value_at
from agentops.plan.model import Action, AgentChange, Plan, Refusal
from agentops.plan.notes import NUMBERS
from agentops.plan.safety import UNFINISHED, refuse_in_use
from agentops.resources import Ref

_WRITES = frozenset({Action.CREATE, Action.UPDATE})
# The catalog lists the voices of this family, its Pro voices too, which the platform tells apart by the voice alone;
# a realtime model takes any voice, older families have no list.
_CATALOG_FAMILY = "lightningv31"
_MODEL = ("synthesizer", "voiceConfig", "model")
_NUMBERS_NAMED = 5
_VOICE = ("synthesizer", "voiceConfig", "voiceId")


class AccountQuestion(StrEnum):
    VOICES = "voices"
    KNOWLEDGE_BASES = "knowledge bases"
    PHONE_NUMBERS = "phone numbers"
    LIMITS = "plan limits"
    CAMPAIGNS = "campaigns"


_ASKED_BY = {
    Reference.VOICE: AccountQuestion.VOICES,
    Reference.KNOWLEDGE_BASE: AccountQuestion.KNOWLEDGE_BASES,
    Reference.PHONE_NUMBER: AccountQuestion.PHONE_NUMBERS,
}


@dataclass(frozen=True, slots=True)
class CampaignUse:
    """A campaign and the agent that it calls with."""

    agent_id: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class AccountAnswers:
    """What the account answered; None: not asked, or no answer. `unanswered` are the questions it left open.

    agent_count: agents the account has now, archived ones not counted
    """

    voices: tuple[Voice, ...] | None = None
    knowledge_base_ids: tuple[str, ...] | None = None
    phone_numbers: tuple[PhoneNumber, ...] | None = None
    limits: AccountLimits | None = None
    campaigns: tuple[CampaignUse, ...] | None = None
    agent_count: int = 0
    unanswered: frozenset[AccountQuestion] = frozenset()


def questions(plan: Plan) -> frozenset[AccountQuestion]:
    """What the account must be asked before this plan can be trusted; nothing for a plan that writes nothing."""
    asked: set[AccountQuestion] = set()
    for change in _writing(plan.changes):
        if change.action is Action.CREATE:
            asked.add(AccountQuestion.LIMITS)
        references = {reference_of(path) for path, value in written_leaves(change) if not isinstance(value, Ref)}
        asked |= {question for reference, question in _ASKED_BY.items() if reference in references}
    if _replacing(plan.changes):
        asked.add(AccountQuestion.CAMPAIGNS)
    return frozenset(asked)


def names_numbers(agents: Iterable[DesiredAgent]) -> bool:
    """Whether a spec names a phone number by its digits, so that the account must say which product that is."""
    return any(_is_e164(number) for agent in agents for number in agent.metadata.get(NUMBERS, ()))


def with_product_ids(agent: DesiredAgent, numbers: Iterable[PhoneNumber]) -> DesiredAgent:
    """`agent` with the account's product for each phone number; one that the account does not have stays as written."""
    if not names_numbers([agent]):
        return agent
    products = {_digits(each.number): each.product_id for each in numbers if each.number}
    written = agent.metadata[NUMBERS]
    ids = [products.get(_digits(each), each) if _is_e164(each) else each for each in written]
    return replace(agent, metadata={**agent.metadata, NUMBERS: ids})


def _is_e164(number: Any) -> bool:
    return isinstance(number, str) and number.startswith("+")


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def check_account(plan: Plan, answers: AccountAnswers, acknowledged: frozenset[str] = frozenset()) -> Plan:
    """`plan` with what the account's answers say against it. The digest stays: it is about the intention."""
    found = [refusal for change in _writing(plan.changes) for refusal in _unfulfilled(change, answers)]
    found += _refuse_beyond_limit(plan, answers)
    warnings = [_unanswered(question) for question in sorted(answers.unanswered)]
    replaced = _replacing(plan.changes)
    for campaign in answers.campaigns or ():
        change = replaced.get(campaign.agent_id)
        if change is None or campaign.status not in UNFINISHED:
            continue
        if change.action is Action.ARCHIVE:
            found.append(refuse_in_use(change.key, campaign.name, campaign.status))
        else:
            warnings.append(_running_campaign(change, campaign))
    return with_refusals(replace(plan, diagnostics=(*plan.diagnostics, *warnings)), found, acknowledged)


def _replacing(changes: Iterable[AgentChange]) -> dict[str, AgentChange]:
    """By agent id: the changes after which an agent of the account serves something else, or nothing."""
    kept = (Action.CREATE, Action.CALL, Action.UNCHANGED)
    return {change.agent_id: change for change in changes if change.agent_id and change.action not in kept}


def _writing(changes: Iterable[AgentChange]) -> Iterator[AgentChange]:
    return (change for change in changes if change.action in _WRITES)


def _unfulfilled(change: AgentChange, answers: AccountAnswers) -> Iterator[Refusal]:
    """What the change names and the account does not have, or has for somebody else."""
    named = [(path, value, reference_of(path)) for path, value in written_leaves(change)]
    if answers.voices is not None and any(reference is Reference.VOICE for *_, reference in named):
        yield from _voice(change, answers.voices)
    for path, value, reference in named:
        if reference is Reference.KNOWLEDGE_BASE and answers.knowledge_base_ids is not None:
            if value and not isinstance(value, Ref) and value not in answers.knowledge_base_ids:
                what = f"{path_text(path)}: the account has no knowledge base {value!r}"
                yield _refusal(change, "KNOWLEDGE_BASE_UNKNOWN", what, "create it, or correct the id")
        elif reference is Reference.PHONE_NUMBER and answers.phone_numbers is not None:
            yield from _number(change, value, answers.phone_numbers)


def _voice(change: AgentChange, voices: tuple[Voice, ...]) -> Iterator[Refusal]:
    """The voice that the agent will have must exist and, where the platform says so, fit the model it will have."""
    voice_id, model = _effective(change, _VOICE), _effective(change, _MODEL)
    family = _family(str(model)) if model else _CATALOG_FAMILY
    if not isinstance(voice_id, str) or not family.startswith(_CATALOG_FAMILY):
        return
    voice = next((voice for voice in voices if voice.voice_id == voice_id), None)
    if voice is None:
        close = get_close_matches(voice_id, [voice.voice_id for voice in voices], n=3)
        where = "among the account's cloned voices" if voice_id.startswith("voice_") else "in the catalog"
        hint = f"did you mean {', '.join(close)}?" if close else "choose one that the account has"
        yield _refusal(change, "VOICE_UNKNOWN", f"voice {voice_id!r} is not {where}", hint)
    elif voice.models and not any(_family(name).startswith(_CATALOG_FAMILY) for name in voice.models):
        what = f"voice {voice_id!r} is made for {', '.join(voice.models)}, not for {model or 'the default model'}"
        yield _refusal(change, "VOICE_MODEL", what, "change the voice or the model")


def _number(change: AgentChange, product_id: Any, numbers: tuple[PhoneNumber, ...]) -> Iterator[Refusal]:
    number = next((number for number in numbers if number.product_id == product_id), None)
    if number is None:
        what = f"phone_numbers: the account has no phone number {product_id!r}"
        has = ", ".join(each.number or each.product_id for each in numbers[:_NUMBERS_NAMED]) or "none"
        hint = f"rent or import the number, or correct it (the account has: {has})"
        yield _refusal(change, "PHONE_NUMBER_UNKNOWN", what, hint)
    elif number.agent_id and number.agent_id != change.agent_id:
        what = f"phone number {number.number or product_id} belongs to agent {number.agent_id} now"
        yield _refusal(change, "PHONE_NUMBER_TAKEN", what, "take it from that agent first")


def _refuse_beyond_limit(plan: Plan, answers: AccountAnswers) -> list[Refusal]:
    limit = answers.limits.max_agents if answers.limits else None
    new = [change.key for change in plan.changes if change.action is Action.CREATE]
    if limit is None or not new or answers.agent_count + len(new) <= limit:
        return []
    return [
        Refusal(
            code="AGENT_LIMIT",
            summary=f"the account's plan allows {limit} agents, it has {answers.agent_count} and "
            f"{len(new)} would be new: {', '.join(new)}",
            hint="archive agents that are no longer needed, or upgrade the account's plan",
            acknowledgement="AGENT_LIMIT",
        )
    ]


def _effective(change: AgentChange, path: tuple[str, ...]) -> Any:
    """The value that will serve at `path`: the spec's, else the live one; None when neither says."""
    live = change.observed.live if change.observed else None
    for document in (change.desired.config if change.desired else None, live.document if live else None):
        value = value_at(document or {}, path)
        if isinstance(value, str) and value:
            return value
    return None


def _family(model: str) -> str:
    """`waves_lightning_v3_1`, `lightning-v3.1` and `lightning_v3.1` are one model."""
    return re.sub(r"[^a-z0-9]", "", model.lower().removeprefix("waves_"))


def _refusal(change: AgentChange, code: str, what: str, hint: str) -> Refusal:
    return Refusal(
        code=code,
        summary=f"{change.key}: {what}",
        hint=f"{hint}; if the account is wrong, pass `--ack {code}:{change.key}`",
        agent=change.key,
        acknowledgement=code,
    )


def _unanswered(question: AccountQuestion) -> Diagnostic:
    hint = "the platform will refuse what does not exist when it is written"
    if question is AccountQuestion.CAMPAIGNS:
        hint = "look in the console whether one of them uses an agent that is changed here"
    return Diagnostic(
        code="account-silent",
        severity=Severity.WARNING,
        summary=f"the account did not answer about its {question.value}, so they were not checked",
        hint=hint,
    )


def _running_campaign(change: AgentChange, campaign: CampaignUse) -> Diagnostic:
    return Diagnostic(
        code="campaign-unfinished",
        severity=Severity.WARNING,
        summary=f"{change.key}: the campaign {campaign.name!r} is {campaign.status}, and whomever it calls after the "
        "apply hears the new configuration",
        hint="apply when it is over, or pause it before: a campaign calls with whatever serves",
        agent=change.key,
    )
