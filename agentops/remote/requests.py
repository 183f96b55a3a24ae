"""How requests to an account are sent, and how what an answer carries is taken out of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentops.net import Answer, Http, Upload

API = "/atoms/v1"


class Requests:
    """Sends requests to one account; the base of the classes that know one kind of request each."""

    def __init__(self, http: Http) -> None:
        self.http = http

    @property
    def base_url(self) -> str:
        return self.http.origin

    async def _get(self, path: str, **query: Any) -> Any:
        answer = await self.http.request("GET", API + path, query=query or None)
        return self._unwrapped(answer, f"GET {API}{path}")

    async def _write(self, method: str, path: str, body: Any = None, *, is_repeatable: bool = False) -> Any:
        answer = await self.http.request(method, API + path, body=body, is_repeatable=is_repeatable)
        return self._unwrapped(answer, f"{method} {API}{path}")

    def _unwrapped(self, answer: Answer, request: str) -> Any:
        """What an answer carries, taken out of either documented envelope; a bare object has none."""
        body = answer.body
        if not isinstance(body, Mapping):
            return body
        verdict = body.get("status", body.get("success"))
        if verdict is False:
            raise self.http.error_of(answer, request)
        return body.get("data") if isinstance(verdict, bool) else body  # a resource's own `status` is a word


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in a form, and the field that it is sent in."""

    field: str
    name: str
    content_type: str
    data: bytes


def form(fields: Mapping[str, str], file: FilePart) -> Upload:
    """A multipart body. Its boundary is random, so that no part can hold it."""
    boundary = secrets.token_hex()
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{file.name}"\r\n'
        f"Content-Type: {file.content_type}\r\n\r\n"
    )
    data = head.encode() + file.data + f"\r\n--{boundary}--\r\n".encode()
    return Upload(data, f"multipart/form-data; boundary={boundary}")
