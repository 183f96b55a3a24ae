"""`GET /events`: what happens in a running call, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from agentops.emulator.rest.calls.conversations import end_unanswered
from agentops.emulator.rest.schema import TEXT
from agentops.emulator.rest.shapes import CALL_ID
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ENDED, Store

LAST = ("call_end", "call_cancelled")
KEEP_ALIVE_S = 15.0


def stream_events(store: Store, request: Request) -> Answer:
    """The events of a call that still runs. Raises ApiError: 400 for one that has ended, 404 for an unknown one."""
    call_id = request.query.get("callId")
    if not call_id:
        raise ApiError(400, "callId: Required")
    record = store.call(call_id)
    if record is None:
        raise ApiError(404, "Call not found")
    if record["status"] in ENDED:
        raise ApiError(400, "Call is not active")
    return Answer(200, stream=_frames(store, call_id), content_type="text/event-stream")


async def _frames(store: Store, call_id: str) -> AsyncIterator[bytes]:
    """What has happened so far, then each new event, until the call ends."""
    queue: asyncio.Queue[Body] = asyncio.Queue()

    def on_event(of_call: str, event: Body) -> None:
        if of_call == call_id:
            queue.put_nowait(event)

    with store.listening(on_event):
        yield _frame(store, call_id, event_type="sse_init", event_time=store.now())
        for event in store.call_events(call_id):
            queue.put_nowait(event)
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), KEEP_ALIVE_S)
            except TimeoutError:
                # A phone call that nobody answers ends without an event.
                if (record := store.call(call_id)) is None or end_unanswered(store, record)["status"] in ENDED:
                    break
                yield b": keep-alive\n\n"  # a comment, which clients skip
                continue
            yield f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
            if event["event_type"] in LAST:
                break
        yield _frame(store, call_id, event_type="sse_close", event_time=store.now())


def _frame(store: Store, call_id: str, **fields: Any) -> bytes:
    event = {**fields, "event_id": store.new_uuid(), "timestamp": store.now(), "call_id": call_id}
    return f"data: {json.dumps(event)}\n\n".encode()


ROUTES = (
    Route(
        "GET",
        "/atoms/v1/events",
        stream_events,
        "Follow a running call",
        {200: TEXT},
        query={"callId": CALL_ID},
        refuses=(400, 404),
        media="text/event-stream",
    ),
)
