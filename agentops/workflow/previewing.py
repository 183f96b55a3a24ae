"""Ephemeral copies of agents, to be called before anything goes live: put up, taken down, and swept when forgotten.

A preview is an ordinary agent, deployed by the ordinary engine, that no caller reaches: inbound off, no phone number, a
name that says what it is. Its mark names an environment of its own, so that no deploy ever takes it for the real agent.
Its label says until when it may stay.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from agentops.apply.engine import apply_plan, resource_run_of
from agentops.apply.model import AgentResult, ApplyOptions, ApplyResult, EventSink, Hooks, Outcome, Smoke
from agentops.apply.resources import ResourceRun
from agentops.clock import Clock, SystemClock, platform_time
from agentops.commands import in_environment
from agentops.document import AgentListing, Deploy, DesiredAgent, Limits, OnFailure, Revision, label_text, read_mark
from agentops.errors import RefusedError, UsageError
from agentops.plan.approval import require_applyable
from agentops.plan.build import PlanOptions
from agentops.plan.model import Action, AgentChange, Drift, Plan
from agentops.plan.names import hide_names
from agentops.workflow.deployment import Deployment
from agentops.workflow.expected_calls import CallSettings
from agentops.workflow.planning import plan_deployment
from agentops.workflow.resources import with_references
from agentops.workflow.uploads import read_uploads, require_renderer

DEFAULT_TTL = timedelta(hours=4)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_CALLED = re.compile(r" \(preview ([a-z0-9][a-z0-9-]{0,30})\)$")
_UNTIL = re.compile(r"\buntil (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z\b")


@dataclass(frozen=True, slots=True)
class PreviewHooks:
    """What a preview touches besides the platform. `smoke` calls the copies as soon as they are up.

    acknowledged: refusals that were acknowledged, such as an unknown voice
    """

    on_event: EventSink
    smoke: Smoke | None = None
    clock: Clock | None = None
    acknowledged: frozenset[str] = frozenset()


async def preview_up(
    deployment: Deployment, name: str, hooks: PreviewHooks, *, ttl: timedelta = DEFAULT_TTL
) -> ApplyResult:
    """Deploys a copy of every selected agent, or brings the copies of that name up to date.

    Raises RefusedError or StaleError for a copy that must not be deployed, as `require_applyable` does. If copies are
    called, that includes an agent without calls whose spec doesn't give the reason.
    """
    clock = hooks.clock or SystemClock()
    copies = _copies(deployment, name)
    if deployment.project.resources:
        await build_shared(await plan_deployment(deployment, _TRYING), deployment, hooks)
    return await _put_up(copies, name, hooks, clock, ttl)


async def build_shared(plan: Plan, deployment: Deployment, hooks: PreviewHooks) -> ResourceRun:
    """Makes the tools and knowledge bases that copies refer to. They are the real ones, which no caller meets before
    the real agents refer to them. Raises RefusedError if one can't be made."""
    require_renderer(plan)
    options = Hooks(on_event=hooks.on_event, clock=hooks.clock, read_file=read_uploads(deployment.root))
    resources = resource_run_of(plan, deployment.account, options)
    if not await resources.build(is_rehearsal=True):
        failed = next(each for each in resources.results if each.problem)
        assert failed.problem is not None
        await resources.withdraw()
        raise RefusedError(f"{failed.address}: {failed.problem.summary}", hint=failed.problem.hint)
    return resources


async def _put_up(copies: Deployment, name: str, hooks: PreviewHooks, clock: Clock, ttl: timedelta) -> ApplyResult:
    until = (clock.now() + ttl).strftime("%Y-%m-%dT%H:%M:%SZ")
    plan = await _plan(copies, hooks)
    # A plan refuses an archived agent. A copy that was taken down is brought back instead, and planned again.
    taken_down = [change.agent_id for change in plan.changes if change.drift is Drift.ARCHIVED and change.agent_id]
    if taken_down:
        await asyncio.gather(*(copies.account.archive_agent(each, archived=False) for each in taken_down))
        plan = await _plan(copies, hooks)
    require_applyable(plan)
    options = ApplyOptions(deploy=Deploy(label=f"preview {name} until {until}", on_failure=OnFailure.KEEP))
    chosen = Hooks(smoke=hooks.smoke, on_event=hooks.on_event, clock=clock, run_id=f"preview-{name}")
    result = await apply_plan(plan, copies.account, options, chosen)
    if hooks.smoke is not None:
        return result
    return replace(
        result, agents=tuple(replace(each, calls="no calls: putting up a copy makes none") for each in result.agents)
    )


