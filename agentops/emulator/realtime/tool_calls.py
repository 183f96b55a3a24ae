"""Tools of an emulated agent: a mocked answer, or the HTTP request that an `api_call` tool describes."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from typing import Any

import httpx2

from agentops.emulator.behaviour.dialogue import render_text
from agentops.emulator.realtime.work import CallTool, ToolOutcome

FORBIDDEN = "this emulator does not send requests for tools; start it with --allow-tool-calls"
_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


async def call_tool(work: CallTool, *, may_send: bool) -> ToolOutcome:
    """The tool's outcome; a failure is an outcome with an error, never an exception."""
    started = time.monotonic()
    use, tool = work.use, work.tool
    # The behaviour file's answer comes first; a tool of a type that sends no request succeeds without one.
    if use.error is not None or use.result is not None or tool.get("type") != "api_call":
        await asyncio.sleep(use.takes_ms / 1000)
        answer, error = (None, use.error) if use.error is not None else (use.result, None)
    elif may_send:
        answer, error = await send_request(
            tool, work.variables, timeout_s=float(tool.get("timeout", 5000)) / 1000
        )  # in ms
    else:
        answer, error = None, FORBIDDEN
    variables = {} if error else read_variables(tool.get("responseVariables", []), answer)
    return ToolOutcome(answer, error, (time.monotonic() - started) * 1000, variables)


async def send_request(
    request: Mapping[str, Any], variables: Mapping[str, Any], *, timeout_s: float
) -> tuple[Any, str | None]:
    """Sends the request of an `api_call` tool or a pre-call API: (its answer, None) or (None, what went wrong)."""
    try:
        async with httpx2.AsyncClient(timeout=timeout_s) as client:
            answer = await client.request(**_arguments(request, variables))
    except (httpx2.HTTPError, httpx2.InvalidURL) as problem:
        return None, f"{type(problem).__name__}: {problem}"
    if answer.is_error:
        return None, f"HTTP {answer.status_code}"
    try:
        return answer.json(), None
    except ValueError:
        return answer.text, None


def _arguments(request: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    headers = dict(request.get("headers", {}))
    headers |= {pair["key"]: pair["value"] for pair in request.get("headersArray", [])}
    # Pairs in a tool, an object in a pre-call API.
    query = request.get("queryParams", {})
    query = query if isinstance(query, dict) else {pair["key"]: pair["value"] for pair in query}
    arguments: dict[str, Any] = {
        "method": request["method"],
        "url": render_text(request["url"], variables),
        "headers": {name: render_text(str(value), variables) for name, value in headers.items()},
        "params": {name: render_text(str(value), variables) for name, value in query.items()},
    }
    if body := request.get("requestBody") or request.get("body"):
        arguments["content"] = render_text(body if isinstance(body, str) else json.dumps(body), variables)
        if not any(name.lower() == "content-type" for name in headers):
            arguments["headers"]["Content-Type"] = "application/json"
    return arguments


def read_variables(wanted: list[Mapping[str, str]], answer: Any) -> dict[str, Any]:
    """What `responseVariables` take out of an answer; a path that leads nowhere sets nothing."""
    found = {each["variableName"]: read_path(answer, each["jsonPath"]) for each in wanted}
    return {name: value for name, value in found.items() if isinstance(value, (str, int, float, bool))}


def read_path(document: Any, path: str) -> Any:
    """The value at a simple JSONPath (`$.a.b[0].c`), or None."""
    for name, index in _PART.findall(path.removeprefix("$")):
        if index and isinstance(document, list) and int(index) < len(document):
            document = document[int(index)]
        elif name and isinstance(document, dict):
            document = document.get(name)
        else:
            return None
    return document
