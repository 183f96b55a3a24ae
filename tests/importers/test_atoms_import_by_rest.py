"""Whatever an account holds, its imported spec says nothing else, by the platform's REST API and back."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from test_atoms_import_whole import CONFIGS

from agentops.document import Generation, Secret, SecretRef
from agentops.emulator.app import create_app
from agentops.emulator.options import EmulatorOptions
from agentops.importers.files import place_files, write_files
from agentops.net import NetOptions
from agentops.plan.build import PlanOptions
from agentops.plan.model import Plan
from agentops.remote.connect import connect
from agentops.remote.port import Writer
from agentops.spec import Project, load_project
from agentops.workflow.deployment import Deployment
from agentops.workflow.import_atoms import AtomsRequest, import_into_project
from agentops.workflow.planning import plan_deployment

pytestmark = pytest.mark.slow

KEY = Secret((SecretRef("KEY", "sk_test"),))
PROJECT = "project: acme\nenvironments: {prod: {base_url: 'http://127.0.0.1:1', api_key: '${{ secrets.KEY }}'}}\n"


class Account:
    """One emulated account without a socket; `console` is what a browser does, `writer` what the product reads by."""

    def __init__(self, console: httpx2.AsyncClient, writer: Writer, generation: Generation) -> None:
        self.console, self.writer, self.generation = console, writer, generation

    async def create(self, config: dict[str, Any]) -> dict[str, Any]:
        """An agent that serves as much of `config` as the account takes; what it took."""
        agent = str((await self.console.post("/agent", json={"name": "Some Agent"})).json()["data"])
        if self.generation is Generation.V2:
            rows = (await self.console.get(f"/agent/{agent}/branches")).json()["data"]["branches"]
            draft = f"/agent/{agent}/branches/{rows[0]['branch']['_id']}/draft"
        else:
            versions = (await self.console.get(f"/agent/{agent}/versions")).json()["data"]["versions"]
            body = {"sourceVersionId": versions[0]["_id"], "draftName": "by hand"}
            made = (await self.console.post(f"/agent/{agent}/drafts", json=body)).json()["data"]
            draft = f"/agent/{agent}/drafts/{made['draftId']}"
        taken = {}
        greeting = config["firstMessage"] if config["firstMessage"].strip() else "Hi"  # none is published without one
        for name, value in {**config, "firstMessage": greeting}.items():
            written = await self._write(draft, {name: value})
            if written.status_code == 200:
                taken[name] = value
        published = await self.console.post(f"{draft}/publish", json={"label": "by hand"})
        assert published.status_code < 300, published.text
        if self.generation is Generation.V1:
            version = published.json()["data"]["_id"]
            activated = await self.console.patch(f"/agent/{agent}/versions/{version}/activate")
            assert activated.status_code == 200, activated.text
        return taken

    async def _write(self, draft: str, body: dict[str, Any]) -> httpx2.Response:
        if self.generation is Generation.V2:
            return await self.console.put(draft, json=body)
        return await self.console.patch(f"{draft}/config", json=body)


async def round_trip(generation: Generation, config: dict[str, Any]) -> tuple[dict[str, Any], Plan]:
    """What the account took of `config`, and the plan after its import."""
    app = create_app(EmulatorOptions(seed=1, api=generation.value, scan_delay_s=0.0))
    transport = httpx2.ASGITransport(app)
    net = NetOptions(requests_per_second=None)
    try:
        async with (
            httpx2.AsyncClient(
                transport=transport,
                base_url="http://emulator.test/atoms/v1",
                headers={"Authorization": "Bearer sk_test"},
            ) as console,
            await connect("http://emulator.test", KEY, options=net, transport=transport) as writer,
        ):
            taken = await Account(console, writer, generation).create(config)
            with tempfile.TemporaryDirectory() as folder:
                return taken, await plan_after_import(Path(folder), writer)
    finally:
        app.state.store.close()


async def plan_after_import(root: Path, writer: Writer) -> Plan:
    (root / "agentops.yaml").write_text(PROJECT, "utf-8")
    made = await import_into_project(AtomsRequest((), root), Deployment(read(root), (), writer, KEY))
    write_files(root, place_files(root, dict(made.files)))
    project = read(root)
    assert not [each for each in project.diagnostics if each.is_error]
    assert len(project.agents) == 1
    deployment = Deployment(project, project.agents, writer, KEY)
    return await plan_deployment(deployment, PlanOptions(acknowledged=frozenset({"ADOPT"})))


def read(root: Path) -> Project:
    return load_project(root, environ={"KEY": "sk_test"}, environment="prod")


@pytest.mark.parametrize("generation", list(Generation))
@given(config=CONFIGS)
@settings(max_examples=20, deadline=None)
def test_the_plan_after_an_import_of_what_the_account_holds_is_empty(
    generation: Generation, config: dict[str, Any]
) -> None:
    taken, plan = asyncio.run(round_trip(generation, config))
    assert "firstMessage" in taken
    assert plan.is_empty, (taken, plan.changes)
