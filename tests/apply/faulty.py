"""A transport that misbehaves on request, between the client and the emulator."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2


@dataclass(slots=True)
class Fault:
    """What happens to `times` requests that match `method` and the pattern `path`, once `after` of them have passed.

    kind: "answer" (the emulator never sees it), "connect", "timeout" (not carried out), "timeout_after" and
          "truncated" (carried out, and the answer lost or cut off)
    """

    method: str
    path: str
    kind: str
    status: int = 0
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    after: int = 0

    def fits(self, request: httpx2.Request) -> bool:
        if request.method != self.method or re.search(self.path, request.url.path) is None:
            return False
        self.after -= 1
        return self.after < 0 < self.times


@dataclass(slots=True)
class FaultyTransport(httpx2.AsyncBaseTransport):
    """Passes requests on to `inner`; `log` has every one as "METHOD /path"."""

    inner: httpx2.AsyncBaseTransport
    fault: Fault | None = None
    log: list[str] = field(default_factory=list)
    before: Callable[[httpx2.Request], None] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.log.append(f"{request.method} {request.url.path}")
        if self.before is not None:
            self.before(request)
        fault = self.fault
        if fault is None or not fault.fits(request):
            return await self.inner.handle_async_request(request)
        fault.times -= 1
        return await self._misbehave(fault, request)

    async def _misbehave(self, fault: Fault, request: httpx2.Request) -> httpx2.Response:
        match fault.kind:
            case "connect":
                raise httpx2.ConnectError("connection refused", request=request)
            case "timeout":
                raise httpx2.ReadTimeout("no answer", request=request)
            case "timeout_after":
                await self.inner.handle_async_request(request)
                raise httpx2.ReadTimeout("no answer", request=request)
            case "truncated":
                await self.inner.handle_async_request(request)
                return httpx2.Response(200, content=b'{"status": true, "da', request=request)
            case "answer":
                content = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
                return httpx2.Response(fault.status, content=content.encode(), headers=fault.headers, request=request)
            case other:
                raise AssertionError(f"no such fault: {other}")
