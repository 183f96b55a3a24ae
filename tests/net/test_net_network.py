"""The client on a network: what a failure on the wire means, TLS, proxies, streams, and hosts that say nothing."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_clock import FakeClock
from raw_server import Peer, RawServer, answer, raw_server, stall, then_hang_up

from agentops.document import Secret, SecretRef
from agentops.errors import OutcomeUnknownError, PlatformError, UnavailableError, UsageError
from agentops.net import Http, NetOptions, RetryPolicy
from agentops.net.origin import find_proxy, platform_origin

KEY = Secret((SecretRef("KEY", "sk_very_secret"),))
ONCE = NetOptions(requests_per_second=None, retry=RetryPolicy(attempts=2, base_s=0.0))


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


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
    """A certificate for `localhost` and one address that signs itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:2606:4700::1111"]
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
        await asyncio.sleep(0)  # the server itself waits for the client to close, too
        await http.request("POST", "/x", body={})
        assert [seen.connection for seen in server.seen] == [1, 2]


@pytest.mark.usefixtures("trusted")
async def test_a_server_that_never_finishes_the_handshake_has_been_sent_nothing(anyio_backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        async with far(RawServer([], mute.getsockname()[1]), connect_timeout_s=0.05) as http:
            with pytest.raises(UnavailableError, match="no answer in time"):
                await http.request("POST", "/x", body={})


async def test_a_certificate_that_is_refused_is_asked_for_once_and_says_what_to_do(
    tls: ssl.SSLContext, anyio_backend: str
) -> None:
    clock = FakeClock()
    async with raw_server(answer(), tls=tls) as server:
        options = NetOptions(requests_per_second=None)
        async with Http(f"https://localhost:{server.port}", options=options, clock=clock) as http:
            with pytest.raises(UnavailableError) as caught:
                await http.request("GET", "/x")
    assert (caught.value.code, clock.slept) == ("certificate", [])
    assert "SSL_CERT_FILE" in (caught.value.hint or "")


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), ("not a certificate", "no PEM certificate")])
def test_certificates_that_cannot_be_read_are_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, why: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(UsageError, match=f"SSL_CERT_FILE.*{why}") as caught:
        Http("https://api.example.com")
    assert "PEM" in (caught.value.hint or "")


# -- proxies


@pytest.mark.parametrize(
    ("origin", "proxies", "expected"),
    [
        ("https://api.example.com", {}, None),
        ("https://api.example.com", {"https": "http://p:1"}, "http://p:1"),
        ("https://api.example.com", {"https": "p:1"}, "http://p:1"),
        ("https://api.example.com", {"all": "http://p:1"}, "http://p:1"),
        ("https://api.example.com", {"https": "http://p:1", "all": "socks5://q:1"}, "http://p:1"),
        ("https://api.example.com", {"http": "http://p:1"}, None),
        ("http://api.example.com", {"http": "http://p:1"}, "http://p:1"),
        ("http://127.0.0.1:1", {"http": "http://p:1", "all": "http://p:1"}, None),
        ("http://[::1]:1", {"http": "http://p:1"}, None),
        ("http://emulator:8765", {"http": "http://p:1"}, None),
    ],
)
def test_the_environment_names_the_proxy(origin: str, proxies: dict[str, str], expected: str | None) -> None:
    assert find_proxy(origin, proxies) == expected


