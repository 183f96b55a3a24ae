"""Secrets reach the platform and nothing else: no output, no plan, no report, no journal, no error."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from command_line import Agentops

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

KEY = "sk_k3y-that-must-not-be-seen"
TOKEN = "t0ken-that-must-not-be-seen"


def written_files(project: Path) -> list[Path]:
    return [path for path in project.rglob("*") if path.is_file() and "emulator.db" not in path.name]


@pytest.mark.slow
def test_no_command_shows_a_secret(project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", TOKEN)
    monkeypatch.setenv("SMALLEST_API_KEY_STAGING", KEY)
    printed = ""
    with start(EmulatorOptions(keys=(KEY,))) as emulator:
        monkeypatch.setenv("SMALLEST_BASE_URL", emulator.base_url)
        for command in (
            "validate -e staging",
            "doctor -e staging",
            "plan -e staging --out plan.json",
            "plan -e staging --format markdown",
            "plan -e staging --format json",
            "plan -e staging --format html",
            "apply -e staging --yes --no-smoke -v",
            "plan -e staging --unmanaged",
            "history -e staging --format json",
            "rollback support -e staging --yes",
        ):
            ended = agentops(*command.split())
            printed += ended.out + ended.err
            assert ended.code == (4 if command.startswith("rollback") else 0), ended.err
        stored = stored_config(emulator.base_url)
        monkeypatch.setenv("SMALLEST_API_KEY_STAGING", KEY + "-wrong")
        wrong = agentops("plan", "-e", "staging")
        printed += wrong.out + wrong.err
        assert wrong.code == 1
    assert TOKEN in stored
    assert "${{ secrets.CRM_TOKEN }}" in printed
    for secret in (KEY, TOKEN):
        assert secret not in printed
        for path in written_files(project):
            assert secret.encode() not in path.read_bytes(), path


def stored_config(base_url: str) -> str:
    """What the platform holds of the support line, as text: there the secret has to be."""
    with httpx2.Client(base_url=f"{base_url}/atoms/v1", headers={"Authorization": f"Bearer {KEY}"}) as client:
        agents = client.get("/agent?offset=100").json()["data"]["agents"]
        support = next(each["_id"] for each in agents if "Support" in each["name"])
        return client.get(f"/agent/{support}").text
