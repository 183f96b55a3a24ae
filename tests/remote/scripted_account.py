"""An account whose platform answers what a test says, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import httpx2
from patient_clock import PatientClock

from agentops.document import Generation, Secret, SecretRef
from agentops.net import NetOptions
from agentops.remote.connect import connect
from agentops.remote.port import Writer

API = "/atoms/v1"
KEY = Secret((SecretRef("KEY", "sk_test"),))
UNLIMITED = NetOptions(requests_per_second=None)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `GET /agent`, without the start that all paths of the platform share."""

    request: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer as it stands, bytes or JSON; other answers of a script are the `data` of one that is good."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(status: int, *errors: str) -> Whole:
    return Whole({"status": False, "errors": list(errors)}, status)


# By request: the data of its answer, a `Whole`, a tuple of answers of which the last is given again and again, or a
# function of what was asked.
Script: TypeAlias = Mapping[str, Any]


class Platform:
    """Fails the test that asks what the script has no answer to, or that asks without an end."""

    def __init__(self, script: Script) -> None:
        self.script, self.clock = script, PatientClock(datetime(2026, 11, 22, 10, 30, tzinfo=UTC))
        self.asked: list[Asked] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix(API)
        is_json = request.headers.get("content-type") == "application/json"
        body = json.loads(request.content) if request.content and is_json else request.content or None
        asked = Asked(f"{request.method} {path}", dict(request.url.params.items()), body)
        earlier = sum(each.request == asked.request for each in self.asked)
        self.asked.append(asked)
        assert len(self.asked) < 300, f"{asked.request} is asked again and again"
        assert asked.request in self.script, f"{asked.request} was not to be asked"
        answer = self.script[asked.request]
        if isinstance(answer, tuple):
            answer = answer[min(earlier, len(answer) - 1)]
        if callable(answer):
            answer = answer(asked)
        if not isinstance(answer, Whole):
            answer = Whole({"status": True, "data": answer})
        if isinstance(answer.body, bytes):
            return httpx2.Response(answer.status, headers=answer.headers, content=answer.body)
        return httpx2.Response(answer.status, headers=answer.headers, json=answer.body)

    @property
    def requests(self) -> list[str]:
        return [each.request for each in self.asked]


@asynccontextmanager
async def scripted(
    script: Script, generation: Generation | None = Generation.V2, options: NetOptions = UNLIMITED
) -> AsyncIterator[tuple[Writer, Platform]]:
    platform = Platform(script)
    transport = httpx2.MockTransport(platform)
    async with await connect(
        "http://platform.test", KEY, generation=generation, options=options, transport=transport, clock=platform.clock
    ) as account:
        yield account, platform
