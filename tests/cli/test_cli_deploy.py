"""The verbs that plan, apply, look and go back, on the embedded emulator: what they print and how they end."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from command_line import Agentops, Ended

from agentops.cli import apply as apply_verb

pytestmark = pytest.mark.slow

SPEC = """\
name: Desk (${{ environment }})
config:
  firstMessage: %s
  singlePromptConfig: {prompt: Help the caller.}
  synthesizer: {voiceConfig: {model: waves_lightning_v3_1, voiceId: nyah}}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agentops.yaml").write_text(
        "project: acme\ndefault_environment: local\nenvironments:\n"
        "  local: {target: emulator}\n  guarded: {target: emulator, protected: true}\n"
    )
    (tmp_path / "agents/desk.yaml").write_text(SPEC % "Hello")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def greet(desk: Path, greeting: str) -> None:
    (desk / "agents/desk.yaml").write_text(SPEC % greeting)


def test_a_plan_has_an_exit_code_and_formats(desk: Path, agentops: Agentops) -> None:
    assert agentops("plan").code == 0
    assert agentops("plan", "--detailed-exitcode").code == 2
    assert json.loads(agentops("plan", "--format", "json").out)["changes"]
    assert "### agentops plan for `local`" in agentops("plan", "--format", "markdown").out
    assert "<html" in agentops("plan", "--format", "html").out
    verbose = agentops("plan", "-v")
    assert "GET /atoms/v1/agent -> 200" in verbose.err


def test_the_page_of_a_plan_says_when_of_what_and_how_to_apply_it(desk: Path, agentops: Agentops) -> None:
    (desk / "agents/sales.yaml").write_text(SPEC.replace("Desk", "Sales") % "Hello")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "Two lines & more"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *command], check=True)
    page = agentops("plan", "--agent", "desk", "--format", "html").out
    assert re.search(r"Planned at \d{4}-\d\d-\d\d \d\d:\d\d UTC\. Commit: [0-9a-f]{7,} Two lines &amp; more\.", page)
    command = re.search(r"To apply exactly this: <code>agentops (apply -e local .*)</code>", page)
    assert command is not None
    applied = agentops(*shlex.split(command[1]))
    assert (applied.code, "1 agent: 1 applied." in applied.out) == (0, True)
    greet(desk, "Good morning")
    assert "(and changes that are not committed)" in agentops("plan", "--format", "html").out


def test_exactly_what_was_saved_is_applied_and_only_once(desk: Path, agentops: Agentops) -> None:
    saved = agentops("plan", "--out", "plan.json")
    assert "agentops apply plan.json" in saved.err
    assert agentops("apply", "plan.json").code == 0
    assert agentops("apply", "plan.json").code == 0, "it was carried out: there is nothing left to do"
    greet(desk, "Good morning")
    assert agentops("apply", "plan.json").code == 5
    assert agentops("apply", "--digest", "0123").code == 5


