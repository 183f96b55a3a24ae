"""A scratch agent on a real account, for `remote.probe` to write to: created, published, read, archived.

It works with plain answers, refusals included, since what a refusal says is what the probe wants to know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops.clock import Clock
from agentops.errors import PlatformError
from agentops.net import Answer, Dialect, Http
from agentops.remote import wire
from agentops.remote.requests import API
from agentops.remote.rows import rows_of

SCRATCH = "agentops probe"  # the names of scratch agents begin with it
SCRATCH_TOOL = "agentops_probe_"  # and those of scratch tools with this
PROMPT = "You are a test of a deployment tool. Say hello and end the call."
GREETING = "Hello, this is a probe."
END_CALL = {"type": "end_call", "name": "end_call", "description": "Ends the call."}
LABEL = "probe 1 - a.b, c_d: (e)"  # what the documentation calls letters, digits, spaces and basic punctuation
_SCAN_PATIENCE_S = 180.0
_SCAN_POLL_S = 2.0


class AnsweredError(PlatformError):
    """An unsuccessful answer, kept as it came."""

    def __init__(self, answer: Answer, request: str) -> None:
        super().__init__(f"answered with {answer.status}", status=answer.status, request=request)
        self.answer = answer


def probing_dialect() -> Dialect:
    """The platform's dialect, except that no unsuccessful answer is interpreted."""
    return Dialect(error_of=AnsweredError)


@dataclass(slots=True)
class Scratch:
    """The agent that is written to, and what was seen while it was created and published.

    stranger: the same host, with a key that belongs to nobody
    created:  what the answer to the create carried
    """

    http: Http
    stranger: Http
    clock: Clock
    name: str
    agent_ids: list[str] = field(default_factory=list)
    tool_ids: list[str] = field(default_factory=list)
    branch_id: str = ""
    created: Any = None
    published_id: str = ""
    counter_before: int | None = None
    was_scanning_listed: bool | None = None
    sections: Mapping[str, Any] = field(default_factory=dict)

    @property
    def agent(self) -> str:
        return f"/agent/{self.agent_ids[0]}"

    @property
    def branch(self) -> str:
        return f"{self.agent}/branches/{self.branch_id}"

    @property
    def tool(self) -> dict[str, str]:
        """The definition of a tool whose name nobody else's has."""
        name = SCRATCH_TOOL + re.sub(r"\D", "", self.name)
        return {"type": "client_tool", "name": name, "description": "A test of a deployment tool."}

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Any answer, refusals included. Raises PlatformError where there was none."""
        try:
            return await self.http.request(method, API + path, body=body)
        except AnsweredError as refused:
            return refused.answer

    async def data(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """What a successful answer carries. Raises PlatformError for a refusal."""
        answer = await self.http.request(method, API + path, body=body, query=query or None)
        return answer.body.get("data") if isinstance(answer.body, dict) else answer.body

    async def write(self, **body: Any) -> Answer:
        return await self.ask("PUT", f"{self.branch}/draft", body)

    async def written(self, **body: Any) -> dict[str, Any]:
        data = await self.data("PUT", f"{self.branch}/draft", body)
        return data if isinstance(data, dict) else {}

    async def discard(self) -> None:
        await self.ask("DELETE", f"{self.branch}/draft")

    async def draft(self) -> dict[str, Any]:
        """The open draft as `GET /agent` resolves it: stored names, flat."""
        data = await self.data("GET", self.branch)
        branch = data.get("branch") if isinstance(data.get("branch"), dict) else data
        return await self.agent_at(draftId=branch["openDraftId"])

    async def agent_at(self, **query: Any) -> dict[str, Any]:
        data = await self.data("GET", self.agent, **query)
        return data if isinstance(data, dict) else {}

    async def document(self) -> dict[str, Any]:
        """The open draft in write names."""
        document, _ = wire.from_stored((await self.draft()).get("_resolvedConfig") or {})
        return document

    async def revisions(self) -> list[Any]:
        return rows_of(await self.data("GET", f"{self.branch}/revisions"), "revisions")

    async def publish(self, label: str) -> Answer:
        """Publishes the draft, and waits until its scan is over."""
        before = {row.get("_id") for row in await self.revisions()}
        answer = await self.ask("POST", f"{self.branch}/draft/publish", {"label": label})
        if answer.is_success:
            await self.wait(before)
        return answer

    async def wait(self, before: set[Any]) -> dict[str, Any]:
        """The newest committed revision that was not there before. Raises PlatformError when none comes."""
        until = self.clock.monotonic() + _SCAN_PATIENCE_S
        while True:
            rows = [row for row in await self.revisions() if row.get("_id") not in before]
            done = [row for row in rows if row.get("status") in (None, "published")]
            if done:
                return dict(done[0])
            if self.was_scanning_listed is None and await self._is_scanning():
                self.was_scanning_listed = bool(rows)
            if self.clock.monotonic() > until:
                hint = "the platform may be busy: run the probe again later"
                raise PlatformError(f"no revision came within {_SCAN_PATIENCE_S:.0f} s of publishing", hint=hint)
            await self.clock.sleep(_SCAN_POLL_S)

    async def _is_scanning(self) -> bool:
        answer = await self.ask("GET", f"{self.branch}/draft")
        latest = answer.body["data"].get("latest") if answer.is_success and isinstance(answer.body, dict) else None
        return isinstance(latest, dict) and bool(latest.get("pendingPublish"))


async def make_scratch(scratch: Scratch) -> None:
    """Creates the agent and publishes it once, with a value in every field whose section is asked for."""
    answer = await scratch.http.request(
        "POST", f"{API}/agent", body={"name": scratch.name, "workflowType": "single_prompt"}
    )
    scratch.created = answer.body.get("data") if isinstance(answer.body, dict) else answer.body
    scratch.agent_ids.append(id_of(scratch.created))
    branches = rows_of(await scratch.data("GET", f"{scratch.agent}/branches"), "branches")
    first = branches[0].get("branch", branches[0])
    scratch.branch_id = first.get("_id") or first.get("branchId")
    await scratch.written(firstMessage="Good day.")
    draft = await scratch.written(
        firstMessage=GREETING,
        transcriberType="pulse",
        synthesizer={"sampleRate": 16000},
        singlePromptConfig={"prompt": PROMPT, "tools": [END_CALL]},
    )
    scratch.counter_before = draft.get("draftRevision")
    await scratch.publish(LABEL)
    newest = next(row for row in await scratch.revisions() if row.get("status") in (None, "published"))
    scratch.published_id = newest["_id"]
    shown = await scratch.data("GET", f"{scratch.branch}/revisions/{scratch.published_id}")
    scratch.sections = shown.get("resolvedConfig") or {}


def id_of(created: Any) -> str:
    """The id of an agent that was created. Raises PlatformError when the answer doesn't give one."""
    agent_id = created.get("_id") if isinstance(created, dict) else created
    if not isinstance(agent_id, str) or not agent_id:
        hint = "a probe with --clean finds the agent by its name and archives it"
        raise PlatformError("the platform created an agent without saying its id", hint=hint)
    return agent_id


