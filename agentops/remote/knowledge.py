"""Knowledge bases: created by name, then filled with files and pages, each of which the platform processes by itself.

What is in a file can't be read back, and an upload is answered without the id of what it made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from agentops.document import Document
from agentops.errors import NotFoundError, PlatformError
from agentops.remote.port import ProcessingFailedError
from agentops.remote.requests import API, FilePart, Requests, form
from agentops.remote.rows import KnowledgeBaseRow, KnowledgeItemRow, ScrapedPageRow, read_row, rows_of
from agentops.resources import Kind, ObservedResource, Part, PartState

_FAILED = frozenset({"failed", "error", "errored"})
_DONE = frozenset({"completed", "complete", "success", "scraped", "done"})


class KnowledgeBaseRequests(Requests):
    """Implements `port.KnowledgeBases`. `create` and `update` take the name and the description, always both."""

    async def list(self) -> Sequence[ObservedResource]:
        """Every knowledge base, without its parts."""
        found = rows_of(await self._get("/knowledgebase"))
        rows = [read_row(KnowledgeBaseRow, row, "GET /knowledgebase") for row in found]
        return [
            ObservedResource(Kind.KNOWLEDGE, row.base_id, row.name, description=row.description or "") for row in rows
        ]

    async def create(self, body: Document) -> str:
        data = await self._write("POST", "/knowledgebase", body)
        base_id = data.get("_id") if isinstance(data, dict) else data
        if not isinstance(base_id, str) or not base_id:
            raise PlatformError(
                "the platform created a knowledge base without saying its id",
                hint="run it again: what is there by now is found by its mark",
                request="POST /knowledgebase",
            )
        return base_id

    async def update(self, resource_id: str, body: Document) -> None:
        # The platform has POST here where its other resources have PATCH, and wants the name every time.
        await self._write("POST", f"/knowledgebase/{resource_id}", body, is_repeatable=True)

    async def is_ready(self, resource_id: str) -> bool:
        parts = await self.read_parts(resource_id)
        for part in parts:
            if part.state is PartState.FAILED:
                what = "page" if part.is_page else "file"
                reason = f": {part.reason}" if part.reason else ""
                raise ProcessingFailedError(
                    f"the platform could not use the {what} {part.name}{reason}",
                    hint="see whether it can be opened and has text in it, then correct or remove it",
                    code="processing_failed",
                )
        return all(part.state is PartState.READY for part in parts)

    async def delete(self, resource_id: str) -> None:
        with suppress(NotFoundError):
            await self._write("DELETE", f"/knowledgebase/{resource_id}", is_repeatable=True)

    async def read_parts(self, resource_id: str) -> Sequence[Part]:
        path = f"/knowledgebase/{resource_id}"
        items, pages = await asyncio.gather(self._get(f"{path}/items"), self._get(f"{path}/scraped-urls"))
        return [*map(_item, rows_of(items, "items")), *map(_page, rows_of(pages, "urls", "scrapedUrls"))]

    async def add_file(self, resource_id: str, name: str, pdf: bytes) -> None:
        path = f"{API}/knowledgebase/{resource_id}/items/upload-media"
        body = form({}, FilePart("media", name, "application/pdf", pdf))
        self._unwrapped(await self.http.request("POST", path, body=body, is_repeatable=False), f"POST {path}")

    async def add_pages(self, resource_id: str, urls: Sequence[str]) -> None:
        await self._write("POST", f"/knowledgebase/{resource_id}/scrape-urls", {"urls": list(urls)})

    async def remove_part(self, resource_id: str, part: Part) -> None:
        kind = "scraped-urls" if part.is_page else "items"
        with suppress(NotFoundError):
            await self._write("DELETE", f"/knowledgebase/{resource_id}/{kind}/{part.part_id}", is_repeatable=True)


def _state(status: str | None) -> PartState:
    """The platform's words are an open set: an unknown one counts as still being processed, a missing one as done."""
    word = (status or "completed").lower()
    return PartState.FAILED if word in _FAILED else PartState.READY if word in _DONE else PartState.PROCESSING


def _item(data: object) -> Part:
    row = read_row(KnowledgeItemRow, data, "GET /knowledgebase/items")
    error = (row.metadata or {}).get("error")
    reason = error if isinstance(error, str) else None
    return Part(row.item_id, row.file_name or row.title or "", _state(row.status), row.size, reason=reason)


def _page(data: object) -> Part:
    row = read_row(ScrapedPageRow, data, "GET /knowledgebase/scraped-urls")
    return Part(row.page_id, row.url, _state(row.status), is_page=True)
