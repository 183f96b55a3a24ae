"""A platform that does nothing but answer, after a fixed latency, from memory: what is measured is the client.

Run as `python -m bench.stub_platform SEEDS LATENCY_MS PER_SECOND`; prints its port when it listens, ends when its input
does, and then prints what it was asked for. PER_SECOND is the limit of a token bucket, 0 for none.
SEEDS is a JSON file: a list of `{"name", "label", "config"}`, one agent each, live on its branch Main; with `"calls"`,
each of its last two revisions has served so many. Speaks as much of the branch model as planning, applying and
comparing need; the emulator is the faithful one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentops.emulator.options import Choices
from agentops.emulator.ratelimit import TokenBucket
from agentops.emulator.rest.versioning.configuration import merge, new_config, to_sections

CHOICES = Choices()
NOW = "2026-01-01T00:00:00.000Z"


def call_row(agent_id: str, revision_id: str, number: int) -> dict[str, Any]:
    turns = [400.0 + number * 37 % 900 + turn for turn in range(6)]
    return {
        "_id": f"{number:024x}",
        "callId": f"CALL-1790000000000-{number:06x}",
        "status": "completed",
        "type": "telephony_inbound",
        "duration": 20 + number * 13 % 200,
        "from": "+14155550100",
        "to": "+14155550199",
        "agentId": agent_id,
        "versionId": revision_id,
        "isTest": False,
        "callCost": 0.01 * (1 + number % 9),
        "disconnectionReason": ("user_hangup", "agent_hangup", "agent_hangup")[number % 3],
        "createdAt": NOW,
        "updatedAt": NOW,
        "turnLatencyMetrics": {"avgLatency": turns[0], "medianLatency": turns[2], "turns": 6, "latencies": turns},
        "dispositionMetrics": {"resolved": "true" if number % 4 else "false", "remark": f"call {number} of many"},
    }


class Agent:
    """One agent: its live configuration as stored, one draft, and a counter of revisions."""

    def __init__(self, number: int, seed: dict[str, Any]) -> None:
        self.agent_id = f"{number:024x}"
        self.branch_id = f"b{number:023x}"
        self.name = seed["name"]
        self.label = seed["label"]
        self.revision = 2
        self.calls = int(seed.get("calls", 0))
        self.config = merge(new_config({}, CHOICES), seed["config"], CHOICES)
        self.draft: dict[str, Any] | None = None

    @property
    def head(self) -> str:
        return f"c{self.revision:03x}{self.agent_id[4:]}"

    def listing(self) -> dict[str, Any]:
        return {"_id": self.agent_id, "name": self.name, "archived": False, "activeVersionId": self.head}

    def branch(self) -> dict[str, Any]:
        branch = {
            "_id": self.branch_id,
            "agent": self.agent_id,
            "name": "Main",
            "isDefault": True,
            "headRevisionId": self.head,
            "openDraftId": None,
            "status": "active",
        }
        return {
            "branch": branch,
            "isLive": True,
            "hasOpenDraft": self.draft is not None,
            "revisionsCount": self.revision,
            "headRevisionNumber": self.revision,
        }

    def rows(self) -> list[dict[str, Any]]:
        """The newest revision, and the one before it where calls are to be compared."""
        earlier = {**self.row(), "_id": f"e{self.head[1:]}", "revisionNumber": self.revision - 1}
        return [self.row(), earlier] if self.calls else [self.row()]

    def conversations(self, query: dict[str, str]) -> dict[str, Any]:
        """A page of the calls that a revision served; no two are alike."""
        page, size = int(query["page"]), int(query["limit"])
        first = (page - 1) * size
        shown = [
            call_row(self.agent_id, query["versionFilter"], n) for n in range(first, min(first + size, self.calls))
        ]
        return {"logs": shown, "pagination": {"total": self.calls, "hasMore": first + size < self.calls}}

    def row(self) -> dict[str, Any]:
        return {
            "_id": self.head,
            "status": "published",
            "branch": self.branch_id,
            "revisionNumber": self.revision,
            "label": self.label,
            "publishedAt": NOW,
            "securityCheck": {"status": "passed"},
        }

    def write(self, body: dict[str, Any]) -> dict[str, Any]:
        self.draft = merge(self.draft or self.config, body, CHOICES)
        return {"_id": self.branch_id, "draftId": self.branch_id, "draftRevision": 1, "status": "draft"}

    def publish(self, label: str) -> dict[str, Any]:
        self.config, self.draft = self.draft or self.config, None
        self.revision, self.label = self.revision + 1, label
        return {"state": "committed", "revision": self.row()}


class Platform:
    """Routes a request to the agent it names."""

    def __init__(self, seeds: list[dict[str, Any]], per_second: float) -> None:
        self.per_second = per_second
        self.limit = TokenBucket(per_second or None)
        self.served = {"requests": 0, "writes": 0, "refused": 0}
        agents = [Agent(number, seed) for number, seed in enumerate(seeds, 1)]
        self.agents = {agent.agent_id: agent for agent in agents}
        self.cache: dict[str, bytes] = {}

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        self.served["requests"] += 1
        self.served["writes"] += method != "GET"
        if not self.limit.lets_through():
            self.served["refused"] += 1
            return 429, json.dumps({"status": False, "code": "RATE_LIMIT_EXCEEDED", "retry_after": 60}).encode()
        if method == "GET" and path in self.cache:
            return 200, self.cache[path]
        status, data = self._route(method, path.partition("?")[0].split("/")[3:], path, body)
        told = json.dumps({"status": True, "data": data} if status < 400 else {"status": False, "errors": [data]})
        if method == "GET" and "/revisions/" in path and status == 200:
            self.cache[path] = told.encode()
        return status, told.encode()

    def _route(self, method: str, parts: list[str], path: str, body: bytes) -> tuple[int, Any]:
        if parts == ["agent"]:
            return 200, self._page(path)
        if parts == ["conversation"]:
            query = queried(path)
            return 200, self.agents[query["agentIds"]].conversations(query)
        if parts == ["user", "subscription"]:
            return 200, {"planId": "stub", "limits": {"agents": 3 if 0 < self.per_second <= 10 else 25}}
        agent = self.agents.get(parts[1]) if len(parts) > 1 and parts[0] == "agent" else None
        if agent is None:
            return (400, "No agent found") if parts[:1] == ["agent"] else (200, [])
        match method, parts[2:]:
            case "GET", ["branches"]:
                return 200, {"branches": [agent.branch()]}
            case "GET", ["branches", _, "revisions"]:
                return 200, {"revisions": agent.rows(), "total": len(agent.rows())}
            case "GET", ["branches", _, "revisions", _]:
                return 200, {"revision": agent.row(), "resolvedConfig": to_sections(agent.config, CHOICES)}
            case "PUT", ["branches", _, "draft"]:
                return 200, agent.write(json.loads(body))
            case "POST", ["branches", _, "draft", "publish"]:
                return 200, agent.publish(json.loads(body)["label"])
            case "GET", ["diff"]:
                return 200, {"unchangedSections": [], "diffs": []}
            case "GET", []:
                return 200, agent.listing()
            case "PATCH", []:
                return 200, agent.agent_id
        return 404, "Resource not found"

    def _page(self, path: str) -> dict[str, Any]:
        query = queried(path)
        page, size = int(query.get("page", 1)), int(query.get("offset", 10))
        agents = [] if query.get("archived") == "true" else list(self.agents.values())
        shown = [agent.listing() for agent in agents[(page - 1) * size : page * size]]
        pages = -(-len(agents) // size)
        return {"agents": shown, "hasMore": page < pages, "totalCount": len(agents), "totalPages": pages}


def queried(path: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in path.partition("?")[2].split("&") if part)


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, just enough for a well-behaved client."""

    def __init__(self, platform: Platform, latency_s: float) -> None:
        self.platform, self.latency_s = platform, latency_s
        self.buffer = b""
        self.write: Callable[[bytes], None] = lambda data: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.write = transport.write

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].decode("latin-1").split("\r\n")
            lengths = [line for line in head if line.lower().startswith("content-length:")]
            length = int(lengths[0].split(":")[1]) if lengths else 0
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            method, path, _ = head[0].split(" ")
            status, told = self.platform.answer(method, path, body)
            reply = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(told)}\r\n\r\n"
            asyncio.get_running_loop().call_later(self.latency_s, self.write, reply.encode() + told)


async def serve(seeds: Path, latency_ms: float, per_second: float) -> None:
    platform = Platform(json.loads(seeds.read_text()), per_second)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(platform, latency_ms / 1000), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    print(json.dumps(platform.served), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
