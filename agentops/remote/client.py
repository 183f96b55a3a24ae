"""The requests that are the same for both versioning generations: agents, metadata, and the account's facts.

`drafts` (v1) and `branches` (v2) build on it. Nothing versioned is here, and nothing is decided here: that is the
plan's part.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from agentops.account import AccountLimits, PhoneNumber, Voice
from agentops.clock import ALWAYS, Period
from agentops.document import AgentListing, Document, LeafDifference, Revision, label_text, read_mark, split_note
from agentops.errors import ConflictError, ConflictFlavour, ForbiddenError, NotFoundError, PlatformError
from agentops.fields import METADATA
from agentops.json_text import read_json
from agentops.net import Http
from agentops.remote import wire
from agentops.remote.knowledge import KnowledgeBaseRequests
from agentops.remote.outbound import CampaignRequests
from agentops.remote.port import References
from agentops.remote.requests import API
from agentops.remote.rows import AgentRow, ProductRow, RevisionRow, VoiceRow, read_row, rows_of
from agentops.remote.tools import ToolRequests
from agentops.remote.webhooks import WebhookRequests

VOICES = "/waves/v1"
PAGE_SIZE = 100
_MOST_PAGES = 1000  # to be read at once; a listing that claims more is read until it ends
_CALLS_PAGE = 500  # the most rows that the platform gives of its list of conversations
_NOT_IN_METADATA = ("name", "telephonyProductId")  # an AgentListing has the name apart; a row has phone numbers, no ids
FREE_PLAN_AGENTS = 3  # an account with more is on a paid plan, which allows more requests a second


class Client(CampaignRequests):
    """One account. Holds the connection; use as an async context manager, or call `close`."""

    def __init__(self, http: Http) -> None:
        super().__init__(http)
        self._knows_plan = False
        self.tools = ToolRequests(http)
        self.knowledge = KnowledgeBaseRequests(http)
        self.webhooks = WebhookRequests(http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self.http.close()

    async def _newest(self, path: str, container: str, limit: int) -> list[Any]:
        """The first `limit` rows of a list of which the platform gives a hundred at a time."""
        rows: list[Any] = []
        while len(rows) < limit:
            size = min(limit - len(rows), PAGE_SIZE)
            skip = {"skip": len(rows)} if rows else {}
            page = rows_of(await self._get(path, limit=size, **skip), container)
            if rows and page[:1] == rows[:1]:
                break  # a platform that ignores `skip` gives the first page again
            rows += page
            if len(page) < size:
                break
        return rows

    def _shown(self, row: RevisionRow, **read: Any) -> Revision:
        """The revision of a row, without secrets in what people write or call themselves.

        Everything that shows a revision shows these, and nothing is compared by them: of a label, its mark counts.
        """
        made, hide = row.to_revision(**read), self.http.hide
        text = label_text(made.label)
        return replace(
            made,
            label=hide(text) + made.label[len(text) :] if made.label else made.label,
            published_by=made.published_by and hide(made.published_by),
            scan_reason=made.scan_reason and hide(made.scan_reason),
        )

    # -- agents

    async def list_agents(self, *, archived: bool = False) -> Sequence[AgentListing]:
        """Every agent of the account. The other pages are read concurrently where the first says how many there are."""
        first = await self._page(1, archived)
        rows = rows_of(first, "agents")
        if not archived and len(rows) > FREE_PLAN_AGENTS:
            await self._speed_up()
        pages = first.get("totalPages") if isinstance(first, dict) else None
        if isinstance(pages, int) and pages <= _MOST_PAGES:
            others = await asyncio.gather(*(self._page(number, archived) for number in range(2, pages + 1)))
            rows += [row for page in others for row in rows_of(page, "agents")]
        else:
            rows += await self._remaining(rows, archived)
        numbers = await self.list_phone_numbers() if any(row.get("phoneNumber") for row in rows) else ()
        listings = [self._listing(row, numbers) for row in rows]
        # An agent that is brought back from the archive between two pages moves others, so one may be on both.
        return list({listing.agent_id: listing for listing in listings}.values())

    async def _speed_up(self) -> None:
        """Called where there are more agents than the free plan allows: goes faster, and reads the account's limits."""
        if self._knows_plan:
            return
        self._knows_plan = True
        self.http.pace.rise()
        with suppress(PlatformError):  # a run that doesn't learn its plan is slower at worst
            await self.read_account_limits()

    async def _page(self, number: int, archived: bool) -> Any:
        # `offset` is the platform's name for the size of a page. The oldest come first, so that an agent which is
        # created meanwhile lengthens the last page and moves nothing.
        query: dict[str, Any] = {"page": number, "offset": PAGE_SIZE, "sortField": "createdAt", "sortOrder": "asc"}
        if archived:
            query["archived"] = "true"
        return await self._get("/agent", **query)

    async def _remaining(self, first: Sequence[Any], archived: bool) -> list[Any]:
        """The rows of the pages after `first`, up to one that is not full."""
        rows: list[Any] = []
        number, page = 1, first
        while len(page) == PAGE_SIZE:
            number += 1
            page = rows_of(await self._page(number, archived), "agents")
            if page[:1] == first[:1]:
                break  # a platform that ignores `page` gives the first one again
            rows += page
        return rows

    async def read_listing(self, agent_id: str) -> AgentListing:
        row = await self._agent(agent_id)
        return self._listing(row, await self.list_phone_numbers() if row.get("phoneNumber") else ())

    async def _agent(self, agent_id: str) -> dict[str, Any]:
        data = await self._get(f"/agent/{agent_id}")
        nested = data.get("agent") if isinstance(data, dict) else None
        return nested if isinstance(nested, dict) else data

    def _listing(self, data: Any, numbers: Sequence[PhoneNumber]) -> AgentListing:
        """The agent of a row. Phone numbers are written as product ids and read back as numbers."""
        row = read_row(AgentRow, data, "GET /agent")
        known = (name for name in METADATA if name not in _NOT_IN_METADATA)
        metadata = {name: data[name] for name in known if data.get(name) is not None}
        if products := [each.product_id for each in numbers if each.agent_id == row.agent_id]:
            metadata["telephonyProductId"] = products
        note = None
        if isinstance(description := metadata.get("description"), str):
            metadata["description"], note = split_note(description)
        return AgentListing(
            agent_id=row.agent_id,
            name=row.name,
            metadata=metadata,
            note=note,
            is_archived=bool(row.archived),
            active_revision_id=row.active_version_id or row.version_id,
            updated_at=row.updated_at,
            workflow_type=row.workflow_type,
        )

    async def create_agent(self, name: str, *, workflow_type: str = "single_prompt", **metadata: Any) -> str:
        data = await self._write("POST", "/agent", {"name": name, "workflowType": workflow_type, **metadata})
        agent_id = data.get("_id") if isinstance(data, dict) else data
        if not isinstance(agent_id, str) or not agent_id:
            raise PlatformError(
                "the platform created an agent without saying its id",
                request="POST /agent",
                hint="run it again: it looks for the agent before it creates one",
            )
        return agent_id

    async def write_metadata(self, agent_id: str, body: Document) -> None:
        await self._write("PATCH", f"/agent/{agent_id}", body, is_repeatable=True)

    async def archive_agent(self, agent_id: str, *, archived: bool = True) -> None:
        wanted = "archived" if archived else "active"
        query = {"on": "true" if archived else "false"}
        path = f"{API}/agent/{agent_id}/archive"
        try:
            self._unwrapped(await self.http.request("DELETE", path, query=query, is_repeatable=True), f"DELETE {path}")
        except ConflictError as conflict:
            if conflict.flavour is not ConflictFlavour.ARCHIVE or f"already {wanted}" not in conflict.summary.lower():
                raise

    # -- the account's facts

    async def list_voices(self) -> Sequence[Voice]:
        """The catalog's voices and the account's own clones, which no catalog lists."""
        catalog, clones = await asyncio.gather(self._catalog(), self._clones())
        return [*catalog, *clones]

    async def _catalog(self) -> list[Voice]:
        body = (await self.http.request("GET", f"{VOICES}/lightning-v3.1/get_voices")).body
        return [_voice(row, is_cloned=False) for row in rows_of(body, "voices")]

    async def _clones(self) -> list[Voice]:
        try:
            body = (await self.http.request("GET", f"{VOICES}/voice-cloning")).body
        except (NotFoundError, ForbiddenError):
            return []  # the account's plan has no cloning
        return [_voice(row, is_cloned=True) for row in rows_of(body, "data", "voices")]

    async def list_phone_numbers(self) -> Sequence[PhoneNumber]:
        data = await self._get("/product/all-numbers")
        containers = ("telephonyProducts", "customProducts")
        products = data if isinstance(data, list) else [row for name in containers for row in rows_of(data, name)]
        rows = [read_row(ProductRow, product, "GET /product/all-numbers") for product in products]
        return [PhoneNumber(row.product_id, row.number, row.agent_id) for row in rows]

    async def list_knowledge_base_ids(self) -> Sequence[str]:
        return [str(item["_id"]) for item in rows_of(await self._get("/knowledgebase")) if "_id" in item]

    async def read_account_limits(self) -> AccountLimits:
        data = await self._get("/user/subscription")
        limits = data.get("limits") if isinstance(data, dict) else None
        allowed = limits.get("agents") if isinstance(limits, dict) else None
        if isinstance(allowed, int) and allowed > FREE_PLAN_AGENTS:
            self.http.pace.rise()
        elif isinstance(allowed, int):
            self.http.pace.fall()
        return AccountLimits(max_agents=allowed if isinstance(allowed, int) else None)

    async def read_call(self, call_id: str) -> dict[str, Any]:
        try:
            data = await self._get(f"/conversation/{quote(call_id, safe='')}")
        except NotFoundError as failure:
            failure.summary = f"there is no call {call_id!r}"
            failure.hint = "`agentops calls list AGENT` names the last ones"
            raise
        return data if isinstance(data, dict) else {}

    async def list_last_calls(
        self, agent_id: str, limit: int, call_types: Sequence[str] = ()
    ) -> Sequence[Mapping[str, Any]]:
        """The agent's most recently changed calls, as the platform's rows."""
        types = {"callTypes": ",".join(call_types)} if call_types else {}
        return await self._call_rows(page=1, limit=limit, agentIds=agent_id, **types)

    async def find_call_row(self, call_id: str) -> Mapping[str, Any] | None:
        """The call's row. The list's search also matches a part of an id, so the whole is compared."""
        rows = await self._call_rows(page=1, limit=_CALLS_PAGE, search=call_id, callAttemptFilter="all")
        return next((row for row in rows if row.get("callId") == call_id), None)

    async def _call_rows(self, **query: Any) -> list[Mapping[str, Any]]:
        data = await self._get("/conversation", **query)
        return [row for row in rows_of(data, "logs") if isinstance(row, dict)]

    async def list_calls(
        self, agent_id: str, revision_id: str, call_types: Sequence[str], period: Period = ALWAYS
    ) -> AsyncGenerator[Sequence[Mapping[str, Any]]]:
        """The calls that a revision served, one page of rows at a time, as the platform filters them.

        A call that ends while pages are read moves rows to the next page; rows that were on the page before are left
        out.
        """
        moments = {"dateFrom": period.since, "dateTo": period.until}
        dates = {name: _stamp(moment) for name, moment in moments.items() if moment is not None}
        ids_before: set[str] = set()
        number, has_more = 1, True
        while has_more:
            data = await self._get(
                "/conversation",
                agentIds=agent_id,
                versionFilter=revision_id,
                callTypes=",".join(call_types),
                page=number,
                limit=_CALLS_PAGE,
                **dates,
            )
            rows = [row for row in rows_of(data, "logs") if isinstance(row, dict)]
            yield [row for row in rows if row.get("callId") not in ids_before]
            ids_before = {str(row.get("callId")) for row in rows}
            pagination = data.get("pagination") if isinstance(data, dict) else None
            flag = pagination.get("hasMore") if isinstance(pagination, dict) else None
            has_more = bool(rows) and (flag if isinstance(flag, bool) else len(rows) == _CALLS_PAGE)
            number += 1

    async def watch_call(self, call_id: str) -> AsyncGenerator[dict[str, Any], None]:
        async with aclosing(self.http.stream_lines(f"{API}/events", query={"callId": call_id})) as lines:
            async for line in lines:
                if line.startswith("data:"):
                    event = _event(line.removeprefix("data:"))
                    if event is not None:
                        yield event

    async def register_call(self, agent_id: str, *, mode: str, variables: Mapping[str, Any]) -> str:
        body = {"agent_id": agent_id, "mode": mode, "variables": dict(variables)}
        data = await self._write("POST", "/conversation/register-call", body, is_repeatable=True)
        token = data.get("access_token") if isinstance(data, dict) else None
        if not isinstance(token, str):
            raise NotFoundError(
                "the platform gave no call token",
                request=f"POST {API}/conversation/register-call",
                hint="see whether the agent can be called from the console",
            )
        return token

    def refer_by(self, references: References) -> None:
        pass

    def with_leaves(self, document: Document, leaves: Sequence[LeafDifference]) -> tuple[Document, list[str]]:
        return wire.with_leaves(document, leaves)


