"""`agentops promote` and `requires`: what staging never served, tried, from these files does not go to production."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Agentops, Ended

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

pytestmark = pytest.mark.slow

PROJECT = """\
project: acme
default_environment: staging
environments:
  staging: {target: emulator}
  prod: {target: emulator, requires: staging}
  other: {target: emulator}
"""
SPEC = """\
name: Acme line (${{ environment }})
config:
  firstMessage: ${{ file('prompts/hello.md') }}
  singlePromptConfig: {prompt: Help the caller.}
calls: {none: tried by hand}
"""


def said_by(ended: Ended) -> str:
    """All that was printed, without its line ends."""
    return " ".join((ended.out + ended.err).split())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "agents" / "prompts").mkdir(parents=True)
    (tmp_path / "agentops.yaml").write_text(PROJECT)
    (tmp_path / "agents" / "line.yaml").write_text(SPEC)
    (tmp_path / "agents" / "prompts" / "hello.md").write_text("Hello.\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_what_staging_serves_goes_to_production(project: Path, agentops: Agentops) -> None:
    refused = agentops("apply", "-e", "prod", "--yes")
    assert refused.code == 4
    assert "UNTESTED: line: staging has no such agent in service" in said_by(refused)
    assert agentops("apply", "-e", "staging", "--yes").code == 0
    promote = ("promote", "--from", "staging", "--to", "prod", "--yes")
    assert "1 applied" in agentops(*promote).out
    assert agentops(*promote).code == 0  # nothing left to do

    (project / "agents" / "prompts" / "hello.md").write_text("Hello there.\n")
    for arguments in (promote, ("apply", "-e", "prod", "--yes"), ("plan", "-e", "prod")):
        ended = agentops(*arguments)
        assert ended.code == 4
        assert "staging serves another configuration, from other files" in said_by(ended)
    assert agentops("apply", "-e", "other", "--yes").code == 0  # requires nothing
    assert agentops("apply", "-e", "staging", "--yes").code == 0
    assert agentops("apply", "-e", "prod", "--yes").code == 0


def test_what_only_production_shows_takes_an_acknowledgement(project: Path, agentops: Agentops) -> None:
    assert agentops("apply", "-e", "staging", "--yes").code == 0
    with (project / "agents" / "line.yaml").open("a") as file:
        file.write("# why\nenvironments: {prod: {config: {firstMessage: Good day.}}}\n")
    ended = agentops("apply", "-e", "prod", "--yes")
    assert ended.code == 4
    assert "a script or another environment's block has changed" in said_by(ended)
    assert "staging has nothing to deploy, so the next change of the agent is tried there" in said_by(ended)
    assert agentops("apply", "-e", "prod", "--yes", "--ack", "UNTESTED:line").code == 0


def test_what_can_not_be_looked_at_was_not_tried(project: Path, agentops: Agentops) -> None:
    """Production is an account, and staging the emulator of a command's own, which doesn't run beside it."""
    assert agentops("apply", "-e", "staging", "--yes").code == 0
    with start(EmulatorOptions()) as account:
        key = "api_key: '${{ secrets.KEY }}', secrets: {KEY: {value: sk_emulator}}"
        prod = f"prod: {{base_url: '{account.base_url}', {key}, requires: staging}}"
        (project / "agentops.yaml").write_text(PROJECT.replace("prod: {target: emulator, requires: staging}", prod))
        ended = agentops("apply", "-e", "prod", "--yes")
        agents = account.store.database.all("agent")
    assert ended.code == 4
    assert "UNTESTED: line: what staging serves is not known: staging is the embedded emulator" in said_by(ended)
    assert agents == []


def test_another_environment_can_be_named_than_the_projects_own(project: Path, agentops: Agentops) -> None:
    assert agentops("apply", "-e", "staging", "--yes").code == 0
    (project / "agents" / "prompts" / "hello.md").write_text("Hello there.\n")
    assert agentops("apply", "-e", "other", "--yes").code == 0
    ended = agentops("promote", "--from", "other", "--to", "prod", "--yes")
    assert ended.code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "stagin", "--to", "prod"), "did you mean staging?"),
        (("--from", "staging", "--to", "production"), "there is no environment 'production'"),
        (("--from", "prod", "--to", "prod"), "can't be what was tried before prod"),
        (("--to", "prod"), "--from"),
    ],
)
def test_environments_that_make_no_sense(
    arguments: tuple[str, ...], said: str, project: Path, agentops: Agentops
) -> None:
    ended = agentops("promote", *arguments, "--yes")
    assert ended.code == 64
    assert said in ended.err


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("requires: stagin", "did you mean staging?"),
        ("requires: prod", "environments wait for each other: prod -> prod"),
    ],
)
def test_requirements_that_can_not_be_met_are_mistakes(
    written: str, said: str, project: Path, agentops: Agentops
) -> None:
    (project / "agentops.yaml").write_text(PROJECT.replace("requires: staging", written))
    ended = agentops("validate")
    assert ended.code == 1
    assert said in ended.out


def test_a_freeze_holds_an_apply_until_it_is_named(project: Path, agentops: Agentops) -> None:
    frozen = "freeze: [{name: always, from: 2020-01-01, to: 2099-12-31, timezone: Etc/UTC, reason: no deploys}]"
    (project / "agentops.yaml").write_text(
        PROJECT.replace("other: {target: emulator", f"other: {{target: emulator, {frozen}")
    )
    ended = agentops("apply", "-e", "other", "--yes", "--ack", "FREEZE:another")
    assert ended.code == 4
    assert "FREEZE: other: frozen until Fri 2100-01-01 00:00 (Etc/UTC): no deploys" in said_by(ended)
    assert agentops("apply", "-e", "other", "--yes", "--ack", "FREEZE:always").code == 0
    assert agentops("apply", "-e", "other", "--yes").code == 0  # nothing to deploy, nothing to refuse
    (project / "agents" / "prompts" / "hello.md").write_text("Hello there.\n")
    assert agentops("apply", "-e", "other", "--yes", "--ack", "FREEZE:always").code == 0
    assert agentops("rollback", "line", "-e", "other", "--yes").code == 0  # going back is always possible
    assert "FREEZE" in agentops("explain", "FREEZE").out
