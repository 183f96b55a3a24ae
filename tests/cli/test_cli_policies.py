"""Policies as data: what they see, what they refuse, how they are told, and that a broken one protects."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Agentops, Ended

PROJECT = """\
project: acme
default_environment: staging
environments:
  staging: {target: emulator, variables: {opening: Welcome}}
  prod: {target: emulator, variables: {opening: Good day}}
"""
SPEC = """\
name: Acme line (${{ environment }})
config:
  firstMessage: Hello there.
  singlePromptConfig: {prompt: Help the caller with what is guaranteed.}
calls: {none: tried by hand}
"""


def said_by(ended: Ended) -> str:
    return " ".join((ended.out + ended.err).split())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "agents").mkdir()
    (tmp_path / "policy").mkdir()
    (tmp_path / "agentops.yaml").write_text(PROJECT)
    (tmp_path / "agents" / "line.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(root: Path, *policies: str) -> None:
    (root / "policy" / "own.yaml").write_text("policies:\n" + "".join(f"  - {{{each}}}\n" for each in policies))


@pytest.mark.parametrize(
    ("require", "holds"),
    [
        ("value('firstMessage') == 'Hello there.'", True),
        ("value('firstMessage', '').startswith(vars.opening)", False),
        ("mentions('guaranteed') and not mentions('guarantee')", True),
        ("value('synthesizer.speed', 1) <= 1", True),
        ("value('synthesizer.voiceConfig.voiceId') == none", True),
        ("agent.key == 'line' and agent.action == 'create' and environment == 'staging'", True),
        ("agent.tags.get('team', 'cx') == 'cx' and agent.calls | length == 0", True),
        ("'Help' in agent.text and 'Hello' in agent.text", True),
        ("value('singlePromptConfig.tools', []) | length > 0", False),
    ],
)
def test_what_an_expression_sees(require: str, holds: bool, project: Path, agentops: Agentops) -> None:
    write(project, f'id: MY_RULE, require: "{require}", message: it does not hold')
    ended = agentops("plan")
    assert ended.code == (0 if holds else 4)
    assert ("MY_RULE: line: it does not hold (policy/own.yaml)" in said_by(ended)) is not holds


@pytest.mark.slow
def test_a_refusal_is_acknowledged_explained_and_limited(project: Path, agentops: Agentops) -> None:
    write(
        project,
        "id: NO_CLAIMS, require: not mentions('guaranteed'), message: a claim, why: it is not so, hint: say less",
        "id: ELSEWHERE, require: 1 > 2, message: never, environments: [prod]",
        "id: OTHERS, require: 1 > 2, message: never, agents: ['other*']",
        "id: SPOKEN, require: mentions('weather'), message: no weather, severity: warning",
    )
    ended = agentops("apply", "--yes")
    assert ended.code == 4
    assert "NO_CLAIMS: line: a claim (policy/own.yaml) next: say less; if it is meant, pass" in said_by(ended)
    assert "line: no weather" in said_by(ended)
    assert "ELSEWHERE" not in said_by(ended)
    assert "OTHERS" not in said_by(ended)
    explained = said_by(agentops("explain", "NO_CLAIMS"))
    assert "NO_CLAIMS: a claim (policy of this project, error, in every environment, every agent;" in explained
    assert "it is not so not mentions('guaranteed') Next: say less (`--ack NO_CLAIMS`)" in explained
    assert "NO_CLAIMS" in agentops("explain").out
    assert '"require": "1 > 2"' in agentops("explain", "ELSEWHERE", "--format", "json").out
    assert agentops("apply", "--yes", "--ack", "NO_CLAIMS:line").code == 0
    assert agentops("plan").code == 0  # what only stays is not judged


@pytest.mark.slow
def test_an_agent_that_goes_is_not_judged(project: Path, agentops: Agentops) -> None:
    assert agentops("apply", "--yes").code == 0
    write(project, "id: NEVER, require: 1 > 2, message: never")
    (project / "agents" / "line.yaml").unlink()
    ended = agentops("plan", "--prune", "--ack", "LIMIT_ARCHIVED")
    assert ended.code == 0, ended
    assert "1 to archive" in ended.out
    assert "NEVER" not in ended.out + ended.err


def test_outside_of_a_project_no_policy_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = agentops("explain", "NO_CLAIMS")
    assert (ended.code, "there is no code 'NO_CLAIMS'" in ended.err) == (64, True)


def test_what_nobody_can_judge_protects(project: Path, agentops: Agentops) -> None:
    write(
        project,
        "id: COMPARES, require: \"value('synthesizer.speed') <= 1\", message: too fast",
        "id: SAYS_NOTHING, require: \"value('firstMessage')\", message: no greeting",
        "id: NO_VARIABLE, require: vars.consent == 1, message: no consent",
    )
    assert agentops("validate").code == 0  # which values there are is known by a plan only
    ended = agentops("plan")
    assert ended.code == 4
    for text in (
        "COMPARES: line: too fast? This can't be checked",
        "SAYS_NOTHING: line: no greeting? This can't be checked, since the expression gives neither true nor false",
        "NO_VARIABLE: line: no consent? This can't be checked, since vars.consent is not defined",
    ):
        assert text in said_by(ended)
    assert "Hello there" not in said_by(ended).partition("Refused:")[2]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("id: lower, require: 1 > 0, message: something", "expected: capitals, digits and _"),
        ("id: BROKEN, require: 1 >, message: something", "own.yaml:2:27: error[bad-expression]: BROKEN:"),
        ("id: TYPO, require: agnt.key == 'a', message: something", "did you mean"),
        ("id: TYPO, require: agent.kei == 'a', message: something", "agent.kei is not defined"),
        ("id: NOWHERE, require: 1 > 0, message: something, environments: [prd]", "did you mean prod?"),
        ("id: ADOPT, require: 1 > 0, message: something", "ADOPT is the name of a refusal already"),
        ("id: NOTHING, message: something", "require of policies[0] is missing"),
        ("id: SEVERE, require: 1 > 0, message: something, severity: fatal", "severity is 'fatal'"),
    ],
)
def test_mistakes_have_their_place(policy: str, said: str, project: Path, agentops: Agentops) -> None:
    write(project, policy)
    ended = agentops("validate")
    assert ended.code == 1
    assert said in said_by(ended)


@pytest.mark.slow
def test_the_starter_pack_refuses_a_line_that_nobody_supervised(project: Path, agentops: Agentops) -> None:
    assert agentops("init", ".", "--policy", "regulated").code == 0
    ended = said_by(agentops("plan"))
    rules = ("CONSENT_FIRST", "EMERGENCY_REDIRECT", "MAXIMUM_DURATION", "REDACTION_ON", "APPROVED_MODELS")
    for rule in (*rules, "APPROVED_VOICES", "FORBIDDEN_CLAIMS"):
        assert f"{rule}: line:" in ended
    (project / "agents" / "line.yaml").write_text("""\
name: Acme line (${{ environment }})
config:
  firstMessage: This call is recorded. How can I help?
  slmModel: electron
  redactionConfig: {isEnabled: true}
  sessionTimeoutConfig: {timeoutTimeInSecs: 900}
  synthesizer: {voiceConfig: {model: waves_lightning_v3_1, voiceId: nyah}}
  singlePromptConfig: {prompt: "Help. In an emergency tell the caller to hang up and dial 911."}
calls: {none: tried by hand}
""")
    assert agentops("plan").code == 0
