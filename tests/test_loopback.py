"""Tests reach this machine and no other: what dials out fails, whichever way it dials."""

from __future__ import annotations

import asyncio
import socket

import pytest

ELSEWHERE = ("192.0.2.1", 443)  # an address that documents use, and that is nobody's
REFUSED = r"a test tried to connect to 192\.0\.2\.1; only loopback is allowed"


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_socket_that_dials_out_is_refused(method: str) -> None:
    with socket.socket() as sock, pytest.raises(RuntimeError, match=REFUSED):
        getattr(sock, method)(ELSEWHERE)


def test_a_connection_of_asyncio_that_dials_out_is_refused() -> None:
    with pytest.raises(RuntimeError, match=REFUSED):
        asyncio.run(asyncio.open_connection(*ELSEWHERE))


def test_this_machine_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
