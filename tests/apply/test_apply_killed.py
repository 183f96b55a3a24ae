"""SIGKILL at every request that an apply makes, before the platform carries it out and after; then apply again."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from deploy_world import KEY
from guillotine import PROCESSES, Guillotine, open_guillotine
from kill_child import CALLED, NEW, OLD, deploy, deploy_in_a_process, plan_for

from agentops.apply.run_history import read_runs
from agentops.document import Generation, read_mark
from agentops.emulator.app import create_app
from agentops.emulator.options import EmulatorOptions
from agentops.net import NetOptions
from agentops.remote.connect import connect
from agentops.remote.port import Writer


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Guillotine, str]]:
    with open_guillotine() as found:
        yield found


@dataclass(frozen=True, slots=True)
class Road:
    """What is being done when the process is killed."""

    name: str
    generation: Generation
    exists: bool = True
    fails: bool = False


# An update that is taken back has every request of one that is kept.
ROADS = [
    Road("create", Generation.V2, exists=False),
    Road("taken_back", Generation.V2, fails=True),
    Road("create", Generation.V1, exists=False),
    Road("taken_back", Generation.V1, fails=True),
]


@pytest.mark.slow
@pytest.mark.no_cover  # traced, these hundreds of runs would take twice as long, and other tests come by their lines
@pytest.mark.parametrize("half", [0, 1])  # so that each takes well under a minute on a busy machine
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("road", ROADS, ids=lambda road: f"{road.generation.value}-{road.name}")
async def test_a_kill_at_any_request_is_recovered_from(
    road: Road, before: bool, half: int, served: tuple[Guillotine, str], tmp_path: Path, anyio_backend: str
) -> None:
    guillotine, base_url = served
    methods = await requests_of(road, guillotine, base_url, tmp_path)
    assert len(methods) > 5
    # After a read is the same as before the next request.
    places = [at for at, method in enumerate(methods, start=1) if before or method != "GET"]
    ends: Counter[str] = Counter()
    for at in places[half::2]:
        ends[await killed_and_resumed(road, guillotine, base_url, tmp_path / str(at), at, before)] += 1
    assert set(ends) <= ({"new lives", "taken back"} if road.fails else {"new lives"}), ends


async def requests_of(road: Road, guillotine: Guillotine, base_url: str, root: Path) -> list[str]:
    root = root / "whole"
    await prepare(road, guillotine, base_url, root)
    await deploy(base_url, road.generation, NEW, root, fails=road.fails)
    assert [result["run_id"] for result in read_runs(root, "test")]
    return list(guillotine.methods)


async def prepare(road: Road, guillotine: Guillotine, base_url: str, root: Path) -> None:
    """A fresh account, with what serves before."""
    root.mkdir()
    options = EmulatorOptions(api=road.generation.value, scan_delay_s=0.01)
    guillotine.app, guillotine.kill_at, guillotine.victim = create_app(options), 0, None
    if road.exists:
        await deploy(base_url, road.generation, OLD, root)
    shutil.rmtree(root / ".agentops", ignore_errors=True)
    (root / CALLED).unlink(missing_ok=True)
    guillotine.methods.clear()


async def killed_and_resumed(
    road: Road, guillotine: Guillotine, base_url: str, root: Path, at: int, before: bool
) -> str:
    await prepare(road, guillotine, base_url, root)
    arguments = (base_url, road.generation.value, str(root), road.fails)
    child = PROCESSES.Process(target=deploy_in_a_process, args=arguments)
    guillotine.before = before
    guillotine.victim, guillotine.kill_at = child, at
    child.start()
    child.join(200)
    assert child.exitcode in (-signal.SIGKILL, 0), f"request {at}: exit code {child.exitcode}"
    guillotine.kill_at = 0
    if at // 2 % 2:
        shutil.rmtree(root / ".agentops", ignore_errors=True)  # as from a fresh clone
    for _ in range(3):
        result = await deploy(base_url, road.generation, NEW, root)
        if result is not None and not result.exit_code:
            break  # None is a plan with nothing to do, or one that waits for the scan that was running at the kill
    async with await connect(base_url, KEY, options=NetOptions(requests_per_second=None)) as writer:
        end = await check_end(writer, f"request {at}, {'before' if before else 'after'}")
    assert (root / CALLED).exists(), f"request {at}: {end}, and nobody was called"
    return end


async def check_end(writer: Writer, where: str) -> str:
    """Nothing twice, nothing left open, and a plan that is empty or knows that this was taken back."""
    [listing] = await writer.list_agents()
    assert not (await writer.read_head(listing.agent_id)).has_draft, where
    marks = [read_mark(revision.label) for revision in await writer.list_revisions(listing.agent_id)]
    fingerprints = [mark.fingerprint for mark in marks if mark]
    assert len(fingerprints) == len(set(fingerprints)), f"{where}: published twice"
    plan = await plan_for(writer, [NEW])
    if plan.is_empty:
        return "new lives"
    return "taken back" if [each.code for each in plan.refusals] == ["REDEPLOY"] else f"{where}: {plan.refusals}"
