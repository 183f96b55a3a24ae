"""`agentops campaign` where the account doesn't answer, answers otherwise than expected, or a person says no."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer
from campaign_world import CAMPAIGN
from command_line import Agentops

from agentops.cli import campaign, local
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.rest.account.numbers import add_phone_number
from agentops.emulator.server import RunningEmulator, start
from agentops.errors import ExitCode
from agentops.remote.outbound import CampaignRequests

pytestmark = pytest.mark.slow

NUMBER = "+14155550142"
TIME = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d} 12:00"
Break = Callable[..., None]


@pytest.fixture
def emulator(deployed: Path) -> Iterator[RunningEmulator]:
    """The project's emulator, on which a campaign hardly gets on unless the clock is moved."""
    behaviours = tuple(sorted((deployed / "agents" / "behaviours").glob("*.yaml")))
    options = EmulatorOptions(data=local.data_file(deployed), behaviours=behaviours, campaign_speed=0.001)
    with start(options) as running, local.announced(deployed, running.base_url):
        yield running


@pytest.fixture
def breaks(emulator: RunningEmulator) -> Break:
    def arm(kind: str, method: str, path: str, **more: Any) -> None:
        fault = {"kind": kind, "method": method, "path": path, **more}
        httpx2.post(f"{emulator.base_url}/_emulator/faults", json=fault).raise_for_status()

    return arm


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "is_interactive", lambda: True)


def digest_of(out: str) -> str:
    return out.rpartition("digest: ")[2].strip()


def stored(emulator: RunningEmulator, kind: str) -> list[dict[str, Any]]:
    return emulator.store.database.all(kind)


def test_what_the_account_does_not_answer_is_named_and_not_known(breaks: Break, agentops: Agentops) -> None:
    for path in ("/atoms/v1/concurrency", "/payment/v1/credits/balance", "/atoms/v1/conversation"):
        breaks("status", "GET", path, status=403)
    checked = agentops("campaign", "check", "renewals")
    assert checked.code == ExitCode.DONE
    named = [line.strip() for line in checked.out.splitlines() if "not available from the account" in line]
    assert named == [
        "not available from the account: how many calls it has room for",
        "not available from the account: its credits",
        "not available from the account: the agent's last calls",
    ]


def test_without_the_do_not_call_list_nobody_may_be_called(breaks: Break, agentops: Agentops) -> None:
    breaks("status", "GET", "/atoms/v1/dnc", status=403)
    checked = agentops("campaign", "check", "renewals")
    assert (checked.code, checked.out) == (ExitCode.FAILED, "")
    assert "while: GET /atoms/v1/dnc" in checked.err


def test_a_campaign_calls_from_the_numbers_that_its_file_names(
    deployed: Path, emulator: RunningEmulator, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Mapping[str, Any]] = []
    original = CampaignRequests.create_campaign

    async def look(self: CampaignRequests, body: Mapping[str, Any]) -> str:
        sent.append(body)
        return await original(self, body)

    monkeypatch.setattr(CampaignRequests, "create_campaign", look)
    for number in (NUMBER, "+14155550143"):
        add_phone_number(emulator.store, number)
    (deployed / "campaigns" / "renewals.yaml").write_text(CAMPAIGN + f"numbers: ['{NUMBER}']\n")
    assert agentops("campaign", "create", "renewals").code == ExitCode.DONE
    products = {each["_id"]: each["attributes"]["phoneNumber"] for each in stored(emulator, "product")}
    [body] = sent
    assert [products[each] for each in body["phoneNumberIds"]] == [NUMBER]


@pytest.mark.parametrize(
    ("verb", "method", "path"),
    [
        ("create", "POST", "/atoms/v1/audience"),
        ("create", "POST", "/atoms/v1/campaign"),
        ("start", "POST", "/atoms/v1/campaign/*/start"),
        ("pause", "POST", "/atoms/v1/campaign/*/pause"),
    ],
    ids=["audience", "campaign", "start", "pause"],
)
@pytest.mark.parametrize("kind", ["lost_request", "lost_response"])
def test_a_write_whose_answer_is_lost_is_read_back(
    emulator: RunningEmulator, breaks: Break, agentops: Agentops, verb: str, method: str, path: str, kind: str
) -> None:
    digest = digest_of(agentops("campaign", "check", "renewals").out)
    words = {"create": (), "start": ("--yes", "--digest", digest), "pause": ()}
    for before in list(words)[: list(words).index(verb)]:
        assert agentops("campaign", before, "renewals", *words[before]).code == ExitCode.DONE
    breaks(kind, method, path, times=1)
    ended = agentops("campaign", verb, "renewals", *words[verb])
    if kind == "lost_request":
        assert ended.code == ExitCode.FAILED
        assert f"while: {method} " in ended.err
        ended = agentops("campaign", verb, "renewals", *words[verb])
    assert ended.code == ExitCode.DONE, ended.err
    status = {"create": ["draft"], "start": ["processing", "running"], "pause": ["paused"]}[verb]
    [made] = stored(emulator, "campaign")
    assert made["status"] in status
    assert len(stored(emulator, "audience")) == 1


