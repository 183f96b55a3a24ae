"""Executes a plan: stages every agent, puts them live, checks them, and keeps or restores each; tells all of it.

Nothing goes live before everything is staged, so a failure while staging leaves production untouched. What a run that
was killed left behind is recognised by its content and mark; the journal is evidence for people and is never read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

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
    Warned,
)
from agentops.apply.serving import Serving
from agentops.apply.settle import ScanFailedError, Scans
from agentops.apply.staging import Staging
from agentops.apply.steps import Progress, VerifyError
from agentops.clock import Clock, SystemClock
from agentops.document import Generation, OnFailure
from agentops.errors import (
    AgentopsError,
    FrozenError,
    OutcomeUnknownError,
    PlanLimitError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from agentops.plan.model import Action, AgentChange, Plan
from agentops.remote.port import Publication, Writer

_CLEANUP_TIMEOUT_S = 20.0
_HOPELESS = (UnauthorizedError, FrozenError, PlanLimitError)  # no other agent would fare better
_AT_ONCE = 100  # agents worked on at the same time; the client's limiter sets the pace of requests


async def apply_plan(
    plan: Plan, writer: Writer, options: ApplyOptions | None = None, hooks: Hooks | None = None
) -> ApplyResult:
    """Carries out every change of `plan` and says how each ended. Raises nothing that concerns single agents.

    Refusals of the plan are the caller's: a plan that is not applyable must not come here. When the surrounding task is
    cancelled (Ctrl-C), what can be taken back is taken back and the result says that the run was interrupted.
    """
    run = _Run(plan, writer, options or ApplyOptions(), hooks or Hooks())
    return await run.execute()


@dataclass(slots=True)
class _Run:
    plan: Plan
    writer: Writer
    options: ApplyOptions
    hooks: Hooks
    clock: Clock = field(init=False)
    scans: Scans = field(init=False)
    staging: Staging = field(init=False)
    serving: Serving = field(init=False)
    lines: asyncio.Semaphore = field(init=False)
    results: dict[str, AgentResult] = field(default_factory=dict)
    underway: list[Progress] = field(default_factory=list)
    went_live: list[Progress] = field(default_factory=list)
    is_interrupted: bool = False
    hopeless: AgentopsError | None = None

    def __post_init__(self) -> None:
        self.clock = self.hooks.clock or SystemClock()
        self.scans = Scans(
            self.writer,
            self.clock,
            timeout_s=self.options.scan_timeout_s,
            interval_s=self.options.poll_interval_s,
            on_wait=lambda key, waited_s: self._tell(ScanWaiting(key, waited_s)),
        )
        shared = (self.plan, self.writer, self.options, self.clock, self.scans, self._tell, self.hooks.smoke)
        self.staging, self.serving = Staging(*shared), Serving(*shared)
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
            between_steps = [each for each in self.underway if each.change.key not in self.results]
            await self._all(self._abandon, between_steps)
        finally:
            await self.scans.close()
        result = ApplyResult(
            run_id=self.hooks.run_id,
            project=self.plan.project,
            environment=self.plan.environment,
            digest=self.plan.digest,
            agents=tuple(self._result_of(change) for change in self.plan.changes),
            started_at=started_at,
            finished_at=self.clock.now().isoformat(),
            is_interrupted=self.is_interrupted,
        )
        self._tell(RunFinished(result))
        return result

    def _result_of(self, change: AgentChange) -> AgentResult:
        why = "interrupted before its turn" if self.is_interrupted else "not reached"
        return self.results.get(change.key) or _plain_result(change, Outcome.NOT_ATTEMPTED, why)

    async def _work(self) -> None:
        for change in self.plan.changes:
            if not change.is_change:
                self._finish(_plain_result(change, Outcome.UNCHANGED, change.reason))
        self.underway = [Progress(change, change.agent_id) for change in self.plan.changes if change.is_change]
        staged = await self._all(self._stage, self.underway)
        if any(each.change.key in self.results for each in staged):
            await self._all(self._stand_down, [each for each in staged if each.change.key not in self.results])
            return
        await self._all(self._deploy, staged)
        if self.options.is_atomic and any(not _is_good(self.results[each.change.key]) for each in staged):
            await self._take_all_back()

    async def _all(self, step: Callable[[Progress], Awaitable[None]], agents: Sequence[Progress]) -> Sequence[Progress]:
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(progress: Progress) -> None:
            async with places:
                await step(progress)

        async with asyncio.TaskGroup() as group:
            for progress in agents:
                group.create_task(one(progress))
        return agents

    # -- staging: nothing that callers notice

    async def _stage(self, progress: Progress) -> None:
        staging = self.staging
        if self.hopeless is not None:
            self._finish(_plain_result(progress.change, Outcome.NOT_ATTEMPTED, f"not tried: {self.hopeless.summary}"))
            return
        try:
            await staging.guard(progress)
            if progress.change.action in (Action.CREATE, Action.UPDATE) and progress.writes_config:
                await self._stage_config(progress)
            elif progress.change.action is Action.GO_LIVE:
                await self._resume_published(progress)
        except asyncio.CancelledError:
            await self._abandon(progress)
            raise
        except AgentopsError as error:
            if isinstance(error, _HOPELESS):
                self.hopeless = error
            await self._clean_up(progress)
            self._fail(progress, error)

    async def _stage_config(self, progress: Progress) -> None:
        staging, serving = self.staging, self.serving
        if progress.is_live:
            return
        await staging.create(progress)
        await staging.branch_off(progress)
        if progress.revision is not None:
            return  # a killed run got as far as publishing
        await staging.draft(progress)
        await staging.patch(progress)
        await staging.compare(progress)
        if self.plan.generation is Generation.V1 or staging.uses_branch(progress):
            await serving.publish(progress)  # not live by this: all agents can be published before any goes live
            await serving.scan(progress)

    async def _resume_published(self, progress: Progress) -> None:
        """A revision that a killed run published and never made live; its scan may still be running."""
        staged = progress.change.restore_to
        if staged is not None and not progress.is_live:
            agent_id = progress.agent_id or ""
            branches = await self.writer.list_branches(agent_id)
            progress.branch = next((each for each in branches if each.branch_id == staged.branch_id), None)
            progress.publication = Publication(
                agent_id, staged.label or "", branch_id=staged.branch_id, revision=staged
            )
            await self.serving.scan(progress)

    async def _stand_down(self, progress: Progress) -> None:
        """Another agent failed while staging: this one leaves no trace."""
        await self._clean_up(progress)
        detail = "another agent failed before anything went live"
        self._finish(replace(self._base_result(progress), outcome=Outcome.NOT_ATTEMPTED, detail=detail))

    async def _clean_up(self, progress: Progress) -> None:
        """Discards what this run opened, a draft or the branch it is on; says so where that fails."""
        if not progress.is_ours_open or progress.draft is None or progress.observed is None:
            return
        try:
            if progress.publication is not None:
                await self.writer.cancel_publication(progress.publication)
            if progress.branch is not None:
                await self.writer.archive_branch(progress.agent_id or "", progress.branch.branch_id)
            else:
                await self.staging.discard(progress, progress.draft)
        except AgentopsError as error:
            self._warn(progress, f"the draft of this run is still open: {error.summary}")

    async def _abandon(self, progress: Progress) -> None:
        """Takes back what an interrupted agent has in flight, for a limited time, whatever else is cancelled."""
        cleaning = asyncio.ensure_future(asyncio.wait_for(self._clean_up(progress), _CLEANUP_TIMEOUT_S))
        try:
            await asyncio.shield(cleaning)
        except (TimeoutError, asyncio.CancelledError):
            self._warn(progress, "interrupted while cleaning up: a draft of this run may be open")
        detail = "interrupted; the next apply goes on from here"
        self._finish(replace(self._base_result(progress), outcome=Outcome.NOT_ATTEMPTED, detail=detail))

    # -- going live

    async def _deploy(self, progress: Progress) -> None:
        try:
            match progress.change.action:
                case Action.ARCHIVE:
                    await self.serving.archive(progress)
                case Action.RESTORE:
                    await self._roll_back(progress)
                case _:
                    await self._put_live(progress)
        except asyncio.CancelledError:
            await self._abandon_deploy(progress)
            raise
        except VerifyError as error:
            await self._take_back(progress, error)
            return
        except AgentopsError as error:
            await self._clean_up(progress)
            self._fail(progress, error, detail="it is live all the same" if progress.is_live else "")
            return
        await self._judge(progress)

    async def _put_live(self, progress: Progress) -> None:
        """Everything from the publish on. Metadata that can't be written does not keep the calls from judging."""
        serving = self.serving
        await self._publish(progress)
        await serving.go_live(progress)
        await serving.verify(progress)
        failed: AgentopsError | None = None
        try:
            await serving.metadata(progress)
        except AgentopsError as error:
            failed = error
        self.went_live.append(progress)
        await self._tidy(progress)
        async with self.lines:
            await serving.call(progress)
        if failed is not None and not _has_failed(progress.verdict):
            progress.stage = Stage.METADATA
            raise failed

    async def _tidy(self, progress: Progress) -> None:
        try:
            await self.serving.tidy_branches(progress)
        except AgentopsError as error:
            self._warn(progress, f"its branches are not tidied up: {error.summary}")

    async def _publish(self, progress: Progress) -> None:
        if progress.revision is not None or progress.publication is not None or progress.draft is None:
            return
        try:
            await self.serving.publish(progress)
            await self.serving.scan(progress)
        except ScanFailedError:
            raise
        except AgentopsError:
            failed_at = progress.stage
            await self._clean_up(progress)
            if not await self._went_live_after_all(progress):
                progress.stage = failed_at
                raise

    async def _went_live_after_all(self, progress: Progress) -> bool:
        try:
            return await self.serving.find_published(progress)
        except AgentopsError:
            return False

    async def _roll_back(self, progress: Progress) -> None:
        target = progress.change.restore_to
        if target is None:
            return
        with self.serving.at(progress, Stage.RESTORE) as said:
            progress.revision = await self.serving.put_back(progress, target)
            progress.is_live = True
            said.append(f"revision {progress.revision.number or progress.revision.revision_id} serves")
        await self.serving.metadata(progress)
        self.went_live.append(progress)

    async def _judge(self, progress: Progress) -> None:
        """What the calls said decides whether the agent is kept."""
        verdict = progress.verdict
        if progress.change.action is Action.ARCHIVE:
            result = replace(self._base_result(progress), outcome=Outcome.APPLIED, detail="archived: it takes no calls")
            self._finish(replace(result, serving_revision_id=None, serving_number=None))
            return
        if not _has_failed(verdict):
            detail = "kept, though the calls were inconclusive" if verdict and _is_unclear(verdict) else ""
            self._finish(replace(self._base_result(progress), outcome=Outcome.APPLIED, detail=detail))
            return
        failed = VerifyError(f"{progress.change.key}: a call after going live failed", code="call_failed")
        if self.options.deploy.on_failure is OnFailure.KEEP:
            self._fail(progress, failed, detail="the calls failed; kept, as this environment asks")
        else:
            await self._take_back(progress, failed)

    async def _take_back(self, progress: Progress, error: AgentopsError) -> None:
        """Restores what served before, because of `error`."""
        if progress.is_first_deploy:
            self._fail(progress, error, detail="nothing served before, so there is nothing to go back to")
            return
        failed_at = progress.stage
        try:
            restored = await self.serving.restore(progress)
        except AgentopsError as second:
            self._warn(progress, f"because of: {error.summary}")
            self._fail(progress, second, detail="what served before could not be restored")
            return
        progress.stage = failed_at
        detail = f"revision {restored.number or restored.revision_id} serves again"
        result = replace(
            self._base_result(progress),
            outcome=Outcome.ROLLED_BACK,
            stage=failed_at,
            problem=Problem.from_error(error),
            detail=detail,
            serving_revision_id=restored.revision_id,
            serving_number=restored.number,
        )
        self._finish(result)

    async def _take_all_back(self) -> None:
        """--atomic: what went live in this run is restored, newest first."""
        for progress in reversed(self.went_live):
            ended = self.results[progress.change.key]
            is_kept_failure = ended.outcome in (Outcome.FAILED, Outcome.UNKNOWN) and not progress.is_first_deploy
            if ended.outcome is Outcome.APPLIED or is_kept_failure:
                await self._take_back(progress, AgentopsError("another agent of the same run failed", code="atomic"))
            if is_kept_failure:  # its own failure tells more than that of another
                self._finish(replace(self.results[progress.change.key], problem=ended.problem))

    async def _abandon_deploy(self, progress: Progress) -> None:
        if progress.is_live:
            detail = "interrupted after it went live; the calls did not run to their end"
            verdict = progress.verdict or SmokeVerdict(Verdict.INCONCLUSIVE, "interrupted")
            is_calling = progress.stage is Stage.SMOKE
            result = replace(self._base_result(progress), outcome=Outcome.APPLIED, detail=detail)
            self._finish(replace(result, verdict=verdict) if is_calling else result)
            return
        await self._abandon(progress)

    # -- results

    def _warn(self, progress: Progress, text: str) -> None:
        progress.warnings.append(text)
        self._tell(Warned(progress.change.key, text))

    def _fail(self, progress: Progress, error: AgentopsError, *, detail: str = "") -> None:
        is_unread = progress.stage is Stage.VERIFY and isinstance(error, (UnavailableError, RateLimitedError))
        is_unknown = is_unread or isinstance(error, OutcomeUnknownError)
        result = replace(
            self._base_result(progress),
            outcome=Outcome.UNKNOWN if is_unknown else Outcome.FAILED,
            stage=progress.stage,
            problem=Problem.from_error(error),
            detail=detail,
        )
        self._finish(result)

    def _finish(self, result: AgentResult) -> None:
        self.results[result.key] = result
        self._tell(AgentFinished(result))

    def _base_result(self, progress: Progress) -> AgentResult:
        change, revision, before = progress.change, progress.revision, progress.served_before
        serving = revision if progress.is_live else before
        return AgentResult(
            key=change.key,
            name=change.name,
            action=change.action,
            outcome=Outcome.NOT_ATTEMPTED,
            agent_id=progress.agent_id,
            revision_id=revision.revision_id if revision else None,
            number=revision.number if revision else None,
            previous_revision_id=before.revision_id if before else None,
            previous_number=before.number if before else None,
            serving_revision_id=serving.revision_id if serving else None,
            serving_number=serving.number if serving else None,
            fingerprint=change.fingerprint,
            warnings=tuple(progress.warnings),
            verdict=progress.verdict,
        )


def _is_good(result: AgentResult) -> bool:
    return result.outcome in (Outcome.APPLIED, Outcome.UNCHANGED) and not _has_failed(result.verdict)


def _has_failed(verdict: SmokeVerdict | None) -> bool:
    return verdict is not None and verdict.verdict is Verdict.FAILED


def _is_unclear(verdict: SmokeVerdict) -> bool:
    return verdict.verdict is Verdict.INCONCLUSIVE


def _plain_result(change: AgentChange, outcome: Outcome, detail: str) -> AgentResult:
    return AgentResult(
        key=change.key,
        name=change.name,
        action=change.action,
        outcome=outcome,
        detail=detail,
        agent_id=change.agent_id,
        serving_revision_id=change.base_revision_id,
        serving_number=change.base_number,
        fingerprint=change.fingerprint,
    )
