"""Finds the revision in which a call script began to fail, by calling copies of an agent's revisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agentops.apply.model import EventSink
from agentops.calls.call_files import keep_in
from agentops.calls.report import RunReport
from agentops.calls.schedule import Progress, RunOptions
from agentops.clock import SystemClock
from agentops.compare.bisect_result import BisectResult, CalledRevision
from agentops.compare.bisection import Boundary, CallNext, NotFound, Tally, expected_calls, most_calls, next_step
from agentops.document import Revision, ScanState, short_digest
from agentops.errors import UsageError
from agentops.plan.agent_diff import AgentDiff, Side, SideKind
from agentops.workflow.calls import CallRequest, PageWriter, choose_scripts, estimate_min, require_budget, smoke
from agentops.workflow.deployment import Deployment
from agentops.workflow.diff import Sides, diff_account
from agentops.workflow.previewing import PreviewHooks
from agentops.workflow.revision_calls import PublishedAgent, open_copy, read_published
from agentops.workflow.scripts import LoadedScript


@dataclass(frozen=True, slots=True)
class BisectRequest:
    """Which script to call, between which revisions. `good`: None is our oldest; `bad`: None is the live one.

    lead:       by how many calls one verdict must lead before it counts
    budget_min: the most minutes that the calls may take; None: no limit
    """

    script: Path
    good: str | None = None
    bad: str | None = None
    lead: int = 2
    budget_min: float | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """A search that is about to begin. `revisions`: oldest first, both ends included."""

    published: PublishedAgent
    script: LoadedScript
    revisions: tuple[Revision, ...]
    lead: int

    @property
    def calls(self) -> int:
        return expected_calls(len(self.revisions), self.lead)

    @property
    def most(self) -> int:
        return most_calls(len(self.revisions), self.lead)

    @property
    def call_min(self) -> float:
        """About how many minutes a call takes."""
        return estimate_min([self.script])


@dataclass(frozen=True, slots=True)
class BisectHooks:
    """What bisecting touches besides the platform. `on_revision` gets the revision that is called next, and its calls.

    folder: where the reports and recordings of the calls go, in a folder for each revision
    """

    folder: Path
    write_pages: PageWriter
    progress: Progress
    on_event: EventSink
    on_revision: Callable[[Revision, Tally], None]


async def plan_search(deployment: Deployment, request: BisectRequest) -> Search:
    """The search that `request` asks for. Raises UsageError for ends that can't be used, RefusedError if the calls are
    more than the budget."""
    published = await read_published(deployment)
    mine = deployment.narrowed((published.agent,))
    (script,) = choose_scripts(deployment.project, mine.agents, CallRequest(files=(request.script,)))
    search = Search(published, script, _between(published, request), request.lead)
    hint = "name revisions that are closer with --good and --bad, or raise --budget"
    require_budget(search.calls * search.call_min, request.budget_min, hint=hint)
    return search


def _between(published: PublishedAgent, request: BisectRequest) -> tuple[Revision, ...]:
    key = published.agent.key
    bad = published.revision(request.bad) if request.bad else published.live
    if bad is None:
        raise UsageError(f"{key}: no revision serves calls", hint="name one with --bad", code="not-deployed")
    # Revisions follow each other along one branch only, and a copy of one that failed its scan would fail it again.
    callable_ = [
        each
        for each in reversed(published.revisions)
        if each.branch_id == bad.branch_id and each.scan is ScanState.PASSED
    ]
    ids = [each.revision_id for each in callable_]
    good = published.revision(request.good) if request.good else next((each for each in callable_ if each.label), bad)
    if good.revision_id not in ids or bad.revision_id not in ids:
        raise UsageError(
            f"{key}: both revisions have to be published, on one branch",
            hint=f"`agentops history {key}` lists them; name them with --good and --bad",
            code="bad-ends",
        )
    first, last = ids.index(good.revision_id), ids.index(bad.revision_id)
    if first >= last:
        raise UsageError(
            f"{key}: revision {good.name}, where the script passed, has to be older than {bad.name}, where it fails",
            hint=f"`agentops history {key}` lists them; name them with --good and --bad",
            code="bad-ends",
        )
    return tuple(callable_[first : last + 1])


async def bisect(deployment: Deployment, search: Search, hooks: BisectHooks) -> tuple[BisectResult, AgentDiff | None]:
    """Calls copies until it is known where the script began to fail, or that it can't be known. Also returns the
    difference between the last revision that passes and the first that fails."""
    tallies = [Tally() for _ in search.revisions]
    pages: dict[int, list[Path]] = {}
    # A copy of its own for each search, so that one search can't give another's copy a different revision.
    name = f"bisect-{short_digest(SystemClock().now().isoformat(), 6)}"
    async with open_copy(deployment, search.published, name, PreviewHooks(hooks.on_event)) as copy:
        while isinstance(step := next_step(tallies, search.lead, search.most), CallNext):
            revision = search.revisions[step.index]
            hooks.on_revision(revision, tallies[step.index])
            agent_id = await copy.switch_to(revision)
            number = tallies[step.index].calls + 1
            folder = hooks.folder / f"revision-{revision.name}" / f"call-{number}"
            run = await _call(deployment, search, revision, agent_id, folder, hooks)
            pages.setdefault(step.index, []).append(hooks.write_pages(run, folder))
            tallies[step.index] = tallies[step.index].plus(run.verdict)
    called = tuple(
        CalledRevision(search.revisions[index], tallies[index], tuple(pages[index])) for index in sorted(pages)
    )
    result = BisectResult(search.published.agent.key, search.script.file, search.revisions, called, step)
    return result, await _diff(deployment, search, step)


async def _call(
    deployment: Deployment, search: Search, revision: Revision, agent_id: str, folder: Path, hooks: BisectHooks
) -> RunReport:
    where = f"{deployment.environment.name}, a copy of revision {revision.name}"
    options = RunOptions(environment=where, progress=hooks.progress, keep=keep_in(folder))
    return await smoke(deployment, [search.script], options, copies={search.published.agent.key: agent_id})


async def _diff(deployment: Deployment, search: Search, end: Boundary | NotFound) -> AgentDiff | None:
    if isinstance(end, NotFound):
        return None
    before, after = (Side(SideKind.REVISION, search.revisions[index].revision_id) for index in (end.good, end.bad))
    (found,) = await diff_account(Sides(before, after, {}), deployment.narrowed((search.published.agent,)))
    return found