_ACKED = frozenset({"REDEPLOY"})  # a preview is there to try again what failed
_TRYING = PlanOptions(overwrites_drift=True, discards_draft=True, acknowledged=_ACKED)


async def _plan(copies: Deployment, hooks: PreviewHooks) -> Plan:
    options = PlanOptions(
        overwrites_drift=True, discards_draft=True, acknowledged=_ACKED | frozenset(hooks.acknowledged)
    )
    return await plan_deployment(copies, options, calls=CallSettings(smoke=hooks.smoke is not None))


def _copies(deployment: Deployment, name: str) -> Deployment:
    """The deployment of the copies: the same account, and an environment of their own without the rules that protect
    callers, since no caller reaches a copy."""
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"{name!r} can't name a preview", hint="use small letters, digits and -, at most 31 of them")
    environment = replace(
        deployment.environment,
        name=_environment_of(deployment, name),
        is_protected=False,
        protected_agents=(),
        rules={},
        limits=Limits(),
        ignore_drift=(),
        requires=None,
        freezes=(),
        calm_hours=None,
        deploy=replace(deployment.environment.deploy, gate_preview=False),
    )
    shared = with_references(deployment.project)
    chosen = {agent.key for agent in deployment.agents}
    agents = tuple(_copy(agent, name) for agent in shared.agents if agent.key in chosen)
    project = replace(shared, environment=environment, agents=agents, resources=())
    return replace(deployment, project=project, agents=agents)


def _environment_of(deployment: Deployment, name: str) -> str:
    return f"{deployment.environment.name}-preview-{name}"


def _copy(agent: DesiredAgent, name: str) -> DesiredAgent:
    kept = {field: value for field, value in agent.metadata.items() if field == "description"}
    return replace(
        agent,
        name=f"{agent.name} (preview {name})",
        metadata={**kept, "allowInboundCall": False},
        agent_id=None,
        previous_names=(),
        previous_keys=(),
    )


def gated_keys(plan: Plan) -> frozenset[str]:
    """The agents of `plan` whose copies a gate calls."""
    return frozenset(change.key for change in plan.changes if change.is_deploy)


async def pass_gate(deployment: Deployment, plan: Plan, hooks: PreviewHooks, run_id: str) -> ApplyResult | None:
    """Calls a copy of every agent that `plan` would deploy, and takes the copies down however that ends.

    None if all calls passed; otherwise the result of an apply that changed nothing, with what the calls found.
    """
    keys = gated_keys(plan)
    gated = deployment.narrowed(tuple(agent for agent in deployment.agents if agent.key in keys))
    name = f"gate-{run_id[-6:].lower()}"
    hooks = replace(hooks, acknowledged=hooks.acknowledged | frozenset(plan.acknowledged))
    try:
        resources = await build_shared(plan, deployment, hooks)
        clock = hooks.clock or SystemClock()
        previewed = await _put_up(_copies(gated, name), name, hooks, clock, DEFAULT_TTL)
    finally:
        swept = await preview_down(gated, name, hooks)
    left = [each.name for each in swept.agents if each.outcome is not Outcome.APPLIED]
    if not previewed.exit_code and not previewed.is_interrupted:
        return None
    await resources.withdraw()
    by_key = {agent.key: agent for agent in previewed.agents}
    later = in_environment("`agentops preview gc`", plan.environment)
    agents = tuple(_held_back(change, by_key.get(change.key), left, later) for change in plan.changes)
    return replace(previewed, run_id=run_id, environment=plan.environment, digest=plan.digest, agents=agents)


def _held_back(change: AgentChange, copy: AgentResult | None, left: Sequence[str], later: str) -> AgentResult:
    """The agent, which is as it was, with the verdict and the problem of its copy."""
    return AgentResult(
        key=change.key,
        name=change.name,
        action=change.action,
        outcome=Outcome.NOT_ATTEMPTED if change.is_change else Outcome.UNCHANGED,
        detail="held back: a preview did not pass its calls" if change.is_change else change.reason,
        agent_id=change.agent_id,
        problem=copy.problem if copy else None,
        verdict=copy.verdict if copy else None,
        serving_revision_id=change.base_revision_id,
        serving_number=change.base_number,
        fingerprint=change.fingerprint,
        warnings=tuple(f"{name} could not be taken down: {later} does it later" for name in left),
    )


