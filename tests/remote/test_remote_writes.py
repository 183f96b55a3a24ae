"""Every write of the port as it is sent, and whether it is sent again after its answer was lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email import message_from_bytes
from typing import Any

import httpx2
import pytest
from scripted_account import KEY, UNLIMITED, Platform, Whole, scripted

from agentops.document import AgentListing, Draft, Generation, ObservedAgent, Revision
from agentops.errors import OutcomeUnknownError, PlatformError
from agentops.remote.connect import connect
from agentops.remote.port import Publication, Writer
from agentops.resources import Part, PartState

Write = Callable[[Writer], Awaitable[object]]
AGENT = ObservedAgent(AgentListing("a1", "Acme", {}), live=Revision("v1"), branch_id="b1")
PUBLICATION = Publication("a1", "first", branch_id="b1", draft_id="d1", restored_from="v0")
PAGE, FILE = Part("p1", "https://acme.example", PartState.READY, is_page=True), Part("i1", "faq.pdf", PartState.READY)

# Done twice, each of these is done once: it is sent again.
REPEATED: list[tuple[str, Any, Write]] = [
    ("PATCH /agent/a1", {"name": "Acme"}, lambda a: a.write_metadata("a1", {"name": "Acme"})),
    ("DELETE /agent/a1/archive", None, lambda a: a.archive_agent("a1")),
    ("DELETE /audience/x1", None, lambda a: a.delete_audience("x1")),
    ("DELETE /campaign/x1", None, lambda a: a.delete_campaign("x1")),
    ("POST /knowledgebase/x1", {"name": "Returns"}, lambda a: a.knowledge.update("x1", {"name": "Returns"})),
    ("DELETE /knowledgebase/x1", None, lambda a: a.knowledge.delete("x1")),
    ("DELETE /knowledgebase/x1/scraped-urls/p1", None, lambda a: a.knowledge.remove_part("x1", PAGE)),
    ("DELETE /knowledgebase/x1/items/i1", None, lambda a: a.knowledge.remove_part("x1", FILE)),
    ("PATCH /tool/x1", {"definition": {"name": "look_up"}}, lambda a: a.tools.update("x1", {"name": "look_up"})),
    ("DELETE /tool/x1", None, lambda a: a.tools.delete("x1")),
    ("PATCH /webhook/x1", {"description": "CRM"}, lambda a: a.webhooks.update("x1", {"description": "CRM"})),
    ("DELETE /webhook/x1", None, lambda a: a.webhooks.delete("x1")),
    (
        "POST /agent/a1/webhook-subscriptions",
        {"eventTypes": ["post-conversation"], "webhookId": "x1"},
        lambda a: a.webhooks.subscribe("a1", "x1", ["post-conversation"]),
    ),
    ("DELETE /agent/a1/webhook-subscriptions", None, lambda a: a.webhooks.unsubscribe("a1")),
    (
        "POST /conversation/register-call",
        {"agent_id": "a1", "mode": "chat", "variables": {"customer": "Ana"}},
        lambda a: a.register_call("a1", mode="chat", variables={"customer": "Ana"}),
    ),
]
# What these make would be there twice, or what they change be somebody else's by then.
NOT_REPEATED: list[tuple[str, Any, Write]] = [
    (
        "POST /agent",
        {"name": "Acme", "workflowType": "single_prompt", "description": "A line"},
        lambda a: a.create_agent("Acme", description="A line"),
    ),
    ("POST /campaign", {"name": "Renewals"}, lambda a: a.create_campaign({"name": "Renewals"})),
    ("POST /campaign/x1/start", None, lambda a: a.start_campaign("x1")),
    ("POST /campaign/x1/pause", None, lambda a: a.pause_campaign("x1")),
    ("POST /knowledgebase", {"name": "Returns"}, lambda a: a.knowledge.create({"name": "Returns"})),
    (
        "POST /knowledgebase/x1/scrape-urls",
        {"urls": ["https://acme.example"]},
        lambda a: a.knowledge.add_pages("x1", ("https://acme.example",)),
    ),
    ("POST /tool", {"definition": {"name": "look_up"}}, lambda a: a.tools.create({"name": "look_up"})),
    (
        "POST /webhook",
        {"endpoint": "https://crm.example", "events": []},
        lambda a: a.webhooks.create({"endpoint": "https://crm.example"}),
    ),
]
DRAFT = Draft("d1")
OF_GENERATION: list[tuple[Generation, str, Any, bool, Write]] = [
    (
        Generation.V2,
        "PUT /agent/a1/branches/b1/draft",
        {"firstMessage": "Hi"},
        True,
        lambda a: a.write_draft(AGENT, DRAFT, {"firstMessage": "Hi"}),
    ),
    (
        Generation.V2,
        "PUT /agent/a1/branches/b1/draft",
        {"firstMessage": "Hi", "expectedRevision": 0},
        False,
        lambda a: a.write_draft(AGENT, Draft("d1", draft_revision=0), {"firstMessage": "Hi"}),
    ),
    (Generation.V2, "DELETE /agent/a1/branches/b1/draft", None, False, lambda a: a.discard_draft(AGENT, DRAFT)),
    (
        Generation.V2,
        "POST /agent/a1/branches/b1/draft/publish",
        {"label": "first"},
        False,
        lambda a: a.publish_draft(PUBLICATION),
    ),
    (
        Generation.V2,
        "POST /agent/a1/branches/b1/draft/publish/cancel",
        None,
        True,
        lambda a: a.cancel_publication(PUBLICATION),
    ),
    (
        Generation.V2,
        "POST /agent/a1/branches/b1/revisions/v0/restore",
        None,
        False,
        lambda a: a.restore(PUBLICATION),
    ),
    (
        Generation.V2,
        "POST /agent/a1/branches/b1/live",
        {},
        True,
        lambda a: a.make_live("a1", Revision("v1", branch_id="b1")),
    ),
    (
        Generation.V1,
        "POST /agent/a1/drafts",
        {"sourceVersionId": "v1", "draftName": "agentops " + "n" * 91},
        False,
        lambda a: a.open_draft(AGENT, "n" * 200),
    ),
    (
        Generation.V1,
        "PATCH /agent/a1/drafts/d1/config",
        {"firstMessage": "Hi"},
        True,
        lambda a: a.write_draft(AGENT, Draft("d1", draft_revision=3), {"firstMessage": "Hi"}),
    ),
    (Generation.V1, "DELETE /agent/a1/drafts/d1", None, False, lambda a: a.discard_draft(AGENT, DRAFT)),
    (
        Generation.V1,
        "POST /agent/a1/drafts/d1/publish",
        {"label": "first"},
        False,
        lambda a: a.publish_draft(PUBLICATION),
    ),
    (Generation.V1, "PATCH /agent/a1/versions/v1/activate", None, True, lambda a: a.make_live("a1", Revision("v1"))),
]
EVERY = [
    *((Generation.V2, request, body, True, write) for request, body, write in REPEATED),
    *((Generation.V2, request, body, False, write) for request, body, write in NOT_REPEATED),
    *OF_GENERATION,
]
IDS = [f"{generation.value} {request} {body or ''}" for generation, request, body, _, _ in EVERY]
MADE = {"_id": "x1", "toolId": "x1", "access_token": "token", "draftRevision": 1}


@pytest.mark.parametrize(("generation", "request_", "body", "is_repeated", "write"), EVERY, ids=IDS)
async def test_only_what_may_be_done_twice_is_sent_again(
    generation: Generation, request_: str, body: Any, is_repeated: bool, write: Write
) -> None:
    async with scripted({request_: (Whole("upstream", 503), MADE)}, generation) as (account, platform):
        if is_repeated:
            await write(account)
        else:
            with pytest.raises(OutcomeUnknownError):
                await write(account)
    assert platform.requests == [request_] * (2 if is_repeated else 1)
    assert platform.asked[-1].body == body


@pytest.mark.parametrize(
    ("request_", "form", "file", "write"),
    [
        (
            "POST /audience",
            {"name": "People", "description": "ao1", "phoneNumberColumnName": "phone"},
            ("file", "audience.csv", "text/csv", b"phone\r\n+1415\r\n--x"),
            lambda a: a.create_audience(
                "People", description="ao1", phone_column="phone", csv=b"phone\r\n+1415\r\n--x"
            ),
        ),
        (
            "POST /knowledgebase/x1/items/upload-media",
            {},
            ("media", "faq.pdf", "application/pdf", b"%PDF\x00\xff"),
            lambda a: a.knowledge.add_file("x1", "faq.pdf", b"%PDF\x00\xff"),
        ),
    ],
)
async def test_a_file_is_sent_once_and_whole(
    request_: str, form: dict[str, str], file: tuple[str, str, str, bytes], write: Write
) -> None:
    sent: list[httpx2.Request] = []
    platform = Platform({request_: (Whole("upstream", 503), MADE)})

    def keep(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return platform(request)

    transport = httpx2.MockTransport(keep)
    async with await connect(
        "http://platform.test", KEY, generation=Generation.V2, options=UNLIMITED, transport=transport
    ) as account:
        with pytest.raises(OutcomeUnknownError):
            await write(account)
    [request] = sent
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts: list[Any] = message_from_bytes(head + request.content).get_payload()
    fields = {part.get_param("name", header="content-disposition"): part.get_payload() for part in parts[:-1]}
    last = parts[-1]
    name = last.get_param("name", header="content-disposition")
    assert fields == form
    assert (name, last.get_filename(), last.get_content_type()) == file[:3]
    assert file[3] in request.content


@pytest.mark.parametrize("answer", [None, {}, {"_id": "", "toolId": ""}, {"_id": 7, "toolId": 7}, 7, ""])
@pytest.mark.parametrize(
    ("request_", "write"),
    [
        ("POST /agent", lambda a: a.create_agent("Acme")),
        ("POST /campaign", lambda a: a.create_campaign({})),
        ("POST /knowledgebase", lambda a: a.knowledge.create({})),
        ("POST /tool", lambda a: a.tools.create({})),
        ("POST /webhook", lambda a: a.webhooks.create({})),
    ],
)
async def test_what_was_made_without_an_id_is_an_error_that_says_what_to_do(
    request_: str, write: Write, answer: Any
) -> None:
    async with scripted({request_: answer}) as (account, _):
        with pytest.raises(PlatformError, match="without saying its id") as caught:
            await write(account)
    assert caught.value.request == request_
    assert str(caught.value.hint).startswith("run it again")


@pytest.mark.parametrize(
    ("request_", "write"),
    [
        ("POST /agent", lambda a: a.create_agent("Acme")),
        ("POST /campaign", lambda a: a.create_campaign({})),
        ("POST /knowledgebase", lambda a: a.knowledge.create({})),
        ("POST /tool", lambda a: a.tools.create({})),
        ("POST /webhook", lambda a: a.webhooks.create({})),
    ],
)
async def test_an_id_comes_in_an_object_or_alone(request_: str, write: Callable[[Writer], Awaitable[str]]) -> None:
    async with scripted({request_: (MADE, "x2")}) as (account, _):
        assert [await write(account), await write(account)] == ["x1", "x2"]
