"""Connections of our own: when one is used again, over TLS, and which requests go another way."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from fake_clock import FakeClock
from raw_server import Peer, RawServer, answer, raw_server, stall, then_hang_up

from agentops.document import Secret, SecretRef
from agentops.errors import OutcomeUnknownError, PlatformError, UnavailableError, UsageError
from agentops.net import Http, NetOptions, RetryPolicy
from agentops.net.direct import Direct
from agentops.net.library import is_for_library
from agentops.net.sending import Route

KEY = Secret((SecretRef("KEY", "sk_very_secret"),))
ONCE = NetOptions(requests_per_second=None, retry=RetryPolicy(attempts=2, base_s=0.0))


def direct(server: RawServer, **options: Any) -> Direct:
    return Direct(Route(server.origin, {}, **options))


async def test_the_warmest_connection_is_taken_first(anyio_backend: str) -> None:
    async with raw_server(answer()) as server:
        sender = direct(server)
        await asyncio.gather(*(sender.send("GET", "/many") for _ in range(3)))
        for _ in range(3):
            await sender.send("GET", "/one")
        assert len(server.peers) == 3
        assert len({seen.connection for seen in server.seen[3:]}) == 1
        await sender.close()


async def test_a_connection_that_lay_idle_too_long_is_replaced(anyio_backend: str) -> None:
    async with raw_server(answer()) as server:
        sender = direct(server, idle_s=-1.0)
        await sender.send("GET", "/x")
        await sender.send("GET", "/x")
        assert [seen.connection for seen in server.seen] == [1, 2]
        await server.peers[0].gone.wait()
        await sender.close()


async def test_a_server_that_speaks_unasked_is_not_listened_to(anyio_backend: str) -> None:
    """What it says would be taken for the answer to the next request."""
    async with raw_server(answer('"asked"')) as server:
        sender = direct(server)
        await sender.send("GET", "/x")
        await server.peers[0].say(answer('"unasked"'))
        await server.peers[0].gone.wait()
        assert (await sender.send("GET", "/x")).body == b'"asked"'
        assert [seen.connection for seen in server.seen] == [1, 2]
        await sender.close()


async def test_two_answers_to_one_request_do_not_shift_the_next(anyio_backend: str) -> None:
    async with raw_server(answer('"mine"') + answer('"nobody\'s"'), answer('"next"')) as server:
        sender = direct(server)
        assert (await sender.send("GET", "/x")).body == b'"mine"'
        assert (await sender.send("GET", "/x")).body == b'"next"'
        await sender.close()


async def sip(peer: Peer) -> None:
    """Takes a long request little by little."""
    for _ in range(16):
        await peer.reader.readexactly(1_000_000)
        await asyncio.sleep(0.03)  # the whole takes longer than one silence may
    await peer.say(answer())


async def test_a_long_request_on_a_slow_way_is_waited_for_as_long_as_it_moves(anyio_backend: str) -> None:
    async with raw_server(sip, takes_bodies=False) as server:
        sender = direct(server, read_timeout_s=0.4)
        assert (await sender.send("PUT", "/x", b"x" * 16_000_000)).status == 200
        await sender.close()


async def test_an_answer_to_half_a_request_leaves_no_usable_connection(anyio_backend: str) -> None:
    """What the server makes of the other half can't be known."""

    async def refuse(peer: Peer) -> None:
        await peer.say(answer(status="413 Content Too Large"))
        await stall(peer)

    async with raw_server(refuse, answer(), takes_bodies=False) as server:
        sender = direct(server)
        assert (await sender.send("PUT", "/x", b"x" * 16_000_000)).status == 413
        assert (await sender.send("GET", "/x")).status == 200
        assert server.seen[-1].connection == 2
        await sender.close()


# -- through the client: what a failure on the wire means for a request


@pytest.fixture
async def lossy(anyio_backend: str) -> AsyncIterator[RawServer]:
    """Takes the first request and hangs up; answers all others."""
    async with raw_server(then_hang_up(b"HTTP/1.1 2"), answer('{"status": true, "data": 1}')) as server:
        yield server


async def test_a_write_that_may_have_happened_is_not_repeated(lossy: RawServer) -> None:
    async with Http(lossy.origin, api_key=KEY, options=ONCE) as http:
        with pytest.raises(OutcomeUnknownError) as caught:
            await http.request("POST", "/x", body={})
    assert len(lossy.seen) == 1
    assert "sk_very_secret" not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize(("method", "repeatable"), [("GET", None), ("PATCH", True)])
