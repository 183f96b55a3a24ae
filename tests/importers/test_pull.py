"""Console edits come back into the files: comments, order and expressions stay, and the next plan agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from account_console import Console, console

from agentops.cli.app import run

pytestmark = pytest.mark.slow

PROJECT = """\
project: pulled
default_environment: local
variables: {company: Acme, voice: nyah}
environments:
  local:
    target: emulator
    secrets: {TOKEN: {value: demo-token}}
"""
SPEC = """\
# The front desk. Keep this comment.
name: Desk
extends: _base/line.yaml
config:
  firstMessage: Hi, this is ${{ vars.company }}.   # greets by company
  slmModel: gpt-4o
  defaultVariables:
    who: you
  singlePromptConfig:
    prompt: ${{ file('prompts/desk.md') }}
    tools:
      # Ends the call.
      - {type: end_call, name: end_call, description: Ends the call.}
      - type: api_call
        name: ask   # the only one that asks
        description: Asks the service.
        url: https://x.example/ask
        method: POST
        headers:
          Authorization: Bearer ${{ secrets.TOKEN }}
"""
OTHER = "name: Other\nextends: _base/line.yaml\nconfig:\n  firstMessage: Hello.\n"
BASE = """\
config:
  sessionTimeoutConfig: {timeoutTimeInSecs: 900}
  synthesizer:
    speed: 1.0
    voiceConfig: {model: waves_lightning_v3_1, voiceId: "${{ vars.voice }}"}
  singlePromptConfig:
    prompt: Be brief.
