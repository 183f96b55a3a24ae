"""The job as a value: what it reads from the action's inputs and from GitHub's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from github_job import read_event, variables

from agentops.ci.comment import BODY_CHARACTERS
from agentops.ci.job import read_event as read_event_file
from agentops.ci.job import read_job
from agentops.ci.publishing import stamp_of
from agentops.ci.stamp import stamp_line
from agentops.cli.app import run
from agentops.document import Generation
from agentops.errors import ExitCode, UsageError
from agentops.plan.model import Action, AgentChange, Plan


def environ(folder: Path, **more: str) -> dict[str, str]:
    event = folder / "event.json"
    event.write_text(json.dumps(read_event("pull_request")))
    told = {"GITHUB_EVENT_PATH": str(event), "RUNNER_TEMP": str(folder), "GITHUB_WORKSPACE": str(folder)}
    return variables("pull_request", **told, **more)


def test_people_know_the_head_of_a_pull_request_not_githubs_merge_of_it(tmp_path: Path) -> None:
    job = read_job("plan", environ(tmp_path))
    assert job.commit == "1" * 40
    assert job.run.sha == "3" * 40
    assert job.origin.commit_url.endswith("1" * 40)


def test_the_inputs_of_the_action_are_read(tmp_path: Path) -> None:
    inputs = {"AGENTOPS_CI_COMMENT": "false", "AGENTOPS_CI_BOT": "our-app[bot]", "AGENTOPS_CI_SHARD": "2/5"}
    job = read_job("calls", environ(tmp_path, **inputs))
    assert (job.keeps_comment, job.bot, job.shard) == (False, "our-app[bot]", "2/5")
    assert job.artifact_name("prod") == "agentops-calls-prod-shard-2-of-5"
    assert job.output.is_dir()


def test_each_command_of_a_job_keeps_its_own_files(tmp_path: Path) -> None:
    told = environ(tmp_path)
    assert read_job("plan", told).output != read_job("apply", told).output


def test_a_project_below_the_top_is_named_as_github_sees_it(tmp_path: Path) -> None:
    job = read_job("plan", environ(tmp_path))
    assert job.folder_of(tmp_path) == ""
    assert job.folder_of(tmp_path / "teams" / "voice") == "teams/voice"
    assert job.folder_of(tmp_path.parent) == ""


def test_nothing_secret_is_in_its_text(tmp_path: Path) -> None:
    assert "sk_secret" not in repr(read_job("plan", environ(tmp_path, SMALLEST_API_KEY="sk_secret")))


@pytest.mark.parametrize("content", ["", "{", "[1]", "\ufffd"])
def test_an_event_file_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "event.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"event\.json"):
        read_event_file(str(path))


def test_a_missing_event_file_is_refused_and_none_at_all_is_not(tmp_path: Path) -> None:
    assert read_event_file(None) == {}
    with pytest.raises(UsageError, match="can't be read"):
        read_event_file(str(tmp_path / "absent.json"))


@pytest.mark.parametrize(("agents", "parts"), [(1, 1), (300, 300), (2000, 0)])
def test_a_stamp_leaves_room_for_the_plan(tmp_path: Path, agents: int, parts: int) -> None:
    changes = tuple(AgentChange("k" * 64 + str(n), "Name", Action.CREATE, "") for n in range(agents))
    plan = Plan("acme-voice", "prod", "https://api.example.com", Generation.V2, changes, "d1")
    stamp = stamp_of(read_job("plan", environ(tmp_path)), plan)
    assert len(stamp.parts) == parts
    assert len(stamp_line(stamp)) < BODY_CHARACTERS // 2


def test_a_job_where_there_is_no_project_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    told = environ(tmp_path, GITHUB_OUTPUT=str(outputs), GITHUB_STEP_SUMMARY=str(summary))
    for name, value in {**told, "GITHUB_EVENT_NAME": "schedule"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert run(["ci", "watch"]) == ExitCode.USAGE
    assert "::error" in capsys.readouterr().out
    assert "exit-code=64\n" in outputs.read_text()
    assert "agentops init" in summary.read_text()
