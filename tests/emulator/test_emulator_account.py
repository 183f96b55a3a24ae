"""The rest of the account: calls, events, webhooks, knowledge, campaigns, and the small registries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from emulated import Account

from agentops.emulator.rest.account.deliveries import Deliveries


def ended_call(account: Account, agent_id: str, version_id: str, number: int, **fields: Any) -> str:
    """A call as the realtime side leaves it."""
    call_id = f"CALL-179000000000{number}-abcde{number}"
    record = {
        "callId": call_id,
        "agentId": agent_id,
        "type": "webcall",
        "status": "active",
        "from": None,
        "to": None,
        "isTest": False,
        "versionId": version_id,
        "versionNumber": None,
        **fields,
    }
    account.store.add_call(record)
    account.store.add_call_event(call_id, {"event_type": "call_start"})
    line = {"role": "user", "content": "I need 3 rooms", "timestamp": account.store.now()}
    latencies = {"avgLatency": 400.0 + number, "latencies": [400.0 + number], "turns": 1}
    changes = {"status": "completed", "duration": 12.5, "transcript": [line], "turnLatencyMetrics": latencies}
    account.store.update_call(call_id, changes)
    account.store.add_call_event(call_id, {"event_type": "call_end"})
    return call_id


async def test_calls_are_listed_by_version(account: Account) -> None:
    agent_id = await account.agent()
    one = (await account.publish(agent_id, firstMessage="One"))["_id"]
    two = (await account.publish(agent_id, firstMessage="Two"))["_id"]
    calls = [ended_call(account, agent_id, version, number) for number, version in enumerate((one, one, two))]
    listed = await account.call("GET", "/conversation", params={"versionFilter": one, "agentIds": agent_id})
    assert {row["callId"] for row in listed["logs"]} == set(calls[:2])
    assert {row["versionId"] for row in listed["logs"]} == {one}
    assert listed["pagination"]["total"] == 2
    fastest = await account.call("GET", "/conversation?sortBy=avgLatency&sortOrder=asc&limit=1")
    assert (fastest["logs"][0]["callId"], fastest["pagination"]["hasMore"]) == (calls[0], True)
    assert (await account.call("GET", "/conversation?statusFilter=failed,cancelled"))["logs"] == []
    found = await account.call("POST", "/conversation/search", json={"callIds": [calls[2], "CALL-0-0"]})
    assert ([row["callId"] for row in found["logs"]], found["requestedCount"]) == ([calls[2]], 2)
    assert "versionNumber" not in found["logs"][0]


async def test_a_call_is_read_with_transcript_events_and_analytics(account: Account) -> None:
    agent_id = await account.agent()
    metric = {"identifier": "rooms", "dispositionMetricPrompt": "How many?", "dispositionMetricType": "INTEGER"}
    version = (await account.publish(agent_id, postCallAnalyticsConfig={"dispositionMetrics": [metric]}))["_id"]
    call_id = ended_call(account, agent_id, version, 1)
    call = await account.call("GET", f"/conversation/{call_id}")
    assert call["transcript"][0]["content"] == "I need 3 rooms"
    assert [event["event_type"] for event in call["events"]] == ["call_start", "call_end"]
    assert call["agent"]["_id"] == agent_id
    assert call["postCallAnalytics"]["dispositionMetrics"][0]["value"] == "3"
    assert "versionId" not in call
    assert (await account.call("GET", f"/conversation/{call['_id']}"))["callId"] == call_id
    await account.call("GET", "/conversation/CALL-1-1", 404)


async def test_a_recording_is_downloaded_through_a_link(account: Account) -> None:
    agent_id = await account.agent()
    call_id = ended_call(account, agent_id, "0" * 24, 1)
    link = f"/conversation/{call_id}/recording/download-url"
    await account.call("GET", link, 404)
    account.store.put_recording(call_id, b"RIFF stereo")
    url = (await account.call("GET", link))["presignedUrl"]
    assert (await account.client.get(url)).content == b"RIFF stereo"
    assert (await account.call("GET", f"/conversation/{call_id}"))["recordingDualUrl"] == url
    await account.call("GET", f"/conversation/{'0' * 24}/recording/download-url", 400)


async def test_an_outbound_call_rings_and_is_not_answered(account: Account) -> None:
    agent_id = await account.agent()
    body = {"agentId": agent_id, "phoneNumber": "+14155550111", "variables": {"name": "Ada"}}
    call_id = (await account.call("POST", "/conversation/outbound", json=body))["conversationId"]
    assert (await account.call("GET", f"/conversation/{call_id}"))["status"] == "in_queue"
    account.clock.advance(31)
    assert (await account.call("GET", f"/conversation/{call_id}"))["status"] == "no_answer"
    await account.call("POST", f"/conversation/{call_id}/cancel", 400)
    other = (await account.call("POST", "/conversation/outbound", json=body))["conversationId"]
    cancelled = await account.call("POST", "/conversation/cancel", json={"callId": other})
    assert (cancelled["status"], cancelled["previousStatus"]) == ("cancelled", "in_queue")
    wrong = {**body, "phoneNumber": "12"}
    assert (await account.call("POST", "/conversation/outbound", 400, json=wrong))["errors"] == ["Invalid phone number"]
    nested = {**body, "variables": {"a": {"b": 1}}}
    await account.call("POST", "/conversation/outbound", 400, json=nested)


async def test_test_calls_reach_a_draft_a_revision_or_the_head(account: Account) -> None:
    agent_id = await account.agent()
    main = (await account.branch(agent_id))["branch"]
    path = f"/agent/{agent_id}/branches/{main['_id']}"
    room = await account.call("POST", f"{path}/test-call", json={"mode": "chat"})
    assert room["host"].startswith("wss://")
    assert (await account.call("POST", "/conversation/search", json={"callIds": [room["callId"]]}))["logs"][0]["isTest"]
    await account.call("POST", f"{path}/test-call", 404, json={"includeDraft": True})
    both = {"includeDraft": True, "revisionId": main["headRevisionId"]}
    await account.call("POST", f"{path}/test-call", 400, json=both)
    await account.call("POST", f"{path}/test-call", 400, json={"mode": "telephony"})
    await account.call("PUT", f"{path}/draft", json={"firstMessage": "Hi"})
    await account.call("POST", f"{path}/test-call", json={"includeDraft": True})


async def test_the_events_of_a_running_call_are_streamed_to_its_end(account: Account) -> None:
    agent_id = await account.agent()
    call_id = "CALL-1790000000000-abcdef"
    account.store.add_call({"callId": call_id, "agentId": agent_id, "type": "chat", "status": "active"})
    account.store.add_call_event(call_id, {"event_type": "call_start"})

    async def talk() -> None:
        account.store.add_call_event(call_id, {"event_type": "tool_call_start", "function_name": "look_up"})
        account.store.add_call_event(call_id, {"event_type": "call_end"})

    talking = asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(talk()))
    response = await account.client.get("/atoms/v1/events", params={"callId": call_id})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in response.text.split("\n\n") if line]
    assert [event["event_type"] for event in events] == [
        *("sse_init", "call_start", "tool_call_start", "call_end", "sse_close")
    ]
    assert {event["call_id"] for event in events} == {call_id}
    talking.cancel()
    account.store.update_call(call_id, {"status": "completed"})
    await account.call("GET", f"/events?callId={call_id}", 400)
    await account.call("GET", "/events?callId=CALL-1-1", 404)


@asynccontextmanager
async def receiver(status: int = 200) -> Any:
    """A webhook's other end on a free port; yields its address and the deliveries it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", got


