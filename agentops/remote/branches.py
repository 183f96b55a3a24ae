"""The platform's second versioning generation: branches with at most one open draft each, revisions, a live branch.

Facts that shape it: publishing on the live branch is going live; a publish that is scanned answers without an id;
a scanning revision may or may not be listed; a failed scan leaves the draft open and the head where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from agentops.document import (
    AgentListing,
    Document,
    Draft,
    Generation,
    LeafDifference,
    ObservedAgent,
    Revision,
    ScanState,
    read_mark,
)
from agentops.errors import InvalidRequestError, NotFoundError, PlatformError
from agentops.remote import wire
from agentops.remote.client import Client, find_base, is_mine
from agentops.remote.port import Head, Publication, References, Slot
from agentops.remote.rows import BranchRow, BranchSummaryRow, RevisionRow, read_row, rows_of

_HISTORY = 20


class Branches(Client):
    """Reader and writer for an account on the branch model."""

    _references: References | None = None

    @property
    def generation(self) -> Generation:
        return Generation.V2

    def refer_by(self, references: References) -> None:
        self._references = references

    def _with_references(self, document: Document) -> Document:
        """A document that was read, with references in place of the ids of resources that the project manages."""
        return self._references.to_references(document) if self._references else document

    # -- reading

    async def read_agent(self, listing: AgentListing, *, mine: tuple[str, str] | None = None) -> ObservedAgent:
        observed, had_draft = await self._observe(listing, mine)
        if had_draft and observed.draft is None:  # closed meanwhile, perhaps by a publish: another revision may be live
            observed, _ = await self._observe(listing, mine)
        return observed

    async def _observe(self, listing: AgentListing, mine: tuple[str, str] | None) -> tuple[ObservedAgent, bool]:
        """The agent, read by several requests, and whether the first of them saw an open draft."""
        summaries = await self._summaries(listing.agent_id)
        live_branch = _live_branch(summaries)
        if live_branch is None:
            return ObservedAgent(listing), False
        branch = live_branch.branch
        live: Revision | None = None
        fields: Mapping[str, Any] = {}
        if branch.head_revision_id:
            live, fields = await self._revision(listing.agent_id, branch.branch_id, branch.head_revision_id)
        history = await self._history(listing.agent_id, summaries, live, mine)
        has_draft = bool(live_branch.has_open_draft or branch.open_draft_id)
        draft = await self._draft(listing.agent_id, branch, fields) if has_draft else None
        observed = ObservedAgent(
            listing,
            live=live,
            base=await self._base(listing.agent_id, live, history, mine),
            history=tuple(history),
            draft=draft,
            branch_id=branch.branch_id,
        )
        return observed, has_draft

    async def _summaries(self, agent_id: str) -> list[BranchSummaryRow]:
        path = f"/agent/{agent_id}/branches"
        return [read_row(BranchSummaryRow, row, f"GET {path}") for row in rows_of(await self._get(path), "branches")]

    async def _revision(self, agent_id: str, branch_id: str, revision_id: str) -> tuple[Revision, Mapping[str, Any]]:
        """The revision with its document, and its fields in the platform's stored form."""
        path = f"/agent/{agent_id}/branches/{branch_id}/revisions/{revision_id}"
        data = await self._get(path)
        row = read_row(RevisionRow, data.get("revision") if isinstance(data, dict) else data, f"GET {path}")
        resolved = data.get("resolvedConfig") or {}
        document, unverifiable = wire.from_stored(resolved)
        revision = self._shown(
            row, branch_id=branch_id, document=self._with_references(document), unverifiable=unverifiable
        )
        return revision, resolved

    async def _history(
        self, agent_id: str, summaries: Sequence[BranchSummaryRow], live: Revision | None, mine: tuple[str, str] | None
    ) -> Sequence[Revision]:
        """The history, read only where a plan would be wrong without it: live is not ours, was restored, or there are
        several branches."""
        if mine is None or live is None:
            return ()
        if is_mine(live, mine) and live.restored_from is None and len(summaries) == 1:
            return ()
        return await self._revisions_of(agent_id, summaries, _HISTORY)

    async def _base(
        self, agent_id: str, live: Revision | None, history: Sequence[Revision], mine: tuple[str, str] | None
    ) -> Revision | None:
        if mine is None or live is None:
            return None
        base = find_base(live, history, mine)
        if base is None or base.revision_id == live.revision_id:
            return live if base else None
        return await self.read_revision(agent_id, base.revision_id, branch_id=base.branch_id)

    async def read_head(self, agent_id: str) -> Head:
        live = _live_branch(await self._summaries(agent_id))
        if live is None:
            return Head()
        return Head(
            revision_id=live.branch.head_revision_id,
            number=live.head_revision_number,
            branch_id=live.branch.branch_id,
            has_draft=bool(live.has_open_draft or live.branch.open_draft_id),
        )

    async def read_live(self, agent_id: str) -> Revision | None:
        head = await self.read_head(agent_id)
        if head.revision_id is None:
            return None
        return await self.read_revision(agent_id, head.revision_id, branch_id=head.branch_id)

    async def list_revisions(self, agent_id: str, *, limit: int = _HISTORY) -> Sequence[Revision]:
        summaries = await self._summaries(agent_id)
        return await self._revisions_of(agent_id, summaries, limit)

    async def _revisions_of(
        self, agent_id: str, branches: Sequence[BranchSummaryRow], limit: int
    ) -> Sequence[Revision]:
        found = await asyncio.gather(*(self._rows(agent_id, each.branch.branch_id, limit) for each in branches))
        revisions = {
            row.revision_id: self._shown(row, branch_id=row.branch or each.branch.branch_id)
            for each, rows in zip(branches, found, strict=True)
            for row in rows
            if row.status in (None, "published")
        }
        newest_first = list(revisions.values())
        if len(branches) > 1:  # each branch numbers its revisions from 1, so only the time orders them all
            names = {each.branch.branch_id: each.branch.name for each in branches}
            newest_first = [replace(each, branch=names.get(each.branch_id or "")) for each in newest_first]
            newest_first.sort(key=lambda revision: revision.published_at or "", reverse=True)
        return newest_first[:limit]

    async def _rows(self, agent_id: str, branch_id: str, limit: int) -> list[RevisionRow]:
        path = f"/agent/{agent_id}/branches/{branch_id}/revisions"
        return [read_row(RevisionRow, row, f"GET {path}") for row in await self._newest(path, "revisions", limit)]

    async def read_revision(self, agent_id: str, revision_id: str, *, branch_id: str | None = None) -> Revision:
        if branch_id is not None:
            return (await self._revision(agent_id, branch_id, revision_id))[0]
        summaries = sorted(await self._summaries(agent_id), key=lambda each: not each.is_live)
        for each in summaries:
            try:
                return (await self._revision(agent_id, each.branch.branch_id, revision_id))[0]
            except (NotFoundError, InvalidRequestError):
                continue  # a revision of another branch is answered with 400, an unknown one with 404
        raise NotFoundError(
            f"no active branch of agent {agent_id} has revision {revision_id}",
            status=404,
            hint="its branch was deleted or archived: choose another revision",
        )

    async def read_draft(self, observed: ObservedAgent) -> Draft | None:
        branch_id = _write_branch_id(observed)
        path = f"/agent/{observed.agent_id}/branches/{branch_id}"
        summary = read_row(BranchSummaryRow, await self._get(path), f"GET {path}")
        fields: Mapping[str, Any] = {}
        if head := summary.branch.head_revision_id:
            _, fields = await self._revision(observed.agent_id, branch_id, head)
        return await self._draft(observed.agent_id, summary.branch, fields)

    async def _draft(self, agent_id: str, branch: BranchRow, fields: Mapping[str, Any]) -> Draft | None:
        """The open draft; None when there is none, also when it was closed before its changes could be read."""
        latest, editor = await self._latest(agent_id, branch.branch_id)
        if latest is None:
            return None
        leaves: tuple[LeafDifference, ...] | None = None
        document: Document | None = None
        if branch.head_revision_id:
            try:
                leaves = await self._diff(agent_id, branch.head_revision_id, branch.branch_id)
            except NotFoundError:
                return None
            document = self._with_references(wire.from_stored(wire.with_differences(fields, leaves))[0])
        return replace(_to_draft(latest, editor), differences=leaves, document=document)

    async def peek_draft(self, observed: ObservedAgent, draft_id: str) -> Draft | None:
        latest, editor = await self._latest(observed.agent_id, _write_branch_id(observed))
        return _to_draft(latest, editor) if latest is not None else None

    async def _latest(self, agent_id: str, branch_id: str) -> tuple[RevisionRow | None, str | None]:
        """The newest row of the open draft and who wrote it; (None, None) when no draft is open."""
        path = f"/agent/{agent_id}/branches/{branch_id}/draft"
        try:
            data = await self._get(path)
        except NotFoundError:
            return None, None
        edits = rows_of(data, "editHistory")
        editor = edits[0].get("editorName") if edits and isinstance(edits[0], dict) else None
        return read_row(RevisionRow, data.get("latest"), f"GET {path}"), editor and self.http.hide(str(editor))

    async def _diff(self, agent_id: str, base: str, branch_id: str) -> tuple[LeafDifference, ...]:
        return wire.read_differences(await self._get(f"/agent/{agent_id}/diff", a=base, b=f"{branch_id}:draft"))

    async def diff_draft(self, observed: ObservedAgent, draft: Draft) -> Sequence[LeafDifference]:
        if observed.live is None:
            return ()
        return await self._diff(observed.agent_id, observed.live.revision_id, _write_branch_id(observed))

    def with_leaves(self, document: Document, leaves: Sequence[LeafDifference]) -> tuple[Document, list[str]]:
        seen, unknown = super().with_leaves(document, leaves)
        return self._with_references(seen), unknown

    # -- writing

    async def open_draft(self, observed: ObservedAgent, name: str) -> Draft:
        return observed.draft or Draft(draft_id="")

    async def write_draft(self, observed: ObservedAgent, draft: Draft, body: Document) -> Draft:
        # Which value stands for "no draft yet" is not documented, so the first write of a draft sends none.
        expected = {} if draft.draft_revision is None else {"expectedRevision": draft.draft_revision}
        path = f"/agent/{observed.agent_id}/branches/{_write_branch_id(observed)}/draft"
        body = self._references.to_ids(body) if self._references else body
        data = await self._write("PUT", path, {**body, **expected}, is_repeatable=not expected)
        row = read_row(RevisionRow, data, f"PUT {path}")
        return _to_draft(row, None)

    async def discard_draft(self, observed: ObservedAgent, draft: Draft) -> None:
        await self._write("DELETE", f"/agent/{observed.agent_id}/branches/{_write_branch_id(observed)}/draft")

    async def read_slot(self, agent_id: str, branch_id: str | None) -> Slot:
        rows = await self._rows(agent_id, branch_id or "", _HISTORY)
        published = tuple(self._shown(row, branch_id=branch_id) for row in rows if row.status in (None, "published"))
        newest = rows[0].revision_id if rows else None
        return Slot(newest, published[0].revision_id if published else None, published)

    async def publish_draft(self, publication: Publication) -> Publication:
        path = f"/agent/{publication.agent_id}/branches/{publication.branch_id}/draft/publish"
        return _with_answer(publication, await self._write("POST", path, {"label": publication.label}), path)

    async def restore(self, publication: Publication) -> Publication:
        branch = f"/agent/{publication.agent_id}/branches/{publication.branch_id}"
        path = f"{branch}/revisions/{publication.restored_from}/restore"
        return _with_answer(publication, await self._write("POST", path), path)

    async def read_publication(self, publication: Publication) -> Revision | None:
        branch_id = publication.branch_id or ""
        rows = await self._rows(publication.agent_id, branch_id, 10)  # one publish at a time: it is among the newest
        newer = list(takewhile(lambda row: row.revision_id != publication.newest_before, rows))
        for row in newer:
            if _is_result(row, publication):
                is_done = row.status == "published" or row.scan in (ScanState.FAILED, ScanState.ERRORED)
                return row.to_revision(branch_id=branch_id) if is_done else None
        if publication.restored_from is not None:
            return None  # a restore leaves the draft alone, so the draft says nothing about it
        latest, _ = await self._latest(publication.agent_id, branch_id)
        if latest is not None:
            return _refused(latest, branch_id)
        published = [row for row in newer if row.status in (None, "published")]
        return published[0].to_revision(branch_id=branch_id) if published else None

    async def cancel_publication(self, publication: Publication) -> None:
        path = f"/agent/{publication.agent_id}/branches/{publication.branch_id}/draft/publish/cancel"
        await self._write("POST", path, is_repeatable=True)

    async def make_live(self, agent_id: str, revision: Revision) -> None:
        await self._write("POST", f"/agent/{agent_id}/branches/{revision.branch_id}/live", {}, is_repeatable=True)


