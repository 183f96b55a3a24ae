"""No known secret in a name: whatever somebody in the console calls a revision, a tool, a variable or an agent, and
whatever they call themselves.

Values are concealed by where they stand. A name can be anything, and is shown everywhere: in paths, in titles, in what
somebody did. So each way in which agentops shows an account is read after somebody pasted secrets into all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from command_line import Agentops
from test_cli_secret_property import leaks

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import RunningEmulator, start
from agentops.errors import ExitCode

SECRETS = {
    "KEY": "sk_hunter2hunter2",
    # Longer than a line: a name that is broken over two is not recognised any more.
    "LONG": "eyJ" + "".join(f"q{number}Zt" for number in range(22)),
    # Signs that Markdown and HTML escape.
    "SIGNS": "p@ss_w*rd|<5>&[x]`9",
}
PROJECT = """\
project: acme
default_environment: test
environments:
  test:
    base_url: "{url}"
    api_key: "${{{{ secrets.KEY }}}}"
    rate_limit: {{requests_per_second: 500, max_in_flight: 8}}
    secrets: {{LONG: {{env: LONG}}, SIGNS: {{env: SIGNS}}}}
"""
SPEC = """\
name: Desk
config:
  firstMessage: "Hello"
  defaultVariables: {greeting: "Hi"}
  singlePromptConfig:
    prompt: Help the caller.
    tools:
      - {type: end_call, name: end_call, description: Ends the call.}
      - type: api_call
        name: lookup
        description: Looks the caller up.
        url: https://crm.example.com/callers
        method: POST
        headers: {X-Token: "${{ secrets.SIGNS }}", X-Other: "${{ secrets.LONG }}"}
  synthesizer: {voiceConfig: {model: waves_lightning_v3_1, voiceId: nyah}}
