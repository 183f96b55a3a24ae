"""The account's library of tools. An edit reaches every agent that refers to the tool at once, without a version."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from agentops.clock import platform_time
from agentops.document import Document
from agentops.errors import NotFoundError, PlatformError
from agentops.remote.requests import Requests
from agentops.remote.rows import ToolRow, read_row, rows_of
from agentops.remote.wire import without_nulls
from agentops.resources import Kind, ObservedResource


class ToolRequests(Requests):
    """Implements `port.Resources` for tools."""

    async def list(self) -> Sequence[ObservedResource]:
        return [_tool(row) for row in rows_of(await self._get("/tool"), "tools")]

    async def create(self, body: Document) -> str:
        data = await self._write("POST", "/tool", {"definition": body})
        tool_id = data.get("toolId") if isinstance(data, dict) else data
        if not isinstance(tool_id, str) or not tool_id:
            raise PlatformError(
                "the platform created a tool without saying its id",
                hint="run it again: what is there by now is found by its definition",
                request="POST /tool",
            )
        return tool_id

    async def update(self, resource_id: str, body: Document) -> None:
        await self._write("PATCH", f"/tool/{resource_id}", {"definition": body}, is_repeatable=True)

    async def is_ready(self, resource_id: str) -> bool:
        return True

    async def delete(self, resource_id: str) -> None:
        with suppress(NotFoundError):
            await self._write("DELETE", f"/tool/{resource_id}", is_repeatable=True)


def _tool(data: object) -> ObservedResource:
    row = read_row(ToolRow, data, "GET /tool")
    created_at, updated_at = platform_time(row.created_at), platform_time(row.updated_at)
    edited_at = updated_at if created_at and updated_at and updated_at > created_at else None
    definition: Document = without_nulls(row.definition)
    name = str(definition.get("name", ""))
    return ObservedResource(Kind.TOOL, row.tool_id, name, definition, edited_at=edited_at)
