"""plan, apply, drift and diff from the command line, against an emulator that listens: output and exit codes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from patient_clock import PatientClock
from plan_world import KEY, PlanWorld

from agentops.cli.app import run
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.net import NetOptions
from agentops.remote.connect import connect

pytestmark = pytest.mark.slow

SPEC = """\
name: Support ({environment})
config:
  firstMessage: {greeting}
  slmModel: gpt-4o
  singlePromptConfig:
    prompt: ${{{{ file('prompts/support.md') }}}}
"""


class Terminal:
    """A project in a folder, an account that listens, and what a command said."""

    def __init__(self, root: Path, base_url: str, capture: pytest.CaptureFixture[str]) -> None:
        self.root, self.base_url, self.capture = root, base_url, capture
        self.out = self.err = ""

    def agentops(self, *arguments: str) -> int:
        code = run([*arguments, "--project", str(self.root)])
        self.out, self.err = self.capture.readouterr()
        return code

    def write(self, greeting: str = "Hi", prompt: str = "Be kind.\n") -> None:
        (self.root / "agents" / "prompts").mkdir(parents=True, exist_ok=True)
        (self.root / "agents" / "support.yaml").write_text(SPEC.format(environment="x", greeting=greeting))
        (self.root / "agents" / "prompts" / "support.md").write_text(prompt)

    def edit_in_console(self, body: dict[str, Any]) -> None:
        async def edit() -> None:
            net = NetOptions(requests_per_second=None)
            async with await connect(self.base_url, KEY, options=net) as writer:
                world = PlanWorld(writer, _Briefly(), None)  # type: ignore[arg-type]
                await world.edit_in_console("Support (x)", body)

        asyncio.run(edit())


class _Briefly(PatientClock):
    """The emulator on a socket has its own clock: waiting is waiting, in small steps."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.01)


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    running = start(EmulatorOptions(seed=1, scan_delay_s=0.0))
    monkeypatch.setenv("KEY", "sk_test")
    (tmp_path / "agentops.yaml").write_text(
        "project: acme\n"
        "default_environment: box\n"
        "environments:\n"
        f"  box: {{base_url: '{running.base_url}', api_key: '${{{{ secrets.KEY }}}}'}}\n"
        f"  safe: {{base_url: '{running.base_url}', api_key: '${{{{ secrets.KEY }}}}', protected: true,"
        " rules: {prompt_shrinks: 50%}}\n"
    )
    opened = Terminal(tmp_path, running.base_url, capsys)
    opened.write()
    yield opened
    running.stop()


def test_from_nothing_to_deployed_to_nothing_to_do(terminal: Terminal) -> None:
    assert terminal.agentops("plan", "--detailed-exitcode") == 2
    assert "+ support  'Support (x)'  create" in terminal.out
    assert terminal.agentops("plan") == 0
    assert terminal.agentops("apply", "--yes") == 0
    assert terminal.agentops("plan", "--detailed-exitcode") == 0
    assert terminal.out.startswith("Plan for acme, environment box")
    assert "No changes. 1 agent of box serves what its spec asks for." in terminal.out


def test_a_saved_plan_is_applied_once_and_refused_after_any_change(terminal: Terminal) -> None:
    file = terminal.root / "plan.json"
    assert terminal.agentops("plan", "--out", str(file)) == 0
    terminal.write(greeting="Hello")
    assert terminal.agentops("apply", str(file)) == 5
    assert "the approved plan no longer holds: support: the spec changed" in terminal.err
    terminal.write()
    assert terminal.agentops("apply", str(file)) == 0
    assert terminal.agentops("apply", str(file)) == 0, "what was carried out is no reason to refuse"
    assert terminal.agentops("apply", str(file), "-e", "safe") == 5
    assert "environment 'box' is now 'safe'" in terminal.err


def test_an_edited_plan_file_is_refused(terminal: Terminal) -> None:
    file = terminal.root / "plan.json"
    terminal.agentops("plan", "--out", str(file))
    data = json.loads(file.read_text())
    data["changes"][0]["fields"][0]["after"] = "something else"
    file.write_text(json.dumps(data))
    assert terminal.agentops("apply", str(file)) == 5
    assert "its field changes are not the approved ones" in terminal.err
    assert terminal.agentops("plan", "--detailed-exitcode") == 2, "nothing was written"


def test_a_digest_binds_the_approval(terminal: Terminal) -> None:
    assert terminal.agentops("apply", "--digest", "0123456789abcdef") == 5
    terminal.agentops("plan", "--format", "json")
    digest = json.loads(terminal.out)["digest"]
    assert terminal.agentops("apply", "--digest", digest) == 0


def test_a_console_edit_between_review_and_apply_is_refused(terminal: Terminal) -> None:
    terminal.agentops("apply", "--yes")
    terminal.write(greeting="Hello")
    terminal.agentops("plan", "--format", "json")
    digest = json.loads(terminal.out)["digest"]
    terminal.edit_in_console({"slmModel": "gpt-4.1"})
    assert terminal.agentops("apply", "--digest", digest) == 5
    assert "changed outside git: slmModel" in terminal.err


