"""`agentops import` from the command line: what it prints, what it asks a person, and what it leaves to them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from command_line import Agentops

from agentops.cli import import_
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import RunningEmulator, start
from agentops.errors import ExitCode

EXPORT = {
    "name": "Tea House",
    "conversation_config": {
        "agent": {"first_message": "Good morning, tea house.", "prompt": {"prompt": "Sell tea.", "llm": "gpt-4o"}},
        "conversation": {"text_only": True},
    },
}
IMPORT = ("import", "elevenlabs", "tea.json", "--output", "made")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tea.json").write_text(json.dumps(EXPORT))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningEmulator]:
    with start(EmulatorOptions(seed=1, scan_delay_s=0.0)) as emulator:
        monkeypatch.setenv("SMALLEST_API_KEY", "sk_emulator")
        monkeypatch.setenv("SMALLEST_BASE_URL", emulator.base_url)
        yield emulator


@pytest.mark.parametrize(
    ("output_format", "begins", "names"),
    [("markdown", "# ", "| `"), ("html", "<!doctype html>", "Tea House"), ("json", "{", '"tea-house"')],
)
def test_the_whole_report_can_be_printed(agentops: Agentops, output_format: str, begins: str, names: str) -> None:
    ended = agentops(*IMPORT, "--no-input", "--dry-run", "--format", output_format)
    assert ended.code == ExitCode.DONE
    assert ended.out.lower().startswith(begins)
    assert names in ended.out
    assert "(dry run: nothing was written)" in ended.err
    assert not Path("made").exists()


def test_a_person_at_a_terminal_is_asked_for_what_is_open(agentops: Agentops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_, "is_interactive", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("2\n"))
    ended = agentops(*IMPORT)
    assert ended.code == ExitCode.DONE
    proposals = [line.split()[1] for line in ended.err.splitlines() if line.startswith("  2. ")]
    assert "tea-house: Which voice?" in ended.err
    assert "1 choice, none still open" in ended.out
    assert f"voice: {proposals[0]}\n" in Path("made/agents/_choices.yaml").read_text()


def test_voices_are_proposed_from_a_saved_answer_of_the_platform(agentops: Agentops) -> None:
    tags = {"language": ["English"], "gender": "female", "accent": "irish"}
    voices = {"voices": [{"voiceId": "maeve", "displayName": "Maeve", "tags": tags}]}
    Path("voices.json").write_text(json.dumps(voices))
    assert agentops(*IMPORT, "--no-input", "--catalog", "voices.json").code == ExitCode.DONE
    choices = Path("made/agents/_choices.yaml").read_text()
    assert "# - maeve: Maeve: english; female; irish\n" in choices
    assert "avery" not in choices


def test_voices_that_the_account_does_not_list_are_proposed_as_documented(
    agentops: Agentops, account: RunningEmulator
) -> None:
    fault = {"kind": "status", "method": "GET", "path": "*voice*", "status": 403, "text": "no voices for you"}
    httpx2.post(f"{account.base_url}/_emulator/faults", json=fault).raise_for_status()
    ended = agentops(*IMPORT, "--no-input")
    assert ended.code == ExitCode.DONE
    assert "The account's voices can't be read (" in ended.err
    assert "no voices for you" in ended.err
    assert "# - avery: " in Path("made/agents/_choices.yaml").read_text()


@pytest.mark.slow
def test_what_an_import_of_the_account_leaves_to_a_person_is_said(agentops: Agentops, account: RunningEmulator) -> None:
    with httpx2.Client(base_url=f"{account.base_url}/atoms/v1", headers={"Authorization": "Bearer sk_x"}) as console:

        def post(path: str, body: dict[str, object]) -> str:
            return str(console.post(path, json=body).raise_for_status().json()["data"])

        agent = post("/agent", {"name": "Desk"})
        [branch] = [row["branch"]["_id"] for row in console.get(f"/agent/{agent}/branches").json()["data"]["branches"]]
        draft = f"/agent/{agent}/branches/{branch}/draft"
        variables = {"defaultVariables": {"api_token": "abcd1234efgh5678"}}
        console.put(draft, json=variables).raise_for_status()
        post(f"{draft}/publish", {"label": "By hand"})
        events = [{"agentId": agent, "eventType": "post-conversation"}]
        post("/webhook", {"endpoint": "https://crm.example.com/calls", "description": "crm", "events": events})
    ended = agentops("import", "atoms", "--all", "--output", "made")
    assert ended.code == ExitCode.DONE
    assert "desk: config.defaultVariables.api_token: copied, and looks like a secret; see to it\n" in ended.err
    assert "webhooks/crm.yaml: its headers can't be read; they stay unless the file has `headers:`\n" in ended.err
    again = agentops("import", "atoms", "--all", "--output", "made")
    assert again.code == ExitCode.DONE
    assert "Desk: the project has a spec for it; use `agentops pull` to bring in what changed\n" in again.err
    assert again.err.endswith("made: no files\n")
