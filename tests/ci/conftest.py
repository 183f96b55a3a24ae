"""A job on a fake GitHub: a connection whose clock never really waits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from fake_github import REPOSITORY, TOKEN, FakeGithub
from github_job import InstantClock

from agentops.ci.dialect import DIALECT
from agentops.ci.github import Github
from agentops.document import Secret, SecretRef
from agentops.net import Http


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
