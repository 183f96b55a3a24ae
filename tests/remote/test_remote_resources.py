"""What the port says of tools, knowledge bases and webhooks, held against the emulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from agentops.document import Generation, Secret, SecretRef
from agentops.emulator.app import create_app
from agentops.emulator.options import EmulatorOptions
from agentops.errors import PlatformError
from agentops.net import NetOptions
from agentops.remote.connect import connect
from agentops.remote.port import ProcessingFailedError, Publication, Writer
from agentops.resources import Kind, PartState, Ref, listing_of

KEY = Secret((SecretRef("KEY", "sk_test"),))
TOOL = {"type": "client_tool", "name": "look_up", "description": "Look up the order."}


@pytest.fixture
async def account(anyio_backend: str) -> AsyncIterator[Writer]:
    app = create_app(EmulatorOptions(seed=1, scan_delay_s=0.0))
    net = NetOptions(requests_per_second=None)
    try:
        async with await connect(
            "http://emulator.test", KEY, options=net, transport=httpx2.ASGITransport(app)
        ) as found:
            yield found
    finally:
        app.state.store.close()


async def test_a_tool_is_made_changed_and_deleted(account: Writer) -> None:
    tool_id = await account.tools.create(TOOL)
    [found] = await account.tools.list()
    assert (found.kind, found.resource_id, found.name, found.content) == (Kind.TOOL, tool_id, "look_up", TOOL)
    assert found.edited_at is None
    assert await account.tools.is_ready(tool_id)
    await account.tools.update(tool_id, {**TOOL, "description": "Changed."})
    assert (await account.tools.list())[0].content["description"] == "Changed."
    await account.tools.delete(tool_id)
    await account.tools.delete(tool_id)  # gone already is no error
    assert list(await account.tools.list()) == []


async def test_two_tools_may_have_one_name(account: Writer) -> None:
    assert await account.tools.create(TOOL) != await account.tools.create(TOOL)


async def test_a_knowledge_base_is_filled_and_read_back_by_name_and_size(account: Writer) -> None:
    base_id = await account.knowledge.create({"name": "Returns", "description": "ao1.0123456789ab.ba9876543210"})
    await account.knowledge.add_file(base_id, "faq.pdf", b"%PDF-1.7 text")
    await account.knowledge.add_pages(base_id, ["https://acme.example/returns"])
    assert await account.knowledge.is_ready(base_id)
    parts = await account.knowledge.read_parts(base_id)
    assert [(each.name, each.size, each.state) for each in parts] == [
        ("faq.pdf", 13, PartState.READY),
        ("https://acme.example/returns", None, PartState.READY),
    ]
    [found] = await account.knowledge.list()
    assert found.mark is not None
    assert (found.mark.owner, found.mark.sources, found.mark.listing) == ("0123456789ab", "ba9876543210", None)
    sealed = replace(found.mark, listing=listing_of(parts))
    await account.knowledge.update(base_id, {"name": "Returns", "description": str(sealed)})
    assert (await account.knowledge.list())[0].mark == sealed
    await account.knowledge.remove_part(base_id, parts[0])
    await account.knowledge.remove_part(base_id, parts[1])
    assert list(await account.knowledge.read_parts(base_id)) == []
    await account.knowledge.delete(base_id)
    assert list(await account.knowledge.list()) == []


async def test_a_file_that_can_not_be_processed_is_named_with_its_reason(account: Writer) -> None:
    base_id = await account.knowledge.create({"name": "Returns", "description": ""})
    await account.knowledge.add_file(base_id, "broken.pdf", b"not a PDF")
    with pytest.raises(ProcessingFailedError, match=r"the file broken.pdf: The file is not a readable PDF"):
        await account.knowledge.is_ready(base_id)


async def test_a_page_that_can_not_be_read_is_named(account: Writer) -> None:
    base_id = await account.knowledge.create({"name": "Returns", "description": ""})
    await account.knowledge.add_pages(base_id, ["https://acme.invalid/returns"])
    with pytest.raises(ProcessingFailedError, match=r"the page https://acme\.invalid/returns"):
        await account.knowledge.is_ready(base_id)


async def test_a_webhook_is_told_of_the_agents_that_are_subscribed(account: Writer) -> None:
    agent_id = await account.create_agent("Acme")
    hook_id = await account.webhooks.create({"endpoint": "https://crm.example.com", "description": "CRM"})
    await account.webhooks.update(hook_id, {"headers": {"X-Token": Secret((SecretRef("T", "value"),))}})
    await account.webhooks.subscribe(agent_id, hook_id, ["post-conversation", "analytics-completed"])
    [found] = await account.webhooks.list()
    assert (found.name, found.resource_id) == ("CRM", hook_id)
    events = {agent_id: ["analytics-completed", "post-conversation"]}
    assert found.content == {"endpoint": "https://crm.example.com", "events": events}
    assert len(await account.webhooks.read_secret(hook_id)) == 64
    assert "value" not in repr(found)
    with pytest.raises(PlatformError, match="assigned"):
        await account.webhooks.delete(hook_id)
    await account.webhooks.unsubscribe(agent_id)
    await account.webhooks.delete(hook_id)
    await account.webhooks.delete(hook_id)


class Looking:
    """References to one tool."""

    def __init__(self, tool_id: str) -> None:
        self.tool_id = tool_id
        self.ref = Ref(Kind.TOOL, "look_up", "f1")

    def to_references(self, document: dict[str, object]) -> dict[str, object]:
        return {**document, "singlePromptConfig": {**document["singlePromptConfig"], "toolRefs": [self.ref]}}  # type: ignore[dict-item]

    def to_ids(self, document: dict[str, object]) -> dict[str, object]:
        prompt = {**document["singlePromptConfig"], "toolRefs": [self.tool_id]}  # type: ignore[dict-item]
        return {**document, "singlePromptConfig": prompt}


async def test_documents_are_written_with_ids_and_read_with_references(account: Writer) -> None:
    assert account.generation is Generation.V2
    names = Looking(await account.tools.create(TOOL))
    account.refer_by(names)
    agent_id = await account.create_agent("Acme")
    observed = await account.read_agent(await account.read_listing(agent_id))
    body = {"singlePromptConfig": {"prompt": "Hi.", "toolRefs": [names.ref]}}
    draft = await account.write_draft(observed, await account.open_draft(observed, "test"), body)
    seen, unknown = account.with_leaves({}, await account.diff_draft(observed, draft))
    assert seen["singlePromptConfig"]["toolRefs"] == [names.ref]
    assert not unknown
    await account.publish_draft(Publication(agent_id, "one", branch_id=observed.branch_id))
    live = await account.read_live(agent_id)
    assert live is not None
    assert live.document is not None
    assert live.document["singlePromptConfig"]["toolRefs"] == [names.ref]
    with pytest.raises(PlatformError, match="referenced"):
        await account.tools.delete(names.tool_id)
