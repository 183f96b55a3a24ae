"""Shards are parts of a whole: every agent in exactly one, and their plans together are the whole plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.document import DesiredAgent, Environment, Generation
from agentops.errors import UsageError
from agentops.plan.approval import digest_of
from agentops.plan.merging import merge_plans
from agentops.plan.model import Action, AgentChange, Plan
from agentops.plan.selection import Selection, select_agents

ENVIRONMENT = Environment("acme", "prod")
KEYS = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), unique=True, max_size=30)


def plan_of(*keys: str) -> Plan:
    changes = tuple(AgentChange(key, key, Action.CREATE, "new", fingerprint=key) for key in sorted(keys))
    return Plan("acme", "prod", "https://host", Generation.V2, changes, digest_of(ENVIRONMENT, "https://host", changes))


@given(KEYS, st.integers(1, 6))
def test_every_agent_falls_to_exactly_one_shard(keys: list[str], count: int) -> None:
    agents = [DesiredAgent(key, key, {}) for key in keys]
    shards = [select_agents(agents, Selection(shard=(index, count))) for index in range(1, count + 1)]
    assert sorted(agent.key for shard in shards for agent in shard) == sorted(keys)


@given(KEYS, KEYS)
def test_another_agent_moves_none_to_another_shard(keys: list[str], more: list[str]) -> None:
    few = [DesiredAgent(key, key, {}) for key in keys]
    many = few + [DesiredAgent(key, key, {}) for key in more if key not in keys]
    before = {agent.key for agent in select_agents(few, Selection(shard=(1, 3)))}
    after = {agent.key for agent in select_agents(many, Selection(shard=(1, 3)))}
    assert before == after & set(keys)


def test_the_parts_have_the_digest_of_the_whole() -> None:
    assert merge_plans([plan_of("b"), plan_of("c", "a")]).digest == plan_of("a", "b", "c").digest


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(UsageError, match="in two of the plans"):
        merge_plans([plan_of("a"), plan_of("a", "b")])
    with pytest.raises(UsageError, match="different environments"):
        merge_plans([plan_of("a"), replace(plan_of("b"), environment="staging")])
    with pytest.raises(UsageError, match="no plan to merge"):
        merge_plans([])
