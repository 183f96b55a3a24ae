"""The emulator as one ASGI application: REST, the realtime WebSocket, and what every answer has in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.routing import Route as HttpRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentops.emulator import account
from agentops.emulator.dispatch import Dispatcher, not_found
from agentops.emulator.openapi import build_document
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.routes import ROUTES
from agentops.emulator.store import Clock, Store
from agentops.emulator.wire import Route

FIRST_NUMBER = "+14155550100"
FIRST_NUMBER_ID = "65f0000000000000000000dd"


def create_app(options: EmulatorOptions, *, clock: Clock | None = None) -> Starlette:
    """The application over the data of `options`. Its store is `app.state.store`; the server's end closes it.

    Raises EmulatorError when the data file cannot be used, for instance because another process has it open.
    """
    store = Store(options, clock=clock)
    if options.reset:
        store.database.clear()
    furnish(store)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            store.close()

    served = served_routes(options.api)
    app = Starlette(
        routes=[HttpRoute("/openapi.json", describe), *rest_routes(store, served)],
        exception_handlers={404: not_found, 405: not_found},
        lifespan=lifespan,
    )
    app.add_middleware(RequestIds, new_id=store.new_uuid)
    app.state.store = store
    app.state.document = build_document(served, api=options.api)
    return app


def furnish(store: Store) -> None:
    """What a new account has from the start: one rented phone number."""
    if store.database.get("product", FIRST_NUMBER_ID) is None:
        account.add_phone_number(store, FIRST_NUMBER, product_id=FIRST_NUMBER_ID)


def served_routes(api: str) -> list[Route]:
    """The operations that this generation of the platform has."""
    hidden = "v2" if api == "v1" else "v1"
    return [route for route in ROUTES if route.generation != hidden]


def rest_routes(store: Store, served: list[Route]) -> list[BaseRoute]:
    """The first route that fits a path and method answers."""
    return [HttpRoute(route.path, Dispatcher(store, route).respond, methods=[route.method]) for route in served]


async def describe(http: HttpRequest) -> JSONResponse:
    return JSONResponse(http.app.state.document)


class RequestIds:
    """Gives every HTTP answer its `x-request-id`."""

    def __init__(self, app: ASGIApp, new_id: Callable[[], str]) -> None:
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._new_id().encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        await self._app(scope, receive, send_with_id)
