"""Concurrency over HTTP: how many calls the account may have at once, and what is reserved for which agent."""

from __future__ import annotations

from agentops.emulator.rest.schema import (
    COUNT,
    TEXT,
    array,
    maybe,
    obj,
)
from agentops.emulator.rest.wire import (
    Answer,
    ApiError,
    Request,
    Route,
    succeeded,
    success,
)
from agentops.emulator.store.state import Store

ORGANIZATION_SLOTS = 100  # calls at once, of all agents and kinds together
CALL_TYPES = ("webcall", "outbound", "inbound", "chat")


def get_concurrency(store: Store, request: Request) -> Answer:
    reserved = store.database.all("reservation")
    total = sum(each[kind] for each in reserved for kind in CALL_TYPES)
    agents = [
        {**each, "agentName": (store.database.get("agent", each["agentId"]) or {}).get("name")} for each in reserved
    ]
    overview = {"orgLimit": ORGANIZATION_SLOTS, "totalReserved": total, "unreservedPool": ORGANIZATION_SLOTS - total}
    return succeeded({**overview, "agents": agents})


def reserve(store: Store, request: Request) -> Answer:
    """Sets the named agents' reservations, which zeros release; agents that are not named keep theirs."""
    reserved = {each["agentId"]: each for each in store.database.all("reservation")}
    for wanted in request.body["reservations"]:
        if store.database.get("agent", wanted["agentId"]) is None:
            raise ApiError(400, "Agent not found")
        reserved[wanted["agentId"]] = {name: wanted[name] for name in ("agentId", *CALL_TYPES)}
    if sum(each[kind] for each in reserved.values() for kind in CALL_TYPES) > ORGANIZATION_SLOTS:
        raise ApiError(400, f"Reservations exceed the organization limit of {ORGANIZATION_SLOTS}")
    for agent_id, reservation in reserved.items():
        if any(reservation[kind] for kind in CALL_TYPES):
            store.database.put("reservation", agent_id, reservation)
        else:
            store.database.drop("reservation", agent_id)
    return succeeded({"updated": len(request.body["reservations"])})


_SLOTS = {"agentId": TEXT, **dict.fromkeys(CALL_TYPES, COUNT)}
_RESERVED = obj({**_SLOTS, "agentName": maybe(TEXT)}, required=tuple(_SLOTS))

ROUTES = (
    Route(
        "GET",
        "/atoms/v1/concurrency",
        get_concurrency,
        "Read the reservations of call slots",
        {
            200: success(
                obj(
                    {"orgLimit": COUNT, "totalReserved": COUNT, "unreservedPool": COUNT, "agents": array(_RESERVED)},
                    required=("orgLimit", "totalReserved", "unreservedPool", "agents"),
                )
            )
        },
        refuses=(),
    ),
    Route(
        "PUT",
        "/atoms/v1/concurrency/reservations",
        reserve,
        "Reserve call slots",
        {200: success(obj({"updated": COUNT}, required=("updated",)))},
        body=obj({"reservations": array(obj(_SLOTS, required=tuple(_SLOTS)), least=1)}, required=("reservations",)),
        refuses=(400, 403),
    ),
)