async def preview_down(deployment: Deployment, name: str, hooks: PreviewHooks) -> ApplyResult:
    """Archives the copies of every agent in the preview `name` of the project's environment."""
    found = [each for each in await _previews(deployment) if each.name == name]
    return await _archive(deployment, found, hooks)


async def sweep_previews(deployment: Deployment, hooks: PreviewHooks, *, ttl: timedelta = DEFAULT_TTL) -> ApplyResult:
    """Archives the copies whose time is over; that of an unfinished copy counts from its last change."""
    clock = hooks.clock or SystemClock()
    return await _archive(deployment, [p for p in await _previews(deployment) if p.ends(ttl) <= clock.now()], hooks)


async def list_previews(deployment: Deployment) -> Sequence[Preview]:
    """Every copy of the project's environment, sorted by preview and agent."""
    secrets = deployment.secrets
    found = sorted(await _previews(deployment), key=lambda each: (each.name, each.key))
    return [replace(each, listing=replace(each.listing, name=secrets.hide(each.listing.name))) for each in found]


async def find_copies(deployment: Deployment, name: str) -> dict[str, str]:
    """Agent key -> the id of its copy in the preview `name`. Raises UsageError if there is none."""
    previews = await list_previews(deployment)
    found = {each.key: each.listing.agent_id for each in previews if each.name == name and each.live is not None}
    if not found:
        others = ", ".join(dict.fromkeys(each.name for each in previews))
        raise UsageError(
            f"no preview is called {name!r} in environment {deployment.environment.name!r}",
            hint=f"there are: {others}" if others else f"`agentops preview up {shlex.quote(name)}` puts one up",
            code="no-preview",
        )
    return found


@dataclass(frozen=True, slots=True)
class Preview:
    """One copy in the account. `key`: the agent that it copies; `name`: the preview that it belongs to."""

    name: str
    key: str
    listing: AgentListing
    live: Revision | None

    def ends(self, ttl: timedelta) -> datetime:
        until = _UNTIL.search(label_text(self.live.label if self.live else None))
        if until is not None:
            return datetime.fromisoformat(f"{until.group(1)}+00:00")
        made = platform_time((self.live.published_at if self.live else None) or self.listing.updated_at)
        return (made or datetime(1970, 1, 1, tzinfo=UTC)) + ttl


async def _previews(deployment: Deployment) -> Sequence[Preview]:
    """The copies that are ours: by our mark, or unfinished ones that have only the platform's first revision."""
    listings = [each for each in await deployment.account.list_agents() if _CALLED.search(each.name)]
    live = await asyncio.gather(*(deployment.account.read_live(each.agent_id) for each in listings))
    found = (_preview(deployment, listing, revision) for listing, revision in zip(listings, live, strict=True))
    return [each for each in found if each is not None]


def _preview(deployment: Deployment, listing: AgentListing, live: Revision | None) -> Preview | None:
    called = _CALLED.search(listing.name)
    name = called.group(1) if called else ""
    mark = read_mark(live.label if live else None)
    if mark is None:
        known = {agent.name: agent.key for agent in deployment.project.agents}
        key = known.get(listing.name.removesuffix(f" (preview {name})"))
        is_unfinished = live is None or (live.label is None and live.number in (None, 1))
        return Preview(name, key, listing, live) if key is not None and is_unfinished else None
    is_ours = (mark.project, mark.environment) == (deployment.project.name, _environment_of(deployment, name))
    return Preview(name, mark.key, listing, live) if is_ours else None


async def _archive(deployment: Deployment, previews: Sequence[Preview], hooks: PreviewHooks) -> ApplyResult:
    account = deployment.account
    observed = await asyncio.gather(*(account.read_agent(each.listing) for each in previews))
    changes = tuple(
        AgentChange(
            key=f"{each.key} (preview {each.name})",
            name=each.listing.name,
            action=Action.ARCHIVE,
            reason=f"preview {each.name} is over",
            agent_id=each.listing.agent_id,
            base_revision_id=seen.live.revision_id if seen.live else None,
            base_number=seen.live.number if seen.live else None,
            observed=seen,
        )
        for each, seen in zip(previews, observed, strict=True)
    )
    plan = Plan(
        project=deployment.project.name,
        environment=deployment.environment.name,
        target=account.base_url,
        generation=account.generation,
        changes=changes,
        digest="",
    )
    plan = hide_names(plan, deployment.secrets)
    return await apply_plan(plan, account, hooks=Hooks(on_event=hooks.on_event, clock=hooks.clock, run_id="preview"))
