"""What a run writes down, who may run at the same time, and what is read from it later."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deploy_world import World, agent
from patient_clock import PatientClock

from agentops.apply.journal import Journal, environment_lock, event_data, new_run_id
from agentops.apply.model import Outcome, SmokeVerdict, Stage, StageFinished, Verdict
from agentops.apply.run_history import DeployRecord, read_deploys, read_run, read_runs, read_verdicts
from agentops.clock import SystemClock
from agentops.document import Environment, Secret, SecretRef
from agentops.errors import StaleError
from agentops.plan.history import build_history
from agentops.plan.model import AgentChange
from agentops.workflow.history import AgentHistory
from agentops.workflow.ledger import ledger_lines


class PassingCalls:
    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        return SmokeVerdict(Verdict.PASSED, "1 call passed")


def test_an_event_is_data_with_its_type() -> None:
    assert event_data(StageFinished("support", Stage.SCAN, "revision 2")) == {
        "event": "stage_finished",
        "key": "support",
        "stage": "scan",
        "detail": "revision 2",
    }


async def test_every_line_is_there_when_the_run_ends_and_none_holds_a_secret(world: World, tmp_path: Path) -> None:
    token = Secret(("Bearer ", SecretRef("TOKEN", "hunter2-hunter2")))
    call = {"isEnabled": True, "url": "https://crm.example.com", "method": "GET", "headers": {"Authorization": token}}
    with Journal(tmp_path, "run-1", world.clock) as journal:
        plan = await world.plan([agent(preCallAPI=call)])
        await world.apply(plan, smoke=PassingCalls(), record=journal)
    text = journal.path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert (lines[0]["event"], lines[-1]["event"]) == ("run_started", "run_finished")
    assert all(line["at"] and line["format_version"] == 1 for line in lines)
    assert "hunter2" not in text
    assert (tmp_path / ".agentops" / ".gitignore").read_text() == "*\n"


async def test_what_was_deployed_can_be_looked_up(world: World, tmp_path: Path) -> None:
    plan = await world.plan([agent()])
    with Journal(tmp_path, "run-1", world.clock) as journal:
        result = await world.apply(plan, smoke=PassingCalls(), record=journal)
    [deployed] = result.agents
    assert deployed.outcome is Outcome.APPLIED
    deploys = read_deploys(tmp_path, "test")
    assert deploys == {deployed.revision_id: DeployRecord("run-1", plan.digest, "passed")}
    assert read_verdicts(tmp_path, "test") == {deployed.revision_id: "passed"}
    assert read_verdicts(tmp_path, "other") == {}
    found = read_run(tmp_path, "test", "run")
    assert found is not None
    assert found["run_id"] == "run-1"
    assert read_run(tmp_path, "test", "elsewhere") is None


async def test_the_ledger_has_a_line_for_every_deploy(world: World, tmp_path: Path) -> None:
    with Journal(tmp_path, "run-1", world.clock) as journal:
        plan = await world.plan([agent()])
        await world.apply(plan, smoke=PassingCalls(), record=journal)
    await world.deploy([agent(prompt="New.")])
    observed = await world.observe("Acme support")
    revisions = await world.writer.list_revisions(observed.agent_id)
    assert observed.live is not None
    entries = build_history(Environment("acme", "test"), revisions, observed.live.revision_id)
    history = AgentHistory(agent(), observed.agent_id, entries)
    rows = [json.loads(line) for line in ledger_lines("test", [history], read_deploys(tmp_path, "test"))]
    assert [(row["number"], row["is_live"], row["verdict"]) for row in rows] == [(2, False, "passed"), (3, True, None)]
    assert rows[0]["digest"] == plan.digest
    assert rows[1]["run_id"] is None


def test_a_line_that_a_kill_cut_off_is_passed_over(tmp_path: Path) -> None:
    runs = tmp_path / ".agentops" / "runs"
    runs.mkdir(parents=True)
    whole = json.dumps({"event": "run_finished", "result": {"environment": "test", "run_id": "a", "agents": []}})
    (runs / "a.jsonl").write_text(whole + '\n{"event": "run_fin')
    assert [result["run_id"] for result in read_runs(tmp_path, "test")] == ["a"]


def ended(run_id: str, environment: str = "test", *agents: dict[str, Any]) -> str:
    result = {"environment": environment, "run_id": run_id, "digest": f"d-{run_id}", "agents": list(agents)}
    return json.dumps({"event": "run_finished", "result": result})


def test_runs_are_found_by_the_beginning_of_their_name(tmp_path: Path) -> None:
    runs = tmp_path / ".agentops" / "runs"
    runs.mkdir(parents=True)
    for name in ("2026-b1", "2026-a1", "2026-a2"):
        (runs / f"{name}.jsonl").write_text(f'{{"event": "run_started"}}\n[1]\n{ended(name)}\n')
    (runs / "2026-c1.jsonl").write_text(ended("2026-c1", "other"))
    assert [result["run_id"] for result in read_runs(tmp_path, "test")] == ["2026-a1", "2026-a2", "2026-b1"]

    def found(name: str) -> str | None:
        result = read_run(tmp_path, "test", name)
        return str(result["run_id"]) if result else None

    assert [found("2026-b"), found("2026-a2"), found("2026-a"), found("2026-c")] == ["2026-b1", "2026-a2", None, None]


def test_a_revision_goes_by_its_first_run_and_its_last_verdict(tmp_path: Path) -> None:
    runs = tmp_path / ".agentops" / "runs"
    runs.mkdir(parents=True)
    inconclusive, passed = {"verdict": "inconclusive"}, {"verdict": "passed"}
    (runs / "1.jsonl").write_text(
        ended("1", "test", {"revision_id": "r1", "verdict": inconclusive}, {"revision_id": "r2"}, {"verdict": passed})
    )
    (runs / "2.jsonl").write_text(ended("2", "test", {"revision_id": "r1", "verdict": passed}, {"revision_id": None}))
    (runs / "3.jsonl").write_text(ended("3", "test", {"revision_id": "r1", "verdict": None}))
    assert read_deploys(tmp_path, "test") == {
        "r1": DeployRecord("1", "d-1", "passed"),
        "r2": DeployRecord("1", "d-1", None),
    }
    assert read_verdicts(tmp_path, "test") == {"r1": "passed"}


def test_run_ids_sort_by_time() -> None:
    clock = PatientClock()
    first = new_run_id(clock.now())
    clock.elapsed_s = 1.0
    assert first < new_run_id(clock.now())


def test_a_second_apply_on_the_same_environment_is_refused(tmp_path: Path) -> None:
    clock = SystemClock()
    with environment_lock(tmp_path, "prod", clock):
        refusal = pytest.raises(StaleError, match=r"another apply is running on environment 'prod': process \d+")
        with refusal, environment_lock(tmp_path, "prod", clock):
            pass
        with environment_lock(tmp_path, "staging", clock):
            pass
    with environment_lock(tmp_path, "prod", clock):
        pass


def test_a_lock_ends_although_its_holders_name_was_cleaned_away(tmp_path: Path) -> None:
    clock = SystemClock()
    with environment_lock(tmp_path, "prod", clock):
        (tmp_path / ".agentops/locks/prod.json").unlink()
    with environment_lock(tmp_path, "prod", clock):
        pass


def test_the_lock_of_a_dead_process_is_no_lock(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from agentops.apply.journal import environment_lock\n"
        "from agentops.clock import SystemClock\n"
        "with environment_lock(Path(sys.argv[1]), 'prod', SystemClock()):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert died.returncode == -9
    assert "pid" in (tmp_path / ".agentops" / "locks" / "prod.json").read_text()
    with environment_lock(tmp_path, "prod", SystemClock()):
        pass
