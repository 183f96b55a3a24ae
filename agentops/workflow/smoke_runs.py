"""The calls of `smoke`: of what serves now, of copies, of one revision; or an earlier run's, judged again."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from agentops.calls.baseline import NO_BASELINE
from agentops.calls.call_files import keep_in
from agentops.calls.report import RunReport
from agentops.calls.schedule import Progress, RunOptions
from agentops.state import state_folder
from agentops.workflow.calls import CallRequest, choose_scripts, smoke
from agentops.workflow.deployment import Deployment
from agentops.workflow.previewing import PreviewHooks, find_copies
from agentops.workflow.recorded_calls import EarlierRun, baseline_in, judge_again, lines_in
from agentops.workflow.revision_calls import open_copy, read_published
from agentops.workflow.scripts import LoadedScript


@dataclass(frozen=True, slots=True)
class SmokeOptions:
    """How to call, and whom.

    output:             where the reports go; None: a folder of this run under `.agentops/calls`
    baseline:           what "+20%" rises from
    rejudge:            judge these calls again, and call nobody
    replay:             simulated callers say what they said there
    measures_coverage:  reads the tool calls of every call; so does an environment with a floor for them
    preview, revision:  call the copies that a preview of this name put up, or a copy of this revision of one agent
    """

    output: Path | None
    concurrency: int
    baseline: EarlierRun | None
    rejudge: EarlierRun | None
    replay: EarlierRun | None
    measures_coverage: bool
    preview: str | None
    revision: str | None


@dataclass(frozen=True, slots=True)
class SmokeHooks:
    """What a run tells while it goes on."""

    progress: Progress
    preview: PreviewHooks
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SmokeRun:
    """The run, the folder it is in, and the share of tools and playbooks that it should have covered, if any."""

    report: RunReport
    folder: Path
    coverage_floor: float | None

    @property
    def is_below_floor(self) -> bool:
        covered = self.report.covered_share
        return self.coverage_floor is not None and covered is not None and covered < self.coverage_floor


async def run_smoke(deployment: Deployment, request: CallRequest, options: SmokeOptions, hooks: SmokeHooks) -> SmokeRun:
    """Makes the calls, or judges earlier ones again."""
    copies = await find_copies(deployment, options.preview) if options.preview else None
    agents = [each for each in deployment.agents if copies is None or each.key in copies]
    scripts = choose_scripts(deployment.project, agents, request)
    lines = lines_in(options.replay, scripts) if options.replay else {}
    scripts = [item for item in scripts if not options.replay or item.file in lines]
    before = baseline_in(options.baseline, scripts) if options.baseline else NO_BASELINE
    started = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = options.output or state_folder(deployment.root) / "calls" / started
    if options.rejudge is not None:
        return SmokeRun(await judge_again(deployment, scripts, options.rejudge, folder, before), folder, None)
    floor = deployment.environment.deploy.coverage_floor
    how = RunOptions(
        concurrency=options.concurrency, shard=request.shard, progress=hooks.progress, keep=keep_in(folder)
    )
    measures_coverage = options.measures_coverage or floor is not None
    async with AsyncExitStack() as until_called:
        if options.revision is not None:
            opening = _copy_of(deployment, scripts, options.revision, hooks)
            copies, where = await until_called.enter_async_context(opening)
            how = replace(how, environment=where)
        report = await smoke(
            deployment, scripts, how, before, lines, copies=copies, measures_coverage=measures_coverage
        )
    return SmokeRun(report, folder, floor)


@asynccontextmanager
async def _copy_of(
    deployment: Deployment, scripts: Sequence[LoadedScript], revision: str, hooks: SmokeHooks
) -> AsyncIterator[tuple[dict[str, str], str]]:
    """The id of a copy of that revision, by the key of the one agent that is called, and what reports call it."""
    keys = {item.script.agent for item in scripts}
    called = deployment.narrowed(tuple(agent for agent in deployment.agents if agent.key in keys))
    published = await read_published(called)
    chosen = published.revision(revision)
    async with open_copy(deployment, published, f"revision-{secrets.token_hex(3)}", hooks.preview) as copy:
        what = f"a copy of revision {chosen.name}"
        hooks.say(f"Putting up {what} of {published.agent.key} ...")
        yield {published.agent.key: await copy.switch_to(chosen)}, f"{deployment.environment.name}, {what}"
