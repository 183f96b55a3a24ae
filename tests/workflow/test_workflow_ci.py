"""What jobs on GitHub do, as far as they need no GitHub: reports of plans, applies, calls and previews in the job's
files. What they say on pull requests and issues is tested with a GitHub of its own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from workflow_world import WorkflowWorld

from agentops.apply.model import ignore_event
from agentops.calls.call_files import run_json
from agentops.calls.report import RunReport
from agentops.ci.job import Job, read_job
from agentops.ci.revert import read_restores
from agentops.errors import ExitCode, RefusedError, UsageError
from agentops.plan.build import PlanOptions
from agentops.plan.model import Plan
from agentops.settings import Settings
from agentops.workflow.applying import CallHooks
from agentops.workflow.calls import CallRequest
from agentops.workflow.ci_deploy import JobHooks, apply_merge, plan_pull_request, roll_back
from agentops.workflow.ci_watch import call_agents, collect_previews, merge_calls, preview_pull_request, pull_back
from agentops.workflow.status import read_status

pytestmark = pytest.mark.slow

COMMIT = "3" * 40


@dataclass
class Pipeline:
    """Jobs of one repository. `shown` are the plans that stand in the jobs' logs."""

    world: WorkflowWorld
    folder: Path
    shown: list[Plan] = field(default_factory=list)

    def job(
        self, command: str, *, pull: str | None = None, repository: str = "acme/voice", shard: str = "", base: str = ""
    ) -> Job:
        event = self.folder / "event.json"
        head = {"sha": "1" * 40, "repo": {"full_name": repository}}
        body = {"action": pull, "pull_request": {"number": 7, "head": head, "base": {"ref": "main"}}} if pull else {}
        event.write_text(json.dumps(body))
        return read_job(
            command,
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_EVENT_NAME": "pull_request" if pull else "push",
                "GITHUB_REPOSITORY": "acme/voice",
                "GITHUB_SHA": COMMIT,
                "GITHUB_REF_NAME": "main",
                "GITHUB_BASE_REF": base,
                "GITHUB_REF_TYPE": "branch",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_API_URL": "https://api.github.com",
                "GITHUB_RUN_ID": "42",
                "GITHUB_ACTOR": "dana",
                "GITHUB_EVENT_PATH": str(event),
                "GITHUB_WORKSPACE": str(self.world.root),
                "GITHUB_OUTPUT": str(self.folder / "outputs"),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
                "AGENTOPS_CI_OUTPUT": str(self.folder / "out"),
                "AGENTOPS_CI_SHARD": shard,
            },
        )

    @property
    def hooks(self) -> JobHooks:
        def write(run: RunReport, folder: Path) -> Path:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "report.json").write_text(run_json(run))
            return folder / "report.html"

        return JobHooks("2026-11-22", self.shown.append, ignore_event, CallHooks(write))

    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "outputs").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def pipeline(world: WorkflowWorld, tmp_path: Path) -> Pipeline:
    folder = tmp_path / "runner"
    folder.mkdir()
    return Pipeline(world, folder)


async def planned(pipeline: Pipeline, job: Job, environment: str | None = None) -> ExitCode:
    world = pipeline.world
    report = await plan_pull_request(
        job, lambda: world.project(environment), lambda: world.opened(environment), pipeline.hooks
    )
    return report.exit_code


async def test_a_pull_request_is_planned(pipeline: Pipeline) -> None:
    assert await planned(pipeline, pipeline.job("plan", pull="opened")) is ExitCode.DONE
    [plan] = pipeline.shown
    outputs = pipeline.outputs()
    assert (outputs["changes"], outputs["digest"]) == ("true", plan.digest)
    assert Path(outputs["plan-file"]).exists()
    assert "agentops plan" in (pipeline.folder / "summary").read_text()


async def test_a_stranger_gets_its_files_checked_and_no_plan(pipeline: Pipeline) -> None:
    pipeline.world.environment("{base_url: 'http://127.0.0.1:9'}", "prod")
    job = pipeline.job("plan", pull="opened", repository="stranger/voice")
    assert await planned(pipeline, job, "prod") is ExitCode.DONE
    assert pipeline.shown == []
    pipeline.world.write("agents/desk.yaml", "name: Desk\nconfig: {firstMesage: Hello}\n")
    assert await planned(pipeline, job, "prod") is ExitCode.FAILED


async def test_a_pull_request_that_moves_where_keys_go_says_so_above_its_plan(pipeline: Pipeline) -> None:
    world = pipeline.world

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=dana", "-c", "user.email=dana@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=world.root, check=True, capture_output=True)

    async def page() -> str:
        (pipeline.folder / "summary").unlink(missing_ok=True)
        assert await planned(pipeline, pipeline.job("plan", pull="opened", base="main")) is ExitCode.DONE
        return (pipeline.folder / "summary").read_text().replace("\\", "")  # as it is read, not as Markdown has it

    git("init", "-q", "--initial-branch=main")
    git("add", "-A")
    git("commit", "-qm", "one")
    assert "not known, since " in await page()  # the job's checkout does not have the branch
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert "becomes" not in await page()
    world.environment("{base_url: 'https://proxy.smallest.ai', protected: true}", "prod")
    moved = await page()
    assert "prod: base_url was not set, becomes https://proxy.smallest.ai" in moved
    assert moved.index("becomes https") < moved.index("agentops plan")


async def test_a_plan_that_cannot_be_made_fails_the_job(pipeline: Pipeline) -> None:
    pipeline.world.environment("{base_url: 'http://127.0.0.1:9'}", "prod")
    with pytest.raises(UsageError, match="no API key"):
        await planned(pipeline, pipeline.job("plan", pull="opened"), "prod")


