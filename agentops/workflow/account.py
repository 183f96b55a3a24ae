"""Asks the account what a plan needs to know about it, all questions at once. Failures are noted instead of raised."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from agentops.errors import PlanLimitError, PlatformError
from agentops.plan.account import AccountAnswers, AccountQuestion, CampaignUse
from agentops.remote.port import Writer

Answer = TypeVar("Answer")


async def ask_account(reader: Writer, questions: frozenset[AccountQuestion], agent_count: int) -> AccountAnswers:
    """The answers to `questions`. One whose request fails stays open: the platform checks it when it is written to."""
    unanswered: set[AccountQuestion] = set()

    async def ask(question: AccountQuestion, request: Callable[[], Awaitable[Answer]]) -> Answer | None:
        if question not in questions:
            return None
        try:
            return await request()
        except PlatformError:
            unanswered.add(question)
            return None

    voices, bases, numbers, limits, campaigns = await asyncio.gather(
        ask(AccountQuestion.VOICES, reader.list_voices),
        ask(AccountQuestion.KNOWLEDGE_BASES, reader.list_knowledge_base_ids),
        ask(AccountQuestion.PHONE_NUMBERS, reader.list_phone_numbers),
        ask(AccountQuestion.LIMITS, reader.read_account_limits),
        ask(AccountQuestion.CAMPAIGNS, lambda: _campaigns(reader)),
    )
    return AccountAnswers(
        voices=None if voices is None else tuple(voices),
        knowledge_base_ids=None if bases is None else tuple(bases),
        phone_numbers=None if numbers is None else tuple(numbers),
        limits=limits,
        campaigns=campaigns,
        agent_count=agent_count,
        unanswered=frozenset(unanswered),
    )


async def _campaigns(reader: Writer) -> tuple[CampaignUse, ...]:
    try:
        stored = await reader.list_campaigns()
    except PlanLimitError:  # the account's plan has no campaigns, so there are none
        return ()
    return tuple(CampaignUse(each.agent_id, each.name, each.status) for each in stored if each.agent_id)