def _to_draft(latest: RevisionRow, editor: str | None) -> Draft:
    """The open draft from its newest row, without what it changes."""
    return Draft(
        draft_id=latest.draft_id or latest.revision_id,
        draft_revision=latest.draft_revision,
        based_on=latest.source_version_id,
        editor=editor,
        edited_at=latest.updated_at,
        scan=latest.scan,
        scan_reason=latest.scan_reason,
        is_publishing=latest.is_armed,
    )


def _live_branch(summaries: Sequence[BranchSummaryRow]) -> BranchSummaryRow | None:
    """The branch that serves calls: the default one where no row says that it is live."""
    live = next((each for each in summaries if each.is_live), None)
    return live or next((each for each in summaries if each.branch.is_default), None)


def _write_branch_id(observed: ObservedAgent) -> str:
    if observed.branch_id is None:
        hint = "make a branch live in the console, then run it again"
        raise PlatformError(f"agent {observed.agent_id} has no branch to write to", hint=hint, code="no_branch")
    return observed.branch_id


def _with_answer(publication: Publication, data: Any, path: str) -> Publication:
    """The publication with its result, which the answer carries unless the revision is scanned first."""
    found = data.get("revision") if isinstance(data, dict) else None
    if not isinstance(found, dict) or data.get("state") == "scanning":
        return publication
    row = read_row(RevisionRow, found, f"POST {path}")
    return replace(publication, revision=row.to_revision(branch_id=publication.branch_id))


def _is_result(row: RevisionRow, publication: Publication) -> bool:
    if publication.restored_from is not None:
        return row.restored_from == publication.restored_from
    if row.label == publication.label:
        return True
    mark = read_mark(row.label)
    return mark is not None and mark == read_mark(publication.label)


def _refused(latest: RevisionRow, branch_id: str) -> Revision | None:
    """The draft of a failed or cancelled publish, as a revision that says why; None while it may still succeed."""
    is_cancelled = latest.pending_publish is not None and latest.pending_publish.state == "cancelled"
    if latest.scan not in (ScanState.FAILED, ScanState.ERRORED) and not is_cancelled:
        return None
    return Revision(
        revision_id="",
        is_published=False,
        scan=ScanState.ERRORED if is_cancelled else latest.scan or ScanState.ERRORED,
        scan_reason="the publish was cancelled" if is_cancelled else latest.scan_reason,
        branch_id=branch_id,
    )