async def test_a_merge_is_applied_once(pipeline: Pipeline) -> None:
    async with pipeline.world.opened() as deployment:
        applied = await apply_merge(pipeline.job("apply"), deployment, pipeline.hooks)
        assert applied.exit_code is ExitCode.DONE
        assert pipeline.outputs()["changes"] == "true"
        again = await apply_merge(pipeline.job("apply"), deployment, pipeline.hooks)
    assert "nothing to do" in again.page
    assert pipeline.outputs()["changes"] == "false"


async def test_nothing_is_applied_from_a_pull_request_or_without_an_approval(pipeline: Pipeline) -> None:
    pipeline.world.settings = Settings({"SMALLEST_API_KEY": "sk_emulator"})
    pipeline.world.environment(f"{{base_url: '{pipeline.world.url}'}}", "prod")
    async with pipeline.world.opened("prod") as deployment:
        with pytest.raises(UsageError, match="pull request"):
            await apply_merge(pipeline.job("apply", pull="opened"), deployment, pipeline.hooks)
        with pytest.raises(UsageError, match="GITHUB_TOKEN"):
            await apply_merge(pipeline.job("apply"), deployment, pipeline.hooks)
    assert pipeline.shown == []
    assert await pipeline.world.names() == []


async def test_an_earlier_revision_serves_again(pipeline: Pipeline) -> None:
    world = pipeline.world
    world.write("agents/_house.yaml", "config: {slmModel: gpt-4o}\n")
    world.agent(more="extends: _house.yaml\n")
    world.agent("sales", more="extends: _house.yaml\n")
    await world.apply()
    world.agent(greeting="Good morning", more="extends: _house.yaml\n")
    await world.apply()
    async with world.opened() as deployment:
        desk = deployment.narrowed(tuple(agent for agent in deployment.agents if agent.key == "desk"))
        back = await roll_back(pipeline.job("rollback"), desk, "previous", pipeline.hooks)
        assert (back.exit_code, pipeline.outputs()["changes"]) == (ExitCode.DONE, "true")
        [restore] = read_restores(pipeline.outputs()["restore"])
        assert (restore.key, restore.files) == ("desk", ("agents/desk.yaml", "agents/_house.yaml"))
        assert restore.shared == {"agents/_house.yaml": ("sales",)}
        with pytest.raises((UsageError, RefusedError)):
            await roll_back(pipeline.job("rollback"), deployment, "99", pipeline.hooks)
        [status] = (await read_status(desk, PlanOptions())).agents
        assert status.live is not None
        again = await roll_back(pipeline.job("rollback"), desk, str(status.live.number), pipeline.hooks)
    assert again.exit_code is ExitCode.DONE
    assert again.page.startswith("### agentops rollback in `test`: nothing to do\n")
    assert pipeline.outputs()["changes"] == "false"


async def test_where_nobody_edited_in_the_console_no_file_is_proposed(pipeline: Pipeline) -> None:
    await pipeline.world.apply()
    async with pipeline.world.opened() as deployment:
        pulled = await pull_back(pipeline.job("pull"), deployment, pipeline.world.settings, pipeline.hooks)
    assert (pulled.exit_code, pipeline.outputs()["changes"]) == (ExitCode.DONE, "false")
    assert pulled.page == "### agentops pull in `test`\n\nNo file would change.\n"


async def test_calls_are_made_in_shards_and_put_together(pipeline: Pipeline) -> None:
    world = pipeline.world
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script()
    await world.apply()
    pages = []
    async with world.opened() as deployment:
        for part in (1, 2):
            job = pipeline.job("calls", shard=f"{part}/2")
            report = await call_agents(job, deployment, CallRequest(shard=(part, 2)), pipeline.hooks)
            assert report.exit_code is ExitCode.DONE
            pages.append(report.page)
    assert sorted("No script falls to shard" in page for page in pages) == [False, True]
    job = pipeline.job("merge-calls")
    with pytest.raises(UsageError, match="no shard left a report"):
        merge_calls(job, pipeline.hooks.calls.write_pages)
    (job.output / "calls").rename(pipeline.folder / "calls")
    (job.output / "one").mkdir()
    (pipeline.folder / "calls").rename(job.output / "one" / "calls")
    merged = merge_calls(job, pipeline.hooks.calls.write_pages)
    assert merged.exit_code is ExitCode.DONE
    assert pipeline.outputs()["report"].endswith("merged/report.html")


async def test_copies_of_what_a_pull_request_changes_are_called_and_archived(pipeline: Pipeline) -> None:
    world = pipeline.world
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script()

    async def preview(**job: str) -> str:
        made = await preview_pull_request(pipeline.job("preview", **job), world.opened, "test", pipeline.hooks)
        assert made.exit_code is ExitCode.DONE
        return made.page

    assert "given no secrets" in await preview(pull="opened", repository="stranger/voice")
    with pytest.raises(UsageError, match="belong to pull requests"):
        await preview()
    assert "pr-7" in await preview(pull="opened")
    assert await world.names() == ["Acme desk (test) (preview pr-7)"]
    await preview(pull="closed")
    assert await world.names() == []
    await world.apply()
    assert "changes no agent" in await preview(pull="opened")
    async with world.opened() as deployment:
        swept = await collect_previews(pipeline.job("preview-gc"), deployment, pipeline.hooks)
    assert swept.exit_code is ExitCode.DONE
