"""What the rest of agentops may ask of the platform: reading and writing as two types, for both generations.

`remote.client` holds the requests that are the same for both; `remote.drafts` (v1) and `remote.branches` (v2)
implement the versioned part. Everything in and out is in our vocabulary (`document`), never in the platform's read
names.
All methods raise `errors.PlatformError` and its kinds; a write that may or may not have happened raises
`OutcomeUnknownError`, and the caller reads before it writes again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agentops.account import AccountLimits as AccountLimits
from agentops.account import PhoneNumber as PhoneNumber
from agentops.account import Voice as Voice
from agentops.clock import ALWAYS, Period
from agentops.document import AgentListing, Document, Draft, Generation, LeafDifference, ObservedAgent, Revision
from agentops.errors import PlatformError
from agentops.resources import ObservedResource, Part


class ProcessingFailedError(PlatformError):
    """The platform could not use a file or a page of a knowledge base."""


@dataclass(frozen=True, slots=True)
class Head:
    """What serves an agent's calls, cheaply read: enough to see whether anything has changed since the plan.

    revision_id: the live revision, None when nothing was ever published
    has_draft:   a draft is open, whoever opened it, where a write would go (v1: one of ours)
    """

    revision_id: str | None = None
    number: int | None = None
    branch_id: str | None = None
    has_draft: bool = False

    @property
    def name(self) -> str | None:
        """What people call the live revision: its number, or its id."""
        return str(self.number) if self.number is not None else self.revision_id


@dataclass(frozen=True, slots=True)
class Slot:
    """The revisions among which a publish or an activation takes its place, newest first, without documents.

    newest:    the newest row of all, scanned or not
    serving:   what serves; v2: the head of the branch
    revisions: the published ones, the latest of them
    """

    newest: str | None
    serving: str | None
    revisions: tuple[Revision, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """A publish or restore under way: what to look for, since the platform's 202 answer carries no id.

    newest_before: the newest revision from before the request; only later ones can be the result
    label:         the label that the result carries (a publish)
    restored_from: the revision that the result copies (a restore)
    revision:      the result, when the platform answered with it at once
    """

    agent_id: str
    label: str = ""
    newest_before: str | None = None
    restored_from: str | None = None
    branch_id: str | None = None
    draft_id: str | None = None
    revision: Revision | None = None


@dataclass(frozen=True, slots=True)
class StoredAudience:
    """People whom campaigns call, as the platform keeps them; it can't be changed.

    is_used: by a campaign of any status; None where the platform doesn't say
    """

    audience_id: str
    name: str
    description: str = ""
    people: int | None = None
    is_used: bool | None = None


@dataclass(frozen=True, slots=True)
class StoredCampaign:
    """A campaign on the platform. `people`: only where one campaign is read; `created_at`, `scheduled_at`: ISO."""

    campaign_id: str
    name: str
    status: str
    description: str | None = None
    created_at: str | None = None
    agent_id: str | None = None
    audience_id: str | None = None
    people: int | None = None
    scheduled_at: str | None = None


class Campaigns(Protocol):
    """Outbound campaigns. Creating is never repeated blindly: the caller lists before it creates again."""

    async def list_audiences(self) -> Sequence[StoredAudience]: ...

    async def create_audience(
        self, name: str, *, description: str, phone_column: str, csv: bytes
    ) -> StoredAudience: ...

    async def delete_audience(self, audience_id: str) -> None:
        """Refused by the platform while a campaign uses it."""
        ...

    async def list_campaigns(self) -> Sequence[StoredCampaign]: ...

    async def read_campaign(self, campaign_id: str) -> StoredCampaign: ...

    async def create_campaign(self, body: Mapping[str, Any]) -> str: ...

    async def delete_campaign(self, campaign_id: str) -> None: ...

    async def start_campaign(self, campaign_id: str) -> None: ...

    async def pause_campaign(self, campaign_id: str) -> None: ...

    async def list_campaign_calls(self, campaign_id: str) -> Sequence[Mapping[str, Any]]:
        """Every call of the campaign, retries included, as the platform's rows."""
        ...

    async def export_members(self, campaign_id: str) -> Sequence[Mapping[str, Any]]:
        """The people of the campaign with what became of each."""
        ...

    async def list_not_to_call(self) -> frozenset[str]: ...

    async def read_free_slots(self, agent_id: str) -> int | None:
        """How many outbound calls of the agent the account has room for; None where it doesn't say."""
        ...

    async def read_credits(self) -> float | None:
        """What the account has left; None where it doesn't say or pays by invoice."""
        ...


