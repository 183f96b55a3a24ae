"""The emulator's own description of itself, made from the table of routes and served at `/openapi.json`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from agentops.emulator.rest.schema import ID, TEXT
from agentops.emulator.rest.wire import RATE_LIMITED, Route

REASONS = {
    200: "Done.",
    201: "Created.",
    202: "Accepted; it goes on in the background.",
    400: "The request itself is wrong, or the agent does not exist.",
    401: "No key, or one that this account does not know.",
    403: "Not allowed: a gated model, a role, or a rule of the branch model.",
    404: "There is no such thing.",
    409: "It conflicts with what is there; `error_type` or the texts say how.",
    413: "Too much at once.",
    422: "Understood, but it cannot be processed.",
    423: "Configuration is frozen for maintenance.",
    429: "Too many requests; `Retry-After` says when to come back.",
    500: "A key that this account does not know, as some report it of the platform.",
}


def build_document(routes: Iterable[Route], *, api: str, wrong_key: int = 401) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the given routes. `wrong_key` is the status that an unknown key is answered with."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, {401, wrong_key, 429})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "agentops emulator",
            "version": api,
            "description": "A local stand-in for the Atoms voice-agent platform. Written from its observed behaviour;"
            " an unknown path answers an HTML page with status 404.",
        },
        "security": [{"key": []}],
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "paths": paths,
    }


def _operation(route: Route, always: set[int]) -> dict[str, Any]:
    in_path = []
    for name in re.findall(r"{(\w+)}", route.path):
        is_object_id = name in ("agent_id", "branch_id", "revision_id", "version_id")
        schema = ID if is_object_id else {**TEXT, "minLength": 1}
        in_path.append({"name": name, "in": "path", "required": True, "schema": schema})
    in_query = [{"name": name, "in": "query", "required": False, "schema": each} for name, each in route.query.items()]
    operation: dict[str, Any] = {
        "operationId": f"{route.handler.__module__.rpartition('.')[2]}.{route.handler.__name__}",
        "summary": route.summary,
        "parameters": in_path + in_query,
        "responses": _responses(route, always),
    }
    if route.is_retired:
        operation["deprecated"] = True
    if route.multipart is not None:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": route.multipart}}}
    elif route.body is not None:
        content = {"application/json": {"schema": route.body}}
        operation["requestBody"] = {"required": route.is_body_required, "content": content}
    return operation


def _responses(route: Route, always: set[int]) -> dict[str, Any]:
    """`always` are the statuses of the failures that every operation can answer."""
    responses = {}
    for status, schema in route.answers.items():
        content = {route.media or "application/json": {"schema": schema}}
        responses[str(status)] = {"description": REASONS[status], "content": content}
    for status in sorted({*route.refuses, *always} - set(route.answers)):
        failure = {"application/json": {"schema": RATE_LIMITED if status == 429 else route.failure}}
        page = {"text/html": {"schema": TEXT}} if status == 404 and route.is_retired else {}
        responses[str(status)] = {"description": REASONS[status], "content": {**failure, **page}}
    return responses
