"""A project with tools, knowledge and webhooks, planned and applied in an emulated account without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy_world import KEY, World, open_world

from agentops.apply.engine import apply_plan
from agentops.apply.model import ApplyOptions, ApplyResult, Hooks, Smoke
from agentops.document import Deploy, Generation
from agentops.emulator.options import EmulatorOptions
from agentops.plan.build import PlanOptions
from agentops.plan.graph import steps
from agentops.plan.model import Plan
from agentops.remote.port import Publication
from agentops.resources import SourceFile
from agentops.spec import Project, load_project
from agentops.workflow.deployment import Deployment
from agentops.workflow.drift import read_drift
from agentops.workflow.planning import plan_deployment

PROJECT = """
project: acme
environments:
  test: {limits: {max_archived: 0}}
  other: {}
"""
AGENT = """
name: Acme support (${{ environment }})
config:
  firstMessage: Hello.
  singlePromptConfig: {prompt: Help the caller., toolRefs: ["${{ ref.tool.look_up }}"]}
  globalKnowledgeBaseId: ${{ ref.knowledge.returns }}
"""
TOOL = "definition: {type: client_tool, name: look_up, description: Look up the order.}\n"
KNOWLEDGE = "name: Returns\nfiles: [policy.md]\nurls: [https://acme.example/returns]\n"
WEBHOOK = """
endpoint: https://crm.example.com/hooks
description: CRM
headers: {X-Token: "${{ secrets.TOKEN }}"}
events: {support: [post-conversation]}
"""
FILES = {
    "agentops.yaml": PROJECT,
    "agents/support.yaml": AGENT,
    "tools/look_up.yaml": TOOL,
    "knowledge/returns.yaml": KNOWLEDGE,
    "knowledge/policy.md": "# Returns\n\nThirty days.\n",
    "webhooks/crm.yaml": WEBHOOK,
}


def as_pdf(file: SourceFile) -> bytes:
    """Rendering takes seconds and is another test's: here a file is told apart by its digest."""
    return b"%PDF-1.7 " + file.digest.encode()


@dataclass(slots=True)
class ShelfWorld:
    """The account, and the files of the project that deploys to it."""

    world: World
    root: Path
    environ: dict[str, str] = field(default_factory=lambda: {"TOKEN": "s3cret-value"})

    def write(self, files: Mapping[str, str | None]) -> None:
        """Puts files into the project; None takes one away."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True) if text is None else path.write_text(text)

    def project(self, environment: str = "test") -> Project:
        project = load_project(self.root, environ=self.environ, environment=environment, needs_secrets=True)
        assert not [each for each in project.diagnostics if each.is_error], project.diagnostics
        return project

    def deployment(self, environment: str = "test", only: tuple[str, ...] | None = None) -> Deployment:
        project = self.project(environment)
        agents = tuple(each for each in project.agents if only is None or each.key in only)
        return Deployment(project, agents, self.world.writer, KEY)

    async def plan(
        self, environment: str = "test", *, prune: bool = False, only: tuple[str, ...] | None = None, **options: Any
    ) -> Plan:
        return await plan_deployment(self.deployment(environment, only), PlanOptions(**options), prune=prune)

    async def drift(self) -> Plan:
        return await read_drift(self.deployment(), PlanOptions())

    async def apply(self, plan: Plan, smoke: Smoke | None = None) -> ApplyResult:
        options = ApplyOptions(deploy=Deploy(label="abc123"))
        hooks = Hooks(
            smoke, None, on_event=self.world.events.append, clock=self.world.clock, run_id="run-1", read_file=as_pdf
        )
        return await apply_plan(plan, self.world.writer, options, hooks)

    async def deploy(self, environment: str = "test", smoke: Smoke | None = None, **options: Any) -> ApplyResult:
        plan = await self.plan(environment, **options)
        assert plan.is_applyable, plan.refusals
        return await self.apply(plan, smoke)

    async def told(self, environment: str = "test", **options: Any) -> list[str]:
        """What a plan says of resources and agents, in the order in which it is dealt with."""
        return told(await self.plan(environment, **options))

    async def publish_by_hand(self, name: str, body: dict[str, Any]) -> str:
        """An agent as somebody makes it in the console; its id."""
        writer = self.world.writer
        agent_id = await writer.create_agent(name)
        observed = await writer.read_agent(await writer.read_listing(agent_id))
        await writer.write_draft(observed, await writer.open_draft(observed, "x"), body)
        await writer.publish_draft(Publication(agent_id, "by hand", branch_id=observed.branch_id))
        self.world.clock.elapsed_s += 60
        return agent_id

    async def shelf(self) -> dict[str, list[str]]:
        """What the account has, by kind, in the order in which it was made."""
        writer = self.world.writer
        return {
            "tools": [str(each.content["description"]) for each in await writer.tools.list()],
            "knowledge": [each.name for each in await writer.knowledge.list()],
            "webhooks": [each.content["endpoint"] for each in await writer.webhooks.list()],
        }

    async def live_tools(self, name: str = "Acme support (test)") -> list[str]:
        """Descriptions of the tools that what serves refers to."""
        writer = self.world.writer
        [listing] = [each for each in await writer.list_agents() if each.name == name]
        live = await writer.read_live(listing.agent_id)
        assert live is not None
        assert live.document is not None
        ids = [getattr(each, "resource_id", each) for each in live.document["singlePromptConfig"]["toolRefs"]]
        tools = {each.resource_id: each for each in await writer.tools.list()}
        return [tools[each].content["description"] for each in ids]


def told(plan: Plan) -> list[str]:
    return [f"{each.key}: {each.action.value}" for each in steps(plan)]


@asynccontextmanager
async def open_shelf_world(root: Path, options: EmulatorOptions | None = None) -> AsyncIterator[ShelfWorld]:
    async with open_world(Generation.V2, options) as world:
        found = ShelfWorld(world, root)
        found.write(FILES)
        yield found
