"""Every write about a tool, knowledge base or webhook meets faults and a kill; then the same command runs again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
from fault_cases import FAULTS, ID
from shelf_world import FILES, WEBHOOK, ShelfWorld, open_shelf_world

WRITES = {
    "tool": ("POST", "/v1/tool$"),
    "base": ("POST", "/v1/knowledgebase$"),
    "upload": ("POST", "/upload-media$"),
    "pages": ("POST", "/scrape-urls$"),
    "seal": ("POST", f"/knowledgebase/{ID}$"),
    "webhook": ("POST", "/v1/webhook$"),
    "subscribe": ("POST", "/webhook-subscriptions$"),
    "headers": ("PATCH", "/webhook/"),
}
# fault -> exit code of the run that meets it: 0 where the write is repeated or was found to have taken effect
ENDS = {
    "400": 1,
    "429_once": 0,
    "503_always": 1,
    "timeout_once": 0,
    "timeout_after": 0,
    "truncated": 0,
}
LATER = ("webhook", "subscribe", "headers")  # comes once the agents have moved: the run was applied in part


@asynccontextmanager
async def fresh(root: Path) -> AsyncIterator[ShelfWorld]:
    async with open_shelf_world(root) as shelf:
        yield shelf


async def assert_nothing_twice(shelf: ShelfWorld) -> None:
    assert (await shelf.plan()).is_empty
    counts = {kind: len(found) for kind, found in (await shelf.shelf()).items()}
    assert counts == {"tools": 1, "knowledge": 1, "webhooks": 1}
    [base] = await shelf.world.writer.knowledge.list()
    parts = [part.name for part in await shelf.world.writer.knowledge.read_parts(base.resource_id)]
    assert sorted(parts) == ["https://acme.example/returns", "policy.pdf"]
    [hook] = await shelf.world.writer.webhooks.list()
    assert list(hook.content["events"].values()) == [["post-conversation"]]
    assert shelf.world.store.database.all("webhook")[0]["headers"] == {"X-Token": "s3cret-value"}


@pytest.mark.parametrize("fault", ENDS)
@pytest.mark.parametrize("write", WRITES)
async def test_a_fault_changes_nothing_for_callers_and_the_next_run_converges(
    write: str, fault: str, tmp_path: Path, anyio_backend: str
) -> None:
    method, path = WRITES[write]
    async with fresh(tmp_path) as shelf:
        shelf.world.transport.fault = replace(FAULTS[fault], method=method, path=path)
        result = await shelf.deploy()
        expected = 3 if ENDS[fault] and write in LATER else ENDS[fault]
        is_part_made = ENDS[fault] and write not in LATER and any(r.outcome == "applied" for r in result.resources)
        assert int(result.exit_code) == (3 if is_part_made else expected), result
        if expected == 1:
            assert await shelf.world.writer.list_agents() == []
        shelf.world.transport.fault = None
        if result.exit_code:
            assert (await shelf.deploy()).exit_code == 0
        await assert_nothing_twice(shelf)


class Killed(BaseException):
    """The process is gone: nothing that it would do on an error is done."""


@dataclass(slots=True)
class Guillotine:
    """Kills at the write `at`, before the platform carries it out or after; what is dead sends nothing more."""

    shelf: ShelfWorld
    at: int
    is_after: bool
    writes: int = 0
    is_dead: bool = False

    async def handle(self, request: httpx2.Request, inner: httpx2.AsyncBaseTransport) -> httpx2.Response:
        if self.is_dead:
            raise Killed
        if request.method != "GET":
            self.writes += 1
            if self.writes == self.at:
                self.is_dead = True
                if self.is_after:
                    await inner.handle_async_request(request)
                raise Killed
        return await inner.handle_async_request(request)


class Guarded(httpx2.AsyncBaseTransport):
    def __init__(self, inner: httpx2.AsyncBaseTransport, guillotine: Guillotine) -> None:
        self.inner, self.guillotine = inner, guillotine

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self.guillotine.handle(request, self.inner)


async def killed_at(shelf: ShelfWorld, at: int, *, is_after: bool) -> bool:
    """Deploys and dies; whether it came that far."""
    guillotine = Guillotine(shelf, at, is_after)
    whole = shelf.world.transport.inner
    plan = await shelf.plan()
    shelf.world.transport.inner = Guarded(whole, guillotine)
    try:
        with suppress(Killed, BaseExceptionGroup):
            await shelf.apply(plan)
    finally:
        shelf.world.transport.inner = whole
    return guillotine.is_dead


@pytest.mark.slow
@pytest.mark.parametrize("is_after", [False, True])
async def test_a_kill_at_any_write_is_recovered_from(is_after: bool, tmp_path: Path, anyio_backend: str) -> None:
    at, is_dead = 1, True
    while is_dead:
        async with fresh(tmp_path / str(at)) as shelf:
            is_dead = await killed_at(shelf, at, is_after=is_after)
            for _ in range(3):
                plan = await shelf.plan()
                if plan.is_empty:
                    break
                assert plan.is_applyable, (at, plan.refusals)
                assert (await shelf.apply(plan)).exit_code == 0, at
            await assert_nothing_twice(shelf)
        at += 1
    assert at > 12


async def test_the_old_one_is_deleted_once(tmp_path: Path, anyio_backend: str) -> None:
    async with fresh(tmp_path) as shelf:
        await shelf.deploy()
        shelf.write({"tools/look_up.yaml": FILES["tools/look_up.yaml"].replace("Look", "See")})
        await shelf.deploy()
        shelf.write({"agents/support.yaml": FILES["agents/support.yaml"].replace("Hello.", "Hi.")})
        plan = await shelf.plan()
        writes = 0

        def count(request: httpx2.Request) -> None:
            nonlocal writes
            writes += request.method == "DELETE" and "/tool/" in request.url.path

        shelf.world.transport.before = count
        assert (await shelf.apply(plan)).exit_code == 0
        assert writes == 1
        await assert_nothing_twice(shelf)


async def test_an_old_tool_that_somebody_elses_agent_uses_stays(tmp_path: Path, anyio_backend: str) -> None:
    async with fresh(tmp_path) as shelf:
        shelf.write({"webhooks/crm.yaml": WEBHOOK})
        await shelf.deploy()
        shelf.write({"tools/look_up.yaml": FILES["tools/look_up.yaml"].replace("Look", "See")})
        await shelf.deploy()
        shelf.write({"agents/support.yaml": FILES["agents/support.yaml"].replace("Hello.", "Hi.")})
        method, path = "DELETE", "/v1/tool/"
        shelf.world.transport.fault = replace(FAULTS["400"], method=method, path=path)
        result = await shelf.deploy()
        assert result.exit_code == 0
        assert [each.outcome.value for each in result.resources if each.action.value == "delete"] == ["skipped"]
