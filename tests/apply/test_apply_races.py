"""Every order of the requests of two runs: what serves is what one of them wanted, and the other one says so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from deploy_world import World, agent
from races import Runner, two_runs

from agentops.apply.model import AgentResult, ApplyResult
from agentops.document import DesiredAgent, Generation
from agentops.errors import ExitCode

# Traced, these thousands of runs would take twice as long, and other tests come by their lines.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

BASE = [agent()]
ONE = [agent(prompt="From one.")]
OTHER = [agent(prompt="From the other.")]
ELSEWHERE = [agent(firstMessage="From the other.")]
GENERATIONS = [Generation.V2, Generation.V1]
Seen = tuple[str, str]


def wanted_of(agents: Sequence[DesiredAgent]) -> dict[str, Seen]:
    return {each.name: (each.config["singlePromptConfig"]["prompt"], each.config["firstMessage"]) for each in agents}


async def serving(world: World) -> dict[str, Seen]:
    found = {}
    for listing in await world.writer.list_agents():
        live = await world.writer.read_live(listing.agent_id)
        assert live is not None
        document = live.document or {}
        found[listing.name] = (document["singlePromptConfig"]["prompt"], document["firstMessage"])
    return found


async def check(world: World, base: list[DesiredAgent], ends: Sequence[tuple[Runner, ApplyResult]]) -> None:
    """Nothing is mixed or lost unseen: who says that it is applied serves, and who lost says so and names who won."""
    lives = await serving(world)
    for name, seen in lives.items():
        runs = [(runner, result, of_name(result, name)) for runner, result in ends]
        applied = [runner for runner, _, ended in runs if ended.outcome.value == "applied"]
        assert seen in [wanted_of(base)[name], *(wanted_of(runner.wanted)[name] for runner, *_ in runs)], "a mixture"
        for runner in applied:
            assert seen == wanted_of(runner.wanted)[name], "applied, and something else serves"
        for _runner, result, ended in runs:
            if ended.outcome.value in ("failed", "rolled_back"):
                assert result.exit_code is ExitCode.STALE, ended
    for runner, result in ends:
        assert result.exit_code in (ExitCode.DONE, ExitCode.STALE, ExitCode.PARTIAL), result
        await check_draft(world, result)
        again = await runner.world.plan(runner.wanted)
        assert not {"REDEPLOY"} & {refusal.code for refusal in again.refusals}, "nobody rolled this back"


def of_name(result: ApplyResult, name: str) -> AgentResult:
    return next(each for each in result.agents if each.name == name)


async def check_draft(world: World, result: ApplyResult) -> None:
    """A draft that is left open was spoken of."""
    for listing in await world.writer.list_agents():
        if (await world.writer.read_head(listing.agent_id)).has_draft:
            texts = [text for each in result.agents for text in each.warnings]
            assert any("draft" in text for text in texts) or result.exit_code is ExitCode.DONE, result


async def requests_of(generation: Generation, base: list[DesiredAgent], one: list[DesiredAgent]) -> int:
    """How many requests an undisturbed run makes."""
    async with two_runs(generation, base, one, one) as (_, runner, _other):
        runner.start()
        await runner.end()
        return runner.turnstile.count


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("other", [OTHER, ELSEWHERE], ids=["same leaf", "another leaf"])
async def test_a_run_held_before_any_request_while_another_one_finishes(
    generation: Generation, other: list[DesiredAgent], anyio_backend: str
) -> None:
    for at in range(1, await requests_of(generation, BASE, ONE) + 1):
        async with two_runs(generation, BASE, ONE, other) as (world, first, second):
            first.start(at)
            await first.reached()
            second.start()
            quick = await second.end()
            slow = await first.end()
            try:
                await check(world, BASE, [(first, slow), (second, quick)])
            except AssertionError as error:
                error.add_note(f"held before request {at}: {first.turnstile.log[-12:]}\n{slow}\n{quick}")
                raise


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_two_runs_of_one_commit_publish_it_once(generation: Generation, anyio_backend: str) -> None:
    """v1 publishes drafts of each run's own, so that there the version of either may be left."""
    for at in range(1, await requests_of(generation, BASE, ONE) + 1):
        async with two_runs(generation, BASE, ONE, ONE) as (world, first, second):
            first.start(at)
            await first.reached()
            second.start()
            results = [await second.end(), await first.end()]
            assert {result.exit_code for result in results} <= {ExitCode.DONE, ExitCode.STALE}, (at, results)
            assert ExitCode.DONE in {result.exit_code for result in results}, (at, results)
            assert await serving(world) == wanted_of(ONE)
            [listing] = await world.writer.list_agents()
            revisions = await world.writer.list_revisions(listing.agent_id)
            assert len(revisions) <= (3 if generation is Generation.V2 else 4), (at, revisions)
            assert (await world.plan(ONE)).is_empty


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_two_agents_in_two_runs_end_as_one_of_them_wanted(generation: Generation, anyio_backend: str) -> None:
    base = [agent(), agent("sales")]
    one = [agent(prompt="From one."), agent("sales", "From one.")]
    other = [agent(prompt="From the other."), agent("sales", "From the other.")]
    for at in range(1, await requests_of(generation, base, one) + 1):
        async with two_runs(generation, base, one, other) as (world, first, second):
            first.start(at)
            await first.reached()
            second.start()
            quick = await second.end()
            await check(world, base, [(first, await first.end()), (second, quick)])


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("at", [2, 3, 5, 7, 9, 11, 13])
async def test_two_runs_that_hold_each_other_up(generation: Generation, at: int, anyio_backend: str) -> None:
    for other_at in range(1, await requests_of(generation, BASE, OTHER) + 1):
        async with two_runs(generation, BASE, ONE, OTHER) as (world, first, second):
            first.start(at)
            await first.reached()
            second.start(other_at)
            await second.reached()
            slow = await first.end()
            quick = await second.end()
            try:
                await check(world, BASE, [(first, slow), (second, quick)])
            except AssertionError as error:
                error.add_note(f"held before {at} and {other_at}\n{slow}\n{quick}")
                raise


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_two_runs_that_create_one_agent_leave_one(generation: Generation, anyio_backend: str) -> None:
    for at in range(1, 6):
        async with two_runs(generation, [], ONE, OTHER) as (world, first, second):
            first.start(at)
            await first.reached()
            second.start()
            quick, slow = await second.end(), await first.end()
            assert len(await world.writer.list_agents()) == 1, (at, slow, quick)
            assert sorted([slow.exit_code, quick.exit_code]) == [ExitCode.DONE, ExitCode.STALE], (at, slow, quick)
            await check(world, ONE, [(first, slow), (second, quick)])