@pytest.mark.parametrize(
    ("host", "entries", "goes_direct"),
    [
        ("api.example.com", "api.example.com", True),
        ("api.example.com", "example.com", True),
        ("api.example.com", ".example.com", True),
        ("api.example.com", "*.example.com", True),
        ("API.example.com", "api.EXAMPLE.com", True),
        ("api.example.com", "other.org, example.com ,", True),
        ("api.example.com", "*", True),
        ("api.example.com", "example.com:443", True),
        ("api.example.com", "example.com:8443", False),
        ("api.badexample.com", "example.com", False),
        ("example.com", "api.example.com", False),
        ("api.example.com", "", False),
        ("8.8.4.4", "8.8.4.4", True),
        ("8.8.4.4", "8.8.0.0/16", True),
        ("8.9.4.4", "8.8.0.0/16", False),
        ("[2606:4700::1111]", "2606:4700::1111", True),
        ("[2606:4700::1111]", "[2606:4700::1111]", True),
        ("[2606:4700::1111]", "[2606:4700:0::1111]:443", True),
        ("[2606:4700::1111]", "2606:4700::/32", True),
        ("[2606:4700::1111]", "[2606:4700::]/32", True),
        ("[2606:4701::1111]", "2606:4700::/32", False),
        ("[2606:4701::1111]", "[2606:4700::]/32", False),
        ("[2606:4700::1111]", "[broken", False),
    ],
)
def test_no_proxy_names_hosts_that_are_reached_directly(host: str, entries: str, goes_direct: bool) -> None:
    found = find_proxy(f"https://{host}", {"https": "http://p:1", "no": entries})
    assert found == (None if goes_direct else "http://p:1")


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


@pytest.mark.parametrize("proxy", ["socks5://u:hunter2@127.0.0.1:1", "ftp://u:hunter2@127.0.0.1:1", "http://[::1"])
def test_a_proxy_of_another_kind_is_a_usage_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(UsageError, match="proxy") as caught:
        Http("https://api.example.com")
    assert "NO_PROXY" in (caught.value.hint or "")
    assert "hunter2" not in repr(caught.value) + str(caught.value)
    monkeypatch.setenv("NO_PROXY", "api.example.com")
    Http("https://api.example.com")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(
    "proxy",
    [
        "http://u:hunter2@127.0.0.1:99999",
        "u:hunter2@127.0.0.1:0",
        "http://u:hunter2@127.0.0.1:none",
        "http://u:hunter2@",
        "http://",
    ],
)
def test_a_proxy_that_cannot_be_one_is_a_usage_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str
) -> None:
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(UsageError, match=variable) as caught:
        Http("https://api.example.com")
    assert "hunter2" not in repr(caught.value) + str(caught.value) + (caught.value.hint or "")
    monkeypatch.setenv("NO_PROXY", "api.example.com")
    Http("https://api.example.com")


