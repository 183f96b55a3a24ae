"""Sends signed webhook deliveries when calls begin and end: once each, acknowledged by a 2xx, never repeated."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2

from agentops.emulator.rest.calls.analysis import analyse
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store, from_iso, to_iso

TIMEOUT_S = 30.0  # the platform's
# Deliveries spell the types of calls in camel case, call records in snake case.
CONVERSATION_TYPES = {"telephony_outbound": "telephonyOutbound", "telephony_inbound": "telephonyInbound"}


class Deliveries:
    """Watches the store's calls. Sending needs a running event loop; without one nothing is sent."""

    def __init__(self, store: Store, *, sleep: Callable[[float], Any] = asyncio.sleep) -> None:
        self._store = store
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        store.watch_calls(self._on_call)

    def _on_call(self, stage: str, record: Body) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        events = ("pre-conversation",) if stage == "started" else ("post-conversation", "analytics-completed")
        for event in events:
            for subscription in self._store.database.all("subscription", owner=record["agentId"]):
                if subscription["eventType"] == event:
                    task = loop.create_task(self._deliver(subscription, record["callId"]))
                    self._tasks.add(task)  # the loop itself keeps only weak references to its tasks
                    task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Waits for the deliveries that are under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _deliver(self, subscription: Body, call_id: str) -> None:
        event_type = subscription["eventType"]
        if event_type == "analytics-completed":
            await self._sleep(self._store.options.analytics_delay_s)
        webhook = self._store.database.get("webhook", subscription["webhookId"])
        record = self._store.call(call_id)
        if webhook is None or record is None:
            return
        payload = build_payload(self._store, webhook, event_type, record)
        raw = json.dumps(payload).encode()  # once: the signature is over exactly the bytes that are sent
        headers = {**webhook["headers"], "Content-Type": "application/json", "X-Signature": sign(webhook, raw)}
        status: int | None = None  # the receiver's; None when there was no answer
        with contextlib.suppress(httpx2.HTTPError):
            async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
                status = (await client.post(webhook["url"], content=raw, headers=headers)).status_code
        delivered = status is not None and 200 <= status < 300
        delivery_id = self._store.new_id()
        self._store.database.put(
            "delivery",
            delivery_id,
            {
                "_id": delivery_id,
                "payload": payload,
                "event": event_type,
                "callId": call_id,
                "at": self._store.now(),
                "status": "DELIVERED" if delivered else "FAILED",
                "httpStatus": status,
            },
            owner=webhook["_id"],
        )


def sign(webhook: Body, raw: bytes) -> str:
    """Hex of the HMAC-SHA256 over the raw body, with the webhook's secret."""
    return hmac.new(webhook["decryptedSecretKey"].encode(), raw, hashlib.sha256).hexdigest()


def build_payload(store: Store, webhook: Body, event_type: str, record: Body) -> Body:
    """The envelope of a delivery with the metadata of its event."""
    metadata: Body = {
        "agentId": record["agentId"],
        "eventType": event_type,
        "conversationType": CONVERSATION_TYPES.get(record["type"], record["type"]),
        "callId": record["callId"],
    }
    if event_type == "pre-conversation":
        metadata |= {"toPhone": record.get("to"), "fromPhone": record.get("from")}
    else:
        seconds = float(record.get("duration") or 0)
        metadata["callData"] = {
            "fromNumber": record.get("from"),
            "toNumber": record.get("to"),
            "callDuration": seconds,
            "callStatus": record["status"],
            "callDirection": record["type"],
            "answerTime": record["createdAt"],
            "endTime": to_iso(from_iso(record["createdAt"]) + timedelta(seconds=seconds)),
        }
    if event_type == "post-conversation":
        metadata |= {"recordingUrl": None, "transcript": record["transcript"], "variables": record.get("variables", {})}
    if event_type == "analytics-completed":
        metadata["analytics"] = analyse(store, record)
    return {
        "url": webhook["url"],
        "description": webhook["description"],
        "event": f"{record['agentId']}.{event_type}",
        "id": store.new_id(),
        "metadata": metadata,
    }