def test_drift_is_told_and_overwritten_only_on_request(terminal: Terminal) -> None:
    terminal.agentops("apply", "--yes")
    assert terminal.agentops("drift") == 0
    assert "No drift: 1 agent looked at." in terminal.out
    terminal.edit_in_console({"firstMessage": "Ahoy"})
    assert terminal.agentops("drift") == 2
    assert '"Hi" -> "Ahoy"' in terminal.out
    assert "since revision 3" in terminal.out
    assert terminal.agentops("drift", "--format", "json") == 2
    (agent,) = json.loads(terminal.out)["agents"]
    assert (agent["verdict"], agent["is_drifted"]) == ("edited", True)
    assert terminal.agentops("apply", "--yes") == 5
    assert terminal.agentops("apply", "--yes", "--overwrite-drift") == 0
    assert terminal.agentops("drift") == 0


def test_a_protected_environment_takes_a_reviewed_plan_only(terminal: Terminal) -> None:
    assert terminal.agentops("apply", "-e", "safe", "--yes") == 4
    assert "only a reviewed plan is applied there" in terminal.err
    terminal.agentops("plan", "-e", "safe", "--format", "json")
    assert terminal.agentops("apply", "-e", "safe", "--digest", json.loads(terminal.out)["digest"]) == 0


def test_a_rule_refuses_until_it_is_acknowledged(terminal: Terminal) -> None:
    terminal.write(prompt="Be kind. Be brief. Never give legal advice.\n")
    terminal.agentops("plan", "-e", "safe", "--format", "json")
    terminal.agentops("apply", "-e", "safe", "--digest", json.loads(terminal.out)["digest"])
    terminal.write(prompt="Be kind.\n")
    terminal.agentops("plan", "-e", "safe", "--format", "json")
    plan = json.loads(terminal.out)
    assert not plan["applyable"]
    assert [refusal["code"] for refusal in plan["refusals"]] == ["PROMPT_SHRINKS"]
    assert terminal.agentops("apply", "-e", "safe", "--digest", plan["digest"]) == 4
    arguments = ("apply", "-e", "safe", "--digest", plan["digest"], "--ack", "PROMPT_SHRINKS:support")
    assert terminal.agentops(*arguments) == 0


def test_what_was_rolled_back_is_said_and_not_deployed_again_by_itself(terminal: Terminal) -> None:
    terminal.agentops("apply", "--yes")
    terminal.write(greeting="Hmpf")
    terminal.agentops("apply", "--yes")
    assert terminal.agentops("rollback", "support", "--yes") == 0
    assert terminal.agentops("plan") == terminal.agentops("plan", "--detailed-exitcode") == 4
    assert "! rolled back" in terminal.out
    assert " ".join(terminal.out.split()).count("revision 3 was rolled back; revision 4 serves") == 1
    assert terminal.agentops("drift") == 0, "a rollback of ours is no drift"
    assert terminal.agentops("apply", "--yes") == 4
    assert "exactly this configuration was rolled back" in terminal.err
    terminal.write(greeting="Hi")
    assert terminal.agentops("plan", "--detailed-exitcode") == 0


def test_two_sides_of_an_agent(terminal: Terminal) -> None:
    terminal.agentops("apply", "--yes")
    assert terminal.agentops("diff", "--detailed-exitcode") == 0
    terminal.write(greeting="Hello")
    assert terminal.agentops("diff", "support", "--detailed-exitcode") == 2
    assert '"Hi" -> "Hello"' in terminal.out
    assert terminal.agentops("diff", "support", "--from", "1", "--to", "2", "--format", "json") == 0
    paths = {field["field"] for field in json.loads(terminal.out)["agents"][0]["fields"]}
    assert "firstMessage" in paths
    assert terminal.agentops("diff", "--from", "env:box", "--to", "env:safe") == 0
    assert "1 agent compared, none different." in terminal.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "-e", "nowhere"), "there is no environment 'nowhere'"),
        (("plan", "--agent", "nobody"), "--agent nobody: no agent has such a key"),
        (("plan", "--select", "team"), "expected TAG=VALUE"),
        (("apply", "no-such-file.json"), "can't be read"),
        (("plan", "--out", "/no/such/folder/plan.json"), "can't be written: there is no folder"),
        (("apply",), "there is no terminal to ask at"),
        (("diff", "--from", "env:"), "names nothing to compare"),
        (("diff", "--from", "env:nowhere"), "there is no environment 'nowhere'"),
    ],
)
def test_a_wrong_command_is_a_usage_error(terminal: Terminal, arguments: tuple[str, ...], said: str) -> None:
    assert terminal.agentops(*arguments) == 64
    assert said in terminal.err
