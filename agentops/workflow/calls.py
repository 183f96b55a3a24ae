"""Scripted calls to an environment's agents: on request, and right after a deploy.

Reports are written by functions that the command line passes in, since nothing here renders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from agentops.apply.model import SmokeVerdict
from agentops.calls.baseline import NO_BASELINE, Baseline
from agentops.calls.call_files import keep_in
from agentops.calls.coverage import coverage_of, inventory_of
from agentops.calls.from_record import script_of_record
from agentops.calls.prepare import prepare
from agentops.calls.report import RunReport
from agentops.calls.run import PreparedScript
from agentops.calls.schedule import Progress, RunOptions, ScheduledCall, ignore_progress, run_calls, shard_of
from agentops.calls.selection import estimate_s
from agentops.calls.session import NoConnection, Target, try_session
from agentops.document import DesiredAgent, Verdict, label_text
from agentops.errors import AgentopsError, LocalError, RefusedError, UnavailableError, UsageError
from agentops.plan.identity import match_agents
from agentops.plan.model import Action, AgentChange, Plan
from agentops.spec import Project
from agentops.workflow.call_costs import require_credits
from agentops.workflow.call_wiring import estimate_usage, open_wiring, require_tokens
from agentops.workflow.deployment import Deployment
from agentops.workflow.expected_calls import is_called
from agentops.workflow.planning import survey
from agentops.workflow.scripts import Choice, LoadedScript, load_scripts

# Writes the pages of a run into the folder of its calls, and returns the one to open.
PageWriter: TypeAlias = Callable[[RunReport, Path], Path]
# Writes the page of a plan into the folder of its run, and returns its path.
PlanWriter: TypeAlias = Callable[[Plan, Path], Path]


@dataclass(frozen=True, slots=True)
class CallRequest:
    """Which calls to make; without files, those that the specs name.

    shard:      (number, count) of the part to call; numbers start at 1
    budget_min: the most minutes that they may take
    """

    files: tuple[Path, ...] = ()
    tags: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None
    budget_min: float | None = None


def choose_scripts(project: Project, agents: Sequence[DesiredAgent], request: CallRequest) -> list[LoadedScript]:
    """The scripts to call; none if the shard gets none.

    Raises UsageError if nothing fits the request, RefusedError if the calls take longer than the budget.
    """
    files = tuple(_in_project(path, project.root) for path in request.files)
    scripts = load_scripts(project, agents, Choice(files, request.tags))
    if not scripts:
        raise UsageError("no call script fits what was asked for", hint="name one, or add `calls:` to a spec")
    mine = [scripts[index] for index in shard_of([item.file for item in scripts], request.shard)]
    hint = "choose fewer with --tag or --agent, or raise --budget"
    require_budget(estimate_min(mine), request.budget_min, hint=hint)
    require_tokens(estimate_usage([item.script for item in mine], project.environment), project.environment)
    return mine


def _in_project(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageError(
            f"{path} is outside of the project in {root}", hint="copy it into the project's agents/calls"
        ) from None


def prepare_script(loaded: LoadedScript, root: Path) -> PreparedScript:
    """A script whose spoken words are synthesized already."""
    return prepare(loaded.script, loaded.file, folder=(root / loaded.file).parent, places=loaded.places)


def estimate_min(scripts: Iterable[LoadedScript | PreparedScript]) -> float:
    """About how many minutes the calls by `scripts` take, repeats included."""
    return sum(estimate_s(item.script) for item in scripts) / 60


def require_budget(minutes: float, budget_min: float | None, *, hint: str) -> None:
    """Raises RefusedError when calls of about `minutes` are more than the budget; None is no budget."""
    if budget_min is not None and minutes > budget_min:
        raise RefusedError(
            f"the calls would take about {minutes:.1f} minutes, the budget is {budget_min:g}",
            hint=hint,
            code="call-budget",
        )


async def script_from_record(deployment: Deployment, call_id: str) -> dict[str, Any]:
    """The record of a call as a script of the agent that took it. Raises UsageError if no spec describes that agent."""
    record = await deployment.account.read_call(call_id)
    agent = record.get("agent")
    agent_id = record.get("agentId") or (agent.get("_id") if isinstance(agent, Mapping) else agent)
    listings = await deployment.account.list_agents()
    matching = match_agents(deployment.environment, deployment.agents, listings)
    keys = [m.desired.key for m in matching.matches if m.listing and m.listing.agent_id == agent_id]
    if not keys:
        raise UsageError(
            f"call {call_id} was taken by agent {agent_id}, which no spec here means",
            hint="use the environment that the call was made in: -e NAME",
            code="foreign-call",
        )
    return script_of_record(record, keys[0])


async def find_agent_ids(deployment: Deployment, keys: Iterable[str]) -> dict[str, str]:
    """The platform's id of each agent. Raises UsageError for one that is not there yet."""
    wanted = tuple(keys)
    matching = match_agents(deployment.environment, deployment.agents, await deployment.account.list_agents())
    found = {match.desired.key: match.listing for match in matching.matches if match.listing}
    if any(key not in found for key in wanted):  # by our marks an agent is found that was renamed in the console
        matching = (await survey(deployment, has_shelf=False)).matching
        found = {match.desired.key: match.listing for match in matching.matches if match.listing}
    for key in wanted:
        if key not in found or found[key].is_archived:
            raise UsageError(
                f"agent {key!r} is not on the platform in environment {deployment.environment.name!r}",
                hint=f"deploy it first: `agentops apply -e {deployment.environment.name}`",
                code="not-deployed",
            )
    return {key: found[key].agent_id for key in wanted}


