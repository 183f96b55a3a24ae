"""The fault table: every stage meets every fault. The rows are data; this is how one row is played."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy_world import World, agent, open_world
from faulty import Fault
from ruamel.yaml import YAML

from agentops.apply.journal import event_data
from agentops.apply.model import ApplyResult, Event, SmokeVerdict, Verdict
from agentops.document import DesiredAgent, Generation, read_mark
from agentops.plan.model import AgentChange

TABLE = Path(__file__).parents[1] / "cases" / "apply" / "faults.yaml"


def failed(*texts: str, **more: Any) -> dict[str, Any]:
    return {"status": False, "errors": list(texts), **more}


def _answer(status: int, body: Any, *, times: int = 99, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault("", "", "answer", status, body, named, times)


FAULTS: dict[str, Fault] = {
    "400": _answer(400, failed("firstMessage: String must contain at most 500 character(s)")),
    "401": _answer(401, failed("Unauthorized")),
    "403": _answer(403, failed("gpt-5.2 is not available for your organization")),
    "404": _answer(404, failed("Resource not found")),
    "409_migration": _answer(
        409, failed("deprecated", error_type="versioning_v2_migration_required"), Deprecation="true"
    ),
    "409_draft": _answer(409, failed("workflow_prompt.prompt")),
    "409_draft_rich": _answer(409, failed("workflow_prompt.prompt", data={"conflict": {"latestRevision": 2}})),
    "409_base": _answer(409, failed("base_revision_unavailable")),
    "409_in_progress": _answer(409, failed("busy", error_type="publish_in_progress")),
    "409_scanning": _answer(409, failed("scanning", error_type="source_scanning")),
    "409_uncommitted": _answer(409, failed("nothing", error_type="no_committed_revision")),
    "409_other": _answer(409, failed("no", error_type="something_new")),
    "423": _answer(423, failed("frozen", error_type="config_freeze_active")),
    "429_once": _answer(429, {"message": "Rate limit exceeded"}, times=1),
    "429_retry_after": _answer(429, {"message": "Rate limit exceeded"}, times=1, retry_after="7"),
    "429_always": _answer(429, {"message": "Rate limit exceeded"}),
    "500_once": _answer(500, failed("Internal server error"), times=1),
    "500_always": _answer(500, failed("Internal server error")),
    "502_html": _answer(502, "<html><body>Bad Gateway</body></html>", times=1),
    "503_always": _answer(503, "unavailable"),
    "504_once": _answer(504, "upstream request timeout", times=1),
    "connect_once": Fault("", "", "connect"),
    "connect_always": Fault("", "", "connect", times=99),
    "timeout_once": Fault("", "", "timeout"),
    "timeout_always": Fault("", "", "timeout", times=99),
    "timeout_after": Fault("", "", "timeout_after"),
    "truncated": Fault("", "", "truncated"),
}

ID = "[0-9a-f]{24}"
# stage -> (method, path) of the request that carries it, per generation
ROUTES: dict[Generation, dict[str, tuple[str, str]]] = {
    Generation.V2: {
        "guard": ("GET", f"/agent/{ID}/branches$"),
        "create": ("POST", "/v1/agent$"),
        "patch": ("PUT", "/draft$"),
        "compare": ("GET", "/diff$"),
        "publish": ("POST", "/draft/publish$"),
        "scan": ("GET", f"/branches/{ID}/draft$"),
        "verify": ("GET", f"/revisions/{ID}$"),
        "metadata": ("PATCH", f"/agent/{ID}$"),
        "restore": ("POST", "/restore$"),
        "archive": ("DELETE", "/archive$"),
    },
    Generation.V1: {
        "guard": ("GET", f"/agent/{ID}$"),
        "create": ("POST", "/v1/agent$"),
        "draft": ("POST", "/drafts$"),
        "patch": ("PATCH", "/config$"),
        "compare": ("GET", "/diff$"),
        "publish": ("POST", "/publish$"),
        "scan": ("GET", f"/versions/{ID}$"),
        "live": ("PATCH", "/activate$"),
        "metadata": ("PATCH", f"/agent/{ID}$"),
        "restore": ("PATCH", "/activate$"),
        "archive": ("DELETE", "/archive$"),
    },
}


@dataclass(frozen=True, slots=True)
class Case:
    generation: Generation
    stage: str
    fault: str
    expected: str

    @property
    def name(self) -> str:
        return f"{self.generation.value}-{self.stage}-{self.fault}"


def read_cases() -> Iterator[Case]:
    table = YAML(typ="safe").load(TABLE.read_text())
    for generation in Generation:
        for stage, endings in table[generation.value].items():
            for ending, faults in endings.items():
                yield from (Case(generation, stage, str(fault), ending) for fault in faults)


class Recorder:
    """A journal in memory."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def write(self, event: Event) -> None:
        self.lines.append(json.loads(json.dumps(event_data(event))))

    def check(self, result: ApplyResult) -> None:
        """It says how every agent ended, at which stage, and ends with the run."""
        assert self.lines[-1]["event"] == "run_finished"
        assert [each["outcome"] for each in self.lines[-1]["result"]["agents"]] == [a.outcome for a in result.agents]
        for ended in result.agents:
            told = [line["result"] for line in self.lines if line["event"] == "agent_finished"]
            assert [each["outcome"] for each in told if each["key"] == ended.key] == [ended.outcome]
            if ended.stage is not None:
                assert ended.stage.value in [line["stage"] for line in self.lines if line["event"] == "stage_started"]