async def test_webhooks_deliver_signed_events_once(account: Account) -> None:
    deliveries: Deliveries = account.client._transport.app.state.deliveries  # type: ignore[attr-defined]
    agent_id = await account.agent()
    async with receiver(status=503) as (url, got):
        events = [{"agentId": agent_id, "eventType": event} for event in ("post-conversation", "analytics-completed")]
        body = {"endpoint": url, "description": "CRM", "events": events}
        webhook_id = await account.call("POST", "/webhook", 201, json=body)
        await account.call("PATCH", f"/webhook/{webhook_id}", json={"headers": {"X-Team": "cx"}})
        call_id = ended_call(account, agent_id, "0" * 24, 1)
        await deliveries.drain()
    secret = (await account.call("GET", f"/webhook?webhookId={webhook_id}"))["decryptedSecretKey"]
    assert len(got) == 2
    for headers, raw in got:
        assert headers["x-signature"] == hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        assert headers["x-team"] == "cx"
    by_event = {json.loads(raw)["event"].partition(".")[2]: json.loads(raw)["metadata"] for _, raw in got}
    assert by_event["post-conversation"]["transcript"][0]["content"] == "I need 3 rooms"
    assert by_event["post-conversation"]["callData"]["callStatus"] == "completed"
    assert by_event["analytics-completed"]["callId"] == call_id
    logged = (await account.call("GET", "/_emulator/deliveries"))["deliveries"]
    assert [(row["status"], row["httpStatus"]) for row in logged] == [("FAILED", 503)] * 2