async def test_what_changes_nothing_the_second_time_is_repeated(
    lossy: RawServer, method: str, repeatable: bool | None
) -> None:
    async with Http(lossy.origin, options=ONCE) as http:
        assert (await http.request(method, "/x", is_repeatable=repeatable)).body["data"] == 1
    assert len(lossy.seen) == 2


async def test_where_nobody_listens_every_request_is_tried_again(anyio_backend: str) -> None:
    async with raw_server(answer()) as server:
        origin = server.origin
    clock = FakeClock()
    async with Http(origin, api_key=KEY, options=ONCE, clock=clock) as http:
        with pytest.raises(UnavailableError, match="can't be reached") as caught:
            await http.request("POST", "/x", body={})
    assert len(clock.slept) == 1
    assert caught.value.code == "unreachable"


async def test_no_value_of_a_path_or_query_can_start_another_line(anyio_backend: str) -> None:
    async with raw_server(answer()) as server, Http(server.origin + "/ba se", options=ONCE) as http:
        await http.request("GET", "/agent/a\r\nX-Evil: 1 HTTP/1.1?x=#y", query={"q": "1\r\nX: 2&z=ü"})
    assert server.seen[0].line == (
        "GET /ba%20se/agent/a%0D%0AX-Evil:%201%20HTTP/1.1%3Fx=%23y?q=1%0D%0AX%3A%202%26z%3D%C3%BC HTTP/1.1"
    )
    assert "x-evil" not in server.seen[0].headers


@pytest.mark.parametrize("key", ["sk_1\r\nX-Evil: 1", "sk_1\n", "sk_é"])
def test_a_key_that_no_header_can_carry_is_a_usage_error_that_does_not_quote_it(key: str) -> None:
    with pytest.raises(UsageError, match="the API key") as caught:
        Http("http://127.0.0.1:1", api_key=Secret((SecretRef("KEY", key),)))
    assert "sk_" not in repr(caught.value) + str(caught.value)


# -- TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for `localhost` that signs itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, *names, "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True)
    return chain, key


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def far(server: RawServer, host: str = "localhost", **options: Any) -> Http:
    chosen = NetOptions(requests_per_second=None, retry=RetryPolicy(attempts=1), **options)
    return Http(f"https://{host}:{server.port}", api_key=KEY, options=chosen)


@pytest.mark.usefixtures("trusted")
async def test_requests_go_over_tls_to_a_host_that_is_who_it_says(tls: ssl.SSLContext, anyio_backend: str) -> None:
    async with raw_server(answer(), tls=tls) as server:
        async with far(server) as http:
            for _ in range(2):
                assert (await http.request("GET", "/x")).body == {}
        spoken = server.peers[0].writer.get_extra_info("ssl_object")
        assert spoken.selected_alpn_protocol() == "http/1.1"
        assert [seen.connection for seen in server.seen] == [1, 1]


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_of_another_host_gets_no_request(tls: ssl.SSLContext, anyio_backend: str) -> None:
    async with raw_server(answer(), tls=tls) as server, far(server, "127.0.0.1") as http:
        with pytest.raises(UnavailableError, match="certificate"):
            await http.request("POST", "/x", body={})
        assert not server.seen


async def test_a_certificate_that_the_system_does_not_trust_gets_no_request(
    tls: ssl.SSLContext, anyio_backend: str
) -> None:
    async with raw_server(answer(), tls=tls) as server, far(server) as http:
        with pytest.raises(UnavailableError, match="certificate"):
            await http.request("POST", "/x", body={})
        assert not server.seen


@pytest.mark.usefixtures("trusted")
async def test_a_long_request_goes_over_tls_as_fast_as_it_is_taken(tls: ssl.SSLContext, anyio_backend: str) -> None:
    async with raw_server(sip, tls=tls, takes_bodies=False) as server, far(server, read_timeout_s=0.4) as http:
        assert (await http.request("PUT", "/x", body="x" * 15_999_998)).status == 200


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("ending", [then_hang_up(answer("{}", "Connection: close")), stall])
async def test_a_tls_connection_that_ends_is_replaced(tls: ssl.SSLContext, anyio_backend: str, ending: Any) -> None:
    async with raw_server(ending, answer('"next"'), tls=tls) as server:
        async with far(server, read_timeout_s=0.4) as http:
            if ending is stall:
                with pytest.raises(OutcomeUnknownError):
                    await http.request("POST", "/x", body={})
            else:
                await http.request("POST", "/x", body={})
            assert (await http.request("GET", "/x")).body == "next"
        assert [seen.connection for seen in server.seen] == [1, 2]


