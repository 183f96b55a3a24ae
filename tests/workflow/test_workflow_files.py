"""What use cases do with a project's files alone: read, validate, explain, select, save plans, write workflows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from workflow_world import WorkflowWorld

from agentops.errors import LocalError, SpecError, UsageError
from agentops.plan.selection import Selection
from agentops.settings import Settings
from agentops.workflow.doctor import look_at_account, look_at_machine, look_at_project
from agentops.workflow.git import changed_files, read_git_facts
from agentops.workflow.github_files import read_scaffold, stale_files, write_github_files
from agentops.workflow.plan_file import read_plan, save_plan
from agentops.workflow.projects import read_project, read_valid_project
from agentops.workflow.selecting import agents_of
from agentops.workflow.validating import Chosen, explain_path, lint, resolved, validate_project

SETTINGS = Settings({})


def git(folder: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=Dana", "-c", "user.email=dana@example.com", *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def committed(world: WorkflowWorld) -> WorkflowWorld:
    world.agent("sales")
    git(world.root, "init", "-q", "-b", "main")
    git(world.root, "add", ".")
    git(world.root, "commit", "-q", "-m", "Start")
    return world


def test_the_project_is_found_from_below(committed: WorkflowWorld, tmp_path: Path) -> None:
    found = read_project(committed.root / "agents", "prod", SETTINGS)
    assert (found.root, found.environment.name, len(found.agents)) == (committed.root, "prod", 2)
    with pytest.raises(UsageError):
        read_project(tmp_path, None, SETTINGS)
    with pytest.raises(UsageError, match="nowhere"):
        read_project(committed.root, "nowhere", SETTINGS)


def test_a_valid_project_is_one_without_errors(world: WorkflowWorld) -> None:
    assert read_valid_project(world.root, None, SETTINGS).agents
    world.write("agents/desk.yaml", "name: Desk\nconfig: {firstMesage: Hello}\n")
    with pytest.raises(SpecError):
        read_valid_project(world.root, None, SETTINGS)
    with pytest.raises(SpecError):
        resolved(world.root, None, SETTINGS, Chosen())


def test_every_problem_is_told_once_for_all_environments(world: WorkflowWorld) -> None:
    found = validate_project(world.root, None, SETTINGS)
    assert (found.diagnostics, found.subject) == ((), "1 agent in test, 1 agent in prod")
    world.agent(more="calls: [calls/broken.yaml]\n")
    world.write("agents/calls/broken.yaml", "agent: desk\nsteps: [{expct: {contains: Hello}}]\n")
    found = validate_project(world.root, None, SETTINGS)
    assert found.diagnostics
    assert found.diagnostics == validate_project(world.root, "prod", SETTINGS).diagnostics


def test_lint_finds_what_validation_does_not_mind(world: WorkflowWorld) -> None:
    world.agent(prompt="Answer in **bold** and with a link to https://example.com/a/b.")
    assert not validate_project(world.root, None, SETTINGS).diagnostics
    found = lint(world.root, None, SETTINGS)
    assert found.diagnostics
    assert found.subject == "1 agent in test"


def test_where_a_value_came_from(world: WorkflowWorld) -> None:
    world.agent("sales")
    [desk], _ = resolved(world.root, None, SETTINGS, Chosen(("de*",)))
    assert desk.config["firstMessage"] == "Hello"
    explained = explain_path(world.root, None, SETTINGS, Chosen(), "config.firstMessage")
    assert [(key, each.value) for key, each in explained] == [("desk", "Hello"), ("sales", "Hello")]
    with pytest.raises(UsageError, match="no agent matches"):
        resolved(world.root, None, SETTINGS, Chosen(("nobody",)))
    with pytest.raises(UsageError, match="nothing has a value"):
        explain_path(world.root, None, SETTINGS, Chosen(), "config.nothing")
    with pytest.raises(UsageError):
        explain_path(world.root, None, SETTINGS, Chosen(("desk",)), "config.nothing")


def test_git_names_the_commit_and_what_changed_since(committed: WorkflowWorld, tmp_path: Path) -> None:
    facts = read_git_facts(committed.root)
    assert facts is not None
    assert (facts.subject, facts.author, facts.branch) == ("Start", "Dana", "main")
    project = committed.project()
    assert agents_of(project, Selection(), "HEAD") == ()
    committed.agent("desk", prompt="Other words.")
    committed.agent("new")
    assert {"agents/desk.yaml", "agents/new.yaml"} <= changed_files(committed.root, "HEAD")
    assert [agent.key for agent in agents_of(committed.project(), Selection(), "HEAD")] == ["desk", "new"]
    with pytest.raises(UsageError, match="can't compare"):
        changed_files(committed.root, "no-such-branch")
    assert read_git_facts(tmp_path) is None


def test_what_only_the_other_branch_changed_is_not_changed_here(committed: WorkflowWorld) -> None:
    """Deploying it from here would put its old text back."""
    root = committed.root
    git(root, "checkout", "-q", "-b", "mine")
    committed.agent("mine")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Mine")
    git(root, "checkout", "-q", "main")
    committed.agent("desk", prompt="Main's words.")
    git(root, "commit", "-q", "-a", "-m", "Main's")
    git(root, "checkout", "-q", "mine")
    assert [agent.key for agent in agents_of(committed.project(), Selection(), "main")] == ["mine"]


@pytest.mark.parametrize("option", ["--output=precious.txt", "-h", "--", "-Oprecious.txt", "--no-index"])
def test_a_reference_is_never_an_option_of_git(committed: WorkflowWorld, option: str) -> None:
    precious = committed.root / "precious.txt"
    precious.write_text("precious")
    with pytest.raises(UsageError, match="does not begin with -"):
        changed_files(committed.root, option)
    assert precious.read_text() == "precious"


def test_the_hint_fits_the_reason_that_git_has(
    committed: WorkflowWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hint(folder: Path, reference: str = "main~1") -> str:
        with pytest.raises(UsageError) as refused:
            changed_files(folder, reference)
        return f"{refused.value.summary}: {refused.value.hint}"

    outside = tmp_path / "outside"
    outside.mkdir()
    assert "no git repository" in hint(outside)
    committed.agent("desk", prompt="Other words.")
    git(committed.root, "commit", "-q", "-a", "-m", "Again")
    git(tmp_path, "clone", "-q", "--depth", "1", committed.root.as_uri(), "shallow")
    assert "git fetch --unshallow" in hint(tmp_path / "shallow")
    assert "such as origin/main" in hint(committed.root, "no-such-branch")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert f"safe.directory {committed.root}" in hint(committed.root)
    monkeypatch.setenv("PATH", "")
    assert "not installed" in hint(committed.root)


def test_without_git_there_are_no_facts(world: WorkflowWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert read_git_facts(world.root) is None


async def test_a_saved_plan_is_read_back(world: WorkflowWorld, tmp_path: Path) -> None:
    made = await world.plan()
    save_plan(made, tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").digest == made.digest
    with pytest.raises(UsageError, match="can't be written: there is no folder"):
        save_plan(made, tmp_path / "missing" / "plan.json")
    with pytest.raises(UsageError, match="can't be read"):
        read_plan(tmp_path / "missing.json")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_plan(tmp_path / "binary")
    (tmp_path / "folder").mkdir()
    with pytest.raises(LocalError, match="can't be written: a folder stands where a file is needed"):
        save_plan(made, tmp_path / "folder")


def test_workflows_are_written_where_they_are_new_and_left_alone_where_they_differ(committed: WorkflowWorld) -> None:
    committed.environment("{api_key: '${{ secrets.OUR_KEY }}', protected: true}", "prod")
    top, scaffold = read_scaffold(committed.root, SETTINGS, requirement="agentops==9")
    assert top == committed.root
    assert [(each.name, each.secrets) for each in scaffold.deployed] == [("prod", ("OUR_KEY",))]
    assert stale_files(top, scaffold)
    written, different = write_github_files(top, scaffold)
    assert (stale_files(top, scaffold), different) == ([], [])
    changed = top / written[0]
    changed.write_text("# mine\n")
    assert write_github_files(top, scaffold) == ([], [written[0]])
    assert stale_files(top, scaffold) == [written[0]]
    assert write_github_files(top, scaffold, overwrites=True) == ([written[0]], [])


async def looked_at(world: WorkflowWorld, environment: str, settings: Settings) -> dict[str, bool]:
    project = read_project(world.root, environment, settings)
    url = world.url if project.environment.is_emulator else None
    looking = look_at_account(project.environment, settings, url, generation=None)
    return {each.subject: each.is_good async for each in looking}


async def test_the_doctor_looks_as_far_as_something_can_be_learned(world: WorkflowWorld) -> None:
    assert await looked_at(world, "test", SETTINGS) == {"API key": True, "platform": True, "versioning": True}
    world.environment("{base_url: 'http://127.0.0.1:9'}", "prod")
    assert await looked_at(world, "prod", SETTINGS) == {"API key": False}
    assert await looked_at(world, "prod", Settings({"SMALLEST_API_KEY": "sk_x"})) == {
        "API key": True,
        "platform": False,
    }


def test_the_doctor_looks_at_the_machine_and_the_specs(
    committed: WorkflowWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {each.subject: each for each in look_at_machine(committed.root)}
    assert all(found[name].is_good for name in ("Python", "YAML", "git"))
    assert "Start" in found["git"].detail
    committed.agent("desk", prompt="Other words.")
    assert "uncommitted" in {each.subject: each for each in look_at_machine(committed.root)}["git"].detail
    monkeypatch.setattr("sys.version_info", (3, 9, 0))
    monkeypatch.setattr("agentops.workflow.doctor.find_spec", lambda name: None)
    monkeypatch.setattr("agentops.speech.is_available", lambda: False)
    monkeypatch.setattr("agentops.workflow.doctor.read_git_facts", lambda root: None)
    lacking = look_at_machine(committed.root)
    assert [(each.subject, each.is_needed) for each in lacking if not each.is_good] == [
        ("Python", True),
        ("YAML", True),
        ("speech", False),
        ("git", False),
    ]
    assert all(each.next_step for each in lacking)
    assert look_at_project(committed.project()).detail == "2 agents valid in test"
    committed.write("agents/desk.yaml", "name: Desk\nconfig: {firstMesage: Hello}\n")
    assert look_at_project(read_project(committed.root, None, SETTINGS)).detail == "1 problem"


@pytest.mark.skipif(sys.platform != "linux", reason="only here may a file's name be any bytes")
def test_what_git_has_that_is_not_utf_8_is_no_defect(committed: WorkflowWorld) -> None:
    (Path(os.fsdecode(bytes(committed.root) + b"/caf\xe9.md"))).write_text("x")
    git(committed.root, "config", "i18n.logOutputEncoding", "latin1")
    git(committed.root, "commit", "-q", "--allow-empty", "-m", "Café")
    facts = read_git_facts(committed.root)
    assert facts is not None
    assert facts.subject.startswith("Caf")
    assert len(changed_files(committed.root, "HEAD")) == 1


@pytest.mark.parametrize("reference", ["--output=stolen", "-x", "--exec=touch stolen", "HEAD\n--output=stolen", "a b"])
def test_no_reference_is_taken_for_an_option(committed: WorkflowWorld, reference: str) -> None:
    before = sorted(committed.root.rglob("*"))
    with pytest.raises(UsageError):
        changed_files(committed.root, reference)
    assert sorted(committed.root.rglob("*")) == before