def target_of(deployment: Deployment, agent_id: str) -> Target:
    key = deployment.api_key.reveal() if deployment.api_key else ""
    return Target(deployment.account.base_url, agent_id, key, deployment.environment.name)


async def serving_target(deployment: Deployment, agent_id: str) -> Target:
    """The agent with its live revision, for the report to name. If that can't be read, the agent is called without."""
    target = target_of(deployment, agent_id)
    try:
        live = await deployment.account.read_live(agent_id)
    except AgentopsError:
        return target
    return replace(target, revision=live.number, label=label_text(live.label)) if live is not None else target


async def smoke(
    deployment: Deployment,
    scripts: Sequence[LoadedScript],
    options: RunOptions,
    baseline: Baseline = NO_BASELINE,
    lines: Mapping[str, Sequence[str]] | None = None,
    *,
    copies: Mapping[str, str] | None = None,
    measures_coverage: bool = False,
) -> RunReport:
    """Calls the agents that serve now, by the given scripts. Everything is prepared before the first call.

    lines: what simulated callers repeat, by the script's file
    copies: the ids of the agents to call instead, by key
    measures_coverage: reads the tool calls of every call, and reports which tools and playbooks were used
    """
    prepared = [
        replace(prepare_script(loaded, deployment.root), lines=(lines or {}).get(loaded.file, ())) for loaded in scripts
    ]
    keys = dict.fromkeys(item.script.agent for item in prepared)
    ids = copies if copies is not None else await find_agent_ids(deployment, keys)
    if keys:
        await require_credits(deployment.account, estimate_min(prepared), ids[next(iter(keys))])
    targets = dict(zip(keys, await asyncio.gather(*(serving_target(deployment, ids[k]) for k in keys)), strict=True))
    scheduled = [ScheduledCall(item, targets[item.script.agent]) for item in prepared]
    options = replace(options, environment=options.environment or deployment.environment.name)
    async with open_wiring(deployment, [item.script for item in prepared], baseline) as wiring:
        run = await run_calls(scheduled, replace(wiring, follows_tools=measures_coverage), options)
    if not measures_coverage:
        return run
    inventories = {agent.key: inventory_of(agent.config) for agent in deployment.agents}
    return replace(run, coverage=coverage_of(run, inventories))


