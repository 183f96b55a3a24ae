"""Every write about a tool, knowledge base or webhook meets faults and a kill; then the same command runs again."""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
from fault_cases import FAULTS, ID
from guillotine import PROCESSES, open_guillotine
from shelf_child import deploy, deploy_in_a_process
from shelf_faults import (
    AGENT_MOVES,
    IN_PLACE,
    NEW_PAGE,
    NEW_POLICY,
    NEW_TOOL,
    WRITES,
    Case,
    assert_nothing_twice,
    play,
    read_cases,
    served,
)
from shelf_world import AGENT, FILES, KNOWLEDGE, WEBHOOK, ShelfWorld, open_shelf_world

from agentops.emulator.options import EmulatorOptions

# A table of hundreds: quick one by one, and half a minute together.
pytestmark = pytest.mark.slow

CASES = list(read_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_fault_ends_as_the_table_says(case: Case, tmp_path: Path, anyio_backend: str) -> None:
    assert await play(case.write, case.fault, tmp_path) == case.expected


def test_every_write_has_its_row() -> None:
    assert list(dict.fromkeys(case.write for case in CASES)) == list(WRITES)


FIRST = {
    "tool": ("POST", "/v1/tool$"),
    "base": ("POST", "/v1/knowledgebase$"),
    "upload": ("POST", "/upload-media$"),
    "pages": ("POST", "/scrape-urls$"),
    "seal": ("POST", f"/knowledgebase/{ID}$"),
}


@pytest.mark.parametrize("write", FIRST)
async def test_where_something_can_not_be_made_no_agent_is_created(
    write: str, tmp_path: Path, anyio_backend: str
) -> None:
    method, path = FIRST[write]
    async with open_shelf_world(tmp_path) as shelf:
        shelf.world.transport.fault = replace(FAULTS["503_always"], method=method, path=path)
        assert (await shelf.deploy()).exit_code in (1, 3)
        assert await shelf.world.writer.list_agents() == []
        shelf.world.transport.fault = None
        assert (await shelf.deploy()).exit_code == 0
        assert (await shelf.plan()).is_empty
        await assert_nothing_twice(shelf)


class Killed(BaseException):
    """The process is gone: nothing that it would do on an error is done."""


@dataclass(slots=True)
class Guillotine(httpx2.AsyncBaseTransport):
    """Kills once the platform has carried out the write `at`; what is dead sends nothing more."""

    inner: httpx2.AsyncBaseTransport
    at: int
    writes: int = 0
    is_dead: bool = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.is_dead:
            raise Killed
        answer = await self.inner.handle_async_request(request)
        if request.method != "GET":
            self.writes += 1
            self.is_dead = self.writes == self.at
        if self.is_dead:
            raise Killed
        return answer


@dataclass(frozen=True, slots=True)
class Road:
    """What is being done when the process is killed, after what. `is_whole`: no agent may serve half of it."""

    change: dict[str, str | None]
    before: tuple[dict[str, str | None], ...] = ({},)
    is_whole: bool = True
    prunes: bool = False
    writes: int = 0


CHANGED: dict[str, str | None] = {
    "tools/look_up.yaml": NEW_TOOL,
    "knowledge/returns.yaml": NEW_PAGE,
    "webhooks/crm.yaml": WEBHOOK.replace("[post-", "[pre-").replace("X-Token", "X-Other"),
}
EDITED: dict[str, str | None] = {
    "tools/look_up.yaml": NEW_TOOL + IN_PLACE,
    "knowledge/returns.yaml": NEW_PAGE + IN_PLACE,
}
ALONE = AGENT.replace("ref.knowledge.returns", "ref.knowledge.rules").replace('"${{ ref.tool.look_up }}"', "")
RULES = {"knowledge/rules.yaml": KNOWLEDGE.replace("Returns", "Rules")}
NOTHING: dict[str, str | None] = dict.fromkeys(("tools/look_up.yaml", "knowledge/returns.yaml", "webhooks/crm.yaml"))
ROADS = {
    "made": Road({}, before=(), writes=11),
    "changed": Road(CHANGED, writes=9),
    "swept": Road(AGENT_MOVES, before=({}, {"tools/look_up.yaml": NEW_TOOL, **NEW_POLICY}), writes=4),
    "edited in place": Road(EDITED, is_whole=False, writes=7),
    "pruned": Road(
        NOTHING,
        before=({}, RULES | {"agents/support.yaml": ALONE}, {"agents/support.yaml": ALONE.replace("Hello.", "Hey.")}),
        prunes=True,
        writes=5,
    ),
}
NEW = ([], None)  # the agent that the platform makes, out of service until ours is live
ACKNOWLEDGED = frozenset({"IN_PLACE", "LIMIT_ARCHIVED"})


async def killed_at(shelf: ShelfWorld, road: Road, at: int) -> bool:
    """Deploys and dies; whether it came that far."""
    plan = await shelf.plan(acknowledged=ACKNOWLEDGED, prune=road.prunes)
    whole = shelf.world.transport.inner
    shelf.world.transport.inner = guillotine = Guillotine(whole, at)
    try:
        with suppress(Killed, BaseExceptionGroup):
            await shelf.apply(plan)
    finally:
        shelf.world.transport.inner = whole
    return guillotine.is_dead


@pytest.mark.parametrize("name", ROADS)
async def test_a_kill_after_any_write_is_recovered_from(name: str, tmp_path: Path, anyio_backend: str) -> None:
    road, at, is_dead = ROADS[name], 0, True
    met: list[object] = []
    while is_dead:
        at += 1
        async with open_shelf_world(tmp_path / str(at)) as shelf:
            for files in road.before:
                shelf.write(files)
                await shelf.deploy()
            old = await served(shelf)
            shelf.write(road.change)
            is_dead = await killed_at(shelf, road, at)
            met += [
                each for each in (await served(shelf))["agents"].values() if each not in (*old["agents"].values(), NEW)
            ]
            for _ in range(3):
                plan = await shelf.plan(acknowledged=ACKNOWLEDGED, prune=road.prunes)
                if plan.is_empty:
                    break
                assert plan.is_applyable, (at, plan.refusals)
                assert (await shelf.apply(plan)).exit_code == 0, at
            assert (await shelf.plan(prune=road.prunes)).is_empty
            await assert_nothing_twice(shelf)
    assert at == road.writes + 1
    if road.is_whole:
        ends = [each for number, each in enumerate(met) if each not in met[:number]]
        assert len(ends) <= 1, ends  # callers met what was before, or what was wanted


@pytest.mark.parametrize("name", ["changed", "edited in place"])
async def test_a_process_that_is_killed_is_recovered_from(name: str, tmp_path: Path, anyio_backend: str) -> None:
    """SIGKILL after every other write: the lock and the journal of the dead are in nobody's way."""
    road, options = ROADS[name], EmulatorOptions(seed=1, scan_delay_s=0.0)
    with open_guillotine() as (guillotine, base_url):
        for kill in range(0, road.writes + 1, 2):  # nobody is killed in the first, which counts
            async with open_shelf_world(tmp_path / str(kill), options) as shelf:
                guillotine.app, guillotine.kill_at = shelf.world.app, 0
                await deploy(base_url, shelf.root)
                shelf.write(road.change)
                guillotine.methods.clear()
                if not kill:
                    await deploy(base_url, shelf.root, ACKNOWLEDGED)
                    writes = [at for at, method in enumerate(guillotine.methods, start=1) if method != "GET"]
                    assert len(writes) == road.writes
                    continue
                arguments = (base_url, str(shelf.root), ACKNOWLEDGED)
                child = PROCESSES.Process(target=deploy_in_a_process, args=arguments)
                guillotine.victim, guillotine.kill_at, guillotine.before = child, writes[kill - 1], False
                child.start()
                child.join(200)
                assert child.exitcode == -signal.SIGKILL
                guillotine.kill_at = 0
                await deploy(base_url, shelf.root, ACKNOWLEDGED)
                assert (await shelf.plan()).is_empty, kill
                await assert_nothing_twice(shelf)


async def test_an_old_tool_that_somebody_elses_agent_uses_stays(tmp_path: Path, anyio_backend: str) -> None:
    async with open_shelf_world(tmp_path) as shelf:
        await shelf.deploy()
        shelf.write({"tools/look_up.yaml": NEW_TOOL})
        await shelf.deploy()
        shelf.write({"agents/support.yaml": AGENT.replace("Hello.", "Hi.")})
        shelf.world.transport.fault = replace(FAULTS["400"], method="DELETE", path="/v1/tool/")
        result = await shelf.deploy()
        assert result.exit_code == 0
        assert [each.outcome.value for each in result.resources if each.action.value == "delete"] == ["skipped"]
        assert FILES["tools/look_up.yaml"] not in (await shelf.shelf())["tools"]
