"""The console of the emulated account, as the tests use it: edits by REST, behind agentops' back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from agentops.emulator.options import Choices, EmulatorOptions
from agentops.emulator.server import start

PATIENCE_S = 10.0
DOCUMENTED = Choices()


class Console:
    """One account, edited as a person does it in the browser, in either generation."""

    def __init__(self, base_url: str, client: httpx2.Client, api: str) -> None:
        self.base_url = base_url
        self._client = client
        self._api = api

    def agent_id(self, name: str) -> str:
        rows = self._client.get("/agent").json()["data"]["agents"]
        return str(next(row["_id"] for row in rows if row["name"] == name))

    def config(self, name: str) -> dict[str, Any]:
        return dict(self._client.get(f"/agent/{self.agent_id(name)}").json()["data"]["_resolvedConfig"])

    def create(self, name: str, config: dict[str, Any]) -> str:
        agent_id = str(self._client.post("/agent", json={"name": name}).json()["data"])
        self.edit(name, config)
        return agent_id

    def rename(self, name: str, new: str) -> None:
        assert self._client.patch(f"/agent/{self.agent_id(name)}", json={"name": new}).status_code == 200

    def edit(self, name: str, config: dict[str, Any]) -> None:
        """Writes a draft, publishes it, and waits until it serves."""
        agent = f"/agent/{self.agent_id(name)}"
        if self._api == "v1":
            self._edit_version(agent, config)
        else:
            self._edit_branch(agent, config)

    def _edit_branch(self, agent: str, config: dict[str, Any]) -> None:
        branch = self._client.get(f"{agent}/branches").json()["data"]["branches"][0]
        head, branch_id = branch["headRevisionNumber"], branch["branch"]["_id"]
        written = self._client.put(f"{agent}/branches/{branch_id}/draft", json=config)
        assert written.status_code == 200, written.text
        self._client.post(f"{agent}/branches/{branch_id}/draft/publish", json={"label": "by hand"})
        until = time.monotonic() + PATIENCE_S
        while self._client.get(f"{agent}/branches").json()["data"]["branches"][0]["headRevisionNumber"] == head:
            assert time.monotonic() < until, "the console edit was never published"

    def _edit_version(self, agent: str, config: dict[str, Any]) -> None:
        active = self._client.get(agent).json()["data"]["activeVersionId"]
        body = {"sourceVersionId": active, "draftName": "by hand"}
        draft = self._client.post(f"{agent}/drafts", json=body).json()["data"]["draftId"]
        written = self._client.patch(f"{agent}/drafts/{draft}/config", json=config)
        assert written.status_code == 200, written.text
        version = self._client.post(f"{agent}/drafts/{draft}/publish", json={"label": "by hand"}).json()["data"]["_id"]
        until = time.monotonic() + PATIENCE_S
        while self._client.patch(f"{agent}/versions/{version}/activate").status_code != 200:
            assert time.monotonic() < until, "the console edit never passed its scan"


@contextmanager
def console(data: Path | None = None, api: str = "v2", choices: Choices = DOCUMENTED) -> Iterator[Console]:
    """An emulator on a free port and its console; with `data`, the embedded emulator's own memory."""
    running = start(EmulatorOptions(api=api, data=data, scan_delay_s=0.0, choices=choices))
    headers = {"Authorization": "Bearer sk_console"}
    try:
        with httpx2.Client(base_url=f"{running.base_url}/atoms/v1", headers=headers) as client:
            yield Console(running.base_url, client, api)
    finally:
        running.stop()