@dataclass(frozen=True, slots=True)
class Calls:
    verdict: Verdict

    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        return SmokeVerdict(self.verdict, "silence")


@dataclass(frozen=True, slots=True)
class Played:
    """How a row ended. `summary` is what the table says of it."""

    result: ApplyResult
    live: str
    open_drafts: int
    agents: int
    next_run: str

    @property
    def summary(self) -> str:
        [agent_result] = self.result.agents
        stage = f"({agent_result.stage.value})" if agent_result.stage else ""
        drafts = f", {self.open_drafts} draft" if self.open_drafts else ""
        outcome = f"{agent_result.outcome.value}{stage}"
        return f"{outcome}, exit {int(self.result.exit_code)}, {self.live}{drafts}; next {self.next_run}"


OLD = replace(agent(prompt="Old."), metadata={"description": "Old"})
NEW = replace(agent(prompt="New."), metadata={"description": "New"})


async def play(generation: Generation, stage: str, fault: str) -> Played:
    async with open_world(generation) as world:
        wanted: list[DesiredAgent] = [NEW]
        if stage != "create":
            await world.deploy([OLD])
        if stage == "archive":
            wanted = []
        acknowledged = frozenset({"LIMIT_ARCHIVED"})
        plan = await world.plan(wanted, prune=stage == "archive", acknowledged=acknowledged)
        method, path = ROUTES[generation][stage]
        after = 1 if (generation, stage) == (Generation.V1, "restore") else 0  # going live is the same request
        chosen = replace(FAULTS[fault], method=method, path=path, after=after)
        world.transport.fault = chosen
        record = Recorder()
        result = await world.apply(plan, smoke=Calls(Verdict.FAILED) if stage == "restore" else None, record=record)
        record.check(result)
        world.transport.fault = None
        return Played(
            result,
            live=await _live(world),
            open_drafts=await _open_drafts(world),
            agents=len(await world.writer.list_agents()),
            next_run=await _next(world, wanted, stage),
        )


async def _live(world: World) -> str:
    prompt = await world.live_prompt()
    return {"Old.": "old lives", "New.": "new lives", None: "gone"}.get(prompt, "nothing lives")


async def _open_drafts(world: World) -> int:
    heads = [await world.writer.read_head(each.agent_id) for each in await world.writer.list_agents()]
    return sum(head.has_draft for head in heads)


async def _next(world: World, wanted: list[DesiredAgent], stage: str) -> str:
    """What a plain run of the same command does, with calls that pass, and that a plan is empty after it."""
    plan = await world.plan(wanted, prune=stage == "archive", acknowledged=frozenset({"LIMIT_ARCHIVED"}))
    if not plan.is_applyable:
        return f"refused {plan.refusals[0].code}"
    result = await world.apply(plan, smoke=Calls(Verdict.PASSED) if stage == "restore" else None)
    if result.exit_code:
        return f"exit {int(result.exit_code)}"
    assert (await world.plan(wanted)).is_empty
    await _assert_nothing_twice(world)
    return "converges"


async def _assert_nothing_twice(world: World) -> None:
    listings = await world.writer.list_agents()
    assert len({each.name for each in listings}) == len(listings)
    assert await _open_drafts(world) == 0
    for listing in listings:
        marks = [read_mark(r.label) for r in await world.writer.list_revisions(listing.agent_id)]
        fingerprints = [mark.fingerprint for mark in marks if mark]
        assert len(set(fingerprints)) == len(fingerprints), f"published twice: {fingerprints}"