"""
PROMPT = "# Desk of ${{ vars.company }}\n\nBe kind.\n{{who}} is calling.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path)
    assert run(["apply", "--yes", "--project", str(tmp_path)]) == 0
    return tmp_path


def write_project(folder: Path) -> None:
    agents = folder / "agents"
    for name in ("_base", "prompts"):
        (agents / name).mkdir(parents=True)
    (folder / "agentops.yaml").write_text(PROJECT)
    (agents / "desk.yaml").write_text(SPEC)
    (agents / "other.yaml").write_text(OTHER)
    (agents / "_base/line.yaml").write_text(BASE)
    (agents / "prompts/desk.md").write_text(PROMPT)


def edit(project: Path, change: Any) -> None:
    """Lets `change` act on the account as a person in the console."""
    with console(project / ".agentops" / "emulator.db") as found:
        change(found)


def tools_of(found: Console) -> list[dict[str, Any]]:
    return list(found.config("Desk")["tools"])


def test_the_older_generation_pulls_the_same(tmp_path: Path) -> None:
    write_project(tmp_path)
    where = ["--project", str(tmp_path), "--api", "v1"]
    assert run(["apply", "--yes", *where]) == 0
    with console(tmp_path / ".agentops" / "emulator.db", "v1") as found:
        found.edit("Desk", {"slmModel": "gpt-4.1", "firstMessage": "Hello, this is Acme."})
    assert run(["pull", *where]) == 0
    assert (tmp_path / "agents/desk.yaml").read_text() == SPEC.replace("gpt-4o", "gpt-4.1").replace(
        "Hi, this", "Hello, this"
    )
    assert run(["plan", "--detailed-exitcode", *where]) == 0


def plan_is_empty(project: Path) -> bool:
    return run(["plan", "--detailed-exitcode", "--project", str(project)]) == 0


def pull(project: Path, *arguments: str) -> int:
    return run(["pull", "--project", str(project), *arguments])


def test_nothing_is_pulled_where_nothing_changed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pull(project) == 0
    assert "Nothing was changed outside git." in capsys.readouterr().err
    assert (project / "agents/desk.yaml").read_text() == SPEC


def test_every_kind_of_edit_comes_back_and_the_next_plan_is_empty(project: Path) -> None:
    def by_hand(found: Console) -> None:
        tools = [tool for tool in tools_of(found) if tool["name"] != "end_call"]
        tools[0]["description"] = "Asks the service twice."
        variables = [{"name": "mood", "description": "How they sound", "type": "text"}]
        tools.append(
            {
                "type": "extract_dynamic_variables",
                "name": "note",
                "description": "Notes it",
                "variablesExtractionSchema": variables,
            }
        )
        prompt = "# Desk of Acme\n\nBe kind and brief.\n{{who}} is calling.\nSay ${{thanks}}.\n"
        config = {
            "firstMessage": "Hello, this is Acme.",
            "slmModel": "gpt-4.1",
            "defaultVariables": {"who": "friend", "plan": "basic"},
            "sessionTimeoutConfig": {"timeoutTimeInSecs": 1000},
            "singlePromptConfig": {"prompt": prompt, "tools": tools},
        }
        found.edit("Desk", config)

    edit(project, by_hand)
    assert not plan_is_empty(project)
    assert pull(project) == 0
    assert plan_is_empty(project)
    spec = (project / "agents/desk.yaml").read_text()
    assert spec == SPEC.replace("Hi, this is ${{", "Hello, this is ${{").replace("gpt-4o", "gpt-4.1").replace(
        "    who: you\n", "    who: friend\n    plan: basic\n"
    ).replace("Asks the service.", "Asks the service twice.").replace(
        "      - {type: end_call, name: end_call, description: Ends the call.}\n", ""
    ) + (
        "      - type: extract_dynamic_variables\n        name: note\n        description: Notes it\n"
        "        variablesExtractionSchema:\n          - name: mood\n            description: How they sound\n"
        "            type: text\n  sessionTimeoutConfig:\n    timeoutTimeInSecs: 1000\n"
    )
    assert (project / "agents/_base/line.yaml").read_text() == BASE
    assert (project / "agents/prompts/desk.md").read_text() == (
        "# Desk of ${{ vars.company }}\n\nBe kind and brief.\n{{who}} is calling.\nSay ${{ '${' }}{thanks}}.\n"
    )


def test_what_an_expression_gives_is_left_to_a_person_with_a_patch(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voice = {"synthesizer": {"speed": 1.0, "voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "daniel"}}}
    edit(project, lambda found: found.edit("Desk", voice))
    assert pull(project) == 5
    told = capsys.readouterr().err
    assert "synthesizer.voiceConfig.voiceId (agents/_base/line.yaml:5:57) is left to you" in told
    assert "-nyah\n+daniel" in told
    assert (project / "agents/desk.yaml").read_text() == SPEC


def test_a_first_message_that_lost_its_expression_is_left_to_a_person(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(project, lambda found: found.edit("Desk", {"firstMessage": "Hi, this is Acorn."}))
    assert pull(project) == 5
    told = capsys.readouterr().err
    assert "the value comes from Hi, this is ${{ vars.company }}." in told
    assert "+Hi, this is Acorn." in told


def test_a_secret_is_never_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def by_hand(found: Console) -> None:
        tools = tools_of(found)
        ask = next(tool for tool in tools if tool["name"] == "ask")
        ask["headers"] = {"Authorization": "Bearer other-token"}
        found.edit("Desk", {"singlePromptConfig": {"prompt": found.config("Desk")["prompt"], "tools": tools}})

    edit(project, by_hand)
    assert pull(project) == 5
    told = "".join(capsys.readouterr())
    assert "refers to a secret" in told
    assert "other-token" not in told
    assert "demo-token" not in told


def test_a_conflict_waits_for_a_decision(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(project, lambda found: found.edit("Desk", {"slmModel": "gpt-4.1"}))
    spec = project / "agents/desk.yaml"
    spec.write_text(SPEC.replace("gpt-4o", "electron"))
    assert pull(project) == 5
    assert "changed here and there" in capsys.readouterr().err
    assert pull(project, "--theirs") == 0
    assert spec.read_text() == SPEC.replace("gpt-4o", "gpt-4.1")


def test_what_git_changed_stays(project: Path) -> None:
    spec = project / "agents/desk.yaml"
    changed = SPEC.replace("gpt-4o", "gpt-4.1")
    spec.write_text(changed)
    edit(project, lambda found: found.edit("Desk", {"defaultVariables": {"who": "friend"}}))
    assert pull(project) == 0
    assert spec.read_text() == changed.replace("who: you", "who: friend")


def test_a_rename_in_the_console_becomes_the_name(project: Path) -> None:
    edit(project, lambda found: found.rename("Desk", "Reception"))
    assert pull(project) == 0
    assert (project / "agents/desk.yaml").read_text() == SPEC.replace("name: Desk", "name: Reception")
    assert plan_is_empty(project)


def test_a_dry_run_shows_the_diff_and_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(project, lambda found: found.edit("Desk", {"slmModel": "gpt-4.1"}))
    assert pull(project, "--dry-run") == 2
    assert "-  slmModel: gpt-4o\n+  slmModel: gpt-4.1" in capsys.readouterr().out
    assert (project / "agents/desk.yaml").read_text() == SPEC


def test_forgetting_removes_what_only_that_agent_uses_and_protects_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--project", str(project)]
    assert run(["forget", "desks", *where, "--yes"]) == 64  # a slip
    assert run(["forget", "desk", *where]) == 64
    assert run(["forget", "desk", "--dry-run", *where]) == 0
    assert (project / "agents/desk.yaml").is_file()
    assert run(["forget", "desk", "--yes", *where]) == 0
    assert not (project / "agents/desk.yaml").exists()
    assert not (project / "agents/prompts/desk.md").exists()
    assert (project / "agents/_base/line.yaml").is_file()
    assert (project / "agentops.yaml").read_text() == PROJECT + "forgotten:\n  - desk\n"
    assert run(["plan", "--prune", "--detailed-exitcode", *where]) == 0
    capsys.readouterr()


def test_a_console_edit_with_credentials_comes_in_as_references(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {
        "login": "me:Zq1x8Yw7Vv6Uu5Tt",
        "file": "sf-1x8Yw7Vv6Uu5Tt",
        "body": "Zq3x8Yw7Vv6Uu5Tt",
        "known": "demo-token",
    }

    def change(found: Console) -> None:
        tools = tools_of(found)
        tools.append(
            {
                "type": "api_call",
                "name": "tell",
                "description": "Tells the service.",
                "url": f"https://{values['login']}@x.example/tell",
                "method": "POST",
                "headers": {"X-File": values["file"], "Authorization": f"Bearer {values['known']}"},
                "requestBody": '{"token": "' + values["body"] + '", "n": 1}',
            }
        )
        found.edit("Desk", {"singlePromptConfig": {"prompt": found.config("Desk")["prompt"], "tools": tools}})

    edit(project, change)
    for arguments in (["--dry-run"], []):
        run(["pull", "--agent", "desk", "--project", str(project), *arguments])
        said = capsys.readouterr()
        assert "${{ secrets.DESK_X_FILE }}" in said.out
        assert not [name for name, value in values.items() if value in said.out + said.err]
    text = (project / "agents" / "desk.yaml").read_text()
    assert not [name for name, value in values.items() if value in text]
    assert "https://${{ secrets.DESK_LOGIN }}@x.example/tell" in text
    assert "Bearer ${{ secrets.TOKEN }}" in text
    assert "secret DESK_TOKEN: not copied" in said.err


def test_a_secret_in_a_prompt_is_not_brought_into_git(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(found: Console) -> None:
        prompt = found.config("Desk")["prompt"] + "\nUse demo-token.\n"
        found.edit("Desk", {"singlePromptConfig": {"prompt": prompt, "tools": tools_of(found)}})

    edit(project, change)
    assert run(["pull", "--agent", "desk", "--project", str(project)]) == 5
    said = capsys.readouterr()
    assert "it holds a secret" in said.err
    assert "demo-token" not in said.out + said.err
    assert "demo-token" not in (project / "agents/prompts/desk.md").read_text()


TWO = PROJECT + "  prod:\n    target: emulator\n    secrets: {TOKEN: {value: demo-token}}\n"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A project with a second environment, whose first one was edited by hand."""
    write_project(tmp_path)
    (tmp_path / "agentops.yaml").write_text(TWO)
    assert run(["apply", "--yes", "--project", str(tmp_path)]) == 0
    edit(tmp_path, lambda found: found.edit("Desk", {"slmModel": "gpt-4.1", "firstMessage": "Hello, this is Acme."}))
    return tmp_path


