"""Accounts whose calls are served by another branch than Main, and what the branch model says in passing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from agentops.document import AgentListing, Mark, ObservedAgent, Secret, SecretRef, build_label
from agentops.emulator.app import create_app
from agentops.emulator.options import EmulatorOptions
from agentops.errors import NotFoundError, PlatformError
from agentops.net import NetOptions
from agentops.remote.connect import connect
from agentops.remote.port import Publication, Writer

KEY = Secret((SecretRef("KEY", "sk_test"),))
OURS = build_label("abc1234", Mark("acme", "prod", "support", "0123456789abcdef"))


class Console:
    """Somebody who works on the account by hand, and what a test wants to see of the requests of others."""

    def __init__(self, app: Any) -> None:
        self.inner = httpx2.ASGITransport(app)
        self.log: list[str] = []

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": "Bearer sk_test"}
        async with httpx2.AsyncClient(transport=self.inner, base_url="http://emulator.test", headers=headers) as http:
            answer = await http.request(method, f"/atoms/v1/agent/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()["data"]


class Logged(httpx2.AsyncBaseTransport):
    def __init__(self, console: Console) -> None:
        self.console = console

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.console.log.append(f"{request.method} {request.url.path}")
        return await self.console.inner.handle_async_request(request)


@pytest.fixture
async def account(anyio_backend: str) -> AsyncIterator[tuple[Writer, Console]]:
    app = create_app(EmulatorOptions(scan_delay_s=0.0, seed=1))
    console = Console(app)
    options = NetOptions(requests_per_second=None)
    try:
        async with await connect("http://emulator.test", KEY, options=options, transport=Logged(console)) as writer:
            yield writer, console
    finally:
        app.state.store.close()


async def published(writer: Writer, observed: ObservedAgent, label: str, greeting: str) -> Publication:
    """The answer to a publish on the branch that `observed` names; it is scanned when this returns."""
    draft = await writer.write_draft(observed, await writer.open_draft(observed, "test"), {"firstMessage": greeting})
    newest = (await writer.read_slot(observed.agent_id, observed.branch_id)).newest
    publication = Publication(observed.agent_id, label, newest, branch_id=observed.branch_id, draft_id=draft.draft_id)
    answered = await writer.publish_draft(publication)
    while await writer.read_publication(publication) is None:
        pass
    return answered


async def with_trial_live(writer: Writer, console: Console) -> ObservedAgent:
    """An agent that we deployed on Main, and for which somebody made the branch `trial` live, with an edit."""
    agent_id = await writer.create_agent("Acme")
    listing = await writer.read_listing(agent_id)
    await published(writer, await writer.read_agent(listing), OURS, "Ours")
    main = (await writer.read_head(agent_id)).branch_id
    trial = await console("POST", f"{agent_id}/branches", {"sourceBranchId": main, "name": "trial"})
    await console("PUT", f"{agent_id}/branches/{trial['_id']}/draft", {"firstMessage": "Trial"})
    await console("POST", f"{agent_id}/branches/{trial['_id']}/draft/publish", {"label": "by hand"})
    await console("POST", f"{agent_id}/branches/{trial['_id']}/live", {})
    return await writer.read_agent(listing, mine=("acme", "prod"))


async def test_what_serves_is_read_from_the_live_branch(account: tuple[Writer, Console]) -> None:
    writer, console = account
    observed = await with_trial_live(writer, console)
    live = observed.live
    assert live is not None
    assert live.document is not None
    assert (live.document["firstMessage"], live.label) == ("Trial", "by hand")
    assert live.branch_id == observed.branch_id
    head = await writer.read_head(observed.agent_id)
    assert (head.revision_id, head.branch_id) == (live.revision_id, live.branch_id)
    serving = await writer.read_live(observed.agent_id)
    assert serving is not None
    assert serving.revision_id == live.revision_id


async def test_what_we_last_put_live_is_found_on_the_branch_it_is_on(account: tuple[Writer, Console]) -> None:
    writer, console = account
    observed = await with_trial_live(writer, console)
    base = observed.base
    assert base is not None
    assert base.document is not None
    assert (base.label, base.document["firstMessage"]) == (OURS, "Ours")
    assert base.branch_id != observed.branch_id


async def test_revisions_of_all_branches_are_listed_newest_first(account: tuple[Writer, Console]) -> None:
    writer, console = account
    observed = await with_trial_live(writer, console)
    revisions = await writer.list_revisions(observed.agent_id)
    times = [revision.published_at or "" for revision in revisions]
    assert times == sorted(times, reverse=True)
    assert len({revision.branch_id for revision in revisions}) == 2
    assert [r.label for r in revisions if r.label] == ["by hand", OURS]
    newest = await writer.list_revisions(observed.agent_id, limit=1)
    assert [r.revision_id for r in newest] == [revisions[0].revision_id]


async def test_a_revision_is_found_without_saying_on_which_branch(account: tuple[Writer, Console]) -> None:
    writer, console = account
    observed = await with_trial_live(writer, console)
    assert observed.base is not None
    found = await writer.read_revision(observed.agent_id, observed.base.revision_id)
    assert found.branch_id == observed.base.branch_id
    with pytest.raises(NotFoundError, match="no active branch") as caught:
        await writer.read_revision(observed.agent_id, "0" * 24)
    assert caught.value.status == 404


async def test_a_write_goes_to_the_branch_that_serves(account: tuple[Writer, Console]) -> None:
    writer, console = account
    observed = await with_trial_live(writer, console)
    await published(writer, observed, OURS, "Second")
    live = await writer.read_live(observed.agent_id)
    assert live is not None
    assert live.document is not None
    assert (live.document["firstMessage"], live.branch_id) == ("Second", observed.branch_id)


async def test_nothing_is_written_for_an_agent_without_a_branch(account: tuple[Writer, Console]) -> None:
    writer, console = account
    console.log.clear()
    observed = ObservedAgent(AgentListing("0" * 24, "Acme", {}))
    with pytest.raises(PlatformError, match="no branch to write to"):
        await writer.write_draft(observed, await writer.open_draft(observed, "test"), {"firstMessage": "Hi"})
    assert console.log == []


async def test_what_is_live_and_ours_is_read_once(account: tuple[Writer, Console]) -> None:
    writer, console = account
    listing = await writer.read_listing(await writer.create_agent("Acme"))
    await published(writer, await writer.read_agent(listing), OURS, "Ours")
    console.log.clear()
    observed = await writer.read_agent(listing, mine=("acme", "prod"))
    assert observed.base is observed.live
    assert observed.history == ()
    assert len(console.log) == 2, "the branches, and the revision that serves"


async def test_content_that_passed_before_is_published_at_once(account: tuple[Writer, Console]) -> None:
    """The platform's answer holds the revision then, and nobody has to look for it."""
    writer, _ = account
    listing = await writer.read_listing(await writer.create_agent("Acme"))
    for label, greeting in (("one", "One"), ("two", "Two")):
        await published(writer, await writer.read_agent(listing), label, greeting)
    observed = await writer.read_agent(listing)
    answered = await published(writer, observed, "one again", "One")
    assert answered.revision is not None
    assert (answered.revision.label, answered.revision.branch_id) == ("one again", observed.branch_id)
    assert answered.revision.revision_id == (await writer.read_head(observed.agent_id)).revision_id


