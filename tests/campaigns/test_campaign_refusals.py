"""Every reason not to dial, alone and from the command line: `check` names it, and a consented start calls nobody."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from campaign_world import CAMPAIGN, rows
from command_line import Agentops

from agentops.campaigns import phone
from agentops.cli import local
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.store.database import Body, Database
from agentops.emulator.store.state import Store
from agentops.installation import install_command

pytestmark = pytest.mark.slow

Prepare = Callable[[Path, Path, Agentops], None]


def change(root: Path, kind: str, key: str, change: Callable[[Body], Body]) -> None:
    """What somebody else does on the platform."""
    database = Database(local.data_file(root))
    database.put(kind, key, change(database.get(kind, key) or {}))
    database.close()


def documents(root: Path, kind: str) -> list[Body]:
    database = Database(local.data_file(root))
    found = database.all(kind)
    database.close()
    return found


def git_differs(root: Path, people: Path, agentops: Agentops) -> None:
    spec = root / "agents" / "support.yaml"
    spec.write_text(spec.read_text().replace("How can I help?", "How may I help?"))


def calls_not_passed(root: Path, people: Path, agentops: Agentops) -> None:
    [agent] = documents(root, "agent")
    change(
        root,
        "agent",
        agent["_id"],
        lambda found: {**found, "description": found["description"] + " [ao uncalled since 1]"},
    )


def no_scripts(root: Path, people: Path, agentops: Agentops) -> None:
    spec = root / "agents" / "support.yaml"
    spec.write_text(re.sub(r"^calls:\n(  .*\n|\n)*", "", spec.read_text(), flags=re.MULTILINE))


def shut_today(root: Path, people: Path, agentops: Agentops) -> None:
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(datetime.now(UTC) + timedelta(days=3)).weekday()]
    (root / "campaigns" / "renewals.yaml").write_text(CAMPAIGN.replace('"23:59"', f'"23:59", days: [{day}]'))


def toll_free(root: Path, people: Path, agentops: Agentops) -> None:
    people.write_text(rows(2) + "+18002345678,Zebedee Quux,\n")


def not_to_call(root: Path, people: Path, agentops: Agentops) -> None:
    change(root, "dnc", "d1", lambda _: {"id": "d1", "agentId": "a", "phoneNumber": "+14152000001"})


def expensive(root: Path, people: Path, agentops: Agentops) -> None:
    [agent] = documents(root, "agent")
    store = Store(EmulatorOptions(data=local.data_file(root)))
    call = {"type": "telephony_outbound", "status": "completed", "duration": 60, "callCost": 6000}
    store.add_call(
        {"callId": store.new_call_id(), "agentId": agent["_id"], "isTest": False, "to": "+14152000001", **call}
    )
    store.database.close()


def all_reserved(root: Path, people: Path, agentops: Agentops) -> None:
    slots = {"webcall": 0, "outbound": 100, "inbound": 0, "chat": 0}
    change(root, "reservation", "a9", lambda _: {"agentId": "a9", **slots})


@pytest.mark.parametrize(
    ("code", "prepare", "way_out"),
    [
        ("LIVE_DIFFERS", git_differs, "`agentops plan --agent support -e local`"),
        ("UNCALLED", calls_not_passed, "`agentops apply --agent support -e local` makes the calls again"),
        ("NO_CALLS", no_scripts, "`calls:`"),
        ("OUTSIDE_WINDOW", shut_today, "--at"),
        ("ZONE_UNKNOWN", toll_free, "`zone_column:`"),
        ("DO_NOT_CALL", not_to_call, "take these lines out"),
        ("CREDITS", expensive, "buy credits"),
        ("CONCURRENCY", all_reserved, "reserve some for this agent"),
    ],
)
def test_each_refusal_alone_calls_nobody(
    code: str, prepare: Prepare, way_out: str, deployed: Path, people: Path, agentops: Agentops
) -> None:
    prepare(deployed, people, agentops)
    called = len(documents(deployed, "call"))
    checked = agentops("campaign", "check", "renewals")
    assert checked.code == 4
    assert re.findall(r"\[([A-Z_]+)\]", checked.out) == [code]
    assert way_out in checked.out
    assert f"{code}: " in agentops("explain", code).out
    assert json.loads(agentops("explain", code, "--format", "json").out)["code"] == code
    assert agentops("campaign", "create", "renewals").code == 0  # dials nobody
    digest = checked.out.rpartition("digest: ")[2].strip()
    assert agentops("campaign", "start", "renewals", "--yes", "--digest", digest).code == 4
    assert [campaign["status"] for campaign in documents(deployed, "campaign")] == ["draft"]
    assert len(documents(deployed, "call")) == called


def test_without_the_extra_the_command_that_installs_it_is_told(
    deployed: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    phone._library.cache_clear()
    try:
        ended = agentops("campaign", "check", "renewals")
    finally:
        phone._library.cache_clear()
    assert ended.code == 64
    assert f"next: `{install_command('campaigns')}`" in ended.err
    assert agentops("lint").code == 0  # reads no number


def test_people_are_not_written_into_the_repository(deployed: Path, agentops: Agentops) -> None:
    agentops("campaign", "create", "renewals")
    for name in ("people.csv", ".agentops/people.csv"):
        ended = agentops("campaign", "results", "renewals", "--people", name)
        assert ended.code == 64
        assert "inside of the repository" in ended.err
        assert not (deployed / name).exists()