async def test_webhook_rules(account: Account) -> None:
    agent_id = await account.agent()
    body = {"endpoint": "https://example.com/a", "description": "d", "events": []}
    first = await account.call("POST", "/webhook", 201, json=body)
    taken = await account.call("POST", "/webhook", 400, json=body)
    assert taken["errors"] == ["A webhook with this URL has already been registered"]
    second = await account.call("POST", "/webhook", 201, json={**body, "endpoint": "https://example.com/b"})
    path = f"/agent/{agent_id}/webhook-subscriptions"
    await account.call("POST", path, 201, json={"eventTypes": ["pre-conversation"], "webhookId": first})
    await account.call("POST", path, 201, json={"eventTypes": ["post-conversation"], "webhookId": second})
    assert [row["webhookId"] for row in await account.call("GET", path)] == [second]
    assert "assigned" in (await account.call("DELETE", f"/webhook/{second}", 400))["errors"][0]
    await account.call("DELETE", path)
    await account.call("DELETE", f"/webhook/{second}")
    await account.call("PATCH", f"/webhook/{first}", 400, json={"headers": {"Host": "x"}})
    await account.call("PATCH", f"/webhook/{first}", 400, json={})
    await account.call("GET", "/webhook?webhookId=short", 400)


async def test_a_knowledge_base_in_use_cannot_be_deleted(account: Account) -> None:
    base = await account.call("POST", "/knowledgebase", 201, json={"name": " Prices ", "description": "2026"})
    path = f"/knowledgebase/{base}"
    assert (await account.call("GET", path))["name"] == "Prices"
    await account.call("POST", path, json={"name": "Rates"})
    await account.call("POST", path, 400, json={"description": "no name"})
    pdf = {"media": ("a.pdf", b"%PDF", "application/pdf")}
    await account.call("POST", f"{path}/items/upload-media", 201, files=pdf)
    text = {"media": ("a.txt", b"x", "text/plain")}
    await account.call("POST", f"{path}/items/upload-media", 400, files=text)
    account.clock.advance(60)  # processing takes as long as a scan
    items = await account.call("GET", f"{path}/items")
    assert [(item["fileName"], item["processingStatus"]) for item in items] == [("a.pdf", "completed")]
    await account.call("DELETE", f"{path}/items/{items[0]['_id']}")
    await account.call("POST", f"{path}/scrape-urls", json={"urls": ["https://example.com"]})
    assert len(await account.call("GET", f"{path}/scraped-urls")) == 1
    agent_id = await account.agent()
    await account.publish(agent_id, globalKnowledgeBaseId=base)
    assert "connected" in (await account.call("DELETE", path, 400))["errors"][0]
    await account.publish(agent_id, globalKnowledgeBaseId="")
    await account.call("DELETE", path)
    await account.call("GET", path, 404)


async def test_a_presigned_upload_becomes_an_item(account: Account) -> None:
    base = await account.call("POST", "/knowledgebase", 201, json={"name": "Docs"})
    file = {"fileName": "b.pdf", "fileSize": 4, "contentType": "application/pdf", "knowledgeBaseId": base}
    place = await account.call("POST", "/knowledgebase/get-presigned-url", json=file)
    assert (await account.client.put(place["url"], content=b"%PDF")).status_code == 200
    await account.call("POST", "/knowledgebase/compelete-file-upload", json={**file, "key": place["key"]})
    assert (await account.call("GET", f"/knowledgebase/{base}/items"))[0]["key"] == place["key"]
    site = {"siteUrl": "ftp://x", "knowledgeBaseId": base}
    await account.call("POST", "/knowledgebase/get-sitemap-urls", 422, json=site)