@pytest.mark.usefixtures("trusted")
async def test_a_tls_connection_closed_while_idle_loses_no_write(tls: ssl.SSLContext, anyio_backend: str) -> None:
    async with raw_server(answer(), tls=tls) as server, far(server) as http:
        await http.request("GET", "/x")
        await server.peers[0].hang_up()
        await server.peers[0].gone.wait()
        await http.request("POST", "/x", body={})
        assert [seen.connection for seen in server.seen] == [1, 2]


@pytest.mark.usefixtures("trusted")
async def test_a_server_that_never_finishes_the_handshake_has_been_sent_nothing(anyio_backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        async with far(RawServer([], mute.getsockname()[1]), connect_timeout_s=0.05) as http:
            with pytest.raises(UnavailableError, match="no answer in time"):
                await http.request("POST", "/x", body={})


# -- what goes another way


@pytest.mark.parametrize(
    ("origin", "trusts_env", "proxies", "expected"),
    [
        ("https://api.example.com", True, {}, False),
        ("https://api.example.com", True, {"HTTPS_PROXY": "http://p:1"}, True),
        ("https://api.example.com", True, {"ALL_PROXY": "http://p:1"}, True),
        ("https://api.example.com", True, {"HTTP_PROXY": "http://p:1"}, False),
        ("http://api.example.com", True, {"http_proxy": "http://p:1"}, True),
        ("http://127.0.0.1:1", False, {"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"}, False),
        ("https://user:word@api.example.com", False, {}, True),
        ("https://bücher.example.com", False, {}, True),
    ],
)
def test_the_library_takes_what_needs_a_proxy_or_more(
    monkeypatch: pytest.MonkeyPatch, origin: str, trusts_env: bool, proxies: dict[str, str], expected: bool
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)
    assert is_for_library(Route(origin, {}, trusts_env=trusts_env)) is expected


async def test_a_request_to_a_far_host_goes_to_the_proxy(monkeypatch: pytest.MonkeyPatch, anyio_backend: str) -> None:
    async with raw_server(answer()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        async with Http("http://api.example.com", options=ONCE) as http:
            assert (await http.request("GET", "/x")).body == {}
    assert proxy.seen[0].line == "GET http://api.example.com/x HTTP/1.1"


async def test_a_request_to_this_machine_goes_to_no_proxy(monkeypatch: pytest.MonkeyPatch, anyio_backend: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with raw_server(answer()) as server, Http(server.origin, options=ONCE) as http:
        assert (await http.request("GET", "/x")).body == {}


async def test_a_stream_is_read_line_by_line_beside_the_requests(anyio_backend: str) -> None:
    async def events(peer: Peer) -> None:
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\ndata: 2\n")
        await peer.hang_up()

    async with raw_server(answer(), events) as server, Http(server.origin, api_key=KEY, options=ONCE) as http:
        await http.request("GET", "/x")
        lines = [line async for line in http.stream_lines("/events", query={"id": "a b"})]
    assert lines == ["data: 1", "", "data: 2"]
    assert server.seen[1].line == "GET /events?id=a%20b HTTP/1.1"
    assert server.seen[1].headers["authorization"] == "Bearer sk_very_secret"


async def test_a_stream_that_nobody_reads_on_is_closed(anyio_backend: str) -> None:
    async def events(peer: Peer) -> None:
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n")
        await stall(peer)

    async with raw_server(events) as server, Http(server.origin, options=ONCE) as http:
        async with aclosing(http.stream_lines("/events")) as lines:  # type: ignore[type-var]
            assert await anext(lines) == "data: 1"
        await server.peers[0].gone.wait()


async def test_a_stream_that_is_refused_says_why(anyio_backend: str) -> None:
    refusal = answer('{"status": false, "errors": ["no such call sk_very_secret"]}', status="404 Not Found")
    async with raw_server(refusal) as server, Http(server.origin, api_key=KEY, options=ONCE) as http:
        with pytest.raises(PlatformError, match=r"no such call \*\*\*"):
            async for _ in http.stream_lines("/events"):
                pass
