"""The example with tools, knowledge and a webhook, as a user deploys, breaks, mends and looks at it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import Agentops

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns(".agentops"))
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_example_is_valid_clean_and_formatted(shop: Path, agentops: Agentops) -> None:
    for arguments in (["validate"], ["lint", "--strict"], ["fmt", "--check"]):
        assert agentops(*arguments).code == 0, arguments


@pytest.mark.slow
def test_a_tool_that_breaks_a_call_does_not_stay_live(shop: Path, agentops: Agentops) -> None:
    planned = agentops("plan")
    places = [planned.out.index(text) for text in ("+ tool look_up_order", "+ knowledge returns", "+ webhook crm")]
    assert places == sorted(places)
    assert "tok" not in planned.out.replace("tokens", "")
    applied = agentops("apply", "--yes")
    assert applied.code == 0, applied
    assert "call passed" in applied.out
    assert "No changes." in agentops("plan").out
    edit(shop / "tools/look_up_order.yaml", "name: look_up_order", "name: find_order")
    broken = agentops("apply", "--yes")
    assert broken.code == 6
    assert "rolled back" in broken.out
    edit(shop / "tools/look_up_order.yaml", "name: find_order", "name: look_up_order")
    assert "No changes." in agentops("plan").out
    assert agentops("drift").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["webhook", "secret", "crm"], 64, "printed to a terminal only"),
        (["apply", "--yes", "--api", "v1"], 4, "older versioning (v1)"),
        (["schema", "webhook"], 0, "agentops webhook"),
        (["render"], 0, "# tool look_up_order: tools/look_up_order.yaml\nkind: tool"),
        (["render", "--format", "json"], 0, '"Authorization": "Bearer ${{ secrets.CRM_TOKEN }}"'),
        (["explain", "IN_PLACE"], 0, "edited where live agents use it"),
    ],
)
def test_what_is_not_possible_is_said(
    shop: Path, agentops: Agentops, arguments: list[str], code: int, said: str
) -> None:
    ended = agentops(*arguments)
    assert ended.code == code, ended
    assert said in ended.out + ended.err


def test_mistakes_are_said_with_their_place(shop: Path, agentops: Agentops) -> None:
    edit(shop / "agents/shop.yaml", "ref.tool.look_up_order", "ref.tool.look_up_ordre")
    edit(shop / "webhooks/crm.yaml", "shop:", "shpo:")
    edit(shop / "knowledge/returns.yaml", "policy.md", "polici.md")
    said = agentops("validate").out + agentops("validate").err
    assert "did you mean ref.tool.look_up_order?" in said
    assert "webhooks/crm.yaml:7:9: error[unknown-agent]: there is no agent 'shpo'" in said
    assert "knowledge/returns.yaml:4:5: error[missing-file]" in said