def test_an_audience_that_lacks_people_is_not_used(
    emulator: RunningEmulator, breaks: Break, agentops: Agentops
) -> None:
    breaks("status", "POST", "/atoms/v1/campaign", status=400, times=1)
    assert agentops("campaign", "create", "renewals").code == ExitCode.FAILED
    database = emulator.store.database
    database.drop("member", database.all("member")[0]["_id"])
    ended = agentops("campaign", "create", "renewals")
    assert ended.code == ExitCode.STALE
    assert "the platform took 19 people of the 20 in the file" in ended.err
    assert "next: delete that audience in the console, then create again" in ended.err
    assert stored(emulator, "campaign") == []


def test_a_time_that_the_platform_does_not_keep_is_said(
    emulator: RunningEmulator, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = CampaignRequests.create_campaign

    async def without_its_time(self: CampaignRequests, body: Mapping[str, Any]) -> str:
        return await original(self, {name: value for name, value in body.items() if name != "scheduledAt"})

    monkeypatch.setattr(CampaignRequests, "create_campaign", without_its_time)
    digest = digest_of(agentops("campaign", "check", "renewals", "--at", TIME).out)
    ended = agentops("campaign", "start", "renewals", "-e", "local", "--at", TIME, "--yes", "--digest", digest)
    assert ended.code == ExitCode.FAILED
    assert "error: the platform keeps it as draft: it won't dial by itself" in ended.err
    assert "next: `agentops campaign start renewals -e local` starts it when it is time" in ended.err


def test_a_paused_campaign_gets_no_time_of_its_own(emulator: RunningEmulator, agentops: Agentops) -> None:
    digest = digest_of(agentops("campaign", "check", "renewals").out)
    for words in (("create", "renewals"), ("start", "renewals", "--yes", "--digest", digest), ("pause", "renewals")):
        assert agentops("campaign", *words).code == ExitCode.DONE
    ended = agentops("campaign", "start", "renewals", "--at", TIME, "--yes", "--digest", digest)
    assert ended.code == ExitCode.FAILED
    assert "error: the campaign is paused" in ended.err
    assert "another `description` or audience makes another campaign" in ended.err
    assert "`agentops campaign pause" not in ended.err
    assert [each["status"] for each in stored(emulator, "campaign")] == ["paused"]


@pytest.mark.parametrize("verb", ["status", "results"])
def test_of_a_campaign_that_was_never_created_there_is_nothing_to_see(
    emulator: RunningEmulator, agentops: Agentops, verb: str
) -> None:
    ended = agentops("campaign", verb, "renewals", "-e", "local")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "error: no campaign 'renewals' was created in local" in ended.err
    assert "next: `agentops campaign create renewals -e local` makes one" in ended.err


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("is_agreed", [True, False])
def test_a_person_is_asked_before_anybody_is_called(
    emulator: RunningEmulator, agentops: Agentops, monkeypatch: pytest.MonkeyPatch, is_agreed: bool
) -> None:
    asked: list[str] = []

    def answer(question: str, *, err: bool) -> bool:
        asked.append(question)
        return is_agreed

    monkeypatch.setattr(typer, "confirm", answer)
    agentops("campaign", "create", "renewals")
    ended = agentops("campaign", "start", "renewals")
    assert asked == ["Call 20 people now?"]
    assert "20 people; draft" in ended.out
    [made] = stored(emulator, "campaign")
    if is_agreed:
        assert ended.code == ExitCode.DONE
        assert f"renewals: {made['status']}. `agentops campaign pause renewals -e local` stops it." in ended.out
        assert made["status"] in ("processing", "running")
    else:
        assert ended.code == ExitCode.FAILED
        assert "Nobody is called.\nerror: not started: you answered no" in ended.err
        assert made["status"] == "draft"


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    ("meanwhile", "code", "said"),
    [("not to call", ExitCode.REFUSED, "[DO_NOT_CALL]"), ("another window", ExitCode.STALE, "error: the digest is ")],
)
def test_what_changes_while_a_person_thinks_it_over_is_noticed(
    deployed: Path,
    emulator: RunningEmulator,
    agentops: Agentops,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
    code: ExitCode,
    said: str,
) -> None:
    def think(question: str, *, err: bool) -> bool:
        if meanwhile == "not to call":
            number = {"id": "d1", "agentId": "a", "phoneNumber": "+14152000001"}
            emulator.store.database.put("dnc", "d1", number)
        else:
            (deployed / "campaigns" / "renewals.yaml").write_text(CAMPAIGN.replace("23:59", "23:58"))
        return True

    monkeypatch.setattr(typer, "confirm", think)
    agentops("campaign", "create", "renewals")
    ended = agentops("campaign", "start", "renewals")
    assert ended.code == code
    assert said in ended.out + ended.err
    assert [each["status"] for each in stored(emulator, "campaign")] == ["draft"]
