"""Watches callers' calls after a deploy, and restores what served before if a rule of `deploy.watch` fails.

Everything is computed from the time when a revision went live and from the rows of its calls. There is no state, so
any machine can watch, as often as it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agentops.apply.model import AgentResult, EventSink, Outcome
from agentops.apply.rollback import PREVIOUS, choose_revision
from agentops.clock import Period, platform_time
from agentops.compare.watch import (
    MOST_OLD,
    Hour,
    Unchanged,
    WatchedCall,
    WatchedCalls,
    excused,
    hours_around,
    judge,
    verdict_of,
)
from agentops.compare.watch_result import JudgedCalls, WatchedAgent, WatchResult, is_going_back, why_kept
from agentops.document import AgentListing, DesiredAgent, Generation, OnFailure, Revision, Verdict
from agentops.errors import AgentopsError, RefusedError, UsageError
from agentops.plan.build import PlanOptions
from agentops.watch_rules import WatchRule
from agentops.workflow.applying import ApplyRequest, CallHooks, apply_deployment
from agentops.workflow.deployment import Deployment
from agentops.workflow.history import REVISIONS, list_deployed, plan_going_back_to

# A protected agent was changed by a deploy that somebody acknowledged, and undoing that deploy is part of it.
_OF_THE_DEPLOY = frozenset({"PROTECTED_AGENT"})
_MOST_UNCHANGED = 20  # agents whose calls are read to rule out an outage
_BEFORE = timedelta(days=7)  # how far back their calls are read


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """How to watch. `now` is in UTC; `is_dry`: only report, and restore nothing."""

    call_types: tuple[str, ...]
    now: datetime
    is_dry: bool = False


@dataclass(frozen=True, slots=True)
class WatchHooks:
    """What watching touches besides the platform. `on_read` gets an agent's key and the number of its calls so far."""

    on_read: Callable[[str, int], None]
    on_event: EventSink
    calls: CallHooks


async def watch(deployment: Deployment, request: WatchRequest, hooks: WatchHooks) -> WatchResult:
    """Judges every selected agent that is deployed, then restores those that have failed, in one run.

    Raises UsageError without rules or without agents, PlatformError if the platform ignores the filter by revision.
    """
    environment = deployment.environment
    if not environment.deploy.watch:
        raise UsageError(
            f"environment {environment.name!r} has no rules to watch by",
            hint="add some to agentops.yaml: deploy: {watch: {completion: {drop_at_most: 5%}}}; see docs/watch.md",
            code="no-watch",
        )
    looking = _Looking(deployment, request, hooks)
    agents = [await looking.look(agent, listing) for agent, listing in await list_deployed(deployment)]
    failed = [each for each in agents if each.verdict is Verdict.FAILED and each.kept is None]
    if failed and not request.is_dry:
        restored = await _restore(deployment, failed, hooks)
        agents = [restored.get(each.key, each) for each in agents]
    return WatchResult(environment.name, tuple(agents))


