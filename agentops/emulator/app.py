"""The emulator as one ASGI application: REST, the realtime WebSocket, the console, and its own controls."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.routing import Route as HttpRoute

from agentops.emulator.behaviour.callers import SimulatedCallers
from agentops.emulator.console.web import Console
from agentops.emulator.control import Controls
from agentops.emulator.faults import ArmedFaults
from agentops.emulator.interception import Interception, RequestLog
from agentops.emulator.observation import OBSERVERS, Observation
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.realtime.endpoint import open_endpoint
from agentops.emulator.rest.account import numbers
from agentops.emulator.rest.account.deliveries import Deliveries
from agentops.emulator.rest.dispatch import Dispatcher, not_found
from agentops.emulator.rest.openapi import build_document
from agentops.emulator.rest.routes import ROUTES
from agentops.emulator.rest.wire import Route
from agentops.emulator.seeding import seed_account
from agentops.emulator.store.database import EmulatorError
from agentops.emulator.store.state import Clock, Store

FIRST_NUMBER = "+14155550100"
FIRST_NUMBER_ID = "65f0000000000000000000dd"


def create_app(options: EmulatorOptions, *, clock: Clock | None = None) -> Starlette:
    """The application over the data of `options`. Its store is `app.state.store`; the server's end closes it.

    Raises EmulatorError when the data file or a behaviour file cannot be used.
    """
    store = Store(options, clock=clock)
    try:
        if options.reset:
            store.database.clear()
        add_first_number(store)
        if options.seed_file is not None:
            seed_account(store, options.seed_file)
        return _build(store)
    except EmulatorError:
        store.close()
        raise


def _build(store: Store) -> Starlette:
    served = served_routes(store.options.api)
    document = describe_platform(store.options.api, int(store.options.choices.wrong_key_status))
    faults, log, realtime = ArmedFaults(), RequestLog(), open_endpoint(store)
    store.callee = realtime.behaviours.callee
    # Kept for each name: they hold the expanded sentences of their behaviour.
    store.callers = cache(lambda name: SimulatedCallers(realtime.behaviours.of(name)))
    for fault in store.options.faults:
        faults.arm(fault)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            realtime.close()
            store.close()

    # Faults lie around the observation: an answer that was broken on purpose is nothing to check.
    middleware = [
        Middleware(Interception, store=store, faults=faults, log=log, is_versioning_write=versioning_writes(served))
    ]
    if OBSERVERS:
        middleware.append(Middleware(Observation, document=document, observers=[*OBSERVERS]))
    app = Starlette(
        routes=[
            HttpRoute("/openapi.json", describe),
            *realtime.routes(),
            *rest_routes(store, served),
            *Controls(store, faults, log, realtime).routes(),
            *Console(store, log).routes(),
        ],
        middleware=middleware,
        exception_handlers={404: not_found, 405: not_found},
        lifespan=lifespan,
    )
    app.state.store = store
    app.state.deliveries = Deliveries(store)
    app.state.document = document
    return app


def add_first_number(store: Store) -> None:
    """What a new account has from the start: one rented phone number."""
    if store.database.get("product", FIRST_NUMBER_ID) is None:
        numbers.add_phone_number(store, FIRST_NUMBER, product_id=FIRST_NUMBER_ID)


def served_routes(api: str) -> list[Route]:
    """The operations that this generation of the platform has."""
    hidden = "v2" if api == "v1" else "v1"
    return [route for route in ROUTES if route.generation != hidden]


@cache
def describe_platform(api: str, wrong_key: int) -> dict[str, Any]:
    """The OpenAPI document: the same for all emulators with the same options, so it is made once."""
    return build_document(served_routes(api), api=api, wrong_key=wrong_key)


def rest_routes(store: Store, served: list[Route]) -> list[BaseRoute]:
    """The operations as routes of the server, in the table's order: the first that fits path and method answers."""
    return [HttpRoute(route.path, Dispatcher(store, route).respond, methods=[route.method]) for route in served]


def versioning_writes(served: list[Route]) -> Callable[[str, str], bool]:
    """A function of method and path: whether a maintenance freeze stops the request."""
    frozen = [
        (route.method, re.compile(re.sub(r"{\w+}", "[^/]+", route.path)))
        for route in served
        if route.is_versioning_write
    ]

    def is_versioning_write(method: str, path: str) -> bool:
        return any(method == each and pattern.fullmatch(path) for each, pattern in frozen)

    return is_versioning_write


async def describe(http: HttpRequest) -> JSONResponse:
    return JSONResponse(http.app.state.document)
