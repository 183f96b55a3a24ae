"""Executes a plan: prepares every agent, puts them live, checks them, and keeps or restores each.

Nothing goes live before everything is prepared, so a failure until then leaves production untouched. What a
killed run left behind is recognised by its content and mark; the journal is evidence for people and is never read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar, assert_never

from agentops.apply.live import archive, call, go_live, recover, settle, verify
from agentops.apply.model import (
    AgentFinished,
    AgentResult,
    ApplyOptions,
    ApplyResult,
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
    Created,
    Deployed,
    Drafted,
    Guarded,
    Live,
    Mixed,
    Opened,
    Overtook,
    Planned,
    Published,
    Publishing,
    Reached,
    Ready,
    Restoring,
    Serving,
    StoppedError,
    UnderWay,
    Undoable,
    Verified,
    VerifyError,
)
from agentops.apply.resources import ResourceRun, no_files
from agentops.apply.restoring import put_edits_back, restore, roll_back
from agentops.apply.results import result_of
from agentops.apply.run import Run, clean_up, put_note_back
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
_FATAL = (UnauthorizedError, FrozenError, PlanLimitError)  # every other agent would fail in the same way
_AT_ONCE = 100  # agents worked on at the same time; the client's limiter sets the pace of requests

T = TypeVar("T")


async def apply_plan(
    plan: Plan, writer: Writer, options: ApplyOptions | None = None, hooks: Hooks | None = None
) -> ApplyResult:
    """Carries out every change of `plan` and returns how each ended; what fails for one agent is in its result.

    The caller checks the plan's refusals: a plan that is not applyable must not come here. When the surrounding task is
    cancelled (Ctrl-C), what can be taken back is taken back and the result says that the run was interrupted.
    """
    return await _Engine(plan, writer, options or ApplyOptions(), hooks or Hooks()).execute()


def resource_run_of(plan: Plan, writer: Writer, hooks: Hooks) -> ResourceRun:
    """What a run does to tools, knowledge bases and webhooks, beside its agents."""
    return ResourceRun(plan, writer, hooks.clock or SystemClock(), hooks.emit, hooks.read_file or no_files)


def _is_as_planned(result: AgentResult) -> bool:
    has_passed = result.verdict is None or result.verdict.verdict is Verdict.PASSED
    return result.outcome in (Outcome.APPLIED, Outcome.UNCHANGED) and has_passed


@dataclass(slots=True)
class _Engine:
    plan: Plan
    writer: Writer
    options: ApplyOptions
    hooks: Hooks
    clock: Clock = field(init=False)
    run: Run = field(init=False)
    resources: ResourceRun = field(init=False)
    call_slots: asyncio.Semaphore = field(init=False)
    results: dict[str, AgentResult] = field(default_factory=dict)
    ready: list[Ready] = field(default_factory=list)
    went_live: list[Serving] = field(default_factory=list)
    is_interrupted: bool = False
    fatal: AgentopsError | None = None

    def __post_init__(self) -> None:
        self.clock = self.hooks.clock or SystemClock()
        scans = Scans(
            self.writer,
            self.clock,
            timeout_s=self.options.scan_timeout_s,
            interval_s=self.options.poll_interval_s,
            on_wait=lambda key, waited_s: self.hooks.emit(ScanWaiting(key, waited_s)),
        )
        self.run = Run(self.plan, self.writer, self.options, self.clock, scans, self.hooks.emit, self.hooks.smoke)
        self.resources = resource_run_of(self.plan, self.writer, self.hooks)
        self.call_slots = asyncio.Semaphore(self.options.calls_at_once)

    async def execute(self) -> ApplyResult:
        started_at = self.clock.now().isoformat()
        self.hooks.emit(RunStarted(self.hooks.run_id, self.plan.environment, tuple(c.key for c in self.plan.changes)))
        try:
            await self._work()
        except asyncio.CancelledError:
            self.is_interrupted = True
            if (task := asyncio.current_task()) is not None:
                task.uncancel()  # dealt with here: task groups of the clean-up and of the caller must not see it again
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
            resources=self.resources.results,
        )
        self.hooks.emit(RunFinished(result))
        return result

    async def _work(self) -> None:
        for change in self.plan.changes:
            planned = self.run.reach(Planned(change))
            if not change.is_change:
                self._finish(result_of(planned, Outcome.UNCHANGED, change.reason))
        planned_agents = [Planned(change) for change in self.plan.changes if change.is_change]
        # First, because drafts refer to what is new by ids that the account gives only when it is made.
        if not await self.resources.build():
            for planned in planned_agents:
                detail = "what it may refer to could not be made, so nothing goes live"
                self._finish(result_of(planned, Outcome.NOT_ATTEMPTED, detail))
            await self.resources.withdraw()
            return
        await self._all(self._prepare, planned_agents)
        if len(self.ready) < len(planned_agents):
            await self._all(self._stand_down, self.ready)
            await self.resources.withdraw()
            return
        await self._all(self._deploy, self.ready)
        if self.options.is_atomic and any(
            self.results[each.change.key].outcome is not Outcome.APPLIED for each in self.ready
        ):
            await self._take_all_back()
        # Last, because webhooks need the ids of new agents, and what goes was chosen for when all agents have moved.
        ids = {key: result.agent_id for key, result in self.results.items()}
        await self.resources.follow(ids, self._why_nothing_follows())

    def _why_nothing_follows(self) -> str:
        """Why webhooks and what is old stay as they are; "" where every agent ended as planned."""
        kept = [key for key, each in self.results.items() if not _is_as_planned(each)]
        return f"left as it is, since {', '.join(kept)} did not end as planned" if kept else ""

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
        if self.fatal is not None:
            self._finish(result_of(planned, Outcome.NOT_ATTEMPTED, f"not tried: {self.fatal.summary}"))
            return
        try:
            self.ready.append(await prepare(self.run, planned))
        except StoppedError as stopped:
            if isinstance(stopped.cause, _FATAL):
                self.fatal = stopped.cause
            # Cancelled before we look: a publish whose answer was lost could go live right after the look.
            await clean_up(self.run, stopped.reached)
            try:
                self.ready.append(self.run.reach(await recover(self.run, stopped)))
            except StoppedError as final:
                self._fail(final)

    async def _stand_down(self, ready: Ready) -> None:
        """Another agent can't be prepared: this one leaves no trace."""
        await clean_up(self.run, ready)
        self._finish(result_of(ready, Outcome.NOT_ATTEMPTED, "another agent failed before anything went live"))

    # -- what callers notice

    async def _deploy(self, ready: Ready) -> None:
        """From ready to settled."""
        run = self.run
        try:
            if isinstance(ready, Guarded) and ready.change.action is Action.ARCHIVE:
                archived = await archive(run, ready)
                self._finish(result_of(archived, Outcome.APPLIED, "archived: it takes no calls"))
                return
            serving = run.reach(await self._serve(ready))
            self.went_live.append(serving)
            called: Serving | Called = serving
            if ready.change.action is not Action.RESTORE:
                async with self.call_slots:
                    called = run.reach(await call(run, serving))
            if isinstance(called, Called) and called.verdict.verdict is not Verdict.PASSED:
                await self._judge(called)
                return
            deployed = run.reach(await settle(run, called))
        except StoppedError as stopped:
            await self._stopped(stopped)
        else:
            self._finish(result_of(deployed, Outcome.APPLIED))

    async def _serve(self, ready: Ready) -> Serving:
        """The wanted configuration serves, and was read back."""
        if not isinstance(ready, Guarded):
            return await verify(self.run, self.run.reach(await go_live(self.run, ready)))
        if ready.change.action is Action.RESTORE:
            return await roll_back(self.run, ready)
        return ready  # only unversioned fields change, or calls are made again

    async def _stopped(self, stopped: StoppedError) -> None:
        match stopped.reached:
            case Guarded() | Live() | Verified() as undone if isinstance(stopped.cause, VerifyError):
                await self._take_back(undone, stopped.cause, stopped.stage)
            case Overtook() | Mixed() as undone:
                await self._take_back(undone, stopped.cause, stopped.stage, is_blameless=True)
            case reached:
                await self._tidy_up(reached)
                self._fail(stopped)

    async def _judge(self, called: Called) -> None:
        """Keeps or restores an agent whose calls did not pass. Its unversioned fields are not written until they do."""
        if called.verdict.verdict is Verdict.INCONCLUSIVE:
            detail = "kept, though the calls were inconclusive; the next apply makes them again"
            self._finish(result_of(called, Outcome.APPLIED, detail))
            return
        failed = VerifyError(
            f"{called.change.key}: a call after going live failed",
            hint="the report says what was heard: correct the agent or the script, then apply again",
            code="call_failed",
        )
        if self.options.deploy.on_failure is OnFailure.KEEP:
            detail = "the calls failed; kept, as this environment asks"
            self._fail(StoppedError(called, Stage.SMOKE, failed), detail)
        else:
            await self._take_back(called, failed, Stage.SMOKE)

    async def _take_back(
        self, undone: Undoable, error: AgentopsError, stage: Stage | None, *, is_blameless: bool = False
    ) -> None:
        """Restores what served before, because of `error` in `stage` (None: in another agent)."""
        problem = Problem.from_error(error, self.plan.environment)
        # Whoever was overtaken left a revision to go back to, even on an agent that is new to us.
        if undone.agent.is_first_deploy and not isinstance(undone, Overtook):
            detail = "nothing served before, so there is nothing to go back to"
            self._finish(result_of(undone, Outcome.FAILED, detail, stage=stage, problem=problem))
            return
        try:
            restored = await restore(self.run, undone, is_blameless=is_blameless)
            if isinstance(undone, Mixed):
                await put_edits_back(self.run, undone)
        except StoppedError as second:
            self.run.warn(undone.change.key, f"because of: {error.summary}")
            self._fail(second, "what served before could not be restored")
            return
        detail = f"revision {restored.name} serves again"
        result = result_of(undone, Outcome.ROLLED_BACK, detail, stage=stage, problem=problem)
        self._finish(replace(result, serving_revision_id=restored.revision_id, serving_number=restored.number))

    async def _take_all_back(self) -> None:
        """--atomic: what went live in this run is restored, newest first."""
        for served in reversed(self.went_live):
            key, is_first = served.change.key, served.agent.is_first_deploy
            ended, last = self.results[key], self.run.reached[key]
            is_kept_failure = ended.outcome in (Outcome.FAILED, Outcome.UNKNOWN) and not is_first
            if ended.outcome is Outcome.APPLIED or is_kept_failure:
                other = AgentopsError(
                    "another agent of the same run failed", hint="see to that one, then apply again", code="atomic"
                )
                undone = last if isinstance(last, Called | Deployed) else served
                await self._take_back(undone, other, None, is_blameless=not is_kept_failure)
            if is_kept_failure:  # its own failure says more than that of another agent
                self._finish(replace(self.results[key], problem=ended.problem))

    # -- interrupted

    async def _end_interrupted(self) -> None:
        """Takes back what is in flight, within a time limit. A second interrupt ends that too."""
        left = [self.run.reached.get(c.key, Planned(c)) for c in self.plan.changes if c.key not in self.results]
        ending = asyncio.ensure_future(self._all(self._abandon, left))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            ending.cancel()
            await asyncio.wait([ending])

    async def _abandon(self, reached: UnderWay) -> None:
        match reached:
            case Live() | Overtook() | Mixed() | Verified() | Called() | Deployed():
                has_calls_left = self.run.is_called(reached.change) and not isinstance(reached, Called | Deployed)
                left = (
                    "the calls did not run to their end"
                    if has_calls_left
                    else "what has no version (name, numbers, inbound) may be as before, and the next apply writes it"
                )
                detail = f"interrupted after it went live; {left}"
                self._finish(self._uncalled(result_of(reached, Outcome.APPLIED, detail), reached))
            case Restoring():
                detail = "interrupted while what served before was being put back: look at what serves"
                self._finish(result_of(reached, Outcome.UNKNOWN, detail, stage=Stage.RESTORE))
            case Planned() | Created() | Guarded() | Opened() | Drafted() | Publishing() | Published():
                try:
                    await asyncio.wait_for(self._tidy_up(reached), _CLEANUP_TIMEOUT_S)
                except (TimeoutError, asyncio.CancelledError):
                    self.run.warn(reached.change.key, "interrupted while cleaning up: a draft of this run may be open")
                result = result_of(reached, Outcome.NOT_ATTEMPTED, "interrupted; the next run goes on from here")
                is_called_again = reached.change.action is Action.CALL
                self._finish(self._uncalled(result, reached) if is_called_again else result)
            case _:
                assert_never(reached)

    async def _tidy_up(self, reached: Reached) -> None:
        await clean_up(self.run, reached)
        await put_note_back(self.run, reached)

    def _uncalled(self, result: AgentResult, reached: UnderWay) -> AgentResult:
        """`result` with inconclusive calls, where the agent was to be called and the run ended before."""
        if result.verdict is not None or isinstance(reached, Deployed) or not self.run.is_called(reached.change):
            return result
        return replace(result, verdict=SmokeVerdict(Verdict.INCONCLUSIVE, "interrupted"))

    # -- results

    def _fail(self, stopped: StoppedError, detail: str = "") -> None:
        error = stopped.cause
        is_unread = stopped.stage is Stage.VERIFY and isinstance(error, (UnavailableError, RateLimitedError))
        is_unknown = is_unread or isinstance(error, OutcomeUnknownError)
        outcome = Outcome.UNKNOWN if is_unknown else Outcome.FAILED
        problem = Problem.from_error(error, self.plan.environment)
        result = result_of(stopped.reached, outcome, detail, stage=stopped.stage, problem=problem)
        if not detail and result.revision_id is not None and result.serving_revision_id == result.revision_id:
            result = replace(result, detail="it is live all the same")
        self._finish(result)

    def _finish(self, result: AgentResult) -> None:
        result = replace(result, warnings=tuple(self.run.warnings.get(result.key, ())))
        self.results[result.key] = result
        self.hooks.emit(AgentFinished(result))
