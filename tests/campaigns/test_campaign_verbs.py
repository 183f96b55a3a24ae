"""`agentops campaign` as users run it, on the embedded emulator in fast time. No output may hold a person."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import httpx2
import pytest
from campaign_world import CAMPAIGN, rows
from command_line import Agentops

from agentops.cli import local
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.errors import OutcomeUnknownError, UnavailableError
from agentops.remote.outbound import CampaignRequests

pytestmark = pytest.mark.slow

NAME = ("renewals",)


def digest_of(out: str) -> str:
    return out.rpartition("digest: ")[2].strip()


def test_from_check_to_results(deployed: Path, people: Path, tmp_path: Path, agentops: Agentops) -> None:
    people.write_text(rows(500))
    checked = agentops("campaign", "check", *NAME)
    assert checked.code == 0
    assert "500 people; not created yet" in checked.out
    assert "not known" in checked.out  # no calls to estimate from
    digest = digest_of(checked.out)
    assert agentops("campaign", "start", *NAME, "--yes", "--digest", digest).code == 64  # not created
    assert "created: draft" in agentops("campaign", "create", *NAME).out
    assert "already exists" in agentops("campaign", "create", *NAME).out
    assert agentops("campaign", "start", *NAME, "--yes").code == 64
    assert agentops("campaign", "start", *NAME, "--no-input").code == 64
    assert agentops("campaign", "start", *NAME, "--yes", "--digest", "0" * 12).code == 5
    assert "0 calls" in agentops("campaign", "status", *NAME).out  # nothing but a consented start dials
    assert agentops("campaign", "start", *NAME, "--yes", "--digest", digest).code == 0
    watched = agentops("campaign", "status", *NAME, "--watch")
    assert "completed, 500 of 500 called, 450 reached" in watched.out

    secret = tmp_path / "results.csv"
    read = json.loads(agentops("campaign", "results", *NAME, "--format", "json", "--people", str(secret)).out)
    assert (read["called"], read["reached"], read["retried"], read["calls"]) == (500, 450, 100, 600)
    assert read["failed"] == {"busy": 50, "no_answer": 100}
    assert sum(read["by_hour"].values()) == sum(read["revisions"].values()) == 600
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text().splitlines()[1].startswith("'+14152000000,Zebedee Quux")
    assert "450 reached" in agentops("campaign", "results", *NAME).out
    page = agentops("campaign", "results", *NAME, "--format", "html").out
    assert '<th scope="row">busy</th><td class="count">50</td><td><div style="width:50.0%">' in page
    assert "reached,,450" in agentops("campaign", "results", *NAME, "--format", "csv").out
    again = agentops("campaign", "start", *NAME, "--yes", "--digest", digest)
    assert (again.code, "the campaign is completed" in again.err) == (1, True)
    assert "DO_NOT_CALL" in agentops("campaign", "check", *NAME).out
    assert agentops("campaign", "pause", *NAME).code == 1


def test_audiences_that_no_campaign_uses_are_collected(
    deployed: Path, people: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> str:
        raise UnavailableError("gone")

    assert agentops("campaign", "create", *NAME).code == 0
    with monkeypatch.context() as patched:
        patched.setattr(CampaignRequests, "create_campaign", killed)
        people.write_text(rows(3))
        assert agentops("campaign", "create", *NAME).code == 1
    assert "1 audience would be deleted" in agentops("campaign", "gc").out
    assert "1 audience deleted" in agentops("campaign", "gc", "--yes").out
    assert "No audience is left over" in agentops("campaign", "gc", "--yes").out
    assert "already exists" not in agentops("campaign", "create", *NAME).out


def test_an_agent_that_a_campaign_uses_is_changed_with_a_warning_and_not_archived(
    deployed: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "CAMPAIGN_SPEED", 0.001)  # it is not over before it is paused
    agentops("campaign", "create", *NAME)
    digest = digest_of(agentops("campaign", "check", *NAME).out)
    assert agentops("campaign", "start", *NAME, "--yes", "--digest", digest).code == 0
    spec = deployed / "agents" / "support.yaml"
    spec.write_text(spec.read_text().replace("How can I help?", "How may I help?"))
    warned = " ".join(agentops("plan", "--agent", "support").out.split())
    assert re.search(r"the campaign 'renewals \w+' is (processing|running), and whomever it calls", warned)
    assert agentops("campaign", "pause", *NAME).code == 0
    spec.unlink()
    ended = agentops("plan", "--prune")
    assert "CAMPAIGN_USES_AGENT" in ended.out
    assert 'associated with the paused campaign "renewals' in " ".join(ended.out.split())


def test_a_change_of_the_agent_while_it_calls_shows(deployed: Path, agentops: Agentops) -> None:
    behaviours = tuple(sorted((deployed / "agents" / "behaviours").glob("*.yaml")))
    options = EmulatorOptions(data=local.data_file(deployed), behaviours=behaviours, campaign_speed=1.0)
    spec = deployed / "agents" / "support.yaml"
    with start(options) as emulator, local.announced(deployed, emulator.base_url):

        def pass_time(seconds: float) -> str:
            for each in (3.0, seconds):  # what was started runs a moment later
                httpx2.post(f"{emulator.base_url}/_emulator/clock", json={"advance_s": each}).raise_for_status()
                agentops("campaign", "status", *NAME)
            return agentops("campaign", "results", *NAME).out

        agentops("campaign", "create", *NAME)
        digest = digest_of(agentops("campaign", "check", *NAME).out)
        assert agentops("campaign", "start", *NAME, "--yes", "--digest", digest).code == 0
        assert "The agent was changed" not in pass_time(45.0)
        spec.write_text(spec.read_text().replace("How can I help?", "How may I help?"))
        assert agentops("apply", "--yes", "--agent", "support").code == 0
        ended = pass_time(3600.0)
        assert "The agent was changed while the campaign ran." in ended
        assert re.search(r"calls by revision of the agent\n    2  \d+\n    3  \d+\n", ended)
        page = agentops("campaign", "results", *NAME, "--format", "html").out
        assert "<p>The agent was changed while the campaign ran.</p>" in page
        # What was approved is not what serves now.
        assert digest_of(agentops("campaign", "check", *NAME).out) != digest


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (CAMPAIGN.replace("agent: support", "agent: nobody"), "there is no agent 'nobody'"),
        (CAMPAIGN.replace("23:59", "00:00"), "never opens"),
        (CAMPAIGN.replace("\"${{ env('PEOPLE') }}\"", "people.csv"), "inside of the repository"),
        (CAMPAIGN.replace("phone_column: phone", "phone_column: tel"), "no column 'tel'"),
        (CAMPAIGN.replace("max: 1", "max: 11"), "11"),
        (CAMPAIGN + "numbers: ['+14155550999']\n", "lacks 1 of the campaign's numbers"),
        (CAMPAIGN + "speed: 3\n", "speed"),
        ("- a\n", "not a mapping"),
    ],
)
def test_mistakes_end_before_anything_is_created(
    written: str, said: str, deployed: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def must_not(*_: object, **__: object) -> None:
        raise AssertionError("something was created")

    monkeypatch.setattr(CampaignRequests, "create_audience", must_not)
    monkeypatch.setattr(CampaignRequests, "create_campaign", must_not)
    (deployed / "campaigns" / "renewals.yaml").write_text(written)
    for verb in ("check", "create"):
        ended = agentops("campaign", verb, *NAME)
        assert ended.code in (1, 64)
        assert said in ended.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("phone,name,zone\n", "has nobody in it"),
        ("number,name,zone\n+14152000001,Zebedee,Etc/UTC\n", "no column 'phone'"),
        ("phone,name,zone\n4152000001,Zebedee,Etc/UTC\n+1415200,Zebedee,Etc/UTC\n", "on lines: 2, 3"),
        (rows(1) + "+1 415-200-0000,Zebedee,Etc/UTC\n", "numbers that stood there before on lines: 3"),
        (rows(1) + "+14152000001,Zebedee,Nowhere\n", "IANA database on lines: 3"),
        (rows(1) + "+14152000001,Zebedee\n", "another number of columns than the header: 3"),
        (rows(1) + '"+14152000001,Zebedee\n', "is no CSV on line"),
        (rows(1) + "+14152000001,Zebedee" + "x" * 5_300_000 + ",Etc/UTC\n", "larger than 5 MB"),
        ("phone,name,zone\n" + "+1,Zebedee,\n" * 10_001, "10001 people; the platform takes 10000"),
    ],
)
def test_people_who_can_not_be_right_end_it_before_anything_is_asked(
    content: str, said: str, project: Path, people: Path, agentops: Agentops
) -> None:
    people.write_text(content)
    ended = agentops("campaign", "create", *NAME)
    assert ended.code == 1
    assert said in ended.err
    assert not (project / ".agentops" / "emulator.db").exists()  # nothing was asked, and nothing created


@pytest.mark.parametrize(
    "changed",
    [CAMPAIGN.replace("23:59", "23:58"), CAMPAIGN.replace(", zone_column: zone", ""), CAMPAIGN + "numbers: []\n"],
)
def test_a_digest_stands_for_all_that_is_in_the_file(changed: str, deployed: Path, agentops: Agentops) -> None:
    digest = digest_of(agentops("campaign", "check", *NAME).out)
    (deployed / "campaigns" / "renewals.yaml").write_text(changed)
    is_same = digest_of(agentops("campaign", "check", *NAME).out) == digest
    assert is_same == ("numbers: []" in changed)  # which says nothing


def test_a_file_that_can_not_be_read(project: Path, people: Path, agentops: Agentops) -> None:
    people.unlink()
    ended = agentops("campaign", "check", *NAME)
    assert ended.code == 64
    assert "the audience's file can't be read: No such file" in ended.err
    people.mkdir()
    assert "it is a folder" in agentops("campaign", "check", *NAME).err
    people.rmdir()
    os.mkfifo(people)
    assert "it is not a regular file" in agentops("campaign", "check", *NAME).err


def test_an_agent_that_is_not_deployed(project: Path, agentops: Agentops) -> None:
    assert "isn't deployed here" in agentops("campaign", "create", *NAME).err
    assert "there is no campaigns/other.yaml" in agentops("campaign", "check", "other").err
    assert agentops("campaign", "check", "../agentops").code == 64


@pytest.mark.parametrize("write", ["create_audience", "create_campaign", "start_campaign"])
@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "answer lost"])
def test_a_broken_off_run_is_repeated_without_a_second_one(
    write: str, is_killed: bool, deployed: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = digest_of(agentops("campaign", "check", *NAME).out)
    written: list[str] = []
    broken: list[str] = []
    originals = {
        name: getattr(CampaignRequests, name) for name in ("create_audience", "create_campaign", "start_campaign")
    }
    for name in originals:

        async def counted(self: CampaignRequests, *given: object, name: str = name, **more: object) -> object:
            result = await originals[name](self, *given, **more)
            written.append(name)
            if name == write and not broken:
                broken.append(name)
                raise (UnavailableError if is_killed else OutcomeUnknownError)("gone")
            return result

        monkeypatch.setattr(CampaignRequests, name, counted)
    for _ in range(2):
        agentops("campaign", "create", *NAME)
        agentops("campaign", "start", *NAME, "--yes", "--digest", digest)
    assert sorted(written) == ["create_audience", "create_campaign", "start_campaign"]
