"""The workflow files themselves: valid, pinned, with no more rights than they need, and wired to what exists."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from runner import ACTION, PINS, ROOT

from agentops.ci.scaffold import CALLER, GuardedEnvironment, Scaffold, github_files
from agentops.cli.app import run
from agentops.settings import Settings
from agentops.workflow.github_files import read_scaffold

TOOLS = Path(sys.executable).parent

SCAFFOLDS = {
    "two accounts": Scaffold(
        "acme-voice",
        (
            GuardedEnvironment("local", ("CRM_TOKEN",), is_emulator=True),
            GuardedEnvironment("prod", ("CRM_TOKEN", "KEY_PROD"), is_protected=True, is_watched=True),
            GuardedEnvironment("staging", ("CRM_TOKEN", "KEY_STAGING")),
        ),
    ),
    "the emulator only": Scaffold("acme-voice", (GuardedEnvironment("local", is_emulator=True),)),
    "names that YAML takes for something else": Scaffold(
        "acme-voice", (GuardedEnvironment("on", ("KEY",)), GuardedEnvironment("007", ("KEY",))), folder="a b/#c"
    ),
}


def load(text: str) -> Any:
    return YAML(typ="safe").load(text)


def all_files() -> Iterator[tuple[str, str]]:
    for title, scaffold in SCAFFOLDS.items():
        for name, text in github_files(scaffold).items():
            yield f"{title}: {name}", text
    for path in sorted((ROOT / ".github").rglob("*.yml")):
        yield str(path.relative_to(ROOT)), path.read_text()


FILES = dict(all_files())
WORKFLOWS = {name: text for name, text in FILES.items() if "/workflows/" in name}


def steps_of(document: Any) -> Iterator[dict[str, Any]]:
    for job in document.get("jobs", {}).values():
        yield from job.get("steps", ())
    yield from document.get("runs", {}).get("steps", ())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every file on disk, one folder per scaffold and one for this repository's own."""
    top = tmp_path_factory.mktemp("workflows")
    for index, scaffold in enumerate(SCAFFOLDS.values()):
        for name, text in github_files(scaffold).items():
            path = top / str(index) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return top


def test_zizmor_finds_nothing_to_say(written: Path) -> None:
    command = [TOOLS / "zizmor", "--offline", "--persona", "auditor", "--quiet", written, ROOT / ".github"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("schema", "pattern"), [("workflows", "workflows/*.yml"), ("actions", "actions/*/action.yml")])
def test_the_published_schemas_accept_every_file(written: Path, schema: str, pattern: str) -> None:
    files = [*written.glob(f"*/.github/{pattern}"), *(ROOT / ".github").glob(pattern)]
    command = [TOOLS / "check-jsonschema", "--builtin-schema", f"vendor.github-{schema}", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FILES)
def test_other_peoples_actions_are_pinned_by_commit(name: str) -> None:
    for match in re.finditer(r"uses: ([\w-]+/[\w-]+)@(\S+) # (\S+)", FILES[name]):
        assert PINS[match[1]] == (match[2], match[3])
    for step in steps_of(load(FILES[name])):
        uses = step.get("uses", ACTION)
        assert uses == ACTION or uses.partition("@")[0] in PINS


@pytest.mark.parametrize("name", FILES)
def test_no_expression_reaches_a_shell(name: str) -> None:
    for step in steps_of(load(FILES[name])):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_job_says_what_it_may_do_and_for_how_long(name: str) -> None:
    document = load(WORKFLOWS[name])
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert "permissions" in job
        assert "uses" in job or job["timeout-minutes"] <= 60
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_action_is_given_only_what_it_declares(name: str) -> None:
    declared = set(load(FILES[".github/actions/agentops/action.yml"])["inputs"])
    for step in steps_of(load(WORKFLOWS[name])):
        if step.get("uses") == ACTION:
            assert set(step["with"]) <= declared


@pytest.mark.parametrize("title", SCAFFOLDS)
def test_the_caller_passes_each_job_its_own_secrets_and_enough_rights(title: str) -> None:
    scaffold = SCAFFOLDS[title]
    files = github_files(scaffold)
    own = {environment.name: set(environment.secrets) for environment in scaffold.deployed}
    for job in load(files[CALLER])["jobs"].values():
        called = load(files[job["uses"].removeprefix("$/")])
        declared = called["on"]["workflow_call"]
        environment = job["with"]["environment"]
        assert set(job["with"]) <= set(declared["inputs"])
        assert set(job.get("secrets", {})) == own[environment] <= set(declared.get("secrets", {}))
        for nested in called["jobs"].values():
            for permission, level in nested["permissions"].items():
                assert job["permissions"][permission] in (level, "write")


def test_only_environments_with_rules_are_watched() -> None:
    caller = load(github_files(SCAFFOLDS["two accounts"])[CALLER])
    assert [name for name in caller["jobs"] if name.startswith("watch")] == ["watch-prod"]
    assert "8,23,38,53 * * * *" in [each["cron"] for each in caller["on"]["schedule"]]
    unwatched = load(github_files(SCAFFOLDS["the emulator only"])[CALLER])
    assert len(unwatched["on"]["schedule"]) == 2


def test_protected_environments_wait_for_the_open_ones() -> None:
    jobs = load(github_files(SCAFFOLDS["two accounts"])[CALLER])["jobs"]
    assert jobs["apply-prod"]["needs"] == "apply-staging"
    assert "plan-local" not in jobs


def test_this_repositorys_own_files_are_what_the_command_writes() -> None:
    _, scaffold = read_scaffold(ROOT, Settings({}), requirement=".[speech]")
    for name, text in github_files(scaffold).items():
        if name != CALLER:  # the examples here belong to no account
            assert (ROOT / name).read_text() == text, (
                f"run `agentops ci files --requirement '.[speech]' --overwrite`: {name}"
            )


def test_files_are_written_once_and_renewed_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "voice"
    project.mkdir()
    (project / "agentops.yaml").write_text("project: acme-voice\nenvironments:\n  local: {target: emulator}\n")
    arguments = ["ci", "files", "--project", str(project)]
    (tmp_path / ".git").mkdir()
    assert run([*arguments, "--check"]) == 1
    assert run(arguments) == 0
    assert run([*arguments, "--check"]) == 0
    caller = tmp_path / CALLER
    assert "working-directory: voice" in (tmp_path / ".github/workflows/agentops-plan.yml").read_text()

    caller.write_text("# mine\n")
    capsys.readouterr()
    assert run(arguments) == 0
    assert "left alone" in capsys.readouterr().err
    assert caller.read_text() == "# mine\n"
    assert run([*arguments, "--overwrite"]) == 0
    assert caller.read_text() != "# mine\n"
