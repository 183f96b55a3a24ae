"""The way back needs the environment and its key, never valid specs; and one broken spec stops no other agent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Agentops

from agentops.errors import ExitCode

pytestmark = pytest.mark.slow

PROJECT = "project: acme\nenvironments: {test: {target: emulator}}\n"
SPEC = """\
name: Acme {key}
tags: {{team: {key}}}
config:
  firstMessage: {greeting}
  singlePromptConfig: {{prompt: Help the caller of Acme with orders and bookings.}}
  synthesizer: {{voiceConfig: {{model: waves_lightning_v3_1, voiceId: nyah}}}}
"""


def spec(root: Path, key: str, greeting: str) -> None:
    (root / "agents").mkdir(exist_ok=True)
    (root / f"agents/{key}.yaml").write_text(SPEC.format(key=key, greeting=greeting), "utf-8")


@pytest.fixture(params=["v1", "v2"])
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops, api: str) -> Path:
    """Two agents, of which `desk` was deployed twice."""
    (tmp_path / "agentops.yaml").write_text(PROJECT, "utf-8")
    monkeypatch.chdir(tmp_path)
    spec(tmp_path, "desk", "Hello")
    spec(tmp_path, "sales", "Welcome")
    assert agentops("apply", "--yes", "--api", api).code == ExitCode.DONE
    spec(tmp_path, "desk", "Good morning")
    assert agentops("apply", "--yes", "--api", api).code == ExitCode.DONE
    return tmp_path


BROKEN = ["name: [", "name: Acme desk\nconfig: {firstMesage: Hi}\n", ""]


@pytest.mark.parametrize("text", BROKEN)
def test_an_agent_whose_spec_is_broken_can_be_taken_back(twice: Path, agentops: Agentops, api: str, text: str) -> None:
    (twice / "agents/desk.yaml").write_text(text, "utf-8")
    assert agentops("validate").code == ExitCode.FAILED
    listed = json.loads(agentops("history", "--api", api, "--format", "json").out)
    assert {each["key"] for each in listed} == {"desk", "sales"}
    back = agentops("rollback", "desk", "--yes", "--api", api)
    assert back.code == ExitCode.DONE, back.err
    assert "Good morning" in back.err
    drift = agentops("drift", "--api", api)
    assert drift.code == ExitCode.DONE, drift.out
    assert "desk: its spec can't be used" in drift.out


def test_an_agent_whose_spec_was_deleted_can_be_taken_back(twice: Path, agentops: Agentops, api: str) -> None:
    (twice / "agents/desk.yaml").unlink()
    assert agentops("rollback", "desk", "--yes", "--api", api).code == ExitCode.DONE
    assert agentops("history", "desk", "--api", api).code == ExitCode.DONE
    unknown = agentops("history", "dekс", "--api", api)
    assert unknown.code == ExitCode.USAGE
    assert agentops("rollback", "deks", "--yes", "--api", api).code == ExitCode.USAGE


def test_a_mistake_in_one_spec_stops_no_other_agent(twice: Path, agentops: Agentops, api: str) -> None:
    (twice / "agents/desk.yaml").write_text("name: [", "utf-8")
    spec(twice, "sales", "Good evening")
    assert agentops("plan", "--api", api).code == ExitCode.FAILED
    assert agentops("plan", "--agent", "desk", "--api", api).code == ExitCode.FAILED
    assert agentops("apply", "--yes", "--prune", "--ack", "LIMIT_ARCHIVED", "--api", api).code == ExitCode.FAILED
    narrowed = agentops("plan", "--agent", "sales", "--api", api)
    assert narrowed.code == ExitCode.DONE
    assert "agents/desk.yaml" in narrowed.out
    pruned = agentops("apply", "--yes", "--agent", "sales", "--prune", "--ack", "LIMIT_ARCHIVED", "--api", api)
    assert pruned.code == ExitCode.DONE, pruned.err
    assert "archive" not in pruned.out
    assert agentops("plan", "--agent", "s*", "--detailed-exitcode", "--api", api).code == ExitCode.DONE


WITH_TAGS = "name: Acme desk\ntags: {team: desk}\nconfig: {firstMesage: Hi}\n"


@pytest.mark.parametrize("api", ["v2"])
def test_a_mistake_in_a_spec_that_a_tag_does_not_select_is_a_warning(twice: Path, agentops: Agentops, api: str) -> None:
    (twice / "agents/desk.yaml").write_text(WITH_TAGS, "utf-8")
    spec(twice, "sales", "Good evening")
    assert agentops("plan", "--select", "team=desk", "--api", api).code == ExitCode.FAILED
    narrowed = agentops("apply", "--select", "team=sales", "--yes", "--api", api)
    assert narrowed.code == ExitCode.DONE, narrowed.err
    assert "warning[unknown-field]" in agentops("plan", "--select", "team=s*", "--api", api).out
    assert agentops("plan", "--select", "team=nobody", "--api", api).code == ExitCode.USAGE


UNREADABLE = ["name: [", "name: Acme desk\ntags: {team: [desk]}\n", "extends: _gone.yaml\nconfig: {}\n"]


@pytest.mark.parametrize("api", ["v2"])
@pytest.mark.parametrize("text", UNREADABLE)
def test_an_agent_whose_tags_can_not_be_read_may_be_meant(twice: Path, agentops: Agentops, api: str, text: str) -> None:
    """A deploy waits for it, unless it is left out by name; the way back leaves it out and says so."""
    (twice / "agents/desk.yaml").write_text(text, "utf-8")
    assert agentops("plan", "--select", "team=sales", "--api", api).code == ExitCode.FAILED
    assert agentops("plan", "--select", "team=sales", "--exclude", "desk", "--api", api).code == ExitCode.DONE
    for verb in ("drift", "status"):
        said = agentops(verb, "--select", "team=sales", "--api", api)
        assert (said.code, "desk is left out" in said.out) == (ExitCode.DONE, True), said
    assert "desk is left out" in agentops("history", "--select", "team=sales", "--api", api).err
    refused = agentops("rollback", "--select", "team=desk", "--yes", "--api", api)
    assert (refused.code, "the tags of desk can't be read" in refused.err) == (ExitCode.USAGE, True), refused.err


def test_a_rollback_by_tags_takes_back_agents_whose_spec_is_broken(twice: Path, agentops: Agentops, api: str) -> None:
    spec(twice, "sales", "Good evening")
    assert agentops("apply", "--yes", "--api", api).code == ExitCode.DONE
    (twice / "agents/desk.yaml").write_text(WITH_TAGS, "utf-8")
    back = agentops("rollback", "--select", "team=*", "--yes", "--format", "json", "--api", api)
    assert back.code == ExitCode.DONE, back.err
    assert {each["key"] for each in json.loads(back.out)["agents"]} == {"desk", "sales"}
    (twice / "agents/desk.yaml").write_text("name: [", "utf-8")
    again = agentops("rollback", "--select", "team=sales", "--to", "2", "--yes", "--api", api)
    assert "desk is left out" in " ".join(again.err.split())


def test_the_status_needs_no_valid_specs(twice: Path, agentops: Agentops, api: str) -> None:
    (twice / "agents/desk.yaml").write_text("name: [", "utf-8")
    found = agentops("status", "--api", api, "--format", "json")
    assert found.code == ExitCode.DONE, found.err
    rows = {each["key"]: each for each in json.loads(found.out)["agents"]}
    assert (rows["desk"]["live"]["number"], rows["desk"]["plan"]) == (3, None)
    assert rows["sales"]["plan"]["action"] == "unchanged"
    assert "1 with a spec that can't be used" in agentops("status", "--api", api).out


def test_a_mistake_in_the_projects_own_file_stops_every_agent(twice: Path, agentops: Agentops, api: str) -> None:
    (twice / "agentops.yaml").write_text(PROJECT + "varibles: {}\n", "utf-8")
    assert agentops("plan", "--agent", "sales", "--api", api).code == ExitCode.FAILED
    assert agentops("rollback", "desk", "--yes", "--api", api).code == ExitCode.DONE


def test_an_agent_without_a_spec_is_named(twice: Path, agentops: Agentops, api: str) -> None:
    (twice / "agents/sales.yaml").unlink()
    for verb in ("plan", "drift", "status"):
        said = agentops(verb, "--api", api)
        assert said.code == ExitCode.DONE
        assert "'Acme sales' (sales) was deployed from here" in " ".join(said.out.split())
    assert agentops("forget", "sales", "--yes").code == ExitCode.DONE
    assert "Acme sales" not in agentops("plan", "--api", api).out


def test_going_back_to_the_platforms_own_first_revision_is_asked_for(twice: Path, agentops: Agentops, api: str) -> None:
    refused = agentops("rollback", "sales", "--to", "1", "--yes", "--api", api)
    assert refused.code == ExitCode.REFUSED
    assert "without a prompt of yours" in " ".join(refused.err.split())
    ack = ("--ack", "PLATFORM_DEFAULT:sales")
    assert agentops("rollback", "sales", "--to", "1", "--yes", *ack, "--api", api).code == ExitCode.DONE
