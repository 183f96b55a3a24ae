"""A job on a fake GitHub: its variables, its event files, and a connection whose clock never really waits."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fake_github import REPOSITORY, TOKEN, FakeGithub

from agentops.ci.dialect import DIALECT
from agentops.ci.github import Github
from agentops.document import Secret, SecretRef
from agentops.net import Http

EVENTS = Path(__file__).parent / "events"


class InstantClock:
    """Time that passes only by sleeping, which takes no time."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.start = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def read_event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def variables(event: str, **more: str) -> dict[str, str]:
    """GitHub's variables of a job that `event` started."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_SHA": "3" * 40,
        "GITHUB_ACTOR": "dana",
        "GITHUB_REF_NAME": "main",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_RUN_ID": "4242",
        "GITHUB_TOKEN": TOKEN,
        **more,
    }


@pytest.fixture
def fake() -> FakeGithub:
    return FakeGithub()


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()


@pytest.fixture
async def connect(fake: FakeGithub, clock: InstantClock) -> AsyncIterator[Callable[..., Github]]:
    """`connect()` is a connection to the fake as the job has it; `connect(token=...)` one with another token."""
    opened: list[Http] = []

    def open_(token: str = TOKEN) -> Github:
        key = Secret((SecretRef("GITHUB_TOKEN", token),))
        transport = httpx2.ASGITransport(app=fake.app())
        opened.append(Http("http://github.test", api_key=key, dialect=DIALECT, transport=transport, clock=clock))
        return Github(opened[-1], REPOSITORY)

    yield open_
    for http in opened:
        await http.close()


@pytest.fixture
def github(connect: Callable[..., Github]) -> Github:
    return connect()