class Resources(Protocol):
    """One kind of what agents share. Creating is never repeated blindly: the caller lists before it creates again."""

    async def list(self) -> Sequence[ObservedResource]: ...

    async def create(self, body: Document) -> str:
        """The id of a new one; a tool's `definition`, a knowledge base's or webhook's fields."""
        ...

    async def update(self, resource_id: str, body: Document) -> None:
        """Edits it in place: every agent that refers to it has the change at once."""
        ...

    async def is_ready(self, resource_id: str) -> bool:
        """Whether it can be used. Raises ProcessingFailedError, naming the part, when it never will be."""
        ...

    async def delete(self, resource_id: str) -> None:
        """Refused by the platform while something that serves refers to it. One that is gone already is no error."""
        ...


class KnowledgeBases(Resources, Protocol):
    """Knowledge bases, whose files and pages are added one by one."""

    async def read_parts(self, resource_id: str) -> Sequence[Part]: ...

    async def add_file(self, resource_id: str, name: str, pdf: bytes) -> None: ...

    async def add_pages(self, resource_id: str, urls: Sequence[str]) -> None: ...

    async def remove_part(self, resource_id: str, part: Part) -> None: ...


class Webhooks(Resources, Protocol):
    """Webhooks, and the agents whose calls they report."""

    async def subscribe(self, agent_id: str, resource_id: str, events: Sequence[str]) -> None:
        """Replaces every subscription that the agent has, those of other webhooks too."""
        ...

    async def unsubscribe(self, agent_id: str) -> None:
        """Takes away every subscription that the agent has."""
        ...

    async def read_secret(self, resource_id: str) -> str:
        """The secret that the platform signs its requests with."""
        ...


class References(Protocol):
    """Turns the account's ids into references where documents are read, and back where they are written."""

    def to_references(self, document: Document) -> Document: ...

    def to_ids(self, document: Document) -> Document: ...


