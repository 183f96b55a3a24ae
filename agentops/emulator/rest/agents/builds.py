"""Builds of code (crew) agents, which the vendor's command line lists. None can be made here, so the list is empty."""

from __future__ import annotations

from agentops.emulator.rest.schema import COUNT, OBJECT, array, obj
from agentops.emulator.rest.versioning import versions
from agentops.emulator.rest.wire import Answer, Request, Route, answer, data
from agentops.emulator.store.state import Store


def list_builds(store: Store, request: Request) -> Answer:
    versions.read_agent(store, request.params["agent_id"])
    limit, offset = request.whole("limit", 50, most=100), request.whole("offset", 0, least=0)
    return answer({"builds": [], "pagination": {"limit": limit, "offset": offset, "total": 0}})


_PAGE = obj({"limit": COUNT, "offset": COUNT, "total": COUNT}, required=("limit", "offset", "total"))

ROUTES = (
    Route(
        "GET",
        "/atoms/v1/sdk/agents/{agent_id}/builds",
        list_builds,
        "List an agent's builds",
        {200: data(obj({"builds": array(OBJECT), "pagination": _PAGE}, required=("builds", "pagination")))},
        query={"limit": COUNT, "offset": COUNT},
    ),
)
