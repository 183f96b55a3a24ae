"""`agentops watch --once` on calls that are put into the emulator's list: what it says, and what it takes back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import chdir
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from command_line import Agentops, Ended

from agentops.cli.app import run
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.rest.calls import conversations
from agentops.emulator.server import start
from agentops.emulator.store.state import Clock, Store, from_iso, to_iso
from agentops.errors import ExitCode
from agentops.plan.model import Plan
from agentops.remote.port import Publication
from agentops.workflow import watching
from agentops.workflow.deployment import Deployment

pytestmark = pytest.mark.slow

PROJECT = """\
project: acme
environments:
  test:
    target: emulator
    deploy: {{gate: preview, {deploy}}}
"""
RULES = "watch: {hang_ups: {rise_at_most: 10%}, completion: {drop_at_most: 20%}}"
PROMPT = "Help the caller of Acme with orders and bookings."
SPEC = """\
name: Acme {name}
calls: {{none: callers are made up here}}
config:
  firstMessage: {greeting}
  singlePromptConfig: {{prompt: Help the caller of Acme with orders and bookings.}}
  synthesizer: {{voiceConfig: {{model: waves_lightning_v3_1, voiceId: nyah}}}}
"""
Traffic = Callable[..., None]
A_WEEK_AGO = -7 * 24.0  # in hours, so that the hours are the same


def configure(deploy: str) -> None:
    Path("agentops.yaml").write_text(PROJECT.format(deploy=deploy), "utf-8")


def write(key: str, greeting: str) -> None:
    Path(f"agents/{key}.yaml").write_text(SPEC.format(name=key, greeting=greeting), "utf-8")


@pytest.fixture(scope="module")
def projects() -> dict[str, Path]:
    """By generation, what `deployed` has made."""
    return {}


@pytest.fixture
def deployed(
    request: pytest.FixtureRequest, projects: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A generation, and a project with two agents, of which the desk was deployed a second time."""
    api = getattr(request, "param", "v2")
    if api not in projects:
        projects[api] = tmp_path_factory.mktemp(api)
        (projects[api] / "agents").mkdir()
        with chdir(projects[api]):
            configure(RULES)
            write("billing", "Hello")
            for greeting in ("Hello", "Good morning"):
                write("desk", greeting)
                assert run(["apply", "--yes", "--no-smoke", "--api", api]) == ExitCode.DONE
    return api, projects[api]


