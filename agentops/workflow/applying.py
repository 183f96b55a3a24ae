"""Applies a plan: refuses it where a rule does, runs the engine with its hooks, and returns the result."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agentops.apply.engine import apply_plan
from agentops.apply.journal import Journal, environment_lock, new_run_id
from agentops.apply.model import ApplyOptions, ApplyResult, Event, EventSink, Hooks, Outcome, Warned
from agentops.apply.reached import Planned
from agentops.apply.results import result_of
from agentops.calls.schedule import Progress, ignore_progress
from agentops.clock import SystemClock
from agentops.plan.approval import require_applyable
from agentops.plan.concealment import known_secrets
from agentops.plan.model import Plan
from agentops.scrub import Scrubber
from agentops.state import state_folder
from agentops.workflow.calls import PageWriter, PlanWriter, SmokeAfterDeploy, prepare_smoke
from agentops.workflow.deployment import Deployment
from agentops.workflow.previewing import PreviewHooks, gated_keys, pass_gate
from agentops.workflow.uploads import read_uploads, require_renderer


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """The options of an apply. `smoke` overrides the environment's own setting; None follows it.

    gate_preview: call ephemeral copies first, as an environment with `deploy.gate: preview` always does
    """

    discard_draft: bool = False
    is_atomic: bool = False
    smoke: bool | None = None
    gate_preview: bool = False


@dataclass(frozen=True, slots=True)
class CallHooks:
    """What the calls after going live need from outside: functions that write the pages and show the progress."""

    write_pages: PageWriter
    progress: Progress = ignore_progress
    write_plan: PlanWriter | None = None


def unchanged_result(plan: Plan) -> ApplyResult:
    """The result of a plan that changes nothing, for which there is no run."""
    unchanged = tuple(result_of(Planned(change), Outcome.UNCHANGED, change.reason) for change in plan.changes)
    return ApplyResult("", plan.project, plan.environment, plan.digest, unchanged)


async def apply_deployment(
    deployment: Deployment, plan: Plan, request: ApplyRequest, *, calls: CallHooks, on_event: EventSink
) -> ApplyResult:
    """Applies `plan`, which must be applyable: with the environment locked, a journal, and calls where they are wanted.

    Call scripts are prepared before anything is written, and one session is opened: a broken script, or a platform that
    takes no calls, leaves everything as it was.
    """
    require_applyable(plan)
    require_renderer(plan)
    environment, clock = deployment.environment, SystemClock()
    run_id = new_run_id(clock.now())
    calls_after = environment.deploy.smoke if request.smoke is None else request.smoke
    is_gated = bool(gated_keys(plan)) and (environment.deploy.gate_preview or request.gate_preview)
    smoke = await _smoke(deployment, plan, run_id, calls) if calls_after or is_gated else None
    options = ApplyOptions(deploy=environment.deploy, discard_draft=request.discard_draft, is_atomic=request.is_atomic)
    scrubber = Scrubber(known_secrets(environment, deployment.project.agents))

    # What the platform answers may quote secrets that were written, and events and results are shown and kept.
    def report(event: Event) -> None:
        on_event(scrubber.deep(event))

    with (
        environment_lock(deployment.root, environment.name, clock),
        Journal(deployment.root, run_id, clock, scrubber) as journal,
    ):
        if is_gated and (held_back := await pass_gate(deployment, plan, PreviewHooks(report, smoke), run_id)):
            return scrubber.deep(held_back)
        after = smoke if calls_after else None
        read_file = read_uploads(deployment.root)
        hooks = Hooks(after, journal, on_event=report, clock=clock, run_id=run_id, read_file=read_file)
        result = await apply_plan(plan, deployment.account, options, hooks)
        if journal.lost is not None:
            on_event(Warned("journal", f"it ends before the run did: {journal.lost.summary}"))
        return scrubber.deep(result)


async def _smoke(deployment: Deployment, plan: Plan, run_id: str, calls: CallHooks) -> SmokeAfterDeploy:
    """The calls of this run, prepared."""
    folder = state_folder(deployment.root) / "runs" / run_id
    smoke = prepare_smoke(deployment, plan.changes, folder, calls.write_pages, calls.progress)
    await smoke.require_reachable(plan.changes)
    if calls.write_plan is None:
        return smoke
    return replace(smoke, plan=f"../{calls.write_plan(plan, folder).name}")