async def test_a_campaign_runs_by_the_clock_and_holds_its_agent(account: Account) -> None:
    agent_id = await account.agent()
    table = "phone,name\n+14155550111,Ada\n+14155550112,Bob\n+14155550111,Again\n"
    file = {"file": ("people.csv", table.encode(), "text/csv")}
    fields = {"name": "Customers", "phoneNumberColumnName": "phone"}
    audience = await account.call("POST", "/audience", data=fields, files=file)
    assert audience["memberCount"] == 2
    path = f"/audience/{audience['_id']}"
    more = [{"phone": "+14155550112"}, {"phone": "+14155550113", "name": "Cyd"}]
    added = await account.call("POST", f"{path}/members", json={"members": more})
    assert added[0]["data"] == {"added": 1, "skipped": 1}
    refused = await account.call("POST", f"{path}/members", 400, json={"members": [{"name": "x"}]})
    assert refused["errors"] == ["Each member must have a phone field"]
    assert (await account.call("GET", f"{path}/members?offset=2"))["hasMore"]
    found = await account.call("GET", f"{path}/members/search?query=cyd")
    assert found["searchInfo"]["totalResults"] == 1
    body = {"name": "Spring", "audienceId": audience["_id"], "agentId": agent_id}
    campaign = await account.call("POST", "/campaign", 201, json=body)
    assert campaign["status"] == "draft"
    await account.call("POST", f"/campaign/{campaign['_id']}/start", 202)
    account.clock.advance(3)
    assert (await account.call("GET", f"/campaign/{campaign['_id']}"))["campaign"]["status"] == "running"
    held = await account.call("DELETE", f"/agent/{agent_id}/archive", 409)
    assert 'running campaign "Spring"' in held["errors"][0]
    await account.call("DELETE", path, 400)
    await account.call("POST", f"/campaign/{campaign['_id']}/pause")
    listed = await account.call("GET", "/campaign")
    assert [each["status"] for each in listed["campaigns"]] == ["paused"]
    export = await account.call("GET", f"/campaign/{campaign['_id']}/logs/export")
    assert export.text.startswith("callId,status")
    await account.call("DELETE", f"/campaign/{campaign['_id']}")
    await account.call("DELETE", f"/agent/{agent_id}/archive")


async def test_a_scheduled_campaign_starts_at_its_time(account: Account) -> None:
    agent_id = await account.agent()
    file = {"file": ("people.csv", b"phone\n+14155550111\n", "text/csv")}
    fields = {"name": "Customers", "phoneNumberColumnName": "phone"}
    audience = await account.call("POST", "/audience", data=fields, files=file)
    body = {"name": "Later", "audienceId": audience["_id"], "agentId": agent_id, "scheduledAt": "2026-10-01T11:00:00Z"}
    campaign = await account.call("POST", "/campaign", 201, json=body)
    assert campaign["status"] == "scheduled"
    account.clock.advance(3600)
    assert (await account.call("GET", f"/campaign/{campaign['_id']}"))["campaign"]["status"] == "processing"


async def test_call_actions_belong_to_an_agent(account: Account) -> None:
    agent_id = await account.agent()
    condition = {"field": "status", "operator": "eq", "value": "completed"}
    body = {
        "agentId": agent_id,
        "category": "post-call",
        "provider": "hubspot",
        "action_type": "create",
        "object": "contact",
        "config": {"conditions": [condition], "body": "{}"},
    }
    action = await account.call("POST", "/call-actions", 201, json=body)
    await account.call("PUT", f"/call-actions/{action['_id']}", json={"object": "deal"})
    listed = await account.call("GET", f"/call-actions?agentId={agent_id}")
    assert [each["object"] for each in listed["callActions"]] == ["deal"]
    await account.call("GET", "/call-actions", 400)
    await account.call("POST", "/call-actions", 400, json={**body, "category": "trigger"})
    await account.call("DELETE", f"/call-actions/{action['_id']}")
    await account.call("GET", f"/call-actions/{action['_id']}", 404)


async def test_reservations_cannot_exceed_the_organization(account: Account) -> None:
    agent_id = await account.agent()
    slots = {"agentId": agent_id, "webcall": 60, "outbound": 0, "inbound": 40, "chat": 0}
    await account.call("PUT", "/concurrency/reservations", json={"reservations": [slots]})
    overview = await account.call("GET", "/concurrency")
    assert (overview["totalReserved"], overview["unreservedPool"]) == (100, 0)
    await account.call("PUT", "/concurrency/reservations", 400, json={"reservations": [{**slots, "chat": 1}]})
    freed = {**slots, "webcall": 0, "inbound": 0}
    await account.call("PUT", "/concurrency/reservations", json={"reservations": [freed]})
    assert (await account.call("GET", "/concurrency"))["agents"] == []


