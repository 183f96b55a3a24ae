"""Webhooks and their subscriptions over HTTP. Delivering is done in `deliveries`."""

from __future__ import annotations

import re
import secrets as random_secrets
from typing import Any

from agentops.emulator.rest.schema import COUNT, ID, OBJECT, STAMP, TEXT, array, mapping, maybe, obj, one_of, text
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ORGANIZATION_ID, USER_ID, Store

EVENT_TYPES = ("pre-conversation", "post-conversation", "analytics-completed")
RESERVED_HEADERS = {"x-signature", "host", "content-length", "content-type", "connection", "transfer-encoding"}
# A token of RFC 7230.
HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
TAKEN = "A webhook with this URL has already been registered"


def list_webhooks(store: Store, request: Request) -> Answer:
    """All of them, or with `webhookId` one, as an object."""
    if webhook_id := request.query.get("webhookId"):
        return answer(show(store, _read(store, webhook_id)))
    return answer([show(store, each) for each in store.database.all("webhook")])


def show(store: Store, webhook: Body) -> Body:
    """The webhook with its subscriptions, in which `agentId` is an object, unlike in an agent's own list of them."""
    subscriptions = []
    for each in store.database.all("subscription"):
        if each["webhookId"] == webhook["_id"]:
            agent = store.database.get("agent", each["agentId"]) or {}
            summary = {name: agent.get(name, "") for name in ("name", "description")}
            subscriptions.append({**each, "agentId": {"_id": each["agentId"], **summary}})
    # No source shows `headers` in an answer.
    return {**{name: value for name, value in webhook.items() if name != "headers"}, "subscriptions": subscriptions}


def create_webhook(store: Store, request: Request) -> Answer:
    """Answers the id alone: the secret has to be read afterwards."""
    body = request.body
    _check_url(store, body["endpoint"])
    for event in body["events"]:
        _check_agent(store, event["agentId"])
    webhook_id = store.new_id()
    webhook = {
        "_id": webhook_id,
        "url": body["endpoint"],  # written under one name, read under another
        "description": body["description"],
        "status": "enabled",
        "organizationId": ORGANIZATION_ID,
        "createdBy": USER_ID,
        "decryptedSecretKey": random_secrets.token_hex(32),  # readable by every key, as on the platform
        "headers": {},
        **store.stamps(),
    }
    store.database.put("webhook", webhook_id, webhook)
    for event in body["events"]:
        _subscribe(store, webhook_id, event["agentId"], event["eventType"])
    return answer(webhook_id, 201)


def update_webhook(store: Store, request: Request) -> Answer:
    webhook = _read(store, request.params["webhook_id"])
    body = request.body
    if not {"endpoint", "description", "headers"} & set(body):
        raise ApiError(400, "At least one of endpoint, description or headers is required")
    if "endpoint" in body and body["endpoint"] != webhook["url"]:
        _check_url(store, body["endpoint"])
    if "headers" in body:
        if len(body["headers"]) > 10:
            raise ApiError(400, "headers: At most 10 headers are allowed")
        for name, value in body["headers"].items():
            if not HEADER_NAME.fullmatch(name) or name.lower() in RESERVED_HEADERS or len(value) > 1024:
                raise ApiError(400, f"headers: {name} is not allowed")
        webhook["headers"] = body["headers"]  # replaced as a whole: `{}` clears them, leaving them out keeps them
    webhook["url"] = body.get("endpoint", webhook["url"])
    webhook["description"] = body.get("description", webhook["description"])
    webhook["updatedAt"] = store.now()
    store.database.put("webhook", webhook["_id"], webhook)
    return answer(webhook["_id"])


def delete_webhook(store: Store, request: Request) -> Answer:
    webhook = _read(store, request.params["webhook_id"])
    if any(each["webhookId"] == webhook["_id"] for each in store.database.all("subscription")):
        raise ApiError(400, "Cannot delete webhook: It is currently assigned to one or more agents")
    store.database.drop("webhook", webhook["_id"])
    return answer("Webhook deleted successfully")


def _read(store: Store, webhook_id: str) -> Body:
    if not re.fullmatch("[a-f0-9]{24}", webhook_id):
        raise ApiError(400, "The provided Webhook ID is invalid.")
    webhook = store.database.get("webhook", webhook_id)
    if webhook is None:
        raise ApiError(404, "Webhook not found")
    return webhook


def _check_url(store: Store, url: str) -> None:
    if not re.match(r"^https?://[^\s/]+", url):
        raise ApiError(400, "endpoint: Invalid url")
    if any(each["url"] == url for each in store.database.all("webhook")):
        raise ApiError(400, TAKEN)


def _check_agent(store: Store, agent_id: str) -> None:
    if store.database.get("agent", agent_id) is None:
        raise ApiError(400, "Agent not found")


# -- subscriptions


def list_subscriptions(store: Store, request: Request) -> Answer:
    _check_agent(store, request.params["agent_id"])
    return answer(store.database.all("subscription", owner=request.params["agent_id"]))


def replace_subscriptions(store: Store, request: Request) -> Answer:
    """Deletes all of the agent's subscriptions, of every webhook, before it adds the new ones."""
    agent_id = request.params["agent_id"]
    _check_agent(store, agent_id)
    webhook = _read(store, request.body["webhookId"])
    store.database.drop_owned("subscription", agent_id)
    for event_type in dict.fromkeys(request.body["eventTypes"]):
        _subscribe(store, webhook["_id"], agent_id, event_type)
    return answer("Subscriptions created successfully", 201)