def test_consent_is_a_yes_a_digest_or_an_answer(
    desk: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = agentops("apply")
    assert (nobody.code, "there is no terminal to ask at" in nobody.err) == (64, True)
    monkeypatch.setattr(apply_verb, "is_interactive", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    declined = agentops("apply")
    assert (declined.code, "you answered no" in declined.err) == (1, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert agentops("apply").code == 0
    greet(desk, "Good morning")
    digest = json.loads(agentops("plan", "--format", "json").out)["digest"]
    assert agentops("apply", "--digest", digest, "--no-input").code == 0


def test_a_protected_environment_takes_only_a_reviewed_plan(desk: Path, agentops: Agentops) -> None:
    refused = agentops("apply", "-e", "guarded", "--yes")
    assert refused.code == 4
    digest = refused.err.partition("--digest ")[2].split("`")[0].strip()
    assert agentops("apply", "-e", "guarded", "--digest", digest).code == 0


def test_what_an_apply_does_can_be_followed_by_a_program(desk: Path, agentops: Agentops) -> None:
    ended = agentops("apply", "--yes", "--progress", "json", "--format", "json")
    events = [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]
    assert [events[0]["event"], events[-1]["event"]] == ["run_started", "run_finished"]
    assert json.loads(ended.out)["agents"][0]["key"] == "desk"
    greet(desk, "Good morning")
    assert "desk" in agentops("apply", "--yes", "--progress", "lines").err


def deployed_twice(desk: Path, agentops: Agentops) -> tuple[Ended, Ended]:
    first = agentops("apply", "--yes", "--format", "json")
    greet(desk, "Good morning")
    return first, agentops("apply", "--yes", "--format", "json")


def test_history_and_ledger(desk: Path, agentops: Agentops) -> None:
    deployed_twice(desk, agentops)
    shown = agentops("history", "desk", "--ledger", "ledger.jsonl")
    assert "2 deployed revisions written" in shown.err
    assert "* serves calls now" in shown.out
    [agent] = json.loads(agentops("history", "--format", "json").out)
    assert [row["is_live"] for row in agent["revisions"] if row["is_ours"]] == [True, False]
    assert agentops("history", "--ledger", "missing/ledger.jsonl").code == 64


def test_rolling_back_to_a_revision_and_a_run(desk: Path, agentops: Agentops) -> None:
    _, second = deployed_twice(desk, agentops)
    assert agentops("rollback").code == 64
    assert agentops("rollback", "desk", "--to", "1", "--run", "x").code == 64
    undone = agentops("rollback", "--run", json.loads(second.out)["run_id"], "--yes")
    assert undone.code == 0, undone.err
    assert "Good morning" in agentops("diff", "--from", "spec", "--to", "live").out
    assert agentops("rollback", "desk", "--to", "99", "--yes").code != 0


def test_drift_and_diff_say_by_their_exit_code_whether_there_is_any(desk: Path, agentops: Agentops) -> None:
    agentops("apply", "--yes")
    assert agentops("drift").code == 0
    assert json.loads(agentops("drift", "--format", "json").out)["format_version"]
    assert agentops("diff", "--detailed-exitcode").code == 0
    greet(desk, "Good morning")
    assert agentops("diff", "desk", "--detailed-exitcode").code == 2
    environments = agentops("diff", "--from", "env:local", "--to", "env:guarded", "--format", "json")
    assert json.loads(environments.out)["agents"][0]["fields"][0]["path"] == ["name"]
    (desk / "agents/desk.yaml").write_text("name: Desk\nconfig: {firstMesage: Hi}\n")
    assert agentops("diff", "--from", "env:local", "--to", "env:guarded").code == 1


def test_previews_go_up_and_down(desk: Path, agentops: Agentops) -> None:
    up = agentops("preview", "up", "pr-1")
    assert up.code == 0, up.err
    assert agentops("preview", "gc").code == 0
    [copy] = json.loads(agentops("preview", "list", "--format", "json").out)["previews"]
    assert (copy["preview"], copy["agent"]) == ("pr-1", "desk")
    assert f"pr-1  desk  {copy['id']}  until {copy['until']}" in agentops("preview", "list").out
    down = agentops("preview", "down", "pr-1", "--format", "json")
    assert json.loads(down.out)["agents"][0]["action"] == "archive"
    assert agentops("preview", "list").out == "no previews\n"


def test_an_agent_is_imported_pulled_and_forgotten(
    desk: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    agentops("apply", "--yes")
    spec = desk / "agents/desk.yaml"
    assert agentops("import", "atoms").code == 64
    known = agentops("import", "atoms", "--all")
    assert "use `agentops pull`" in known.err
    greet(desk, "Good morning")
    spec.rename(desk / "desk.yaml")
    shown = agentops("import", "atoms", "Desk*", "--dry-run")
    assert "# ---- agents/desk-local.yaml" in shown.out
    (desk / "desk.yaml").rename(spec)
    assert agentops("pull", "--dry-run").code == 0
    assert agentops("pull").err.strip().endswith("Nothing was changed outside git.")
    assert agentops("forget", "desk", "--dry-run").code == 0
    assert agentops("forget", "desk").code == 64
    assert agentops("forget", "dessk", "--yes").code == 64
    assert spec.exists()
    assert agentops("forget", "desk", "--yes").code == 0
    assert not spec.exists()


def test_a_preview_says_how_it_is_called_and_is_called_so(desk: Path, agentops: Agentops) -> None:
    (desk / "agents/calls").mkdir()
    script = "agent: desk\nmode: chat\nsteps:\n  - expect: {contains: morning, within_s: 2}\n"
    (desk / "agents/calls/hello.yaml").write_text(script)
    assert agentops("apply", "--yes").code == 0
    greet(desk, "Good morning")
    up = agentops("preview", "up", "pr-1", "-e", "local")
    [copy] = json.loads(agentops("preview", "list", "--format", "json").out)["previews"]
    assert f"Desk (local) (preview pr-1): agent {copy['id']}, until {copy['until']}" in up.out
    assert "`agentops smoke --preview pr-1 -e local`" in up.err
    assert "`agentops preview down pr-1 -e local`" in up.err
    called = agentops("smoke", "agents/calls/hello.yaml", "--preview", "pr-1", "-e", "local")
    assert called.code == 0, called.out
    assert agentops("smoke", "agents/calls/hello.yaml").code == 6, "what serves still says Hello"
    again = agentops("preview", "up", "pr-1", "--format", "json")
    assert json.loads(again.out)["previews"][0]["id"] == copy["id"]
    wrong = agentops("smoke", "--preview", "pr-2", "-e", "local")
    assert (wrong.code, "there are: pr-1" in wrong.err) == (64, True)
    agentops("preview", "down", "pr-1")
    assert "`agentops preview up pr-1 -e local`" in agentops("smoke", "--preview", "pr-1", "-e", "local").err
