"""Webhooks and their subscriptions. None of it is versioned, and headers are never read back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from agentops.document import Document
from agentops.errors import NotFoundError, PlatformError
from agentops.remote.requests import Requests
from agentops.remote.rows import WebhookRow, read_row, rows_of
from agentops.resources import Kind, ObservedResource, without_resource_mark


class WebhookRequests(Requests):
    """Implements `port.Webhooks`. Bodies hold `endpoint`, `description` and `headers`."""

    async def list(self) -> Sequence[ObservedResource]:
        return [_webhook(row) for row in rows_of(await self._get("/webhook"), "webhooks")]

    async def create(self, body: Document) -> str:
        """`body` has no headers: the platform takes them in an update only."""
        data = await self._write("POST", "/webhook", {**body, "events": []})
        webhook_id = data.get("_id") if isinstance(data, dict) else data
        if not isinstance(webhook_id, str) or not webhook_id:
            raise PlatformError(
                "the platform created a webhook without saying its id",
                hint="run it again: what is there by now is found by its mark",
                request="POST /webhook",
            )
        return webhook_id

    async def update(self, resource_id: str, body: Document) -> None:
        await self._write("PATCH", f"/webhook/{resource_id}", body, is_repeatable=True)

    async def is_ready(self, resource_id: str) -> bool:
        return True

    async def delete(self, resource_id: str) -> None:
        with suppress(NotFoundError):
            await self._write("DELETE", f"/webhook/{resource_id}", is_repeatable=True)

    async def subscribe(self, agent_id: str, resource_id: str, events: Sequence[str]) -> None:
        body = {"eventTypes": list(events), "webhookId": resource_id}
        await self._write("POST", f"/agent/{agent_id}/webhook-subscriptions", body, is_repeatable=True)

    async def unsubscribe(self, agent_id: str) -> None:
        await self._write("DELETE", f"/agent/{agent_id}/webhook-subscriptions", is_repeatable=True)

    async def read_secret(self, resource_id: str) -> str:
        data = await self._get("/webhook", webhookId=resource_id)
        row = read_row(WebhookRow, data[0] if isinstance(data, list) and data else data, "GET /webhook")
        if not row.secret:
            raise PlatformError(
                "the platform did not say the webhook's signing secret",
                hint="look it up in the console",
                request="GET /webhook",
            )
        return row.secret


def _webhook(data: object) -> ObservedResource:
    row = read_row(WebhookRow, data, "GET /webhook")
    events: dict[str, list[str]] = {}
    for each in row.subscriptions:
        events.setdefault(each.agent.agent_id if not isinstance(each.agent, str) else each.agent, []).append(each.event)
    content: Document = {"endpoint": row.url, "events": {agent: sorted(types) for agent, types in events.items()}}
    description = row.description or ""
    name = without_resource_mark(description) or row.url
    return ObservedResource(Kind.WEBHOOK, row.webhook_id, name, content, description)