@dataclass(frozen=True, slots=True)
class SmokeAfterDeploy:
    """The calls of an apply (`apply.model.Smoke`): each changed agent's scripts, right after it went live.

    plan: the page of the plan, as a link in the reports; "" if there is none
    """

    deployment: Deployment
    prepared: Mapping[str, Sequence[PreparedScript]]
    folder: Path
    write_pages: PageWriter
    progress: Progress = ignore_progress
    plan: str = ""

    async def require_reachable(self, changes: Sequence[AgentChange]) -> None:
        """Opens and closes one session with an agent that is to be called, while the old version still serves.

        Raises UnavailableError: better no deploy than one that can't be called. A new agent can't be tried beforehand.
        """
        served = next(
            (c.agent_id for c in changes if c.agent_id and self.prepared.get(c.key) and c.base_revision_id), None
        )
        if served is None:
            return
        try:
            await try_session(target_of(self.deployment, served), self.deployment.account)
        except NoConnection as failure:
            raise UnavailableError(
                f"the calls after this deploy could not be made, so nothing was changed: {failure.summary}",
                hint="try again later, or deploy without calls: --no-smoke",
                code="calls-unreachable",
            ) from None

    def is_called(self, change: AgentChange) -> bool:
        return bool(self.prepared.get(change.key))

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        chosen = self.prepared.get(change.key, ())
        if not chosen:
            return None
        folder = self.folder / change.key
        options = RunOptions(environment=self.deployment.environment.name, progress=self.progress, keep=keep_in(folder))
        try:
            target = await serving_target(self.deployment, agent_id)
            scheduled = [ScheduledCall(item, target) for item in chosen]
            async with open_wiring(self.deployment, [item.script for item in chosen]) as wiring:
                run = replace(await run_calls(scheduled, wiring, options), plan=self.plan)
        except (
            AgentopsError,
            OSError,
        ) as error:  # which says nothing about the agent, so it is never rolled back for it
            return SmokeVerdict(Verdict.INCONCLUSIVE, f"the calls could not be made: {error}")
        try:
            return SmokeVerdict(run.verdict, summary_of(run), str(self.write_pages(run, folder)))
        except LocalError as failure:
            return SmokeVerdict(run.verdict, f"{summary_of(run)}\nno report of them: {failure.summary}")


def prepare_smoke(
    deployment: Deployment,
    changes: Sequence[AgentChange],
    folder: Path,
    write_pages: PageWriter,
    progress: Progress = ignore_progress,
) -> SmokeAfterDeploy:
    """Reads and prepares the changed agents' scripts, before anything is written on the platform.

    folder: where the reports go, in a folder for each agent

    Raises SpecError for a broken script, and UsageError if a script speaks and the speech extra is missing.
    """
    keys = {change.key for change in changes if change.fields or change.action not in (Action.UNCHANGED, Action.UPDATE)}
    agents = [agent for agent in deployment.agents if agent.key in keys]
    prepared: dict[str, list[PreparedScript]] = {}
    by_key = {change.key: change for change in changes}
    for loaded in load_scripts(deployment.project, agents, Choice()):
        if is_called(by_key[loaded.script.agent], loaded):
            prepared.setdefault(loaded.script.agent, []).append(prepare_script(loaded, deployment.root))
    chosen = [item.script for each in prepared.values() for item in each]
    require_tokens(estimate_usage(chosen, deployment.environment), deployment.environment)
    return SmokeAfterDeploy(deployment, prepared, folder, write_pages, progress)


def summary_of(run: RunReport) -> str:
    """What was expected and what was heard, one line for each failure; the number of calls if all passed."""
    lines = []
    for call in run.calls:
        for check in call.failures:
            at = f" (at {check.at_ms / 1000:.1f} s)" if check.at_ms is not None else ""
            lines.append(f"{call.title}: expected {check.expected}; heard {check.heard}{at}")
    return "\n".join(lines) or f"{len(run.calls)} call{'s' if len(run.calls) != 1 else ''} passed"
