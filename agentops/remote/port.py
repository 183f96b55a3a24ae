"""What the rest of agentops may ask of the platform: reading and writing as two types, for both generations.

`remote.client` holds the calls that are the same for both; `remote.drafts` (v1) and `remote.branches` (v2) implement
the versioned part. Everything in and out is in our vocabulary (`document`), never in the platform's read names.
All methods raise `errors.PlatformError` and its kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agentops.document import AccountLimits as AccountLimits
from agentops.document import AgentListing, Document, Draft, Generation, LeafDifference, ObservedAgent, Revision
from agentops.document import PhoneNumber as PhoneNumber
from agentops.document import Voice as Voice


@dataclass(frozen=True, slots=True)
class Publication:
    """A publish that was accepted: committed at once, or scanning, to be awaited with `read_publication`.

    `newest_before` is the newest revision id from before the publish: the only way to tell the new one apart,
    since the platform's 202 answer carries no id.
    """

    agent_id: str
    label: str
    newest_before: str | None
    revision: Revision | None = None
    branch_id: str | None = None
    draft_id: str | None = None


class Reader(Protocol):
    """Questions only: a plan needs no more than this."""

    generation: Generation
    base_url: str

    async def list_agents(self, *, archived: bool = False) -> Sequence[AgentListing]: ...

    async def read_agent(self, listing: AgentListing, *, mine: tuple[str, str] | None = None) -> ObservedAgent:
        """The agent's live revision with its document and its open draft.

        `mine` is (project, environment): when live carries no such mark, the history is read too and `base` found.
        """
        ...

    async def list_revisions(self, agent_id: str, *, limit: int = 20) -> Sequence[Revision]: ...

    async def read_revision(self, agent_id: str, revision_id: str) -> Revision: ...

    async def diff_draft(self, agent_id: str, draft: Draft) -> Sequence[LeafDifference] | None: ...

    async def list_voices(self) -> Sequence[Voice]: ...

    async def list_phone_numbers(self) -> Sequence[PhoneNumber]: ...

    async def list_knowledge_base_ids(self) -> Sequence[str]: ...

    async def read_account_limits(self) -> AccountLimits: ...

    async def read_call(self, call_id: str) -> dict[str, Any]: ...


class Writer(Reader, Protocol):
    """Reading plus the writes of an apply. Each write is one request, so that each can fail on its own."""

    async def create_agent(self, name: str, *, workflow_type: str = "single_prompt") -> str: ...

    async def write_draft(self, observed: ObservedAgent, body: Document, *, expected: int | None = None) -> Draft:
        """Opens the draft when there is none and merges `body` (write names, nested objects whole) into it."""
        ...

    async def discard_draft(self, observed: ObservedAgent, draft: Draft) -> None: ...

    async def publish_draft(self, observed: ObservedAgent, draft: Draft, label: str) -> Publication: ...

    async def read_publication(self, publication: Publication) -> Revision | None:
        """The new revision once it is published, None while it is scanned; a revision whose `scan` failed otherwise."""
        ...

    async def cancel_publication(self, publication: Publication) -> None: ...

    async def make_live(self, agent_id: str, revision: Revision) -> None:
        """v1: activates the version. v2: makes its branch live; a no-op when it already is."""
        ...

    async def restore(self, agent_id: str, revision: Revision) -> Revision:
        """Puts an older revision back in service and returns what serves now (v2: a new revision that copies it)."""
        ...

    async def write_metadata(self, agent_id: str, body: Document) -> None: ...

    async def archive_agent(self, agent_id: str) -> None: ...
