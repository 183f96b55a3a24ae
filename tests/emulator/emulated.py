"""An emulated account as tests use it; every answer is checked against the emulator's own OpenAPI document."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import httpx2
import jsonschema

from agentops.emulator.store import Clock, Store

START = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)


class Conformance:
    """Holds the document and says where an answer leaves it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._validators: dict[int, jsonschema.Draft202012Validator] = {}
        self._operations = [
            (method.upper(), re.compile(re.sub(r"{\w+}", "[^/]+", path) + "$"), path, operation)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        ]

    def check(self, method: str, path: str, response: httpx2.Response) -> None:
        operation = self._find(method, path)
        if operation is None:
            assert response.status_code == 404, f"{method} {path} is not in the document"
            assert response.headers["content-type"].startswith("text/html")
            return
        described = operation["responses"].get(str(response.status_code))
        assert described is not None, f"{method} {path} answered an undocumented {response.status_code}"
        media = response.headers["content-type"].partition(";")[0]
        assert media in described["content"], f"{method} {path} answered {media}"
        if media == "application/json":
            self._validator(described["content"][media]["schema"]).validate(response.json())

    def _validator(self, schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
        """One validator per schema: making one is far slower than using it."""
        return self._validators.setdefault(id(schema), jsonschema.Draft202012Validator(schema))

    def _find(self, method: str, path: str) -> dict[str, Any] | None:
        fitting = [
            (template, operation)
            for each, pattern, template, operation in self._operations
            if each == method and pattern.match(path)
        ]
        return min(fitting, key=lambda each: each[0].count("{"))[1] if fitting else None


class Account:
    """One emulated account as tests use it: `call` for anything, and the few steps that most tests begin with."""

    def __init__(self, client: httpx2.AsyncClient, store: Store, clock: Clock, conformance: Conformance) -> None:
        self.client, self.store, self.clock = client, store, clock
        self._conformance = conformance

    async def call(self, method: str, path: str, expect: int = 200, **more: Any) -> Any:
        """The `data` of a success, the whole body of a failure; the status must be `expect`."""
        url = path if path.startswith(("/atoms", "/waves", "/_")) else f"/atoms/v1{path}"
        response = await self.client.request(method, url, **more)
        assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text[:500]}"
        if url.startswith(("/atoms", "/waves")):
            self._conformance.check(method, response.request.url.path, response)
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