calls: {none: nobody calls it}
"""
SHOWN = (
    *(("plan", "--format", form) for form in ("text", "markdown", "json", "html")),
    ("plan", "--prune", "-v"),
    ("plan", "--out", "plan.json"),
    *(("drift", "--format", form) for form in ("text", "json")),
    *(("status", "--format", form) for form in ("text", "markdown", "json")),
    *(("history", "desk", "--format", form) for form in ("text", "json", "csv")),
    ("pull", "--dry-run"),
    ("pull", "--dry-run", "--format", "json"),
    ("pull", "--theirs"),
    ("preview", "list"),
    ("import", "atoms", "--all", "--dry-run"),
    ("import", "atoms", "--all", "--format", "json"),
    ("apply", "--yes"),  # refused, since it was edited
)

pytestmark = pytest.mark.slow


@pytest.fixture(params=["v2"])
def account(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningEmulator]:
    for module in ("versions", "branches", "v1", "revisions"):
        monkeypatch.setattr(f"agentops.emulator.rest.versioning.{module}.USER_NAME", f"Ann {SECRETS['SIGNS']}")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "desk.yaml").write_text(SPEC)
    with start(EmulatorOptions(api=request.param, keys=(SECRETS["KEY"],), scan_delay_s=0.0)) as running:
        (tmp_path / "agentops.yaml").write_text(PROJECT.format(url=running.base_url))
        yield running


def test_a_secret_that_is_put_into_a_name_is_shown_and_written_nowhere(
    account: RunningEmulator, tmp_path: Path, agentops: Agentops
) -> None:
    assert agentops("apply", "--yes").code == 0
    before = (tmp_path / "agents/desk.yaml").read_text()
    with console(account) as client:
        agent_id = edit_in_console(client)
        said = {" ".join(command): said_by(agentops, *command) for command in SHOWN}
        assert (tmp_path / "agents/desk.yaml").read_text() == before
        # The saved plan is the one that is made now, hidden names and all, and it takes the names back.
        said["apply plan.json"] = said_by(agentops, "apply", "plan.json", "--overwrite-drift", "--discard-draft")
        assert "1 agent: 1 applied" in said["apply plan.json"]
        assert get(client, f"/agent/{agent_id}")["name"] == "Desk"
        said |= {command: said_by(agentops, *command.split()) for command in ("drift", "history desk", "status")}
        # To serve the edited revision again is up to whoever wants it, names and all.
        said["rollback"] = said_by(agentops, "rollback", "desk", "--to", "3", "--yes")
        assert "1 agent: 1 applied" in said["rollback"]
        assert SECRETS["LONG"] in json.dumps(get(client, f"/agent/{agent_id}"))
        for command in ("diff desk", "diff desk --format json", "diff desk --from 2 --to 3"):
            said[command] = said_by(agentops, *command.split())
    written = {
        str(path.relative_to(tmp_path)): path.read_text("utf-8", "replace")
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    texts = said | written | {"the names of files": "\n".join(written)}
    assert not {name: found for name, text in texts.items() if (found := leaks(text, SECRETS))}
    told = ("plan --format text", "plan --format markdown", "drift --format text", "history desk --format text")
    for command in (*told, "status --format json", "diff desk", "pull --theirs", "plan.json"):
        assert "***" in texts[command] or "\\*\\*\\*" in texts[command], f"{command} says nothing of the edit"
    assert "a name there holds a secret" in said["pull --theirs"]
    assert "left out, since its name holds a secret" in said["import atoms --all --dry-run"]
    for command in (each for each in said if each.endswith("--format json")):
        json.loads(said[command].split("\n\0")[0])


@pytest.mark.parametrize("account", ["v1"], indirect=True)
def test_who_published_is_shown_without_secrets_on_v1_as_well(account: RunningEmulator, agentops: Agentops) -> None:
    assert agentops("apply", "--yes").code == 0
    for command in ("history desk", "history desk --format json", "status", "status --format json"):
        said = said_by(agentops, *command.split())
        assert not leaks(said, SECRETS)
        assert "Ann ***" in said


def said_by(agentops: Agentops, *command: str) -> str:
    ended = agentops(*command)
    assert ended.code != ExitCode.USAGE, command
    return f"{ended.out}\n\0{ended.err}"


def console(account: RunningEmulator) -> httpx2.Client:
    return httpx2.Client(base_url=f"{account.base_url}/atoms/v1", headers={"Authorization": f"Bearer {SECRETS['KEY']}"})


def get(client: httpx2.Client, path: str) -> Any:
    return client.get(path).raise_for_status().json()["data"]


def edit_in_console(client: httpx2.Client) -> str:
    """Gives a secret to every name that somebody can give: those of a revision, then those of a draft that stays open,
    and those of another agent that no spec describes. Returns the id of ours."""
    [agent] = get(client, "/agent")["agents"]
    agent_id = agent["_id"]
    [summary] = get(client, f"/agent/{agent_id}/branches")["branches"]
    branch = f"/agent/{agent_id}/branches/{summary['branch']['_id']}"
    head = get(client, f"{branch}/revisions/{summary['branch']['headRevisionId']}")
    tools = [dict(each) for each in head["resolvedConfig"]["workflow_tools"]["tools"]]
    ending = next(each for each in tools if each["name"] == "end_call")
    ending["name"] = f"end_{SECRETS['KEY']}"
    names = {"greeting": "Hi", **dict.fromkeys(SECRETS.values(), "x")}
    edits = {"singlePromptConfig": {"tools": tools}, "defaultVariables": names}
    client.put(f"{branch}/draft", json=edits).raise_for_status()
    label = {"label": f"rotated to {SECRETS['KEY']} and {SECRETS['LONG']}"}
    client.post(f"{branch}/draft/publish", json=label).raise_for_status()
    more = {"defaultVariables": {**names, f"more {SECRETS['LONG']}": "y"}}
    client.put(f"{branch}/draft", json=more).raise_for_status()
    client.patch(f"/agent/{agent_id}", json={"name": f"Desk {SECRETS['KEY']}"}).raise_for_status()
    client.post(
        "/agent", json={"name": f"Other {SECRETS['SIGNS']}", "workflowType": "single_prompt"}
    ).raise_for_status()
    return str(agent_id)
