"""Fetches agents, with the tools, tests and documents that they name, from the ElevenLabs API. Reads only.

The paths are those of ElevenLabs' published API reference (`/v1/convai/...`, authenticated by the header `xi-api-key`).
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from agentops.document import Secret
from agentops.errors import NotFoundError, PlatformError, UnauthorizedError
from agentops.importers.elevenlabs.folder import SourceAgents
from agentops.importers.elevenlabs.reading import NotAnAgentError, read_agent
from agentops.importers.elevenlabs.tool_shapes import read_tool
from agentops.net import Dialect, Http, NetOptions, Transport

ORIGIN = "https://api.elevenlabs.io"
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def is_agent_id(text: str) -> bool:
    """Whether `text` could be an agent's id on ElevenLabs, and not a path."""
    return bool(_ID.fullmatch(text)) and any(c.isdigit() for c in text)


async def fetch_agents(
    ids: list[str], key: Secret, *, origin: str = ORIGIN, transport: Transport | None = None
) -> SourceAgents:
    """The agents with these ids. One that can't be fetched is refused with the reason; a wrong key raises."""
    sources = SourceAgents()
    dialect = Dialect(headers={"Accept": "application/json", "xi-api-key": key.reveal()})
    options = NetOptions(requests_per_second=5.0, max_in_flight=4)
    async with Http(origin, options=options, dialect=dialect, transport=transport) as http:
        for agent_id in ids:
            await _fetch(http, agent_id, sources)
    return sources


async def _fetch(http: Http, agent_id: str, sources: SourceAgents) -> None:
    try:
        data = await _get(http, f"/v1/convai/agents/{agent_id}")
    except UnauthorizedError:
        raise
    except PlatformError as error:
        sources.refuse(agent_id, error.summary)
        return
    tools = await _bodies(http, "tools", _ids_under(data, "tool_ids", "additional_tool_ids"))
    tests = await _bodies(http, "agent-testing", _ids_under(data, "test_id"))
    documents = await _bodies(http, "knowledge-base", _documents(data))
    bodies = {identifier: body for identifier, data in tools.items() if (body := read_tool(data))}
    try:
        sources.agents.append(read_agent(data, f"agent {agent_id}", tools=bodies, tests=tests, documents=documents))
    except NotAnAgentError as refusal:
        sources.refuse(agent_id, refusal.summary)


async def _bodies(http: Http, kind: str, ids: list[str]) -> dict[str, Any]:
    """Bodies by id. What does not exist any more is left out, and the conversion reports it as undefined."""

    async def one(identifier: str) -> tuple[str, Any]:
        try:
            return identifier, await _get(http, f"/v1/convai/{kind}/{identifier}")
        except NotFoundError:
            return identifier, None

    pairs = await asyncio.gather(*(one(identifier) for identifier in ids))
    return {identifier: body for identifier, body in pairs if isinstance(body, dict)}


def _documents(agent: Any) -> list[str]:
    """The ids of the documents in an agent's knowledge base."""
    node = agent
    for part in ("conversation_config", "agent", "prompt", "knowledge_base"):
        node = node.get(part) if isinstance(node, dict) else None
    return _ids_under(node, "id")


async def _get(http: Http, path: str) -> Any:
    return (await http.request("GET", path)).body


def _ids_under(tree: Any, *keys: str) -> list[str]:
    """The ids under any of `keys`, anywhere in `tree`."""
    found: list[str] = []
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                if key in keys:
                    found += [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]
                pending.append(value)
        elif isinstance(node, list):
            pending += node
    return [identifier for identifier in dict.fromkeys(found) if _ID.fullmatch(identifier)]