async def test_where_a_proxy_is_in_the_way_the_error_says_so(
    monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{unused.getsockname()[1]}")
        async with Http("https://api.example.com", options=ONCE) as http:
            with pytest.raises(UnavailableError, match=r"through the proxy 127\.0\.0\.1.*refused") as caught:
                await http.request("GET", "/x")
    assert "HTTPS_PROXY" in (caught.value.hint or "")


TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"


async def test_a_proxy_that_wants_a_password_is_asked_once(monkeypatch: pytest.MonkeyPatch, anyio_backend: str) -> None:
    refusal = answer("", status="407 Proxy Authentication Required")
    async with raw_server(refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin)
        async with Http("https://api.example.com", api_key=KEY) as http:
            with pytest.raises(UnavailableError, match="the proxy says 407 Proxy Authentication Required"):
                await http.request("POST", "/x", body={})
    assert [seen.line for seen in proxy.seen] == ["CONNECT api.example.com:443 HTTP/1.1"]
    assert "authorization" not in proxy.seen[0].headers


async def test_a_write_that_no_tunnel_was_made_for_was_not_sent(
    monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    """A proxy that takes the request for a tunnel and hangs up, and then one that says nothing."""
    async with raw_server(then_hang_up(b"HTTP/1.1 2"), stall) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin)
        async with Http("https://api.example.com", options=replace(ONCE, read_timeout_s=0.1)) as http:
            with pytest.raises(UnavailableError, match="can't be reached"):
                await http.request("POST", "/x", body={})
    assert len(proxy.seen) == 2


async def test_a_certificate_that_fails_in_a_tunnel_ends_every_request(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    """As where a company looks into TLS: the tunnel is made, and its end has a certificate that nobody trusts."""

    async def intercept(peer: Peer) -> None:
        await peer.say(TUNNEL)
        await peer.writer.start_tls(tls)

    async with raw_server(intercept) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin)
        options = NetOptions(requests_per_second=None, max_in_flight=1)
        async with Http("https://localhost.example.com", options=options) as http, asyncio.timeout(10):
            requests = [http.request(method, "/x", body={}) for method in ("GET", "POST", "GET", "POST")]
            failures = await asyncio.gather(*requests, return_exceptions=True)
    for failure in failures:
        assert isinstance(failure, UnavailableError)
        assert failure.code == "certificate"


@pytest.mark.usefixtures("trusted")
async def test_requests_go_through_a_tunnel(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    monkeypatch.setattr("agentops.net.origin.is_local", lambda host: False)

    async def tunnel(peer: Peer) -> None:
        await peer.say(TUNNEL)
        await peer.writer.start_tls(tls)

    async with raw_server(tunnel, answer()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin)
        async with Http("https://localhost", api_key=KEY, options=ONCE) as http:
            for _ in range(2):
                assert (await http.request("GET", "/x")).body == {}
    assert [seen.line for seen in proxy.seen] == ["CONNECT localhost:443 HTTP/1.1", *["GET /x HTTP/1.1"] * 2]


@pytest.mark.usefixtures("trusted")
async def test_an_ipv6_address_is_named_to_a_proxy_in_brackets(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    async def tunnel(peer: Peer) -> None:
        await peer.say(TUNNEL)
        await peer.writer.start_tls(tls)

    async with raw_server(tunnel, answer()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin)
        async with Http("https://[2606:4700::1111]", api_key=KEY, options=ONCE) as http:
            for _ in range(2):
                assert (await http.request("GET", "/x")).body == {}
    assert [seen.line for seen in proxy.seen] == ["CONNECT [2606:4700::1111]:443 HTTP/1.1", *["GET /x HTTP/1.1"] * 2]
    assert [seen.headers["host"] for seen in proxy.seen] == ["[2606:4700::1111]:443", *["[2606:4700::1111]"] * 2]


# -- hosts that say nothing


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_host_that_never_answers_is_given_up_once_and_said_to_be_waited_for(
    anyio_backend: str, method: str
) -> None:
    told: list[str] = []
    async with raw_server(stall) as server:
        options = NetOptions(requests_per_second=None, first_answer_timeout_s=0.2, on_wait=told.append)
        async with Http(server.origin, options=options) as http:
            with pytest.raises((UnavailableError, OutcomeUnknownError), match="no answer in time"):
                await http.request(method, "/x")
        assert len(server.seen) == 1
    assert told == [f"waiting for 127.0.0.1:{server.port} to answer"]


def test_what_a_first_read_may_take_is_less_than_half_a_minute() -> None:
    """A connection that doesn't come about may be tried again as long as half of the time is left."""
    options = NetOptions()
    assert options.first_answer_timeout_s / 2 + options.retry.base_s + options.first_answer_timeout_s <= 31
    assert options.connect_timeout_s >= options.first_answer_timeout_s / 2


@pytest.mark.parametrize("bad", ["https://user:word@api.example.com", "https://user@api.example.com"])
def test_a_base_url_with_a_password_is_a_usage_error_that_does_not_quote_it(bad: str) -> None:
    with pytest.raises(UsageError, match="no user name or password") as caught:
        platform_origin(bad)
    assert "word@" not in repr(caught.value)


# -- streams


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
        async with aclosing(http.stream_lines("/events")) as lines:
            assert await anext(lines) == "data: 1"
        await server.peers[0].gone.wait()


async def test_a_stream_that_is_refused_says_why(anyio_backend: str) -> None:
    refusal = answer('{"status": false, "errors": ["no such call sk_very_secret"]}', status="404 Not Found")
    async with raw_server(refusal) as server, Http(server.origin, api_key=KEY, options=ONCE) as http:
        with pytest.raises(PlatformError, match=r"no such call \*\*\*"):
            async for _ in http.stream_lines("/events"):
                pass


async def test_a_line_without_end_is_refused(anyio_backend: str) -> None:
    async def pour(peer: Peer) -> None:
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await peer.say(b"x" * 1_000_000)

    async with raw_server(pour) as server, Http(server.origin, options=ONCE) as http:
        with pytest.raises(UnavailableError, match="too large"):
            async for _ in http.stream_lines("/events"):
                pass
