"""The port's contract against a real account: `make live`. Collected only where AGENTOPS_LIVE_API_KEY is set.

Makes agents whose names begin with "agentops contract", publishes them and archives them. No other agent is touched.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from test_remote_contract import (
    test_a_missing_agent_is_not_found,
    test_a_new_agent_serves_the_platforms_own_first_revision,
    test_an_open_draft_shows_what_it_holds,
    test_archiving_twice_is_archiving_once,
    test_metadata_is_written_at_once_and_read_back,
    test_restoring_serves_the_older_configuration_again,
    test_revisions_are_listed_newest_first,
    test_the_accounts_facts_are_read,
    test_what_was_published_is_what_is_read,
)

from agentops.document import Secret, SecretRef
from agentops.remote.connect import connect
from agentops.remote.port import Writer

__all__ = [
    "test_a_missing_agent_is_not_found",
    "test_a_new_agent_serves_the_platforms_own_first_revision",
    "test_an_open_draft_shows_what_it_holds",
    "test_archiving_twice_is_archiving_once",
    "test_metadata_is_written_at_once_and_read_back",
    "test_restoring_serves_the_older_configuration_again",
    "test_revisions_are_listed_newest_first",
    "test_the_accounts_facts_are_read",
    "test_what_was_published_is_what_is_read",
]
pytestmark = [pytest.mark.live_api, pytest.mark.timeout(600)]  # a scan may take minutes
KEY = os.environ["AGENTOPS_LIVE_API_KEY"]
HOST = os.environ.get("AGENTOPS_LIVE_BASE_URL", "https://api.smallest.ai")


class Scratch:
    """A writer that names its agents for what they are, and knows which it made."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.made: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.writer, name)

    async def create_agent(self, name: str) -> str:
        self.made.append(await self.writer.create_agent(f"agentops contract {name}"))
        return self.made[-1]


@pytest.fixture
async def account(anyio_backend: str) -> AsyncIterator[Any]:
    async with await connect(HOST, Secret((SecretRef("AGENTOPS_LIVE_API_KEY", KEY),))) as writer:
        scratch = Scratch(writer)
        try:
            yield scratch
        finally:
            for agent_id in scratch.made:
                await writer.archive_agent(agent_id)
