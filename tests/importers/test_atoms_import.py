"""Agents of an account become specs: the plan right after is empty, and no secret is copied."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from account_console import Console, console

from agentops.cli.app import run
from agentops.document import AgentListing, ObservedAgent, Revision
from agentops.emulator.options import Choices
from agentops.importers.atoms.defaults import without_defaults
from agentops.importers.atoms.importing import import_observed
from agentops.importers.atoms.specs import SpecWriter
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import to_plain

ROOT = Path(__file__).parents[2]
CONFIG = {
    "firstMessage": "Hello from ${{not}} me, {{who}}.",
    "slmModel": "gpt-4o",
    "defaultVariables": {"who": "you"},
    "redactionConfig": {"isEnabled": False},
    "synthesizer": {"speed": 1.0, "voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "nyah"}},
    "singlePromptConfig": {
        "prompt": "# Role\nSay no.\n\nNo newline at the end: ${% x %}",
        "tools": [
            {"type": "end_call", "name": "end_call", "description": "Ends."},
            {
                "type": "api_call",
                "name": "ask",
                "description": "Asks.",
                "url": "https://x.example/ask",
                "method": "POST",
                "headers": {"Authorization": "Bearer very-secret-token", "X-Plain": "1"},
            },
        ],
    },
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    with console() as found:
        monkeypatch.setenv("SMALLEST_BASE_URL", found.base_url)
        monkeypatch.setenv("SMALLEST_API_KEY", "sk_test")
        yield found


@pytest.mark.slow
def test_the_plan_right_after_an_import_is_empty(
    account: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.create("Night Line", CONFIG)
    account.create("Other", {"firstMessage": "Hi."})
    assert run(["import", "atoms", "--all", "--output", str(tmp_path)]) == 0
    told = capsys.readouterr().err
    assert "secret NIGHT_LINE_AUTHORIZATION: not copied" in told
    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [text for text in (*texts, told) if "very-secret-token" in text]
    monkeypatch.setenv("NIGHT_LINE_AUTHORIZATION", "Bearer very-secret-token")
    assert run(["plan", "--detailed-exitcode", "--project", str(tmp_path)]) == 0
    assert "No changes." in capsys.readouterr().out
    assert (tmp_path / "agents/prompts/night-line.md").read_text().startswith("# Role\nSay no.\n")


EVERYTHING = {
    **CONFIG,
    "globalPrompt": "Speak plainly.\nAlways.",
    "customLLMWebSocketUrl": "wss://llm.example.com/socket",
    "transcriberType": "pulse",
    "language": {
        "default": "en",
        "supported": ["en", "es"],
        "switching": {"isEnabled": True, "minWordsForDetection": 3},
    },
    "synthesizer": {
        "voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "daniel", "gender": "male"},
        "speed": 1.0,
        "consistency": 0.4,
        "similarity": 0.1,
        "enhancement": 2,
        "sampleRate": 24000,
    },
    "backgroundSound": "office",
    "speechFormatting": False,
    "enableStyleGuide": False,
    "preCallAPI": {
        "isEnabled": True,
        "url": "https://crm.example.com/pre",
        "method": "GET",
        "timeout": 3,
        "responseVariables": [{"variableName": "plan", "jsonPath": "$.plan"}],
    },
    "muteUserUntilFirstBotResponse": True,
    "allowInterruptions": False,
    "waitForUserToSpeakFirst": True,
    "interruptionBackoffTimer": 2,
    "smartTurnConfig": {"isEnabled": True, "waitTimeInSecs": 1.5},
    "voiceDetectionConfig": {"confidence": 0.6, "minVolume": 0.5, "triggerTimeInSecs": 0.3, "releaseTimeInSecs": 0.5},
    "voiceMailDetectionConfig": {"enabled": True, "endText": "We will call again."},
    "denoisingConfig": {"isEnabled": True},
    "pronunciationDicts": [{"word": "Acme", "pronunciation": "ak-mee"}],
    "llmIdleTimeoutConfig": {"chatTimeoutTimeInSecs": 10, "maxRetries": 2},
    "sessionTimeoutConfig": {"timeoutTimeInSecs": 900},
    "timezone": {"label": "Asia/Kolkata", "offset": 330},
    "callDispositionConfig": "Did it end well?",
    "postCallAnalyticsConfig": {
        "dispositionMetrics": [
            {"identifier": "ok", "dispositionMetricPrompt": "Resolved?", "dispositionMetricType": "BOOLEAN"}
        ],
        "useReasoningModel": True,
    },
    "widgetConfig": {"position": "bottom-left", "widgetName": "Acme"},
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_plan_is_empty_whatever_names_the_platform_reads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("SMALLEST_API_KEY", "sk_test")
    monkeypatch.setenv("EVERYTHING_AUTHORIZATION", "Bearer very-secret-token")
    with console(choices=Choices.shuffled(seed)) as found:
        monkeypatch.setenv("SMALLEST_BASE_URL", found.base_url)
        found.create("Everything", EVERYTHING)
        assert run(["import", "atoms", "--all", "--output", str(tmp_path)]) == 0
        assert run(["plan", "--detailed-exitcode", "--project", str(tmp_path)]) == 0


@pytest.mark.slow
def test_every_field_comes_back(
    account: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.create("Everything", EVERYTHING)
    assert run(["import", "atoms", "--all", "--output", str(tmp_path)]) == 0
    assert "left out" not in capsys.readouterr().err
    spec = to_plain(read_yaml((tmp_path / "agents/everything.yaml").read_text(), "x")[0])
    assert set(EVERYTHING) <= set(spec["config"])
    monkeypatch.setenv("EVERYTHING_AUTHORIZATION", "Bearer very-secret-token")
    assert run(["plan", "--detailed-exitcode", "--project", str(tmp_path)]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("keeps", [[], ["--keep-defaults"]])
def test_every_example_comes_back_whole_in_both_generations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], api: str, keeps: list[str]
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(ROOT / "agents", here / "agents")
    shutil.copy(ROOT / "agentops.yaml", here)
    assert run(["apply", "--yes", "-e", "local", "--api", api, "--project", str(here)]) == 0
    with console(here / ".agentops" / "emulator.db", api) as found:
        monkeypatch.setenv("SMALLEST_BASE_URL", found.base_url)
        monkeypatch.setenv("SMALLEST_API_KEY", "sk_test")
        capsys.readouterr()
        assert run(["import", "atoms", "--all", "--output", str(there), *keeps]) == 0
        told = capsys.readouterr().err
        for name in re.findall(r"secret (\w+):", told):
            monkeypatch.setenv(name, "Bearer demo-token")
        assert "left out" not in told
        assert run(["plan", "--detailed-exitcode", "--project", str(there)]) == 0


@pytest.mark.slow
def test_one_some_and_known_agents(account: Console, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("North One", "North Two", "South"):
        account.create(name, {"firstMessage": "Hi."})
    arguments = ["--output", str(tmp_path)]
    assert run(["import", "atoms", "North*", *arguments]) == 0
    assert sorted(path.name for path in (tmp_path / "agents").glob("*.yaml")) == ["north-one.yaml", "north-two.yaml"]
    assert run(["import", "atoms", account.agent_id("South"), "North One", *arguments]) == 0
    assert (tmp_path / "agents/south.yaml").is_file()
    assert "North One: the project has a spec for it" in capsys.readouterr().err


@pytest.mark.slow
def test_a_dry_run_prints_the_files_and_writes_none(
    account: Console, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account.create("South", {"firstMessage": "Hi."})
    assert run(["import", "atoms", "South", "--dry-run", "--output", str(tmp_path / "new")]) == 0
    assert "# ---- agents/south.yaml" in capsys.readouterr().out
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [([], "name agents, or pass --all"), (["Nobody"], "no agent 'Nobody'"), (["X", "--all"], "name agents, or pass")],
)
def test_wrong_requests_are_usage_errors(
    account: Console, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(["import", "atoms", *arguments, "--output", str(tmp_path)]) == 64
    assert told in capsys.readouterr().err


def test_without_a_key_nothing_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "atoms", "--all", "--output", str(tmp_path)]) == 64
    assert "SMALLEST_API_KEY is not set" in capsys.readouterr().err


def observed(**config: object) -> ObservedAgent:
    listing = AgentListing("0" * 24, "Some Agent", {"allowInboundCall": True, "description": ""})
    return ObservedAgent(listing, Revision("1" * 24, document=dict(config)))


def test_what_equals_the_defaults_is_left_out_and_the_surprising_ones_stay() -> None:
    config = {
        "allowInterruptions": True,
        "denoisingConfig": {"isEnabled": False},
        "redactionConfig": {"isEnabled": True},
        "sessionTimeoutConfig": {"timeoutTimeInSecs": 1800},
        "synthesizer": {"speed": 1.2, "consistency": 0.5, "sampleRate": 24000},
        "language": {"default": "en", "supported": ["en"], "switching": {"isEnabled": False}},
        "defaultVariables": {"a": ""},
        "pronunciationDicts": [],
    }
    assert without_defaults(config) == {
        "redactionConfig": {"isEnabled": True},
        "sessionTimeoutConfig": {"timeoutTimeInSecs": 1800},
        "synthesizer": {"speed": 1.2, "sampleRate": 24000},
        "language": {"default": "en", "supported": ["en"]},
        "defaultVariables": {"a": ""},
    }


def test_fields_newer_than_this_release_are_passed_through_and_impossible_values_left_out() -> None:
    made = import_observed(
        [observed(firstMessage="Hi.", brandNewField={"x": 1}, interruptionBackoffTimer="soon", slmModel="gpt-4o")],
        "prod",
    )
    spec = to_plain(read_yaml(made.files["agents/some-agent.yaml"], "x")[0])
    assert spec["config"]["$passthrough"] == {"brandNewField": {"x": 1}}
    assert "interruptionBackoffTimer" not in spec["config"]
    assert made.agents[0].remarks == ("config.interruptionBackoffTimer: left out, since a spec can't hold it as it is",)


def test_an_agent_that_was_never_published_still_gives_a_spec() -> None:
    listing = AgentListing("0" * 24, "Blank", {})
    made = SpecWriter("blank", "prod").write(ObservedAgent(listing))
    assert made.files["agents/blank.yaml"].count("agent_id") == 1


SECRET_PLACES = {
    "a login in an address": (
        {"url": "https://me:{}@x.example/ask"},
        "https://${{LOGIN}}@x.example/ask",
    ),
    "a parameter in an address": ({"url": "https://x.example?sig={}&x=1"}, "?sig=${{SIG}}&x=1"),
    "a parameter by its looks": ({"url": "https://x.example?x={}"}, "?x=${{X}}"),
    "a hook's address": ({"url": "https://hooks.slack.com/services/T1/B1/{}"}, None),
    "a header of a scheme": (
        {"headers": {"Authorization": "Bearer {}"}},
        "Authorization: ${{AUTHORIZATION}}",
    ),
    "a header by its name": ({"headers": {"X-Api-Key": "{}"}}, "X-Api-Key: ${{X_API_KEY}}"),
    "a header by its looks": ({"headers": {"X-File": "{}"}}, "X-File: ${{X_FILE}}"),
    "a header in a list": (
        {"headersArray": [{"key": "X-Token", "value": "{}"}]},
        "value: ${{X_TOKEN}}",
    ),
    "a query parameter": ({"queryParams": [{"key": "token", "value": "{}"}]}, "value: ${{TOKEN}}"),
    "a member of a body": (
        {"requestBody": '{"apiKey": "{}", "n": 1}'},
        '"apiKey": "${{APIKEY}}", "n": 1',
    ),
    "a member deep in a body": (
        {"requestBody": '{"a": [{"password": "{}"}]}'},
        '"password": "${{PASSWORD}}"',
    ),
    "a body with variables": (
        {"requestBody": '{"who": {{who}}, "token": "{}"}'},
        '"token": "${{TOKEN}}"',
    ),
    "a form": ({"requestBody": "token={}&lang=en"}, "token=${{TOKEN}}&lang=en"),
}


def filled(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: filled(item, text) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, text) for item in value]
    return value.replace("{}", text)


@pytest.mark.parametrize("place", SECRET_PLACES)
def test_no_secret_is_copied_wherever_it_stands(place: str) -> None:
    part, written = SECRET_PLACES[place]
    value = "sk_live_51H8aXq0Zz7Rr2"
    ask = {"type": "api_call", "name": "ask", "description": "Asks.", "method": "POST", "url": "https://x.example"}
    made = import_observed([observed(singlePromptConfig={"tools": [{**ask, **filled(part, value)}]})], "prod")
    text = "".join(made.files.values())
    assert value not in text
    assert value not in repr(made)
    assert "secrets.SOME_AGENT_" in text
    if written is not None:
        assert re.sub(r"\$\{\{(\w+)\}\}", r"${{ secrets.SOME_AGENT_\1 }}", written) in text.replace('\\"', '"')
    assert made.secrets


def test_what_only_looks_like_a_secret_is_copied_and_said() -> None:
    prompt = "The key of the door is sk_live_51H8aXq0Zz7Rr2."
    agent = import_observed([observed(singlePromptConfig={"prompt": prompt})], "prod").agents[0]
    assert [remark for remark in agent.remarks if "looks like a secret" in remark]


def test_two_secrets_of_one_header_name_get_names_of_their_own() -> None:
    tools = [
        {"type": "api_call", "name": n, "description": "Asks.", "url": "https://x.example", "method": "POST"}
        | {"headers": {"X-Token": v}}
        for n, v in (("a", "first-value"), ("b", "second-value"), ("c", "first-value"))
    ]
    made = import_observed([observed(singlePromptConfig={"tools": tools})], "prod")
    text = made.files["agents/some-agent.yaml"]
    first, second = "SOME_AGENT_X_TOKEN", "SOME_AGENT_X_TOKEN_2"
    assert re.findall(r"secrets\.(\w+)", text) == [first, second, first]


@pytest.mark.slow
def test_an_agent_whose_name_is_too_long_for_a_spec_is_refused(
    account: Console, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account.create("long" * 60, {"firstMessage": "Hi."})
    assert run(["import", "atoms", "--all", "--output", str(tmp_path / "out")]) == 1
    assert "name has 240 characters" in capsys.readouterr().err
    assert not (tmp_path / "out" / "agents").exists()
