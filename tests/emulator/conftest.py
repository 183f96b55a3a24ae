"""An emulator in this process whose clock the tests move, and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from emulated import START, Account

from agentops.emulator.app import create_app
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.store.state import Clock


@pytest.fixture
async def open_account() -> AsyncIterator[Callable[..., Account]]:
    async with AsyncExitStack() as stack:

        def build(**options: Any) -> Account:
            ticking = iter(range(10**9))
            clock = Clock(lambda: START.replace(microsecond=next(ticking) % 10**6))
            app = create_app(EmulatorOptions(**{"scan_delay_s": 5.0, "seed": 1, **options}), clock=clock)
            store = app.state.store
            stack.callback(store.close)
            transport = httpx2.ASGITransport(app=app)
            headers = {"Authorization": "Bearer sk_test"}
            client = httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)
            stack.push_async_callback(client.aclose)
            return Account(client, store, clock)

        yield build


@pytest.fixture
def account(open_account: Callable[..., Account]) -> Account:
    return open_account()


@pytest.fixture
def account_v1(open_account: Callable[..., Account]) -> Account:
    return open_account(api="v1")