def _stamp(moment: datetime) -> str:
    """A moment as the platform writes it: in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event(text: str) -> dict[str, Any] | None:
    """The event of one frame, None for the stream's keep-alives and other frames that are not JSON."""
    try:
        event = read_json(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def is_mine(revision: Revision, mine: tuple[str, str]) -> bool:
    mark = read_mark(revision.label)
    return mark is not None and (mark.project, mark.environment) == mine


def find_base(live: Revision, history: Sequence[Revision], mine: tuple[str, str]) -> Revision | None:
    """The revision that we last put live: live itself, what it was restored from, else the newest with our mark."""
    if is_mine(live, mine):
        return live
    for revision in history:
        if revision.revision_id == live.restored_from and is_mine(revision, mine):
            return revision
    return next((r for r in history if is_mine(r, mine) and r.is_published), None)


def _voice(data: Any, *, is_cloned: bool) -> Voice:
    row = read_row(VoiceRow, data, "GET voices")
    languages = tuple(tags.language or ()) if not isinstance(tags := row.tags, list) and tags else ()
    return Voice(
        voice_id=row.voice_id,
        name=row.display_name or row.voice_id,
        languages=languages or ((row.language,) if row.language else ()),
        gender=None if isinstance(tags, list) or tags is None else tags.gender or None,
        accent=None if isinstance(tags, list) or tags is None else tags.accent or None,
        is_cloned=is_cloned,
        models=tuple(row.model_ids or ()),
    )
