"""The platform's first versioning generation: drafts forked from a version, published, scanned, then activated.

Facts that shape it: the `activate` flag of a publish is not honoured; activating before the scan has passed is an
error; an agent may have many drafts, so ours are recognised by their name and other people's are never in the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentops.document import AgentListing, Document, Draft, Generation, LeafDifference, ObservedAgent, Revision
from agentops.errors import NotFoundError
from agentops.remote import wire
from agentops.remote.client import Client, find_base, is_mine
from agentops.remote.port import Head, Publication, Slot
from agentops.remote.rows import RevisionRow, read_row, rows_of

_HISTORY = 20
DRAFT_NAME = "agentops "  # the names of our drafts start with it


class Drafts(Client):
    """Reader and writer for an account without branches."""

    @property
    def generation(self) -> Generation:
        return Generation.V1

    # -- reading

    async def read_agent(self, listing: AgentListing, *, mine: tuple[str, str] | None = None) -> ObservedAgent:
        agent_id = listing.agent_id
        rows = await self._rows(agent_id, _HISTORY)
        active = next((row.revision_id for row in rows if row.is_active), None) or await self._active_id(agent_id)
        live, fields = await self._version(agent_id, active) if active else (None, {})
        revisions = [self._shown(row) for row in rows if row.status in (None, "published")]
        return ObservedAgent(
            listing,
            live=live,
            base=await self._base(agent_id, live, revisions, mine),
            history=_needed_history(live, revisions, mine),
            draft=await self._our_draft(agent_id, active, fields),
        )

    async def _rows(self, agent_id: str, limit: int) -> list[RevisionRow]:
        path = f"/agent/{agent_id}/versions"
        found = await self._newest(path, "versions", limit)
        rows = [read_row(RevisionRow, row, f"GET {path}") for row in found]
        return sorted(rows, key=lambda row: row.version_number or 0, reverse=True)

    async def _active_id(self, agent_id: str) -> str | None:
        listing = await self.read_listing(agent_id)
        return listing.active_revision_id

    async def _version(self, agent_id: str, revision_id: str) -> tuple[Revision, Mapping[str, Any]]:
        """The version with its document, and its fields in the platform's stored form."""
        path = f"/agent/{agent_id}/versions/{revision_id}"
        data = await self._get(path)
        row = read_row(RevisionRow, data.get("version") if isinstance(data, dict) else data, f"GET {path}")
        resolved = data.get("resolvedConfig") or {}
        document, unverifiable = wire.from_stored(resolved)
        return self._shown(row, document=document, unverifiable=unverifiable), resolved

    async def _base(
        self, agent_id: str, live: Revision | None, revisions: Sequence[Revision], mine: tuple[str, str] | None
    ) -> Revision | None:
        if mine is None or live is None:
            return None
        base = find_base(live, [r for r in revisions if r.activated_at is not None], mine)
        if base is None or base.revision_id == live.revision_id:
            return live if base else None
        return await self.read_revision(agent_id, base.revision_id)

    async def read_head(self, agent_id: str) -> Head:
        revision_id = await self._active_id(agent_id)
        return Head(revision_id=revision_id, has_draft=await self._our_row(agent_id) is not None)

    async def read_live(self, agent_id: str) -> Revision | None:
        head = await self.read_head(agent_id)
        if head.revision_id is None:
            return None
        return await self.read_revision(agent_id, head.revision_id, branch_id=head.branch_id)

    async def list_revisions(self, agent_id: str, *, limit: int = _HISTORY) -> Sequence[Revision]:
        rows = await self._rows(agent_id, limit)
        return [self._shown(row) for row in rows if row.status in (None, "published")]

    async def read_revision(self, agent_id: str, revision_id: str, *, branch_id: str | None = None) -> Revision:
        return (await self._version(agent_id, revision_id))[0]

    async def _open_rows(self, agent_id: str) -> list[RevisionRow]:
        path = f"/agent/{agent_id}/drafts"
        rows = [read_row(RevisionRow, row, f"GET {path}") for row in rows_of(await self._get(path), "drafts")]
        hide = self.http.hide
        return [
            row.model_copy(update={"editor": row.editor and hide(row.editor)})
            for row in rows
            if row.status != "archived"
        ]

    async def _our_row(self, agent_id: str) -> RevisionRow | None:
        ours = [row for row in await self._open_rows(agent_id) if (row.draft_name or "").startswith(DRAFT_NAME)]
        return max(ours, key=lambda row: row.updated_at or "", default=None)

    async def _our_draft(self, agent_id: str, live_id: str | None, live_fields: Mapping[str, Any]) -> Draft | None:
        row = await self._our_row(agent_id)
        if row is None:
            return None
        draft = _to_draft(row)
        try:
            leaves = await self._diff(agent_id, draft.draft_id, live_id)
        except NotFoundError:
            return None  # it was published or discarded meanwhile
        document, _ = wire.from_stored(wire.with_differences(live_fields, leaves))
        return replace(draft, differences=leaves, document=document)

    async def read_draft(self, observed: ObservedAgent) -> Draft | None:
        active = await self._active_id(observed.agent_id)
        _, fields = await self._version(observed.agent_id, active) if active else (None, {})
        return await self._our_draft(observed.agent_id, active, fields)

    async def peek_draft(self, observed: ObservedAgent, draft_id: str) -> Draft | None:
        found = [_to_draft(row) for row in await self._open_rows(observed.agent_id)]
        return next((draft for draft in found if draft.draft_id == draft_id), None)

    async def _diff(self, agent_id: str, draft_id: str, base: str | None) -> tuple[LeafDifference, ...]:
        """What the draft changes of `base`; the version that it was forked from may be older."""
        query = {"compareTo": base} if base else {}
        return wire.read_differences(await self._get(f"/agent/{agent_id}/drafts/{draft_id}/diff", **query))

    async def diff_draft(self, observed: ObservedAgent, draft: Draft) -> Sequence[LeafDifference]:
        base = observed.live.revision_id if observed.live else None
        return await self._diff(observed.agent_id, draft.draft_id, base)

    # -- writing

    async def open_draft(self, observed: ObservedAgent, name: str) -> Draft:
        if observed.draft is not None:
            return observed.draft
        source = observed.live.revision_id if observed.live else await self._active_id(observed.agent_id)
        path = f"/agent/{observed.agent_id}/drafts"
        body = {"sourceVersionId": source, "draftName": (DRAFT_NAME + name)[:100]}  # the platform's limit
        row = read_row(RevisionRow, await self._write("POST", path, body), f"POST {path}")
        return _to_draft(row)

    async def write_draft(self, observed: ObservedAgent, draft: Draft, body: Document) -> Draft:
        path = f"/agent/{observed.agent_id}/drafts/{draft.draft_id}/config"
        data = await self._write("PATCH", path, body, is_repeatable=True)
        row = read_row(RevisionRow, data, f"PATCH {path}")
        return replace(draft, draft_revision=row.draft_revision)

    async def discard_draft(self, observed: ObservedAgent, draft: Draft) -> None:
        await self._write("DELETE", f"/agent/{observed.agent_id}/drafts/{draft.draft_id}")

    async def read_slot(self, agent_id: str, branch_id: str | None) -> Slot:
        rows = await self._rows(agent_id, _HISTORY)
        active = next((row.revision_id for row in rows if row.is_active), None) or await self._active_id(agent_id)
        published = tuple(self._shown(row) for row in rows if row.status in (None, "published"))
        return Slot(rows[0].revision_id if rows else None, active, published)

    async def publish_draft(self, publication: Publication) -> Publication:
        path = f"/agent/{publication.agent_id}/drafts/{publication.draft_id}/publish"
        row = read_row(RevisionRow, await self._write("POST", path, {"label": publication.label}), f"POST {path}")
        return replace(publication, revision=row.to_revision())

    async def read_publication(self, publication: Publication) -> Revision | None:
        if publication.revision is None:
            found = await self._find(publication)
        else:
            found = (await self._version(publication.agent_id, publication.revision.revision_id))[0]
        if found is None or found.scan.value == "pending":
            return None
        return found

    async def _find(self, publication: Publication) -> Revision | None:
        """The version that a publish made whose answer was lost."""
        for row in await self._rows(publication.agent_id, _HISTORY):
            if row.revision_id == publication.newest_before:
                return None
            if row.label == publication.label:
                return row.to_revision()
        return None

    async def cancel_publication(self, publication: Publication) -> None:
        """Does nothing: v1 has no request to cancel a scan, and a version that is never activated serves nobody."""

    async def make_live(self, agent_id: str, revision: Revision) -> None:
        path = f"/agent/{agent_id}/versions/{revision.revision_id}/activate"
        await self._write("PATCH", path, is_repeatable=True)

    async def restore(self, publication: Publication) -> Publication:
        revision_id = publication.restored_from or ""
        await self.make_live(publication.agent_id, Revision(revision_id))
        return replace(publication, revision=await self.read_revision(publication.agent_id, revision_id))


def _to_draft(row: RevisionRow) -> Draft:
    """An open draft from its row, without what it changes."""
    return Draft(
        draft_id=row.draft_id or row.revision_id,
        draft_revision=row.draft_revision,
        based_on=row.source_version_id,
        editor=row.editor,
        edited_at=row.updated_at,
    )


def _needed_history(
    live: Revision | None, revisions: Sequence[Revision], mine: tuple[str, str] | None
) -> tuple[Revision, ...]:
    """The history where a plan would be wrong without it: live is not ours, was restored, or is not the newest."""
    if mine is None or live is None:
        return ()
    is_newest = bool(revisions) and revisions[0].revision_id == live.revision_id
    return () if is_newest and is_mine(live, mine) and live.restored_from is None else tuple(revisions)
