"""The fault table of tools, knowledge bases and webhooks: the rows are data; this is how one row is played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fault_cases import FAULTS, ID
from ruamel.yaml import YAML
from shelf_world import AGENT, KNOWLEDGE, TOOL, WEBHOOK, ShelfWorld, open_shelf_world

from agentops.apply.model import ApplyResult

TABLE = Path(__file__).parents[1] / "cases" / "apply" / "resource_faults.yaml"
IN_PLACE = "in_place: true\n"
NEW_TOOL = TOOL.replace("Look up", "Find")
OTHER = "name: Other (${{ environment }})\nconfig: {firstMessage: Hi., singlePromptConfig: {prompt: Help.}}\n"
BOTH = WEBHOOK.replace("support:", "other: [post-conversation], support:")
AGENT_MOVES = {"agents/support.yaml": AGENT.replace("Hello.", "Hi.")}
NEW_POLICY = {"knowledge/policy.md": "# Returns\n\nSixty days.\n"}
NEW_PAGE = KNOWLEDGE.replace("acme.example/returns", "acme.example/sixty")


@dataclass(frozen=True, slots=True)
class Write:
    """One kind of write: its request, the change whose apply makes it, and what is deployed before, one apply each."""

    method: str
    path: str
    change: Mapping[str, str | None]
    before: tuple[Mapping[str, str | None], ...] = ({},)
    options: Mapping[str, Any] = field(default_factory=dict)


_NO_WEBHOOK = {"webhooks/crm.yaml": None}
WRITES = {
    "tool create": Write("POST", "/v1/tool$", {"tools/look_up.yaml": NEW_TOOL}),
    "tool update": Write("PATCH", "/v1/tool/", {"tools/look_up.yaml": NEW_TOOL + IN_PLACE}),
    "tool delete": Write("DELETE", "/v1/tool/", AGENT_MOVES, ({}, {"tools/look_up.yaml": NEW_TOOL})),
    "knowledge create": Write("POST", "/v1/knowledgebase$", NEW_POLICY),
    "knowledge upload": Write("POST", "/upload-media$", NEW_POLICY),
    "knowledge pages": Write("POST", "/scrape-urls$", {"knowledge/returns.yaml": NEW_PAGE}),
    "knowledge seal": Write("POST", f"/knowledgebase/{ID}$", NEW_POLICY),
    "knowledge mark": Write("POST", f"/knowledgebase/{ID}$", {"knowledge/returns.yaml": NEW_PAGE + IN_PLACE}),
    "knowledge remove": Write("DELETE", f"/items/{ID}$", {"knowledge/returns.yaml": NEW_PAGE + IN_PLACE}),
    "knowledge refill": Write("POST", "/upload-media$", {"knowledge/returns.yaml": NEW_PAGE + IN_PLACE}),
    "knowledge delete": Write("DELETE", f"/knowledgebase/{ID}$", AGENT_MOVES, ({}, NEW_POLICY)),
    "webhook create": Write("POST", "/v1/webhook$", {"webhooks/crm.yaml": WEBHOOK}, (_NO_WEBHOOK,)),
    "webhook subscribe": Write(
        "POST", "/webhook-subscriptions$", {"webhooks/crm.yaml": WEBHOOK.replace("[post-", "[pre-")}
    ),
    "webhook unsubscribe": Write(
        "DELETE",
        "/webhook-subscriptions$",
        {"webhooks/crm.yaml": WEBHOOK},
        ({"agents/other.yaml": OTHER, "webhooks/crm.yaml": BOTH},),
    ),
    "webhook update": Write("PATCH", "/v1/webhook/", {"webhooks/crm.yaml": WEBHOOK.replace("X-Token", "X-Other")}),
    "webhook mark": Write("PATCH", "/v1/webhook/", _NO_WEBHOOK, options={"prune": True}),
    "webhook delete": Write("DELETE", "/v1/webhook/", _NO_WEBHOOK, options={"prune": True}),
}


@dataclass(frozen=True, slots=True)
class Case:
    write: str
    fault: str
    expected: str

    @property
    def name(self) -> str:
        return f"{self.write}-{self.fault}".replace(" ", "-")


def read_cases() -> Iterator[Case]:
    table = YAML(typ="safe").load(TABLE.read_text())
    for write, row in table["rows"].items():
        for group, faults in table["groups"].items():
            yield from (Case(write, fault, row.get(fault, row.get(group))) for fault in faults)


async def play(write: str, fault: str, root: Path) -> str:
    """How a row ends, in the words of the table."""
    made = WRITES[write]
    acknowledged = frozenset({"IN_PLACE", "LIMIT_ARCHIVED"})
    async with open_shelf_world(root) as shelf:
        for files in made.before:
            shelf.write(files)
            await shelf.deploy()
        before = await served(shelf)
        shelf.write(made.change)
        plan = await shelf.plan(acknowledged=acknowledged, **made.options)
        shelf.world.transport.fault = replace(FAULTS[fault], method=made.method, path=made.path)
        result = await shelf.apply(plan)
        shelf.world.transport.fault = None
        after = await served(shelf)
        following = await _next(shelf, acknowledged, made.options)
        final = await served(shelf)
        what = "old" if after == before else "new" if after == final else "half"
        what = "the same" if before == final else what
        return f"{_outcome(result, write.split()[0])}, exit {int(result.exit_code)}, {what} serves; next {following}"


def _outcome(result: ApplyResult, kind: str) -> str:
    """Of the one resource of the kind that changes."""
    [ended] = [each for each in result.resources if each.address.kind.value == kind and each.outcome != "unchanged"]
    return ended.outcome.value


async def served(shelf: ShelfWorld) -> dict[str, Any]:
    """What callers meet and webhooks are told of: the content of what what serves refers to."""
    database = shelf.world.store.database
    agents = {each["_id"]: each["name"] for each in database.all("agent")}
    tools = {each["toolId"]: each["definition"]["description"] for each in database.all("tool")}
    parts = {
        each["_id"]: sorted(
            [str(item["size"]) for item in database.all("knowledge_item", owner=each["_id"])]
            + [page["url"] for page in database.all("scraped_url", owner=each["_id"])]
        )
        for each in database.all("knowledge_base")
    }
    hooks = {each["_id"]: each["headers"] for each in database.all("webhook")}
    told = sorted((agents[s["agentId"]], s["eventType"], *hooks[s["webhookId"]]) for s in database.all("subscription"))
    found = {}
    for listing in await shelf.world.writer.list_agents():
        live = await shelf.world.writer.read_live(listing.agent_id)
        document = (live.document if live else None) or {}
        refs = [getattr(each, "resource_id", each) for each in document["singlePromptConfig"].get("toolRefs", ())]
        base = document.get("globalKnowledgeBaseId")
        base = getattr(base, "resource_id", base)
        found[listing.name] = [tools[each] for each in refs], base if base is None else (base, parts[base])
    return {"agents": found, "told": told}


async def _next(shelf: ShelfWorld, acknowledged: frozenset[str], options: Mapping[str, Any]) -> str:
    """What a plain run of the same command does, and that a plan is empty after it."""
    plan = await shelf.plan(acknowledged=acknowledged, **options)
    if not plan.is_applyable:
        return f"refused {plan.refusals[0].code}"
    result = await shelf.apply(plan)
    if result.exit_code:
        return f"exit {int(result.exit_code)}"
    assert (await shelf.plan(**options)).is_empty
    await assert_nothing_twice(shelf)
    return "converges"


async def assert_nothing_twice(shelf: ShelfWorld) -> None:
    """No two of the same content, nothing unfinished, and nothing that no revision refers to."""
    writer, database = shelf.world.writer, shelf.world.store.database
    tools, bases = await writer.tools.list(), await writer.knowledge.list()
    definitions = [str(each.content) for each in tools]
    assert len(set(definitions)) == len(definitions)
    marks = [each.mark for each in bases]
    assert len({mark.sources for mark in marks if mark}) == len(marks)
    assert all(mark and mark.listing for mark in marks)
    revisions = str(database.all("revision"))
    assert [each.name for each in (*tools, *bases) if each.resource_id not in revisions] == []
    files = len(list((shelf.root / "webhooks").glob("*.yaml")))
    assert len(await writer.webhooks.list()) == files