def model_in(project: Path, environment: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    where = ["--project", str(project), "-e", environment, "--agent", "desk", "--format", "json"]
    assert run(["render", *where]) == 0
    return str(json.loads(capsys.readouterr().out)["desk"]["config"]["slmModel"])


def test_what_changes_other_environments_is_said(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert pull(shared, "-e", "local") == 0
    said = capsys.readouterr().err
    assert "desk: slmModel went into agents/desk.yaml, which changes it in prod, too" in said
    again = f"`git -C {shared} restore agents/desk.yaml`, then `agentops pull --overlay -e local --project {shared}`"
    assert f"To change local alone: {again}" in said
    assert model_in(shared, "prod", capsys) == "gpt-4.1"


def test_one_environment_alone_can_be_changed(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert pull(shared, "--overlay", "--dry-run", "--format", "json") == 2
    told = json.loads(capsys.readouterr().out)
    assert {(each["path"], tuple(each["elsewhere"])) for each in told["written"]} == {
        ("slmModel", ()),
        ("firstMessage", ()),
    }
    assert (shared / "agents/desk.yaml").read_text() == SPEC
    assert pull(shared, "--overlay") == 0
    assert "too" not in capsys.readouterr().err
    assert (shared / "agents/desk.yaml").read_text() == (
        SPEC
        + "environments:\n  local:\n    config:\n      firstMessage: Hello, this is Acme.\n      slmModel: gpt-4.1\n"
    )
    assert plan_is_empty(shared)
    assert (model_in(shared, "prod", capsys), model_in(shared, "local", capsys)) == ("gpt-4o", "gpt-4.1")


def test_what_a_block_of_one_environment_can_not_say_is_left_to_a_person(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def by_hand(found: Console) -> None:
        tools = tools_of(found)
        tools[1]["description"] = "Asks twice."
        found.edit(
            "Desk", {"singlePromptConfig": {"prompt": PROMPT.replace("${{ vars.company }}", "Acme"), "tools": tools}}
        )

    edit(shared, by_hand)
    capsys.readouterr()
    assert pull(shared, "--overlay", "--format", "json") == 5
    [left] = json.loads(capsys.readouterr().out)["left"]
    assert left["why"] == "it would change other environments, and the block of local can't say it"
    assert "Asks twice." in left["patch"]
