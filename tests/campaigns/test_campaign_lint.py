"""`lint` and `validate` read campaigns: every mistake at once, with its place, and no table of people in git."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from campaign_world import CAMPAIGN
from command_line import Agentops

WRONG = """\
agent: suport
audience: {file: people.csv, phone_column: phone}
retries: {max: 20}
numbers: ["14155550123"]
window: {from: "21:00", to: "20:00", days: [mon, tus]}
"""


def places(text: str) -> list[str]:
    return sorted(re.findall(r"^campaigns/(\S+): error\[", text, re.MULTILINE))


@pytest.mark.parametrize("arguments", [("lint",), ("validate", "-e", "local"), ("campaign", "check", "renewals")])
def test_all_mistakes_are_told_at_once_with_the_line(
    arguments: tuple[str, ...], project: Path, agentops: Agentops
) -> None:
    (project / ".git").mkdir()
    (project / "campaigns" / "renewals.yaml").write_text(WRONG)
    ended = agentops(*arguments)
    assert ended.code == 1
    said = ended.out + ended.err
    assert places(said) == [f"renewals.yaml:{place}" for place in ("1:8", "2:18", "3:16", "4:11", "5:50", "5:9")]
    for shown in ("  |        ^", "did you mean support?", "inside of the repository", "the window never opens"):
        assert shown in said


def test_tables_and_files_that_nobody_can_name_are_errors(project: Path, agentops: Agentops) -> None:
    for name in ("people.csv", "Summer.yaml", "summer.yml"):
        (project / "campaigns" / name).write_text("phone\n+14152000001\n")
    assert places(agentops("lint").out) == ["Summer.yaml:1:1", "people.csv:1:1", "summer.yml:1:1"]


def test_where_the_people_are_may_be_told_later(
    project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CI has no audience: a variable that is set only where the campaign is run is no mistake, any other one is."""
    monkeypatch.delenv("PEOPLE")
    assert agentops("validate", "-e", "local").code == 0
    assert "the environment variable PEOPLE is not set" in agentops("campaign", "check", "renewals").err
    written = CAMPAIGN.replace("phone_column: phone", "phone_column: \"${{ env('PEOPLE') }}\"")
    (project / "campaigns" / "renewals.yaml").write_text(written)
    assert places(agentops("validate", "-e", "local").out) == ["renewals.yaml:2:66"]
