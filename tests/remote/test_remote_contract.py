"""One contract for the port, run over both generations of the emulator: what every reader and writer must do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import httpx2
import pytest

from agentops.document import Generation, ObservedAgent, Revision, ScanState, Secret, SecretRef
from agentops.emulator.app import create_app
from agentops.emulator.options import SWITCHES, Choices, EmulatorOptions
from agentops.errors import NotFoundError, PlatformError, UnauthorizedError
from agentops.net import NetOptions
from agentops.remote.connect import connect
from agentops.remote.port import Publication, Writer

KEY = Secret((SecretRef("KEY", "sk_test"),))
# Both generations with the defaults and some choices at random; today's also with each other setting of each switch.
SETTINGS = [
    *(
        pytest.param((generation, choices), id=f"{generation.value} {name}")
        for generation in (Generation.V2, Generation.V1)
        for name, choices in (
            ("defaults", Choices()),
            *((f"shuffled {seed}", Choices.shuffled(seed)) for seed in (1, 2, 3)),
        )
    ),
    *(
        pytest.param((Generation.V2, Choices().set([f"{switch.name}={value}"])), id=f"v2 {switch.name}={value}")
        for switch in SWITCHES
        for value in switch.allowed[1:]
    ),
]
UNLIMITED = NetOptions(requests_per_second=None)


@pytest.fixture(params=SETTINGS)
def setting(request: pytest.FixtureRequest) -> tuple[Generation, Choices]:
    found: tuple[Generation, Choices] = request.param
    return found


@pytest.fixture
def generation(setting: tuple[Generation, Choices]) -> Generation:
    return setting[0]


@pytest.fixture
def choices(setting: tuple[Generation, Choices]) -> Choices:
    return setting[1]


@contextmanager
def emulated(options: EmulatorOptions) -> Iterator[httpx2.ASGITransport]:
    """An emulator in this process, closed whatever happens."""
    app = create_app(options)
    try:
        yield httpx2.ASGITransport(app)
    finally:
        app.state.store.close()


@pytest.fixture
async def account(generation: Generation, choices: Choices, anyio_backend: str) -> AsyncIterator[Writer]:
    options = EmulatorOptions(api=generation.value, scan_delay_s=0.0, choices=choices, seed=1)
    with emulated(options) as transport:
        async with await connect("http://emulator.test", KEY, options=UNLIMITED, transport=transport) as writer:
            yield writer


async def created(account: Writer, name: str = "Acme") -> ObservedAgent:
    agent_id = await account.create_agent(name)
    return await account.read_agent(await account.read_listing(agent_id))


async def published(account: Writer, observed: ObservedAgent, label: str, **body: object) -> Revision:
    draft = await account.open_draft(observed, "test")
    draft = await account.write_draft(observed, draft, dict(body))
    publication = Publication(
        observed.agent_id,
        label,
        newest_before=(await account.read_slot(observed.agent_id, observed.branch_id)).newest,
        branch_id=observed.branch_id,
        draft_id=draft.draft_id,
    )
    publication = await account.publish_draft(publication)
    while (revision := await account.read_publication(publication)) is None:
        pass
    await account.make_live(observed.agent_id, revision)
    return revision


async def test_the_generation_is_found_by_reading(account: Writer, generation: Generation) -> None:
    assert account.generation is generation


async def test_a_new_agent_serves_the_platforms_own_first_revision(account: Writer) -> None:
    observed = await created(account)
    assert observed.live is not None
    assert observed.live.label is None
    assert observed.live.document
    assert observed.draft is None
    assert observed.base is None


async def test_what_was_published_is_what_is_read(account: Writer) -> None:
    observed = await created(account)
    prompt = {"prompt": "Help.", "tools": [{"type": "end_call", "name": "end", "description": "Ends."}]}
    revision = await published(
        account, observed, "first", firstMessage="Hi", singlePromptConfig=prompt, slmModel="gpt-4o"
    )
    found = await account.read_revision(observed.agent_id, revision.revision_id, branch_id=revision.branch_id)
    assert found.document is not None
    assert found.document["firstMessage"] == "Hi"
    assert found.document["slmModel"] == "gpt-4o"
    assert found.document["singlePromptConfig"]["prompt"] == "Help."
    assert found.document["singlePromptConfig"]["tools"][0]["name"] == "end"
    assert (found.label, found.scan) == ("first", ScanState.PASSED)
    assert (await account.read_head(observed.agent_id)).revision_id == revision.revision_id


class Meanwhile(httpx2.AsyncBaseTransport):
    """Lets something happen once, just before a GET whose path ends in `before` arrives."""

    def __init__(
        self, inner: httpx2.AsyncBaseTransport, before: str, happening: Callable[[], Awaitable[object]]
    ) -> None:
        self.inner, self.before = inner, before
        self.happening: Callable[[], Awaitable[object]] | None = happening

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.happening is not None and request.method == "GET" and request.url.path.endswith(self.before):
            happening, self.happening = self.happening, None
            await happening()
        return await self.inner.handle_async_request(request)


@pytest.mark.parametrize("before", ["/draft", "/diff"])
async def test_a_draft_that_is_published_while_it_is_read_is_what_is_live(before: str, anyio_backend: str) -> None:
    with emulated(EmulatorOptions(scan_delay_s=0.0)) as transport:
        async with await connect("http://emulator.test", KEY, options=UNLIMITED, transport=transport) as editor:
            observed = await created(editor)
            draft = await editor.open_draft(observed, "test")
            await editor.write_draft(observed, draft, {"firstMessage": "A draft."})
            publish = partial(published, editor, observed, "meanwhile", firstMessage="Just published.")
            meanwhile = Meanwhile(transport, before, publish)
            async with await connect("http://emulator.test", KEY, options=UNLIMITED, transport=meanwhile) as reader:
                found = await reader.read_agent(observed.listing)
            assert meanwhile.happening is None
    assert found.draft is None
    assert found.live is not None
    assert found.live.document is not None
    assert (found.live.label, found.live.document["firstMessage"]) == ("meanwhile", "Just published.")


async def test_revisions_are_listed_newest_first(account: Writer) -> None:
    observed = await created(account)
    await published(account, observed, "one", firstMessage="One")
    observed = await account.read_agent(observed.listing)
    await published(account, observed, "two", firstMessage="Two")
    assert [each.label for each in await account.list_revisions(observed.agent_id)] == ["two", "one", None]


async def test_an_open_draft_shows_what_it_holds(account: Writer) -> None:
    observed = await created(account)
    draft = await account.open_draft(observed, "test")
    draft = await account.write_draft(observed, draft, {"firstMessage": "Drafted", "interruptionBackoffTimer": 3})
    found = await account.read_draft(observed)
    assert found is not None
    assert found.document is not None
    assert found.document["firstMessage"] == "Drafted"
    leaves = await account.diff_draft(observed, draft)
    drafted, unknown = account.with_leaves({"firstMessage": "Before"}, leaves)
    assert drafted == {"firstMessage": "Drafted", "interruptionBackoffTimer": 3}
    assert unknown == []
    assert (await account.read_head(observed.agent_id)).has_draft
    await account.discard_draft(observed, found)
    assert await account.read_draft(observed) is None


async def test_restoring_serves_the_older_configuration_again(account: Writer) -> None:
    observed = await created(account)
    one = await published(account, observed, "one", firstMessage="One")
    observed = await account.read_agent(observed.listing)
    await published(account, observed, "two", firstMessage="Two")
    newest = (await account.read_slot(observed.agent_id, observed.branch_id)).newest
    restored = await account.restore(
        Publication(
            observed.agent_id, newest_before=newest, restored_from=one.revision_id, branch_id=observed.branch_id
        )
    )
    assert restored.revision is not None
    live = await account.read_live(observed.agent_id)
    assert live is not None
    assert live.document is not None
    assert live.document["firstMessage"] == "One"


async def test_a_refused_scan_says_why(generation: Generation, anyio_backend: str) -> None:
    with emulated(EmulatorOptions(api=generation.value, scan_delay_s=0.0)) as transport:
        async with await connect("http://emulator.test", KEY, options=UNLIMITED, transport=transport) as account:
            observed = await created(account)
            draft = await account.open_draft(observed, "test")
            await account.write_draft(observed, draft, {"firstMessage": "jailbreak-me"})
            draft = await account.read_draft(observed) or draft
            newest = (await account.read_slot(observed.agent_id, observed.branch_id)).newest
            publication = Publication(
                observed.agent_id, "bad", newest, branch_id=observed.branch_id, draft_id=draft.draft_id
            )
            publication = await account.publish_draft(publication)
            while (revision := await account.read_publication(publication)) is None:
                pass
            assert revision.scan is ScanState.FAILED
            assert revision.scan_reason


async def test_metadata_is_written_at_once_and_read_back(account: Writer) -> None:
    observed = await created(account)
    await account.write_metadata(observed.agent_id, {"description": "A line", "allowInboundCall": False})
    listing = await account.read_listing(observed.agent_id)
    assert listing.metadata["description"] == "A line"
    assert listing.metadata["allowInboundCall"] is False


async def test_archiving_twice_is_archiving_once(account: Writer) -> None:
    observed = await created(account)
    await account.archive_agent(observed.agent_id)
    await account.archive_agent(observed.agent_id)
    assert observed.agent_id not in [each.agent_id for each in await account.list_agents()]
    assert observed.agent_id in [each.agent_id for each in await account.list_agents(archived=True)]
    await account.archive_agent(observed.agent_id, archived=False)
    assert observed.agent_id in [each.agent_id for each in await account.list_agents()]


@pytest.mark.parametrize("setting", [SETTINGS[0], SETTINGS[4]], indirect=True)  # a hundred agents take a while to make
async def test_every_page_of_agents_is_read(account: Writer) -> None:
    names = [f"Agent {number}" for number in range(103)]
    for name in names:
        await account.create_agent(name)
    assert sorted(each.name for each in await account.list_agents()) == sorted(names)


async def test_a_missing_agent_is_not_found(account: Writer) -> None:
    with pytest.raises(NotFoundError):
        await account.read_listing("0" * 24)


async def test_the_accounts_facts_are_read(account: Writer) -> None:
    voices = {voice.voice_id for voice in await account.list_voices()}
    assert "nyah" in voices
    assert all(number.number.startswith("+") for number in await account.list_phone_numbers())
    await account.read_account_limits()


async def test_a_wrong_key_is_reported_as_one(generation: Generation, anyio_backend: str) -> None:
    options = EmulatorOptions(api=generation.value, keys=("sk_other",))
    with emulated(options) as transport, pytest.raises(UnauthorizedError):
        async with await connect("http://emulator.test", KEY, options=UNLIMITED, transport=transport) as account:
            await account.list_agents()


async def test_forcing_the_wrong_generation_says_so(anyio_backend: str) -> None:
    with emulated(EmulatorOptions(api="v2")) as transport:
        async with await connect(
            "http://emulator.test", KEY, generation=Generation.V1, options=UNLIMITED, transport=transport
        ) as account:
            agent_id = await account.create_agent("Acme")
            with pytest.raises(PlatformError) as caught:
                await account.list_revisions(agent_id)
            assert caught.value.hint is not None
            assert "--api" in caught.value.hint


async def test_a_phone_number_is_written_and_read_as_its_product_id(account: Writer) -> None:
    observed = await created(account)
    [number] = await account.list_phone_numbers()
    await account.write_metadata(observed.agent_id, {"telephonyProductId": [number.product_id]})
    [listing] = await account.list_agents()
    assert listing.metadata["telephonyProductId"] == [number.product_id]
    assert (await account.read_listing(observed.agent_id)).metadata == listing.metadata
    await account.write_metadata(observed.agent_id, {"telephonyProductId": []})
    assert "telephonyProductId" not in (await account.read_listing(observed.agent_id)).metadata
