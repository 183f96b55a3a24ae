"""A new project is whole at once: it validates, lints clean, is in canonical form, deploys, and its call passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Agentops


@pytest.mark.slow
@pytest.mark.speech
@pytest.mark.parametrize("template", ["support", "appointments", "survey"])
def test_a_new_project_works_from_the_first_command_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops, template: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert agentops("init", "--template", template).code == 0
    for check in (["validate"], ["lint", "--strict"], ["fmt", "--check"]):
        ended = agentops(*check)
        assert ended.code == 0, ended.out + ended.err
    applied = agentops("apply", "--yes", "--smoke")
    assert applied.code == 0, applied.out + applied.err
    assert "passed" in applied.out
    assert agentops("plan", "--detailed-exitcode").code == 0


def test_a_project_that_exists_gets_what_it_lacks_and_keeps_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path)
    assert agentops("init").code == 0
    edited = tmp_path / "agents" / "support.yaml"
    edited.rename(tmp_path / "agents" / "desk.yaml")
    settings = tmp_path / "agentops.yaml"
    settings.write_text(settings.read_text() + "# mine\n")
    (tmp_path / "AGENTS.md").unlink()

    again = agentops("init", "--github")

    assert again.code == 0, again.err
    written = again.out.splitlines()
    assert written[0] == "AGENTS.md"
    assert ".github/workflows/agentops.yml" in written
    assert "agentops.yaml already exists and was left alone" in again.err
    assert settings.read_text().endswith("# mine\n")
    assert not edited.exists(), "an agent that nobody asked for would be deployed"


def test_it_ends_with_the_commands_to_go_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = agentops("init", str(tmp_path / "a desk"))
    assert "a desk/agentops.yaml" in ended.out.splitlines()
    assert ended.err.splitlines()[-4:] == [
        "  cd 'a desk'",
        "  agentops validate",
        "  agentops plan",
        "  agentops apply",
    ]


@pytest.mark.parametrize("file", ["agents/support.yaml", "agentops.yaml"])
@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_spec_is_no_call_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops, file: str, options: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert agentops("init").code == 0
    ended = agentops("smoke", file, *options)
    assert ended.code == 1
    assert f"{file} is " in ended.err
    assert "not a call script" in ended.err
    assert "next: name one of agents/calls/support-hours.yaml" in ended.err


def test_the_next_commands_name_an_environment_where_the_project_has_no_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path)
    environments = "{prod: {base_url: 'https://api.smallest.ai'}, 'a b': {target: emulator}}"
    (tmp_path / "agentops.yaml").write_text(f"project: acme\nenvironments: {environments}\n")
    assert "  agentops plan -e 'a b'\n" in agentops("init").err


def test_a_workflow_that_was_edited_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path)
    assert agentops("init", "--github").code == 0
    workflow = tmp_path / ".github/workflows/agentops.yml"
    workflow.write_text(workflow.read_text() + "# mine\n")
    again = agentops("init", "--github")
    assert again.code == 0
    said = (
        ".github/workflows/agentops.yml already exists and was left alone; `agentops ci files --overwrite` renews it\n"
    )
    assert said in again.err
    assert workflow.read_text().endswith("# mine\n")
