"""The example with tools, knowledge and a webhook, as a user deploys, breaks, mends and looks at it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import httpx2
import pytest
from command_line import Agentops
from terminal import type_command

from agentops.cli import completion, local
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.emulator.store.database import Database
from agentops.errors import ExitCode

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
        (["render", "--shared", "webhook.*"], 0, "# webhook crm: webhooks/crm.yaml\nkind: webhook"),
        (
            ["render", "--shared", "tool.look"],
            64,
            "the project has: tool.look_up_order, knowledge.returns, webhook.crm",
        ),
        (
            ["render", "--explain", "url"],
            0,
            "set by its file: ${{ vars.crm_url }}/v1/orders/lookup  (tools/look_up_order.yaml:6:8)\n  vars.crm_url",
        ),
        (["render", "--explain", "files[0]"], 0, 'knowledge.returns: files[0] = "returns/policy.md"'),
        (["render", "--explain", "endpoint", "--format", "json"], 0, '"shared": "webhook.crm"'),
        (["render", "--explain", "globalKnowledgeBaseId"], 0, "ref.knowledge.returns: Returns policy  (knowledge/"),
        (["render", "--explain", "urk", "--shared", "tool.*"], 64, "did you mean url?"),
        (["explain", "IN_PLACE"], 0, "edited where live agents use it"),
    ],
)
def test_what_is_not_possible_is_said(
    shop: Path, agentops: Agentops, arguments: list[str], code: int, said: str
) -> None:
    ended = agentops(*arguments)
    assert ended.code == code, ended
    assert said in ended.out + ended.err


@pytest.mark.slow
def test_the_signing_secret_of_a_deployed_webhook_is_shown_in_a_terminal(shop: Path, agentops: Agentops) -> None:
    assert agentops("apply", "--yes", "--no-smoke").code == 0
    database = Database(local.data_file(shop))
    [webhook] = database.all("webhook")
    database.close()
    shown = type_command(["webhook", "secret", "crm"], shop)
    assert shown.end() == ExitCode.DONE
    assert shown.text.splitlines()[-1] == webhook["decryptedSecretKey"]


@pytest.mark.parametrize(
    ("name", "summary", "next_step"),
    [
        ("crm", "the account has no webhook 'crm' of this project yet", "make it with `agentops apply -e local`"),
        ("crn", "there is no webhook 'crn' in webhooks/", "did you mean crm? the project has: crm"),
        ("billing", "there is no webhook 'billing' in webhooks/", "the project has: crm"),
    ],
)
def test_a_webhook_without_a_signing_secret(
    shop: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch, name: str, summary: str, next_step: str
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ended = agentops("webhook", "secret", name, "-e", "local")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert ended.err.endswith(f"error: {summary}\n  next: {next_step}\n")


@pytest.mark.slow
def test_a_copy_is_not_put_up_without_the_tools_that_it_refers_to(shop: Path, agentops: Agentops) -> None:
    with start(EmulatorOptions(data=local.data_file(shop))) as running, local.announced(shop, running.base_url):
        fault = {"kind": "status", "method": "POST", "path": "*/tool*", "status": 400, "text": "no more tools"}
        httpx2.post(f"{running.base_url}/_emulator/faults", json=fault).raise_for_status()
        ended = agentops("preview", "up", "try")
        agents = running.store.database.all("agent")
    assert ended.code == ExitCode.REFUSED
    assert "error: tool look_up_order: the platform rejected the request: no more tools\n" in ended.err
    assert agents == []


@pytest.mark.slow
def test_a_pdf_is_uploaded_as_it_lies_there(shop: Path, agentops: Agentops) -> None:
    pdf = b"%PDF-1.7\n% terms of sale"
    (shop / "knowledge/returns/terms.pdf").write_bytes(pdf)
    edit(shop / "knowledge/returns.yaml", "  - returns/policy.md\n", "  - returns/terms.pdf\n")
    assert agentops("apply", "--yes", "--no-smoke").code == ExitCode.DONE
    database = Database(local.data_file(shop))
    files = [(each["fileName"], each["size"]) for each in database.all("knowledge_item") if each["itemType"] == "file"]
    database.close()
    assert files == [("returns-terms.pdf", len(pdf))]
    assert "No changes." in agentops("plan").out


def test_mistakes_are_said_with_their_place(shop: Path, agentops: Agentops) -> None:
    edit(shop / "agents/shop.yaml", "ref.tool.look_up_order", "ref.tool.look_up_ordre")
    edit(shop / "webhooks/crm.yaml", "shop:", "shpo:")
    edit(shop / "knowledge/returns.yaml", "policy.md", "polici.md")
    said = agentops("validate").out + agentops("validate").err
    assert "did you mean ref.tool.look_up_order?" in said
    assert "webhooks/crm.yaml:7:3: error[unknown-agent]: there is no agent 'shpo'" in said
    assert "knowledge/returns.yaml:4:5: error[missing-file]" in said


def test_what_lint_calls_an_error_is_not_deployed(shop: Path, agentops: Agentops) -> None:
    edit(shop / "webhooks/crm.yaml", "${{ secrets.CRM_TOKEN }}", "abcd1234efgh")
    assert "webhooks/crm.yaml:5:12: error[secret-in-header]" in agentops("validate").out
    refused = agentops("plan")
    assert refused.code == 4
    assert "--ack secret-in-header:webhook.crm" in refused.out
    assert "abcd1234efgh" not in refused.out + refused.err


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("knowledge/returns.yaml", "policy.md", "policy.docx", "knowledge/returns.yaml:4:5: error[unsupported-file]"),
        (
            "webhooks/crm.yaml",
            "${{ vars.crm_url }}",
            "http://crm.example.com",
            "crm.yaml:2:11: error[insecure-endpoint]",
        ),
        ("agents/prompts/shop.md", "the tool look_up_order", "${{ ref.tool.look_up_order }}", "error[bad-expression]"),
    ],
)
def test_nothing_is_written_where_a_shared_file_is_wrong(
    shop: Path, agentops: Agentops, file: str, old: str, new: str, said: str
) -> None:
    edit(shop / file, old, new)
    ended = agentops("apply", "--yes")
    assert (ended.code, said in ended.out + ended.err) == (1, True), ended
    assert not (shop / ".agentops" / "runs").exists()


def test_names_of_shared_things_are_completed(shop: Path) -> None:
    assert completion.shared("t") == ["tool.look_up_order"]
    assert completion.webhooks("") == ["crm"]


def test_outside_of_a_project_no_names_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert completion.shared("") == completion.webhooks("") == []
