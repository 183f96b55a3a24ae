"""Executes a plan: prepares every agent, puts them live, checks them, and keeps or restores each; tells all of it.

Nothing goes live before everything is prepared, so a failure until then leaves production untouched. What a run that
was killed left behind is recognised by its content and mark; the journal is evidence for people and is never read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from agentops.apply.live import archive, call, go_live, restore, roll_back, verify, write_metadata
from agentops.apply.model import (
    AgentFinished,
    AgentResult,
    ApplyOptions,
    ApplyResult,
    Event,
    Hooks,
    Outcome,
    Problem,
    RunFinished,
    RunStarted,
    ScanWaiting,
    SmokeVerdict,
    Stage,
    Verdict,
)
from agentops.apply.preparing import prepare
from agentops.apply.reached import (
    Called,
    Deployed,
    Guarded,
    Live,
    Planned,
    Reached,
    Ready,
    Restoring,
    StoppedError,
    Undoable,
    Verified,
    VerifyError,
)
from agentops.apply.results import result_of
from agentops.apply.run import Run, clean_up
from agentops.apply.scans import Scans
from agentops.clock import Clock, SystemClock
from agentops.document import OnFailure
from agentops.errors import (
    AgentopsError,
    FrozenError,
    OutcomeUnknownError,
    PlanLimitError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from agentops.plan.model import Action, Plan
from agentops.remote.port import Writer

_CLEANUP_TIMEOUT_S = 20.0
_HOPELESS = (UnauthorizedError, FrozenError, PlanLimitError)  # no other agent would fare better
_AT_ONCE = 100  # agents worked on at the same time; the client's limiter sets the pace of requests

T = TypeVar("T")


async def apply_plan(
    plan: Plan, writer: Writer, options: ApplyOptions | None = None, hooks: Hooks | None = None
) -> ApplyResult:
    """Carries out every change of `plan` and says how each ended. Raises nothing that concerns single agents.

    Refusals of the plan are the caller's: a plan that is not applyable must not come here. When the surrounding task is
    cancelled (Ctrl-C), what can be taken back is taken back and the result says that the run was interrupted.
    """
    return await _Engine(plan, writer, options or ApplyOptions(), hooks or Hooks()).execute()


@dataclass(slots=True)
class _Engine:
    plan: Plan
    writer: Writer
    options: ApplyOptions
    hooks: Hooks
    clock: Clock = field(init=False)
    run: Run = field(init=False)
    lines: asyncio.Semaphore = field(init=False)
    results: dict[str, AgentResult] = field(default_factory=dict)
    ready: list[Ready] = field(default_factory=list)
    went_live: list[Deployed] = field(default_factory=list)
    is_interrupted: bool = False
    hopeless: AgentopsError | None = None

    def __post_init__(self) -> None:
        self.clock = self.hooks.clock or SystemClock()
        scans = Scans(
            self.writer,
            self.clock,
            timeout_s=self.options.scan_timeout_s,
            interval_s=self.options.poll_interval_s,
            on_wait=lambda key, waited_s: self._tell(ScanWaiting(key, waited_s)),
        )
        self.run = Run(self.plan, self.writer, self.options, self.clock, scans, self._tell, self.hooks.smoke)
        self.lines = asyncio.Semaphore(self.options.calls_at_once)

    def _tell(self, event: Event) -> None:
        if self.hooks.record is not None:
            self.hooks.record.write(event)
        self.hooks.on_event(event)

    async def execute(self) -> ApplyResult:
        started_at = self.clock.now().isoformat()
        self._tell(RunStarted(self.hooks.run_id, self.plan.environment, tuple(c.key for c in self.plan.changes)))
        try:
            await self._work()
        except asyncio.CancelledError:
            self.is_interrupted = True
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            await self._end_interrupted()
        finally:
            await self.run.scans.close()
        result = ApplyResult(
            run_id=self.hooks.run_id,
            project=self.plan.project,
            environment=self.plan.environment,
            digest=self.plan.digest,
            agents=tuple(self.results[change.key] for change in self.plan.changes),
            started_at=started_at,
            finished_at=self.clock.now().isoformat(),
            is_interrupted=self.is_interrupted,
        )
        self._tell(RunFinished(result))
        return result

    async def _work(self) -> None:
        for change in self.plan.changes:
            planned = self.run.reach(Planned(change))
            if not change.is_change:
                self._finish(result_of(planned, Outcome.UNCHANGED, change.reason))
        planned_agents = [Planned(change) for change in self.plan.changes if change.is_change]
        await self._all(self._prepare, planned_agents)
        if len(self.ready) < len(planned_agents):
            await self._all(self._stand_down, self.ready)
            return
        await self._all(self._deploy, self.ready)
        if self.options.is_atomic and any(
            self.results[each.change.key].outcome is not Outcome.APPLIED for each in self.ready
        ):
            await self._take_all_back()

    async def _all(self, work: Callable[[T], Awaitable[None]], agents: Iterable[T]) -> None:
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(agent: T) -> None:
            async with places:
                await work(agent)

        async with asyncio.TaskGroup() as group:
            for agent in agents:
                group.create_task(one(agent))

    # -- nothing that callers notice

    async def _prepare(self, planned: Planned) -> None:
        if self.hopeless is not None:
            self._finish(result_of(planned, Outcome.NOT_ATTEMPTED, f"not tried: {self.hopeless.summary}"))
            return
        try:
            self.ready.append(await prepare(self.run, planned))
        except StoppedError as stopped:
            if isinstance(stopped.cause, _HOPELESS):
                self.hopeless = stopped.cause
            await clean_up(self.run, stopped.reached)
            self._fail(stopped)

    async def _stand_down(self, ready: Ready) -> None:
        """Another agent can't be prepared: this one leaves no trace."""
        await clean_up(self.run, ready)
        self._finish(result_of(ready, Outcome.NOT_ATTEMPTED, "another agent failed before anything went live"))

    # -- what callers notice

    async def _deploy(self, ready: Ready) -> None:
        """From ready to called; calls are made although unversioned fields could not be written."""
        run, action = self.run, ready.change.action
        try:
            if isinstance(ready, Guarded) and action is Action.ARCHIVE:
                archived = run.reach(await archive(run, ready))
                self._finish(result_of(archived, Outcome.APPLIED, "archived: it takes no calls"))
                return
            serving: Guarded | Verified
            if not isinstance(ready, Guarded):
                serving = run.reach(await verify(run, run.reach(await go_live(run, ready))))
            elif action is Action.RESTORE:
                serving = run.reach(await roll_back(run, ready))
            else:
                serving = ready  # only unversioned fields change
            deployed = run.reach(await write_metadata(run, serving))
            self.went_live.append(deployed)
            if action is Action.RESTORE:
                await self._judge(deployed)
                return
            async with self.lines:
                called = run.reach(await call(run, deployed))
        except StoppedError as stopped:
            match stopped.reached:
                case Guarded() | Live() as undone if isinstance(stopped.cause, VerifyError):
                    await self._take_back(undone, stopped.cause, stopped.stage)
                case reached:
                    await clean_up(run, reached)
                    self._fail(stopped)
            return
        await self._judge(called)

    async def _judge(self, deployed: Deployed | Called) -> None:
        """What the calls said decides whether the agent is kept."""
        verdict = deployed.verdict.verdict if isinstance(deployed, Called) else Verdict.PASSED
        trouble = deployed.deployed.trouble if isinstance(deployed, Called) else deployed.trouble
        if verdict is not Verdict.FAILED:
            if trouble is not None:
                self._fail(StoppedError(deployed, trouble.stage, trouble.cause))
            else:
                is_unclear = verdict is Verdict.INCONCLUSIVE
                detail = "kept, though the calls were inconclusive" if is_unclear else ""
                self._finish(result_of(deployed, Outcome.APPLIED, detail))
            return
        failed = VerifyError(f"{deployed.change.key}: a call after going live failed", code="call_failed")
        if self.options.deploy.on_failure is OnFailure.KEEP:
            detail = "the calls failed; kept, as this environment asks"
            self._fail(StoppedError(deployed, Stage.SMOKE, failed), detail)
        else:
            await self._take_back(deployed, failed, Stage.SMOKE)

    async def _take_back(self, undone: Undoable, error: AgentopsError, stage: Stage | None) -> None:
        """Restores what served before, because of `error` in `stage` (None: in another agent)."""
        problem = Problem.from_error(error)
        if undone.agent.is_first_deploy:
            detail = "nothing served before, so there is nothing to go back to"
            self._finish(result_of(undone, Outcome.FAILED, detail, stage=stage, problem=problem))
            return
        try:
            restored = await restore(self.run, undone)
        except StoppedError as second:
            self.run.warn(undone.change.key, f"because of: {error.summary}")
            self._fail(second, "what served before could not be restored")
            return
        detail = f"revision {restored.number or restored.revision_id} serves again"
        result = result_of(undone, Outcome.ROLLED_BACK, detail, stage=stage, problem=problem)
        self._finish(replace(result, serving_revision_id=restored.revision_id, serving_number=restored.number))

    async def _take_all_back(self) -> None:
        """--atomic: what went live in this run is restored, newest first."""
        for deployed in reversed(self.went_live):
            key = deployed.change.key
            ended, last = self.results[key], self.run.reached[key]
            is_kept_failure = ended.outcome in (Outcome.FAILED, Outcome.UNKNOWN) and not deployed.agent.is_first_deploy
            if ended.outcome is Outcome.APPLIED or is_kept_failure:
                other = AgentopsError("another agent of the same run failed", code="atomic")
                await self._take_back(last if isinstance(last, Called) else deployed, other, None)
            if is_kept_failure:  # its own failure tells more than that of another
                self._finish(replace(self.results[key], problem=ended.problem))

    # -- interrupted

    async def _end_interrupted(self) -> None:
        """Takes back what is in flight, for a limited time. A second interrupt ends that too."""
        left = [self.run.reached.get(c.key, Planned(c)) for c in self.plan.changes if c.key not in self.results]
        ending = asyncio.ensure_future(self._all(self._abandon, left))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            ending.cancel()
            await asyncio.wait([ending])

    async def _abandon(self, reached: Reached) -> None:
        match reached:
            case Live() | Verified() | Deployed() | Called():
                detail = "interrupted after it went live; the calls did not run to their end"
                result = result_of(reached, Outcome.APPLIED, detail)
                if isinstance(reached, Deployed) and self.run.smoke is not None:
                    result = replace(result, verdict=SmokeVerdict(Verdict.INCONCLUSIVE, "interrupted"))
                self._finish(result)
            case Restoring():
                detail = "interrupted while what served before was being put back: look at what serves"
                self._finish(result_of(reached, Outcome.UNKNOWN, detail, stage=Stage.RESTORE))
            case _:
                try:
                    await asyncio.wait_for(clean_up(self.run, reached), _CLEANUP_TIMEOUT_S)
                except (TimeoutError, asyncio.CancelledError):
                    self.run.warn(reached.change.key, "interrupted while cleaning up: a draft of this run may be open")
                self._finish(result_of(reached, Outcome.NOT_ATTEMPTED, "interrupted; the next apply goes on from here"))

    # -- results

    def _fail(self, stopped: StoppedError, detail: str = "") -> None:
        error = stopped.cause
        is_unread = stopped.stage is Stage.VERIFY and isinstance(error, (UnavailableError, RateLimitedError))
        is_unknown = is_unread or isinstance(error, OutcomeUnknownError)
        outcome = Outcome.UNKNOWN if is_unknown else Outcome.FAILED
        result = result_of(stopped.reached, outcome, detail, stage=stopped.stage, problem=Problem.from_error(error))
        if not detail and result.revision_id is not None and result.serving_revision_id == result.revision_id:
            result = replace(result, detail="it is live all the same")
        self._finish(result)

    def _finish(self, result: AgentResult) -> None:
        result = replace(result, warnings=tuple(self.run.warnings.get(result.key, ())))
        self.results[result.key] = result
        self._tell(AgentFinished(result))
