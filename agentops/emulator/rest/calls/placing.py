"""Starting calls over HTTP: on the phone, in LiveKit rooms, and test calls of what does not serve.

A call on the phone is never answered here, and a LiveKit room has nobody in it: the answers have the platform's shape
so that a client can go on, and that is all.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from agentops.emulator.rest.schema import FLAG, ID, TEXT, obj, one_of, problems
from agentops.emulator.rest.shapes import CALL_ID, TEST_CALL, VARIABLES
from agentops.emulator.rest.versioning import versions
from agentops.emulator.rest.versioning.fields import E164
from agentops.emulator.rest.versioning.v1 import read_draft
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store

LIVEKIT_HOST = "wss://emulated.livekit.cloud"


def call_out(store: Store, request: Request) -> Answer:
    """Queues a call on the phone; the conversation id is the call id here."""
    agent = store.database.get("agent", request.body["agentId"])
    if agent is None:
        raise ApiError(400, "Agent not found")
    if agent["archived"]:
        raise ApiError(400, "Agent is archived and cannot initiate calls")
    if problems(E164, request.body["phoneNumber"]):
        raise ApiError(400, "Invalid phone number")
    product = request.body.get("fromProductId")
    if product is not None and store.database.get("product", product) is None:
        raise ApiError(400, "Invalid product id")
    revision = None
    if version := request.body.get("versionId"):
        revision = versions.read_revision(store, agent["_id"], version)
    extra = {"to": request.body["phoneNumber"], "variables": request.body.get("variables", {})}
    call_id = _queue(store, agent, "telephony_outbound", "in_queue", revision, **extra)
    return answer({"conversationId": call_id})


def open_webcall(store: Store, request: Request) -> Answer:
    return _open_room(store, request, "webcall")


def open_chat(store: Store, request: Request) -> Answer:
    return _open_room(store, request, "chat")


def _open_room(store: Store, request: Request, mode: str) -> Answer:
    agent = versions.read_agent(store, request.body["agentId"])
    return answer(_room(store, agent, mode, versions.live_revision(store, agent), is_test=False))


def test_branch(store: Store, request: Request) -> Answer:
    """A test call of a branch's head, of one of its revisions, or of its open draft."""
    agent = versions.read_agent(store, request.params["agent_id"])
    branch = versions.read_branch(store, agent["_id"], request.params["branch_id"])
    body = request.body or {}
    if body.get("includeDraft") and body.get("revisionId"):
        raise ApiError(400, "includeDraft and revisionId are mutually exclusive")
    revision = None
    if body.get("includeDraft"):
        if not branch["openDraftId"]:
            raise ApiError(404, "No open draft on this branch")
    else:
        wanted = body.get("revisionId") or branch["headRevisionId"]
        if wanted is None:
            raise ApiError(409, "The branch has no committed revision", error_type="no_committed_revision")
        revision = versions.read_revision(store, agent["_id"], wanted)
        if revision["branch"] != branch["_id"]:
            raise ApiError(400, "Revision does not belong to this branch")
    return answer(_test_call(store, agent, body, revision))


def test_draft(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    read_draft(store, agent, request.params["draft_id"])
    return answer(_test_call(store, agent, request.body or {}, None))


def test_version(store: Store, request: Request) -> Answer:
    agent = versions.read_agent(store, request.params["agent_id"])
    version = versions.read_revision(store, agent["_id"], request.params["version_id"])
    return answer(_test_call(store, agent, request.body or {}, version))


def _test_call(store: Store, agent: Body, body: Body, revision: Body | None) -> Body:
    mode = body.get("mode", "webcall")
    if mode != "telephony":
        return _room(store, agent, mode, revision, is_test=True)
    if problems(E164, body.get("toPhone", "")):
        raise ApiError(400, "toPhone: Required")
    call_id = _queue(store, agent, "telephony_outbound", "in_queue", revision, to=body["toPhone"], isTest=True)
    return {"conversationId": _conversation_id(store), "callId": call_id}


def _room(store: Store, agent: Body, mode: str, revision: Body | None, *, is_test: bool) -> Body:
    call_id = _queue(store, agent, mode, "pending", revision, isTest=is_test)
    room = store.new_uuid()
    # The platform's tokens, too, run out a minute after the call was made.
    claims = {"video": {"roomJoin": True, "room": room}, "exp": int(store.clock.now().timestamp()) + 60}
    return {
        "conversationId": _conversation_id(store),
        "callId": call_id,
        "token": ".".join(map(_base64url, ({"alg": "none", "typ": "JWT"}, claims, "emulated"))),
        "roomName": room,
        "host": LIVEKIT_HOST,
    }


def _queue(store: Store, agent: Body, kind: str, status: str, revision: Body | None, **extra: Any) -> str:
    call_id = store.new_call_id()
    record = {
        "callId": call_id,
        "agentId": agent["_id"],
        "type": kind,
        "status": status,
        "duration": 0,
        "from": None,
        "to": None,
        "isTest": False,
        "callCost": 0,
        "versionId": revision and revision["_id"],
        "versionNumber": revision and revision["versionNumber"],
        **extra,
    }
    store.add_call(record)
    return call_id


def _conversation_id(store: Store) -> str:
    """22 characters of base64url, as answers about rooms have; only phone calls have the call's id here."""
    return _base64url(bytes.fromhex(store.new_uuid().replace("-", "")))


def _base64url(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


_TEST_BODY = obj({"mode": one_of("webcall", "chat", "telephony"), "toPhone": TEXT})
_BRANCH_TEST = obj(
    {"includeDraft": FLAG, "revisionId": ID, "mode": one_of("webcall", "chat", "telephony"), "toPhone": TEXT}
)
_ROOM = obj({"agentId": TEXT, "variables": VARIABLES}, required=("agentId",))
_CONVERSATION = "/atoms/v1/conversation"
_AGENT = "/atoms/v1/agent/{agent_id}"


def _post(path: str, handler: Any, summary: str, schema: Any, body: Any, **more: Any) -> Route:
    return Route("POST", path, handler, summary, {200: data(schema)}, body=body, **more)


ROUTES = (
    _post(
        _CONVERSATION + "/outbound",
        call_out,
        "Queue a call on the phone",
        obj({"conversationId": CALL_ID}, required=("conversationId",)),
        obj(
            {"agentId": TEXT, "phoneNumber": TEXT, "variables": VARIABLES, "fromProductId": TEXT, "versionId": ID},
            required=("agentId", "phoneNumber"),
        ),
        refuses=(400, 404),
    ),
    _post(_CONVERSATION + "/webcall", open_webcall, "Open a LiveKit room for a voice call", TEST_CALL, _ROOM),
    _post(_CONVERSATION + "/chat", open_chat, "Open a LiveKit room for a chat", TEST_CALL, _ROOM),
    _post(
        _AGENT + "/branches/{branch_id}/test-call",
        test_branch,
        "Open a test call of a branch, a revision or a draft",
        TEST_CALL,
        _BRANCH_TEST,
        is_body_required=False,
        refuses=(400, 404, 409),
        generation="v2",
    ),
    _post(
        _AGENT + "/drafts/{draft_id}/test-call",
        test_draft,
        "Open a test call of a draft",
        TEST_CALL,
        _TEST_BODY,
        is_body_required=False,
        refuses=(400, 404),
    ),
    _post(
        _AGENT + "/versions/{version_id}/test-call",
        test_version,
        "Open a test call of a version",
        TEST_CALL,
        _TEST_BODY,
        is_body_required=False,
        refuses=(400, 404),
    ),
)