async def test_a_revision_of_the_live_branch_is_looked_for_there_first(account: tuple[Writer, Console]) -> None:
    writer, console = account
    observed = await with_trial_live(writer, console)
    assert observed.live is not None
    console.log.clear()
    found = await writer.read_revision(observed.agent_id, observed.live.revision_id)
    assert found.revision_id == observed.live.revision_id
    assert len(console.log) == 2, "the branches, and the revision on the one that is live"


async def test_the_history_is_read_where_another_branch_may_hold_a_rival(account: tuple[Writer, Console]) -> None:
    writer, console = account
    listing = await writer.read_listing(await writer.create_agent("Acme"))
    await published(writer, await writer.read_agent(listing), OURS, "Ours")
    main = (await writer.read_head(listing.agent_id)).branch_id
    assert (await writer.read_agent(listing, mine=("acme", "prod"))).history == ()
    await console("POST", f"{listing.agent_id}/branches", {"sourceBranchId": main, "name": "trial"})
    observed = await writer.read_agent(listing, mine=("acme", "prod"))
    assert observed.base is observed.live
    assert {revision.branch for revision in observed.history} == {"Main"}, "numbers count per branch, so it is named"


async def test_the_history_is_read_where_what_serves_was_restored(account: tuple[Writer, Console]) -> None:
    writer, _ = account
    listing = await writer.read_listing(await writer.create_agent("Acme"))
    for greeting in ("One", "Two"):
        await published(writer, await writer.read_agent(listing), OURS, greeting)
    observed = await writer.read_agent(listing)
    assert observed.live is not None
    older = (await writer.list_revisions(listing.agent_id))[1]
    newest = observed.live.revision_id
    await writer.restore(
        Publication(listing.agent_id, "", newest, restored_from=older.revision_id, branch_id=observed.branch_id)
    )
    restored = await writer.read_agent(listing, mine=("acme", "prod"))
    assert restored.live is not None
    assert restored.live.restored_from == older.revision_id
    assert newest in [revision.revision_id for revision in restored.history]