@dataclass(slots=True)
class _Looking:
    deployment: Deployment
    request: WatchRequest
    hooks: WatchHooks

    @property
    def rules(self) -> Sequence[WatchRule]:
        return self.deployment.environment.deploy.watch

    async def look(self, agent: DesiredAgent, listing: AgentListing) -> WatchedAgent:
        """The verdict on the agent's live revision."""
        reader, key = self.deployment.account, agent.key
        live = await reader.read_live(listing.agent_id)
        if live is None:
            return WatchedAgent(key, why="no revision serves calls")
        revisions = await reader.list_revisions(listing.agent_id, limit=REVISIONS)
        if is_going_back(live, revisions):
            return WatchedAgent(key, live=live, why="it was put back in service: a restored revision is not judged")
        since = self._served_since(live)
        if since is None:
            return WatchedAgent(key, live=live, why="the platform does not say since when it serves")
        days = self.deployment.environment.deploy.watch_days
        if self.request.now > since + timedelta(days=days):
            why = f"it has served for more than {days:g} days: `agentops compare {key}` compares what callers met with"
            return WatchedAgent(key, live=live, why=why)
        before = _served_before(key, live, revisions)
        judged = await self._judge(key, listing.agent_id, live, before, Period(since=since))
        if judged.verdict is Verdict.FAILED:
            judged = await self._ask_others(judged, since)
        if judged.verdict is not Verdict.FAILED:
            return judged
        return replace(judged, kept=self._why_kept(live, before, revisions))

    def _why_kept(self, live: Revision, before: Revision | None, revisions: Sequence[Revision]) -> str | None:
        environment = self.deployment.environment
        if environment.deploy.on_failure is OnFailure.KEEP:
            return "this environment keeps what fails (`on_failure: keep`)"
        if before is None:
            return "nothing served before, so there is nothing to go back to"
        return why_kept(environment, live, revisions)

    async def _judge(
        self, key: str, agent_id: str, live: Revision, before: Revision | None, period: Period
    ) -> WatchedAgent:
        new = await self._read(key, agent_id, live.revision_id, period)
        old = WatchedCalls("", self.rules)
        if before is not None:
            old = await self._read_like(new, key, agent_id, before.revision_id, Period(until=period.since))
        rulings = judge(self.rules, new.calls, old.calls)
        if before is None:
            why = "nothing served before to compare with"
            rulings = tuple(replace(each, why=why) if each.rule.limit.is_relative else each for each in rulings)
        return WatchedAgent(key, verdict_of(rulings), live, before, rulings, new_calls=_side(new), old_calls=_side(old))

    async def _read_like(
        self, other: WatchedCalls, key: str, agent_id: str, revision_id: str, period: Period
    ) -> WatchedCalls:
        """The last calls of a revision in the hours of the day in which `other` has calls."""
        hours = hours_around(other.calls) if other.calls else None
        return await self._read(key, agent_id, revision_id, period, hours, most=MOST_OLD)

    async def _read(
        self,
        key: str,
        agent_id: str,
        revision_id: str,
        period: Period,
        hours: frozenset[Hour] | None = None,
        *,
        most: int | None = None,
    ) -> WatchedCalls:
        """The calls of a revision, only those in `hours` if given, and only the last `most` if given."""
        window, done = WatchedCalls(revision_id, self.rules, period), 0
        async with aclosing(
            self.deployment.account.list_calls(agent_id, revision_id, self.request.call_types, period)
        ) as pages:
            async for page in pages:
                for row in page:
                    window.add(row, hours)
                done += len(page)
                self.hooks.on_read(key, done)
                if most is not None and len(window.calls) >= most:
                    break
        window.calls.sort(key=lambda call: call.at)
        if most is not None:
            del window.calls[:-most]
        return window

    async def _ask_others(self, judged: WatchedAgent, since: datetime) -> WatchedAgent:
        """`judged`, without failures that callers of unchanged agents had in the same days as well: an outage."""
        unchanged = await self._read_unchanged(judged.key, since)
        rulings = tuple(excused(ruling, unchanged) for ruling in judged.rulings)
        return replace(judged, rulings=rulings, verdict=verdict_of(rulings), unchanged=unchanged.keys)

    async def _read_unchanged(self, key: str, since: datetime) -> Unchanged:
        reader = self.deployment.account
        keys: list[str] = []
        before: list[WatchedCall] = []
        later: list[WatchedCall] = []
        for agent, listing in await list_deployed(self.deployment.narrowed(self.deployment.project.agents)):
            if agent.key == key or len(keys) == _MOST_UNCHANGED:
                continue
            live = await reader.read_live(listing.agent_id)
            if live is None or (served := self._served_since(live)) is None or served > since:
                continue
            keys.append(agent.key)
            after = await self._read(agent.key, listing.agent_id, live.revision_id, Period(since=since), most=MOST_OLD)
            past = Period(since - _BEFORE, since)
            earlier = await self._read_like(after, agent.key, listing.agent_id, live.revision_id, past)
            later += after.calls
            before += earlier.calls
        return Unchanged(tuple(keys), tuple(before), tuple(later))

    def _served_since(self, live: Revision) -> datetime | None:
        """Since when the revision serves. On v2, publishing on the live branch is going live."""
        is_v1 = self.deployment.account.generation is Generation.V1
        return platform_time(live.activated_at if is_v1 else live.published_at)


def _served_before(key: str, live: Revision, revisions: Sequence[Revision]) -> Revision | None:
    try:
        return choose_revision(key, live, revisions, PREVIOUS)
    except RefusedError:  # this is its first deploy
        return None


def _side(window: WatchedCalls) -> JudgedCalls:
    return JudgedCalls(len(window.calls), dict(window.left_out), tuple(sorted(window.metrics)))


async def _restore(
    deployment: Deployment, failed: Sequence[WatchedAgent], hooks: WatchHooks
) -> Mapping[str, WatchedAgent]:
    """Restores the agents that have failed, as a rollback by hand would, and returns what became of each."""
    options = PlanOptions(acknowledged=_OF_THE_DEPLOY)
    judged = {each.key: each.live.revision_id for each in failed if each.live}
    to = {each.key: each.before.revision_id for each in failed if each.before}
    try:
        plan = await plan_going_back_to(deployment, to, options)
        serving = {change.key: change.base_revision_id for change in plan.changes}
        # Another revision that went live since the verdict is not the one that failed, and stays.
        still = {key: revision_id for key, revision_id in to.items() if serving[key] == judged[key]}
        if still != to:
            plan = await plan_going_back_to(deployment, still, options)
        request = ApplyRequest(smoke=False)
        result = await apply_deployment(deployment, plan, request, calls=hooks.calls, on_event=hooks.on_event)
    except AgentopsError as error:
        return {each.key: replace(each, kept=f"it could not be restored: {error.summary}") for each in failed}
    ended = {agent.key: agent for agent in result.agents}
    return {each.key: _ended(each, ended.get(each.key)) for each in failed}


def _ended(watched: WatchedAgent, result: AgentResult | None) -> WatchedAgent:
    if result is None:
        return replace(watched, kept="another revision went live meanwhile")
    if result.outcome is Outcome.APPLIED:
        return replace(watched, restored=result.serving_name)
    why = result.problem.summary if result.problem else result.detail
    return replace(watched, kept=f"it could not be restored: {why}")
