"""An emulated account as tests use it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx2

from agentops.emulator.store.state import Clock, Store

START = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)


class Account:
    """One emulated account as tests use it: `call` for anything, and the few steps that most tests begin with."""

    def __init__(self, client: httpx2.AsyncClient, store: Store, clock: Clock) -> None:
        self.client, self.store, self.clock = client, store, clock

    async def call(self, method: str, path: str, expect: int = 200, **more: Any) -> Any:
        """The `data` of a success, the whole body of a failure; the status must be `expect`."""
        url = path if path.startswith(("/atoms", "/waves", "/_")) else f"/atoms/v1{path}"
        response = await self.client.request(method, url, **more)
        assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text[:500]}"
        if "json" not in response.headers["content-type"]:
            return response
        body = response.json()
        return body.get("data") if response.is_success and "data" in body else body

    async def agent(self, name: str = "Support", **fields: Any) -> str:
        return str(await self.call("POST", "/agent", 201, json={"name": name, **fields}))

    async def branch(self, agent_id: str) -> dict[str, Any]:
        return dict((await self.call("GET", f"/agent/{agent_id}/branches"))["branches"][0])

    async def publish(self, agent_id: str, label: str | None = None, **config: Any) -> dict[str, Any]:
        """Writes, publishes and waits; returns the branch's new head revision."""
        branch = f"/agent/{agent_id}/branches/{(await self.branch(agent_id))['branch']['_id']}"
        await self.call("PUT", f"{branch}/draft", json=config)
        response = await self.client.post(f"/atoms/v1{branch}/draft/publish", json={"label": label} if label else {})
        assert response.status_code in (200, 202)
        self.clock.advance(60)
        return dict((await self.call("GET", f"{branch}/revisions"))["revisions"][0])
