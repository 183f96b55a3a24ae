"""`agentops compare` on calls that are put into the emulator's list: what is told, and when nothing can be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from command_line import Agentops

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.rest.calls import conversations
from agentops.emulator.store.state import Store
from agentops.errors import ExitCode

pytestmark = pytest.mark.slow

PROJECT = "project: acme\nenvironments: {test: {target: emulator}}\n"
SPEC = """\
name: Acme desk
config:
  firstMessage: {greeting}
  singlePromptConfig: {{prompt: Help the caller of Acme with orders and bookings.}}
  synthesizer: {{voiceConfig: {{model: waves_lightning_v3_1, voiceId: nyah}}}}
"""

Traffic = Callable[..., None]


@pytest.fixture(params=["v1", "v2"])
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops, api: str) -> list[dict[str, Any]]:
    """The revisions of an agent that was deployed twice, newest first."""
    (tmp_path / "agentops.yaml").write_text(PROJECT, "utf-8")
    (tmp_path / "agents").mkdir()
    monkeypatch.chdir(tmp_path)
    for greeting in ("Hello", "Good morning"):
        Path("agents/desk.yaml").write_text(SPEC.format(greeting=greeting), "utf-8")
        assert agentops("apply", "--yes", "--api", api).code == ExitCode.DONE
    return list(json.loads(agentops("history", "desk", "--api", api, "--format", "json").out)[0]["revisions"])


@pytest.fixture
def calls(revisions: list[dict[str, Any]], api: str) -> Traffic:
    """Adds calls to a revision (0 is the newest): how many, and the share that the caller ends."""

    def add(index: int, count: int, hung_up: float = 0.2, **fields: Any) -> None:
        random = Random(index)
        store = Store(EmulatorOptions(api=api, data=Path(".agentops/emulator.db")))
        agent = store.database.all("agent")[0]["_id"]
        for number in range(count):
            is_hung_up = number < count * hung_up
            record = {
                "callId": store.new_call_id(),
                "agentId": agent,
                "type": "telephony_inbound",
                "status": "completed",
                "duration": round(random.uniform(20, 90), 1),
                "callCost": 0.05,
                "versionId": revisions[index]["revision_id"],
                "isTest": False,
                "disconnectionReason": "user_hangup" if is_hung_up else "agent_hangup",
                **fields,
            }
            store.add_call(record)
        store.database.close()

    return add


def lines(out: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(out)["measures"]}


def test_a_deploy_that_makes_callers_hang_up_shows(calls: Traffic, agentops: Agentops, api: str) -> None:
    calls(1, 600)
    calls(0, 80, hung_up=0.7)
    calls(0, 5, type="webcall")
    calls(0, 3, isTest=True)
    ended = agentops("compare", "desk", "--api", api, "--format", "json")
    assert ended.code == ExitCode.DONE, ended.err
    assert "683 calls read" in ended.err
    found = lines(ended.out)["ended by user_hangup"]
    assert found["old"] == {"value": 0.2, "calls": 600}
    assert found["new"] == {"value": 0.7, "calls": 80}
    assert found["finding"] == "higher"
    assert found["interval"][0] > 0.3
    assert lines(ended.out)["duration, median"]["new"]["calls"] == 80
    assert json.loads(ended.out)["new"]["left_out"] == {"test": 3}


def test_too_few_calls_are_said_to_be_too_few(calls: Traffic, agentops: Agentops, api: str) -> None:
    calls(1, 100)
    calls(0, 12)
    out = agentops("compare", "desk", "--api", api).out
    assert "not enough calls to tell (12 of about 60)" in out
    assert "not enough calls to tell (12 of about 20)" in out


def test_every_format_says_the_same(
    calls: Traffic, agentops: Agentops, api: str, revisions: list[dict[str, Any]]
) -> None:
    calls(1, 40)
    calls(0, 40, hung_up=0.9)
    names = [revisions[index]["revision_id"] for index in (1, 0)]
    for form in ("text", "markdown", "html"):
        ended = agentops("compare", "desk", *names, "--api", api, "--format", form)
        assert ended.code == ExitCode.DONE, ended.err
        assert "+70.0 pt" in ended.out
        assert "higher" in ended.out
    page = ended.out
    assert page.count("<svg") == 6  # answered, completion, two ways to end, duration, cost
    assert "<script" not in page


def test_what_others_wrote_stays_text(calls: Traffic, agentops: Agentops, api: str) -> None:
    calls(1, 3)
    calls(0, 3, disconnectionReason="<b>@all</b>\x1b[2J|")
    for form in ("text", "markdown", "html"):
        out = agentops("compare", "desk", "--api", api, "--format", form).out
        assert "\x1b" not in out
        assert form == "text" or "<b>" not in out
    assert "@all" not in agentops("compare", "desk", "--api", api, "--format", "markdown").out


def test_only_calls_between_two_times_count(calls: Traffic, agentops: Agentops, api: str) -> None:
    for index in (1, 0):
        calls(index, 30, createdAt="2026-03-29T00:30:00.000Z")
        calls(index, 40, createdAt="2026-03-29T02:30:00.000Z")
    times = ("--since", "2026-03-29 04:00", "--until", "2026-03-29 05:00", "--zone", "Europe/Berlin")
    ended = agentops("compare", "desk", *times, "--api", api, "--format", "json")
    assert lines(ended.out)["answered"]["new"]["calls"] == 40
    assert json.loads(ended.out)["since"] == "2026-03-29T02:00:00+00:00"
    for wrong, said in (
        (("--since", "2026-03-29 02:30", "--zone", "Europe/Berlin"), "does not exist in Europe/Berlin"),
        (("--since", "soon"), "--since 'soon'"),
        (("--since", "2026-03-02", "--until", "2026-03-01"), "is not before"),
    ):
        ended = agentops("compare", "desk", *wrong, "--api", api)
        assert (ended.code, said in ended.err) == (ExitCode.USAGE, True), ended.err
    assert "between these times" in agentops("compare", "desk", "--since", "2026-04-01", "--api", api).err


def test_a_filter_that_has_no_effect_is_an_error(
    calls: Traffic, agentops: Agentops, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls(1, 3)
    calls(0, 3)
    monkeypatch.setattr(conversations, "_is_wanted", lambda row, request, ignored: True)
    ended = agentops("compare", "desk", "--api", api)
    assert (ended.code, ended.out) == (ExitCode.FAILED, "")
    assert "versionFilter" in ended.err


def test_what_can_not_be_compared_is_an_error(revisions: list[dict[str, Any]], agentops: Agentops, api: str) -> None:
    newest = revisions[0]["revision_id"]
    assert "neither revision has served" in agentops("compare", "desk", "--api", api).err
    for arguments in (("desk", "900", newest), ("desk", newest), ("desk", newest, newest), ("nobody",)):
        assert agentops("compare", *arguments, "--api", api).code == ExitCode.USAGE
    assert agentops("compare", "desk", "--type", "fax", "--api", api).code == ExitCode.USAGE