async def archive(http: Http, agent_id: str) -> bool:
    """Whether the agent is archived now, as far as the platform answers."""
    try:
        await http.request("DELETE", f"{API}/agent/{agent_id}/archive", query={"on": "true"}, is_repeatable=True)
    except AnsweredError as refused:
        return "already" in str(refused.answer.body).lower()
    except PlatformError:
        return False
    return True


async def delete_tool(http: Http, tool_id: str) -> bool:
    """Whether the tool is gone now, as far as the platform answers."""
    try:
        await http.request("DELETE", f"{API}/tool/{tool_id}", is_repeatable=True)
    except AnsweredError as refused:
        return refused.answer.status == 404
    except PlatformError:
        return False
    return True


async def find_scratch_tools(http: Http) -> list[str]:
    """The tools that earlier probes left, recognised by their name."""
    answer = await http.request("GET", f"{API}/tool")
    rows = rows_of(answer.body.get("data") if isinstance(answer.body, dict) else None, "tools")
    return [row["toolId"] for row in rows if str(row["definition"].get("name", "")).startswith(SCRATCH_TOOL)]


async def find_scratch(http: Http) -> list[str]:
    """The agents that earlier probes left, recognised by their name."""
    found, page = [], 1
    while True:
        answer = await http.request("GET", f"{API}/agent", query={"page": page, "offset": 100})
        rows = rows_of(answer.body.get("data") if isinstance(answer.body, dict) else None, "agents")
        found += [row["_id"] for row in rows if str(row.get("name", "")).startswith(f"{SCRATCH} ")]
        if len(rows) < 100:
            return found
        page += 1