async def test_a_registry_tool_in_use_cannot_be_deleted(account: Account) -> None:
    definition = {
        "type": "api_call",
        "name": "look_up",
        "description": "d",
        "url": "https://example.com",
        "method": "GET",
    }
    tool = await account.call("POST", "/tool", 201, json={"definition": definition})
    copy = await account.call("POST", f"/tool/{tool['toolId']}/duplicate", 201)
    assert copy["toolId"] != tool["toolId"]
    agent_id = await account.agent()
    await account.publish(agent_id, singlePromptConfig={"toolRefs": [tool["toolId"]]})
    await account.call("DELETE", f"/tool/{tool['toolId']}", 400)
    await account.call("DELETE", f"/tool/{copy['toolId']}")
    await account.call("POST", "/tool", 400, json={"definition": {"type": "end_call"}})
    assert len(await account.call("GET", "/tool")) == 1


async def test_a_secrets_value_is_never_shown_or_kept(account: Account) -> None:
    secret = await account.call("POST", "/secret", 201, json={"name": "TOKEN", "value": "s3cret-value"})
    assert [each["name"] for each in await account.call("GET", "/secret")] == ["TOKEN"]
    assert b"s3cret-value" not in account.store.database.dump()
    await account.call("POST", "/secret", 400, json={"name": "no spaces", "value": "x"})
    await account.call("DELETE", f"/secret/{secret['_id']}")


async def test_scoring_refuses_an_unchanged_prompt_and_too_many_requests(account: Account) -> None:
    agent_id = await account.agent()
    for number in range(11):
        revision = await account.publish(agent_id, singlePromptConfig={"prompt": f"Prompt number {number}. " * 30})
        if number == 0:
            score = await account.call("POST", "/prompt-scoring/score", json={"versionId": revision["_id"]})
            assert len(score["dimensions"]) == 11
            await account.call("POST", "/prompt-scoring/score", 400, json={"versionId": revision["_id"]})
    revisions = (await account.call("GET", f"/agent/{agent_id}/branches/{revision['branch']}/revisions"))["revisions"]
    scored = [row for row in revisions if row["promptScore"]]
    assert len(scored) == 1
    account.store.database.put("setting", "scoring", {str(int(account.clock.now().timestamp()) // 60): 10})
    limited = await account.call("POST", "/prompt-scoring/score", 429, json={"versionId": revision["_id"]})
    assert limited["rateLimit"]["limit"] == 10


@pytest.mark.parametrize(
    "path", ["/disposition-metric-templates", "/dnc", "/user/subscription", "/product/all-numbers"]
)
async def test_plain_reads_answer(account: Account, path: str) -> None:
    assert await account.call("GET", path)


async def test_the_document_lists_each_operation_once(open_account: Callable[..., Account]) -> None:
    document = (await open_account().client.get("/openapi.json")).json()
    ids = [operation["operationId"] for each in document["paths"].values() for operation in each.values()]
    assert len(ids) == len(set(ids))
    assert not any(
        "/branches" in path for path in (await open_account(api="v1").client.get("/openapi.json")).json()["paths"]
    )


async def test_numbers_are_rented_imported_and_released(account: Account) -> None:
    offered = await account.call("GET", "/product/get-available-numbers?countryCode=US&provider=plivo")
    assert len(offered) == 5
    number = {"phoneNumber": offered[0]["phoneNumber"], "provider": "plivo"}
    await account.call("POST", "/product/rent-number", json=number)
    assert "already" in (await account.call("POST", "/product/rent-number", 400, json=number))["errors"][0]
    trunk = {"phoneNumber": "desk 12", "sipTerminationUrl": "sip:trunk.example.com:5060"}
    imported = await account.call("POST", "/product/import-phone-number", json=trunk)
    assert imported["attributes"]["sipTerminationUrl"] == "trunk.example.com:5060"
    numbers = await account.call("GET", "/product/all-numbers")
    assert (len(numbers["telephonyProducts"]), len(numbers["customProducts"])) == (2, 1)
    agent_id = await account.agent()
    await account.call("PATCH", f"/agent/{agent_id}", json={"telephonyProductId": [imported["_id"]]})
    release = {"productId": imported["_id"]}
    await account.call("POST", "/product/release-number", 400, json=release)
    await account.call("PATCH", f"/agent/{agent_id}", json={"telephonyProductId": []})
    await account.call("POST", "/product/release-number", json=release)
    assert (await account.call("GET", "/product/all-numbers"))["customProducts"] == []


async def test_a_malformed_audience_id_fails_with_the_status_error(account: Account) -> None:
    refused = await account.call("GET", "/audience/none/members", 400)
    assert refused["status"] == "error"
    assert (await account.call("GET", f"/audience/{'a' * 24}/members", 404))["status"] is False
