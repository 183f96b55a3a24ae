"""Fixtures for everything that deploys: an emulated account in either generation, in-process, on a clock of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from deploy_world import World, open_world

from agentops.document import Generation


@pytest.fixture(params=[Generation.V2, Generation.V1])
def generation(request: pytest.FixtureRequest) -> Generation:
    found: Generation = request.param
    return found


@pytest.fixture
async def world(generation: Generation, anyio_backend: str) -> AsyncIterator[World]:
    async with open_world(generation) as opened:
        yield opened
