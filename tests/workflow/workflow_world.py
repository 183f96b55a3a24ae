"""A project in a folder of its own and an emulated account beside it, for the use cases that join the two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from agentops.apply.model import ApplyResult, ignore_event
from agentops.calls.report import RunReport
from agentops.plan.build import PlanOptions
from agentops.plan.model import Plan
from agentops.remote.port import Publication
from agentops.settings import Settings
from agentops.spec import Project
from agentops.workflow.applying import ApplyRequest, CallHooks, apply_deployment
from agentops.workflow.deployment import Deployment, open_deployment
from agentops.workflow.expected_calls import CallSettings
from agentops.workflow.planning import plan_deployment
from agentops.workflow.projects import read_project

PROJECT = """\
project: acme
default_environment: test
environments:
  test: {target: emulator}
  prod: {target: emulator, protected: true}
"""
SPEC = """\
name: Acme {key} (${{{{ environment }}}})
config:
  firstMessage: {greeting}
  singlePromptConfig:
    prompt: {prompt}
    tools:
      - {{type: end_call, name: end_call, description: End the call.}}
  synthesizer: {{voiceConfig: {{model: waves_lightning_v3_1, voiceId: nyah}}}}
{more}"""
SCRIPT = """\
agent: {agent}
mode: chat
tags: [{tag}]
steps:
  - expect: {{contains: {greeting}, within_s: 3}}
"""


class Pages:
    """What writes reports, as far as a test looks: which runs there were, and where."""

    def __init__(self) -> None:
        self.written: list[tuple[RunReport, Path]] = []

    def write(self, run: RunReport, folder: Path) -> Path:
        self.written.append((run, folder))
        return folder / "report.html"


@dataclass(slots=True)
class WorkflowWorld:
    """`root` is the project's folder, `url` where the account answers."""

    root: Path
    url: str
    settings: Settings = field(default_factory=lambda: Settings({}))

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def agent(
        self, key: str = "desk", prompt: str = "Help the caller.", greeting: str = "Hello", more: str = ""
    ) -> None:
        self.write(f"agents/{key}.yaml", SPEC.format(key=key, prompt=prompt, greeting=greeting, more=more))

    def script(self, name: str = "hello", agent: str = "desk", greeting: str = "Hello", tag: str = "smoke") -> None:
        self.write(f"agents/calls/{name}.yaml", SCRIPT.format(agent=agent, greeting=greeting, tag=tag))

    def environment(self, settings: str, name: str = "test") -> None:
        """Replaces what `agentops.yaml` says of one environment."""
        lines = [
            f"  {name}: {settings}" if line.startswith(f"  {name}:") else line
            for line in (self.root / "agentops.yaml").read_text("utf-8").splitlines()
        ]
        self.write("agentops.yaml", "\n".join(lines) + "\n")

    def project(self, environment: str | None = None) -> Project:
        return read_project(self.root, environment, self.settings, needs_secrets=True)

    @asynccontextmanager
    async def opened(self, environment: str | None = None) -> AsyncIterator[Deployment]:
        async with open_deployment(self.project(environment), self.settings, emulator_url=self.url) as deployment:
            yield deployment

    async def plan(self, environment: str | None = None, *, prune: bool = False, **options: Any) -> Plan:
        async with self.opened(environment) as deployment:
            return await plan_deployment(deployment, PlanOptions(**options), prune=prune)

    async def apply(
        self, environment: str | None = None, *, pages: Pages | None = None, prune: bool = False, **request: Any
    ) -> ApplyResult:
        calls = CallHooks((pages or Pages()).write)
        async with self.opened(environment) as deployment:
            expected = CallSettings(request.get("smoke"), request.get("gate_preview", False))
            made = await plan_deployment(deployment, PlanOptions(), prune=prune, calls=expected)
            return await apply_deployment(deployment, made, ApplyRequest(**request), calls=calls, on_event=ignore_event)

    async def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A request that no use case makes, such as an edit in the console."""
        headers = {"Authorization": "Bearer sk_emulator"}
        async with httpx2.AsyncClient(base_url=f"{self.url}/atoms/v1", headers=headers) as client:
            answer = await client.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json().get("data")

    async def names(self) -> list[str]:
        async with self.opened() as deployment:
            return sorted(listing.name for listing in await deployment.account.list_agents())

    async def edit_in_console(self, name: str, body: dict[str, Any]) -> None:
        """What a person does in the console: draft, publish, make live."""
        async with self.opened() as deployment:
            account = deployment.account
            listing = next(each for each in await account.list_agents() if each.name == name)
            observed = await account.read_agent(listing)
            draft = await account.write_draft(observed, await account.open_draft(observed, "by hand"), body)
            started = Publication(
                agent_id=listing.agent_id,
                label="tuned by hand",
                newest_before=(await account.read_slot(observed.agent_id, observed.branch_id)).newest,
                branch_id=observed.branch_id,
                draft_id=draft.draft_id,
            )
            publication = await account.publish_draft(started)
            while (revision := await account.read_publication(publication)) is None:
                pass
            await account.make_live(listing.agent_id, revision)
