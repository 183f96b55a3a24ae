"""What holds for every test: a scrubbed environment, no network but loopback, asyncio, and emulators that keep to their
own document."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio._core._eventloop import get_async_backend
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "conformance"))
from conformance import Watch, watching

# A busy machine is no failure. Where CI decides whether a change lands, every run tries the same examples; a run by
# hand keeps looking for new ones.
settings.register_profile("agentops", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("agentops")

SCRUBBED = ("SMALLEST_", "AGENTOPS_", "_AGENTOPS_", "GITHUB_", "ELEVENLABS_", "ACTIONS_", "RUNNER_")


def _to_loopback(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
    """`connect`, which fails the test that asks for anything but this machine."""

    def connect_to(sock: socket.socket, address: Any) -> Any:
        host = address[0] if sock.family in (socket.AF_INET, socket.AF_INET6) else "localhost"
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise RuntimeError(f"a test tried to connect to {host}; only loopback is allowed")
        return connect(sock, address)

    return connect_to


# No audit hook: Python would call it wherever a thread begins to be traced, too, and a second thread that begins while
# it runs ends with a RuntimeError ("Cannot install a trace function while another trace function is being installed").
if not os.environ.get("AGENTOPS_LIVE_API_KEY"):
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, _to_loopback(getattr(socket.socket, name)))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(SCRUBBED) or name in ("CI", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="session", autouse=True)
def emulator_watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    with watching(tmp_path_factory.mktemp("conformance") / "violations") as watch:
        yield watch


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(emulator_watch: Watch) -> Iterator[None]:
    """Fails a test in which an emulator gave an answer that its own OpenAPI document does not have."""
    yield
    if told := emulator_watch.take():
        pytest.fail("an emulator left its own document:\n" + "\n".join(told), pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def _connections_that_can_be_traced() -> Iterator[None]:
    """Python 3.11 loses its place in what it traces when anyio cancels attempts at a connection that are not needed
    any more: no line that the callers of `asyncio.run` run afterwards would be counted. Here a host has one address, so
    there is nothing to cancel."""

    async def connect_tcp(remote_host: str, remote_port: int, *, local_host: str | None = None) -> Any:
        assert local_host is None
        return await get_async_backend().connect_tcp(remote_host, remote_port, None)

    with pytest.MonkeyPatch.context() as patch:
        if sys.version_info < (3, 12) and sys.gettrace() is not None:
            patch.setattr(anyio, "connect_tcp", connect_tcp)
        yield


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
