"""One request to the account, and what its answer carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentops.net import Answer, Http, error_of

API = "/atoms/v1"


class Requests:
    """What all calls of one account are made with."""

    def __init__(self, http: Http) -> None:
        self.http = http

    @property
    def base_url(self) -> str:
        return self.http.origin

    async def _get(self, path: str, **query: Any) -> Any:
        answer = await self.http.request("GET", API + path, query=query or None)
        return unwrapped(answer, f"GET {API}{path}")

    async def _write(self, method: str, path: str, body: Any = None, *, is_repeatable: bool = False) -> Any:
        answer = await self.http.request(method, API + path, body=body, is_repeatable=is_repeatable)
        return unwrapped(answer, f"{method} {API}{path}")


def unwrapped(answer: Answer, request: str) -> Any:
    """What an answer carries, out of either documented envelope."""
    body = answer.body
    if not isinstance(body, Mapping):
        return body
    verdict = body.get("status", body.get("success"))
    if verdict is False:
        raise error_of(answer, request)
    return body.get("data") if isinstance(verdict, bool) else body
