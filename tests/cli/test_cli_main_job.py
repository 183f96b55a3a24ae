"""The main job as a user types it: check, plan, apply, change, go back, in both versioning generations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Agentops


@pytest.mark.slow
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_from_nothing_to_live_and_back(project: Path, agentops: Agentops, api: str) -> None:
    assert agentops("validate", "-e", "local").code == 0
    planned = agentops("plan", "-e", "local", "--api", api, "--detailed-exitcode")
    assert planned.code == 2
    assert "3 to create" in planned.out

    applied = agentops("apply", "-e", "local", "--api", api, "--yes", "--format", "json")
    assert applied.code == 0
    assert json.loads(applied.out)["counts"]["applied"] == 3
    empty = agentops("plan", "-e", "local", "--api", api, "--detailed-exitcode")
    assert empty.code == 0
    assert "No changes" in empty.out

    prompt = project / "agents/prompts/support.md"
    prompt.write_text(prompt.read_text().replace("thirty days", "sixty days"))
    changed = agentops("plan", "-e", "local", "--api", api)
    assert "[-thirty-]{+sixty+} days" in changed.out
    assert agentops("apply", "-e", "local", "--api", api, "--yes").code == 0

    back = agentops("rollback", "support", "-e", "local", "--api", api, "--yes")
    assert back.code == 0
    after = agentops("plan", "-e", "local", "--api", api, "--format", "json")
    assert "REDEPLOY" in [refusal["code"] for refusal in json.loads(after.out)["refusals"]]
    again = agentops("apply", "-e", "local", "--api", api, "--yes")
    assert again.code == 4
    assert "REDEPLOY" in again.err
    assert agentops("apply", "-e", "local", "--api", api, "--yes", "--ack", "REDEPLOY").code == 0
    history = json.loads(agentops("history", "support", "-e", "local", "--api", api, "--format", "json").out)
    assert [each["is_live"] for each in history[0]["revisions"]].count(True) == 1


@pytest.mark.slow
def test_an_approved_digest_is_applied_and_a_moved_world_is_refused(project: Path, agentops: Agentops) -> None:
    digest = json.loads(agentops("plan", "-e", "local", "--format", "json").out)["digest"]
    assert agentops("apply", "-e", "local", "--digest", digest).code == 0
    stale = agentops("apply", "-e", "local", "--digest", digest)
    assert stale.code in (0, 5)
    prompt = project / "agents/prompts/support.md"
    prompt.write_text(prompt.read_text() + "\nBe brief.\n")
    refused = agentops("apply", "-e", "local", "--digest", digest)
    assert refused.code == 5
    assert "digest" in refused.err


@pytest.mark.slow
def test_a_saved_plan_is_applied_once_and_then_stale(project: Path, agentops: Agentops) -> None:
    assert agentops("plan", "-e", "local", "--out", "plan.json").code == 0
    assert agentops("apply", "plan.json").code == 0
    prompt = project / "agents/prompts/support.md"
    prompt.write_text(prompt.read_text() + "\nBe brief.\n")
    again = agentops("apply", "plan.json")
    assert again.code == 5
    assert "no longer holds" in again.err