@pytest.fixture(autouse=True)
def folder(deployed: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(deployed[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def api(deployed: tuple[str, Path]) -> str:
    return deployed[0]


@pytest.fixture
def watch(agentops: Agentops, api: str) -> Callable[..., Ended]:
    def look(*arguments: str) -> Ended:
        return agentops("watch", "--once", "--api", api, *arguments)

    return look


@pytest.fixture
def calls(api: str) -> Traffic:
    """Adds calls to a revision (0 is the newest), a minute apart, from so many hours after the last deploy on."""

    def add(index: int, count: int, hung_up: float = 0.2, *, key: str = "desk", from_h: float = 0) -> None:
        store = Store(EmulatorOptions(api=api, data=Path(".agentops/emulator.db")))
        agent = next(each for each in store.database.all("agent") if each["name"] == f"Acme {key}")
        published = [each for each in store.database.all("revision") if each.get("publishedAt")]
        start = from_iso(max(each["publishedAt"] for each in published)) + timedelta(hours=from_h)
        mine = store.database.all("revision", owner=agent["_id"])
        mine.sort(key=lambda each: each.get("publishedAt") or "")
        with store.transaction():
            for number in range(count):
                is_theirs = (number * hung_up) % 1 + hung_up >= 1
                record = {
                    "callId": store.new_call_id(),
                    "agentId": agent["_id"],
                    "type": "telephony_inbound",
                    "status": "completed",
                    "duration": 40,
                    "createdAt": to_iso(start + timedelta(minutes=1 + number)),
                    "versionId": mine[-1 - index]["_id"],
                    "disconnectionReason": "user_hangup" if is_theirs else "agent_hangup",
                }
                store.add_call(record)
        store.database.close()

    return add


def verdicts(ended: Ended) -> dict[str, str]:
    return {each["key"]: each["verdict"] for each in json.loads(ended.out)["agents"]}


@pytest.mark.parametrize("deployed", ["v1", "v2"], indirect=True)
def test_a_deploy_that_makes_callers_hang_up_is_taken_back_once(
    calls: Traffic, watch: Callable[..., Ended], agentops: Agentops, api: str
) -> None:
    calls(1, 120, from_h=A_WEEK_AGO)
    calls(0, 80, hung_up=0.8)
    dry = watch("--dry-run")
    assert dry.code == ExitCode.CALLS_FAILED
    assert "nothing was restored (--dry-run)" in dry.out
    ended = watch("--format", "json")
    assert ended.code == ExitCode.CALLS_FAILED, ended.err
    assert verdicts(ended) == {"billing": "inconclusive", "desk": "failed"}
    desk = json.loads(ended.out)["agents"][1]
    assert desk["restored"] == ("2" if api == "v1" else "4")
    history = json.loads(agentops("history", "desk", "--api", api, "--format", "json").out)[0]["revisions"]
    assert [each["number"] for each in history if each["is_live"]] == [int(desk["restored"])]
    again = watch("--agent", "desk")
    assert (again.code, "a restored revision is not judged" in again.out) == (ExitCode.DONE, True)
    assert "REDEPLOY" in agentops("apply", "--yes", "--api", api).err
    assert agentops("apply", "--yes", "--no-smoke", "--ack", "REDEPLOY", "--api", api).code == ExitCode.DONE
    calls(0, 80, hung_up=0.8)
    twice = watch("--agent", "desk")
    assert twice.code == ExitCode.CALLS_FAILED
    assert "it serves on: the same configuration was taken back before" in twice.out


def test_callers_who_fare_as_before_let_it_stay(calls: Traffic, watch: Callable[..., Ended]) -> None:
    configure("watch: {hang_ups: {rise_at_most: 25%}}")
    calls(1, 200, from_h=A_WEEK_AGO)
    calls(0, 150)
    ended = watch("--agent", "desk", "--format", "json")
    assert (ended.code, verdicts(ended)) == (ExitCode.DONE, {"desk": "passed"})


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_too_few_calls_are_said_to_be_too_few(calls: Traffic, watch: Callable[..., Ended], form: str) -> None:
    calls(1, 120, from_h=A_WEEK_AGO)
    calls(0, 12, hung_up=1.0)
    ended = watch("--agent", "desk", "--format", form)
    assert ended.code == ExitCode.DONE
    assert "can't tell yet; it stays" in ended.out.replace("&#", "")
    assert "12 of at least 20 calls; 100 calls would show a difference of" in ended.out


def test_an_outage_of_other_agents_too_is_no_failure(calls: Traffic, watch: Callable[..., Ended]) -> None:
    calls(1, 120, from_h=A_WEEK_AGO)
    calls(0, 80, hung_up=0.8)
    calls(0, 120, key="billing", from_h=A_WEEK_AGO)
    calls(0, 40, key="billing", hung_up=0.9)
    ended = watch("--agent", "desk")
    assert ended.code == ExitCode.DONE
    assert "unchanged agents got worse at the same time: billing" in ended.out


def test_what_fails_stays_where_that_was_asked_for(calls: Traffic, watch: Callable[..., Ended]) -> None:
    configure(f"on_failure: keep, {RULES}")
    calls(1, 120, from_h=A_WEEK_AGO)
    calls(0, 80, hung_up=0.8)
    ended = watch("--agent", "desk")
    assert ended.code == ExitCode.CALLS_FAILED
    assert "it serves on: this environment keeps what fails" in ended.out


def test_a_first_deploy_that_fails_has_nothing_to_go_back_to(calls: Traffic, watch: Callable[..., Ended]) -> None:
    """The desk went live after it, so that its callers say nothing about an outage."""
    configure("watch: {hang_ups: {at_most: 30%}}")
    calls(0, 80, hung_up=0.8, key="billing")
    ended = watch("--agent", "billing")
    assert ended.code == ExitCode.CALLS_FAILED
    assert "it serves on: nothing served before, so there is nothing to go back to" in ended.out


async def edit_by_hand(deployment: Deployment) -> None:
    account = deployment.account
    listing = next(each for each in await account.list_agents() if each.name == "Acme desk")
    observed = await account.read_agent(listing)
    draft = await account.open_draft(observed, "by hand")
    draft = await account.write_draft(observed, draft, {"firstMessage": "By hand."})
    newest = (await account.read_slot(listing.agent_id, observed.branch_id)).newest
    started = Publication(
        listing.agent_id, "by hand", newest_before=newest, branch_id=observed.branch_id, draft_id=draft.draft_id
    )
    publication = await account.publish_draft(started)
    while await account.read_publication(publication) is None:
        pass


async def freeze(deployment: Deployment) -> None:
    answer = httpx2.post(f"{deployment.account.base_url}/_emulator/faults", json={"kind": "freeze"})
    answer.raise_for_status()


async def forbid(deployment: Deployment) -> None:
    fault = {"kind": "status", "method": "GET", "path": "/atoms/v1/agent", "status": 403, "text": "not for you"}
    httpx2.post(f"{deployment.account.base_url}/_emulator/faults", json=fault).raise_for_status()


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [
        (edit_by_hand, "another revision went live meanwhile"),
        (freeze, "it could not be restored: "),
        (forbid, "it could not be restored: "),
    ],
)
def test_what_happens_between_the_verdict_and_the_way_back_is_said(
    calls: Traffic,
    watch: Callable[..., Ended],
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[Deployment], Awaitable[None]],
    said: str,
) -> None:
    original, happened = watching.plan_going_back_to, list[str]()

    async def later(deployment: Deployment, *arguments: Any) -> Plan:
        if not happened:
            happened.append("once")
            await meanwhile(deployment)
        return await original(deployment, *arguments)

    monkeypatch.setattr(watching, "plan_going_back_to", later)
    calls(1, 120, from_h=A_WEEK_AGO)
    calls(0, 80, hung_up=0.8)
    ended = watch()
    assert happened
    assert ended.code == ExitCode.CALLS_FAILED
    assert f"it serves on: {said}" in ended.out


def test_what_went_live_nobody_knows_when_is_not_judged(watch: Callable[..., Ended]) -> None:
    store = Store(EmulatorOptions(data=Path(".agentops/emulator.db")))
    for each in store.database.all("revision"):
        store.database.put("revision", each["_id"], {**each, "publishedAt": None}, owner=each["agent"])
    store.database.close()
    ended = watch("--agent", "desk")
    assert (ended.code, "the platform does not say since when it serves" in ended.out) == (ExitCode.DONE, True)


def test_a_deploy_is_not_watched_for_ever(watch: Callable[..., Ended]) -> None:
    store = Store(EmulatorOptions(data=Path(".agentops/emulator.db")))
    for each in store.database.all("revision"):
        store.database.put("revision", each["_id"], {**each, "publishedAt": "2026-03-02T09:00:00.000Z"})
    store.database.close()
    ended = watch("--agent", "desk")
    assert (ended.code, "it has served for more than 7 days" in ended.out) == (ExitCode.DONE, True)


def test_a_filter_that_has_no_effect_is_an_error(
    calls: Traffic, watch: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls(1, 3)
    calls(0, 3)
    monkeypatch.setattr(conversations, "_is_wanted", lambda row, request, ignored: True)
    ended = watch()
    assert (ended.code, ended.out) == (ExitCode.FAILED, "")
    assert "versionFilter" in ended.err


def test_what_can_not_be_watched_is_an_error(watch: Callable[..., Ended]) -> None:
    assert watch("--agent", "nobody").code == ExitCode.USAGE
    assert watch("--type", "fax").code == ExitCode.USAGE
    configure("watch: {completoin: {drop_at_most: 5%}}")
    ended = watch()
    assert ended.code == ExitCode.FAILED
    assert "did you mean `completion`?" in ended.err
    configure("on_failure: keep")
    ended = watch()
    assert (ended.code, "no rules to watch by" in ended.err) == (ExitCode.USAGE, True)


def test_the_scheduled_job_restores_and_hands_on_what_git_has_to_set_back(
    calls: Traffic, agentops: Agentops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls(1, 120, from_h=A_WEEK_AGO)
    calls(0, 80, hung_up=0.8)
    (tmp_path / "event.json").write_text("{}", "utf-8")
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "schedule",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "acme/voice",
        "GITHUB_SHA": "3" * 40,
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "RUNNER_TEMP": str(tmp_path / "temp"),
    }.items():
        monkeypatch.setenv(name, value)
    ended = agentops("ci", "watch")
    assert ended.code == ExitCode.CALLS_FAILED, ended.err
    assert "::error title=watch::desk" in ended.out
    outputs = dict(line.split("=", 1) for line in (tmp_path / "outputs").read_text("utf-8").splitlines())
    assert (outputs["rolled-back"], outputs["exit-code"]) == ("true", "6")
    (row,) = json.loads(outputs["restore"])
    assert (row["key"], row["files"]) == ("desk", ["agents/desk.yaml"])
    assert "serves again, as revision 4" in (tmp_path / "summary.md").read_text("utf-8")


BEHAVIOUR = """\
turns:
  - name: order
    hears: where is my order
    replies:
      - {when: {prompt_contains: orders}, say: It is on its way.}
  - name: goodbye
    hears: goodbye
    replies: {say: Goodbye!, end_call: true}
traffic:
  calls_per_hour: 20
  callers:
    - {weight: 9, says: [where is my order, goodbye], patience: 1}
    - {weight: 1, says: [I want to talk to a person, goodbye], patience: 1}
"""


@pytest.fixture
def phoned(tmp_path: Path, deployed: tuple[str, Path]) -> Iterator[Store]:
    """An emulator whose agents are phoned, from the next Monday on; the project's environment is there."""
    now = datetime.now(UTC)
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=9, minute=0)
    Path("desk.yaml").write_text(BEHAVIOUR, "utf-8")
    options = EmulatorOptions(scan_delay_s=0.0, behaviours=(tmp_path / "desk.yaml",))
    with start(options, clock=Clock(lambda: datetime.now(UTC) - now + monday)) as running:
        project = PROJECT.format(deploy=RULES).replace("gate: preview, ", "")
        secrets = "api_key: ${{ secrets.KEY }}\n    secrets: {KEY: {value: sk_test}}"
        address = f"base_url: {running.base_url}\n    {secrets}"
        Path("agentops.yaml").write_text(project.replace("target: emulator", address), "utf-8")
        yield running.store


def test_callers_of_the_emulator_who_hang_up_take_a_deploy_back(phoned: Store, agentops: Agentops) -> None:
    Path("agents/billing.yaml").unlink()
    for prompt, hours in (("Help with orders and bookings.", 26), ("Help with bookings.", 4)):
        Path("agents/desk.yaml").write_text(SPEC.format(name="desk", greeting="Hello").replace(PROMPT, prompt), "utf-8")
        assert agentops("apply", "--yes", "--no-smoke").code == ExitCode.DONE
        assert agentops("watch", "--once").code == ExitCode.DONE
        phoned.clock.advance(hours * 3600)
    ended = agentops("watch", "--once", "--format", "json")
    assert ended.code == ExitCode.CALLS_FAILED, ended.err
    (desk,) = json.loads(ended.out)["agents"]
    assert (desk["verdict"], desk["restored"]) == ("failed", "4")
    assert [each["metric"] for each in desk["rules"] if each["verdict"] == "failed"] == ["hang_ups"]
    phoned.clock.advance(3600)
    assert agentops("watch", "--once").code == ExitCode.DONE
    beside = agentops("compare", "desk", "3", "4", "--format", "json")
    (hang_ups,) = [each for each in json.loads(beside.out)["measures"] if each["name"] == "ended by user_hangup"]
    assert hang_ups["old"]["value"] > 0.9
    assert hang_ups["new"]["value"] < 0.4