def delete_subscriptions(store: Store, request: Request) -> Answer:
    _check_agent(store, request.params["agent_id"])
    store.database.drop_owned("subscription", request.params["agent_id"])
    return answer("Subscriptions deleted successfully")


def _subscribe(store: Store, webhook_id: str, agent_id: str, event_type: str) -> None:
    key = store.new_id()
    subscription = {
        "_id": key,
        "webhookId": webhook_id,
        "agentId": agent_id,
        "eventType": event_type,
        **store.stamps(),
    }
    store.database.put("subscription", key, subscription, owner=agent_id)


def list_events(store: Store, request: Request) -> Answer:
    """The deliveries to a webhook and how they ended, newest first. The shape of a row is a guess."""
    webhook = _read(store, request.query.get("webhookId", ""))
    rows = store.database.all("delivery", owner=webhook["_id"])[::-1]
    return answer(
        [
            {
                "_id": row["_id"],
                "webhookId": webhook["_id"],
                "eventType": row["event"],
                "callId": row["callId"],
                "status": row["status"],
                "statusCode": row["httpStatus"],
                "payload": row["payload"],
                "createdAt": row["at"],
            }
            for row in rows
        ]
    )


_EVENT_TYPE = one_of(*EVENT_TYPES)
_ALL = "/atoms/v1/webhook"
_SUBSCRIPTIONS = "/atoms/v1/agent/{agent_id}/webhook-subscriptions"
_SUBSCRIBED = obj(
    {
        "_id": ID,
        "webhookId": ID,
        "agentId": obj({"_id": ID, "name": TEXT, "description": TEXT}, required=("_id",)),
        "eventType": _EVENT_TYPE,
        "createdAt": STAMP,
        "updatedAt": STAMP,
    },
    required=("_id", "webhookId", "agentId", "eventType"),
)
_WEBHOOK = obj(
    {
        "_id": ID,
        "url": TEXT,
        "description": TEXT,
        "status": one_of("enabled", "disabled"),
        "organizationId": ID,
        "createdBy": ID,
        "subscriptions": array(_SUBSCRIBED),
        "decryptedSecretKey": TEXT,
        "createdAt": STAMP,
        "updatedAt": STAMP,
    },
    required=("_id", "url", "status", "subscriptions", "decryptedSecretKey"),
)
_SUBSCRIPTION = obj(
    {"_id": ID, "webhookId": ID, "agentId": ID, "eventType": _EVENT_TYPE, "createdAt": STAMP, "updatedAt": STAMP},
    required=("_id", "webhookId", "agentId", "eventType"),
)
_DELIVERED = obj(
    {
        "_id": ID,
        "webhookId": ID,
        "eventType": _EVENT_TYPE,
        "callId": TEXT,
        "payload": OBJECT,
        "createdAt": STAMP,
        "status": one_of("DELIVERED", "FAILED"),
        "statusCode": maybe(COUNT),
    },
    required=("_id", "webhookId", "eventType", "status"),
)
_EVENTS = array(obj({"agentId": TEXT, "eventType": _EVENT_TYPE}, required=("agentId", "eventType")))
_CHANGES: dict[str, Any] = {"endpoint": TEXT, "description": TEXT, "headers": mapping(text(most=1024))}

ROUTES = (
    Route(
        "GET",
        _ALL,
        list_webhooks,
        "List webhooks, or read one",
        {200: data({"anyOf": [array(_WEBHOOK), _WEBHOOK]})},
        query={"webhookId": TEXT},
        refuses=(400, 404),
    ),
    Route(
        "GET",
        _ALL + "/events",
        list_events,
        "List what was delivered to a webhook",
        {200: data(array(_DELIVERED))},
        query={"webhookId": TEXT},
        refuses=(400, 404),
    ),
    Route(
        "POST",
        _ALL,
        create_webhook,
        "Create a webhook",
        {201: data(ID)},
        body=obj(
            {"endpoint": TEXT, "description": TEXT, "events": _EVENTS}, required=("endpoint", "description", "events")
        ),
    ),
    Route(
        "PATCH",
        _ALL + "/{webhook_id}",
        update_webhook,
        "Change a webhook",
        {200: data(ID)},
        body=obj(_CHANGES),
        refuses=(400, 404),
    ),
    Route("DELETE", _ALL + "/{webhook_id}", delete_webhook, "Delete a webhook", {200: data(TEXT)}, refuses=(400, 404)),
    Route(
        "GET", _SUBSCRIPTIONS, list_subscriptions, "List an agent's subscriptions", {200: data(array(_SUBSCRIPTION))}
    ),
    Route(
        "POST",
        _SUBSCRIPTIONS,
        replace_subscriptions,
        "Replace an agent's subscriptions",
        {201: data(TEXT)},
        body=obj({"eventTypes": array(_EVENT_TYPE), "webhookId": TEXT}, required=("eventTypes", "webhookId")),
        refuses=(400, 404),
    ),
    Route("DELETE", _SUBSCRIPTIONS, delete_subscriptions, "Delete an agent's subscriptions", {200: data(TEXT)}),
)
