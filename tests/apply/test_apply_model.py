"""Users, console edits, applies, rollbacks, crashes and faults in any order: what must hold after every step."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from deploy_world import World, agent, open_world
from faulty import Fault
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agentops.apply.model import SmokeVerdict, Verdict
from agentops.apply.rollback import RollbackTarget, plan_rollback
from agentops.document import Environment, Generation, ObservedAgent, read_mark
from agentops.errors import RefusedError
from agentops.plan.build import PlanOptions
from agentops.plan.model import AgentChange
from agentops.plan.notes import uncalled_since
from agentops.remote.port import Publication

NAME = "Acme support"
KINDS = ["connect", "timeout", "timeout_after", "truncated", "answer"]
PROMPTS = st.sampled_from(["A", "B", "C"])


class CallsThatPass:
    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        return SmokeVerdict(Verdict.PASSED)


class CrashError(BaseException):
    """The process is gone: nothing of ours runs after it."""


class Account(RuleBasedStateMachine):
    generation: Generation

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.world: World = self.run(self.stack.enter_async_context(open_world(self.generation)))
        self.prompt = "A"
        self.asked_for: set[str | None] = {None, ""}
        self.console: str | None = None  # what somebody put live in the console and nobody has dealt with
        self.foreign_draft = False
        self.was_deployed = False
        self.edits = 0

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def first_deploy(self) -> None:
        self.run(self._apply())

    @rule(prompt=PROMPTS)
    def somebody_edits_the_spec(self, prompt: str) -> None:
        self.prompt = prompt

    @rule()
    def somebody_publishes_in_the_console(self) -> None:
        self.edits += 1
        self.console = f"console {self.edits}"
        self.asked_for.add(self.console)
        self.run(self._publish_by_hand(self.console))
        self.foreign_draft = False

    @rule()
    def somebody_leaves_a_draft_in_the_console(self) -> None:
        if self.generation is Generation.V2:
            self.run(self._draft_by_hand("drafted by hand"))
            self.foreign_draft = True

    @rule()
    def apply_runs(self) -> None:
        self.run(self._apply())

    @rule(kind=st.sampled_from(KINDS), after=st.integers(0, 18), times=st.integers(1, 3))
    def apply_meets_trouble(self, kind: str, after: int, times: int) -> None:
        method = "POST|PUT|PATCH|GET|DELETE"
        self.world.transport.fault = AnyFault(method, "", kind, 503, "busy", {}, times, after)
        with suppress(Exception):  # trouble while planning ends the command with an error
            self.run(self._apply())
        self.world.transport.fault = None

    @rule(after=st.integers(0, 25))
    def apply_is_killed(self, after: int) -> None:
        left = [after]

        def fall(request: httpx2.Request) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise CrashError

        self.world.transport.before = fall
        with suppress(CrashError, BaseExceptionGroup):
            self.run(self._apply())
        self.world.transport.before = None

    @rule()
    def somebody_rolls_back(self) -> None:
        with suppress(RefusedError):
            self.run(self._roll_back())

    @rule()
    def somebody_overwrites_everything(self) -> None:
        self.run(self._apply(force=True))

    @invariant()
    def what_serves_was_asked_for(self) -> None:
        assert self.run(self.world.live_prompt(NAME)) in self.asked_for

    @invariant()
    def nothing_is_there_twice(self) -> None:
        listings = self.run(self.world.writer.list_agents())
        assert len({each.name for each in listings}) == len(listings)
        for listing in listings:
            revisions = self.run(self.world.writer.list_revisions(listing.agent_id, limit=100))
            for newer, older in pairwise(revisions):
                mark = read_mark(newer.label)
                assert mark is None or mark != read_mark(older.label), "published twice in a row"

    def teardown(self) -> None:
        for _ in range(3):
            self.run(self._apply(force=True))
        assert self.run(self.world.plan([agent(prompt=self.prompt)])).is_empty
        assert self.run(self.world.live_prompt(NAME)) == self.prompt
        self.run(self.stack.aclose())
        self.loop.close()

    # -- what the rules do

    async def _apply(self, *, force: bool = False) -> None:
        acknowledged = frozenset({"REDEPLOY"}) if force else frozenset()
        plan = await self.world.plan(
            [agent(prompt=self.prompt)], overwrites_drift=force, discards_draft=force, acknowledged=acknowledged
        )
        live = await self.world.live_prompt(NAME)
        if self.console is not None and live == self.console and self.was_deployed and not force:
            assert not plan.is_applyable, "a console edit would be lost unseen"
        if not plan.is_applyable:
            return
        self.asked_for.add(self.prompt)
        self.was_deployed = True
        options = self.world.options(discard_draft=force)
        result = await self.world.apply(plan, smoke=CallsThatPass(), options=options)
        if not result.exit_code:
            assert not await self._is_uncalled(), "applied, and its calls have not passed"
            self.console = None
            self.foreign_draft = self.foreign_draft and plan.is_empty
        if not self.foreign_draft and not any(each.warnings for each in result.agents):
            assert not await self._has_draft(), "an orphan draft of ours"

    async def _is_uncalled(self) -> bool:
        observed = await self._observed()
        return observed is not None and uncalled_since(observed) is not None

    async def _has_draft(self) -> bool:
        found = [each for each in await self.world.writer.list_agents() if each.name == NAME]
        return bool(found) and (await self.world.writer.read_head(found[0].agent_id)).has_draft

    async def _observed(self) -> ObservedAgent | None:
        found = [each for each in await self.world.writer.list_agents() if each.name == NAME]
        return await self.world.writer.read_agent(found[0], mine=("acme", "test")) if found else None

    async def _draft_by_hand(self, prompt: str) -> None:
        observed = await self._observed()
        if observed is None or (observed.draft is not None and observed.draft.is_publishing):
            return
        draft = await self.world.writer.open_draft(observed, "by hand")
        await self.world.writer.write_draft(
            observed, draft, {"singlePromptConfig": {"prompt": prompt}, "firstMessage": "x"}
        )

    async def _publish_by_hand(self, prompt: str) -> None:
        await self._draft_by_hand(prompt)
        observed = await self._observed()
        if observed is None or observed.draft is None or observed.draft.is_publishing:
            return
        writer = self.world.writer
        newest = (await writer.read_slot(observed.agent_id, observed.branch_id)).newest
        publication = Publication(
            observed.agent_id, "by hand", newest, branch_id=observed.branch_id, draft_id=observed.draft.draft_id
        )
        publication = await writer.publish_draft(publication)
        while (revision := await writer.read_publication(publication)) is None:
            await self.world.clock.sleep(1)
        await writer.make_live(observed.agent_id, revision)

    async def _roll_back(self) -> None:
        observed = await self._observed()
        if observed is None:
            return
        target = RollbackTarget(agent(prompt=self.prompt), observed)
        plan = await plan_rollback(self.world.writer, Environment("acme", "test"), [target], PlanOptions())
        result = await self.world.apply(plan)
        if not result.exit_code:
            self.console = None


class AnyFault(Fault):
    def fits(self, request: httpx2.Request) -> bool:
        self.after -= 1
        return self.after < 0 < self.times


class BranchModel(Account):
    generation = Generation.V2


class DraftModel(Account):
    generation = Generation.V1


LIMITS = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.mark.slow
class TestBranchModel(BranchModel.TestCase):  # type: ignore[misc,name-defined]
    settings = LIMITS


@pytest.mark.slow
class TestDraftModel(DraftModel.TestCase):  # type: ignore[misc,name-defined]
    settings = LIMITS