class Reader(Protocol):
    """Reads only, which is all that a plan needs."""

    @property
    def generation(self) -> Generation: ...

    @property
    def base_url(self) -> str: ...

    @property
    def tools(self) -> Resources: ...

    @property
    def knowledge(self) -> KnowledgeBases: ...

    @property
    def webhooks(self) -> Webhooks: ...

    def refer_by(self, references: References) -> None:
        """From now on, documents name resources as `references` says. v1, which has none, ignores it."""
        ...

    async def list_agents(self, *, archived: bool = False) -> Sequence[AgentListing]: ...

    async def read_agent(self, listing: AgentListing, *, mine: tuple[str, str] | None = None) -> ObservedAgent:
        """The agent's live revision with its document, and its open draft.

        `mine` is (project, environment): unless live is simply the newest revision with such a mark, the history is
        read too, and `base` is found in it.
        """
        ...

    async def read_listing(self, agent_id: str) -> AgentListing:
        """The agent's identity and metadata. Raises NotFoundError when there is no such agent."""
        ...

    async def read_head(self, agent_id: str) -> Head: ...

    async def read_live(self, agent_id: str) -> Revision | None:
        """The revision that serves calls, with its label and document."""
        ...

    async def list_revisions(self, agent_id: str, *, limit: int = 20) -> Sequence[Revision]:
        """Newest first, over all active branches, without documents."""
        ...

    async def read_revision(self, agent_id: str, revision_id: str, *, branch_id: str | None = None) -> Revision:
        """One revision with its document."""
        ...

    async def read_draft(self, observed: ObservedAgent) -> Draft | None:
        """The open draft of the branch that `observed` names (v1: the agent's draft of ours), with what it changes."""
        ...

    async def peek_draft(self, observed: ObservedAgent, draft_id: str) -> Draft | None:
        """The open draft of the branch (v1: the one of that id), without what it changes."""
        ...

    async def diff_draft(self, observed: ObservedAgent, draft: Draft) -> Sequence[LeafDifference]:
        """The platform's own comparison of the draft with the live revision of `observed`, in stored names."""
        ...

    def with_leaves(self, document: Document, leaves: Sequence[LeafDifference]) -> tuple[Document, list[str]]:
        """`document` with the platform's comparison applied, and the leaves whose names are unknown to agentops."""
        ...

    async def list_voices(self) -> Sequence[Voice]: ...

    async def list_phone_numbers(self) -> Sequence[PhoneNumber]: ...

    async def list_knowledge_base_ids(self) -> Sequence[str]: ...

    async def read_account_limits(self) -> AccountLimits: ...

    async def read_call(self, call_id: str) -> dict[str, Any]: ...

    async def list_last_calls(
        self, agent_id: str, limit: int, call_types: Sequence[str] = ()
    ) -> Sequence[Mapping[str, Any]]:
        """The agent's most recently changed calls, as the platform's rows. No `call_types`: those of every type."""
        ...

    async def find_call_row(self, call_id: str) -> Mapping[str, Any] | None:
        """The call's row of the list, which names the revision that served it; the call's record doesn't."""
        ...

    def list_calls(
        self, agent_id: str, revision_id: str, call_types: Sequence[str], period: Period = ALWAYS
    ) -> AsyncGenerator[Sequence[Mapping[str, Any]]]:
        """Pages of rows of the calls that a revision served, the most recently changed first. Callers check each row:
        the platform may ignore the revision or the period."""
        ...

    def watch_call(self, call_id: str) -> AsyncGenerator[dict[str, Any], None]:
        """The events of a call while it lasts, tools and latencies among them."""
        ...

    async def register_call(self, agent_id: str, *, mode: str, variables: Mapping[str, Any]) -> str:
        """A token that opens one session with the agent's live revision: single use, valid for 30 s."""
        ...


class Writer(Reader, Campaigns, Protocol):
    """Reading plus the writes of an apply. Each write is one request, so that each can fail on its own."""

    async def create_agent(self, name: str, *, workflow_type: str = "single_prompt", **metadata: Any) -> str:
        """The new agent's id. `metadata`: unversioned fields, in write names; others get the platform's defaults."""
        ...

    async def open_draft(self, observed: ObservedAgent, name: str) -> Draft:
        """The draft to write into. v1 forks one from the live version under `name`; on v2 the first write opens it."""
        ...

    async def write_draft(self, observed: ObservedAgent, draft: Draft, body: Document) -> Draft:
        """Merges `body` (write names, nested objects whole) into the draft; compare-and-set where the draft has a
        `draft_revision` and the platform offers it."""
        ...

    async def discard_draft(self, observed: ObservedAgent, draft: Draft) -> None: ...

    async def read_slot(self, agent_id: str, branch_id: str | None) -> Slot:
        """Read right before and right after going live: comparing the two shows what came between."""
        ...

    async def publish_draft(self, publication: Publication) -> Publication:
        """Publishes the draft that `publication` names; the answer has `revision` when the platform gave one."""
        ...

    async def read_publication(self, publication: Publication) -> Revision | None:
        """The result once it is published, None while it is scanned, else a revision whose `scan` failed.

        Where somebody else published the draft, it is their revision.
        """
        ...

    async def cancel_publication(self, publication: Publication) -> None: ...

    async def make_live(self, agent_id: str, revision: Revision) -> None:
        """v1: activates the version. v2: makes its branch live. Repeating it changes nothing."""
        ...

    async def restore(self, publication: Publication) -> Publication:
        """Puts `publication.restored_from` back in service (v2: as a new revision that copies it)."""
        ...

    async def write_metadata(self, agent_id: str, body: Document) -> None:
        """Replaces the unversioned fields in `body`, at once."""
        ...

    async def archive_agent(self, agent_id: str, *, archived: bool = True) -> None:
        """Archives the agent, or brings it back. No error if it already is so."""
        ...
