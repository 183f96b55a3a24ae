"""What sending one request does with a server that misbehaves, and with one that does not."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from raw_server import Peer, RawServer, answer, chunked, hang_up, raw_server, stall, then_hang_up

from agentops.net import transport
from agentops.net.answers import Answer
from agentops.net.transport import LostError, NotSentError, Sender

Open = Callable[..., "OneSender"]


class OneSender:
    """A sender whose requests have a short deadline."""

    def __init__(self, origin: str, within_s: float = 20.0, **options: Any) -> None:
        self.inner = Sender(origin, {"Accept": "application/json"}, **options)
        self.within_s = within_s

    async def send(self, method: str, target: str, content: bytes | None = None) -> Answer:
        return await self.inner.send(method, target, content, within_s=self.within_s)


@pytest.fixture
async def open_(anyio_backend: str) -> AsyncIterator[Open]:
    """`open_(server)` is a sender to it; `open_(server, read_timeout_s=...)` an impatient one."""
    opened: list[OneSender] = []

    def open_sender(server: RawServer, **options: Any) -> OneSender:
        opened.append(OneSender(server.origin, **options))
        return opened[-1]

    yield open_sender
    for sender in opened:
        await sender.inner.close()


ANSWERS = {
    "with its length": answer('{"a": 1}'),
    "in chunks": chunked(b'{"a"', b": 1}"),
    "in chunks with a trailer": chunked(b'{"a": 1}', trailer="X-Sum: 9\r\n"),
    "until the end": then_hang_up(b'HTTP/1.1 200 OK\r\n\r\n{"a": 1}'),
    "of the old protocol": then_hang_up(b'HTTP/1.0 200 OK\r\n\r\n{"a": 1}'),
    "after a promise": b"HTTP/1.1 100 Continue\r\n\r\n" + answer('{"a": 1}'),
    "after two promises": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 2 + answer('{"a": 1}'),
    "packed": answer(gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip"),
    "packed otherwise": answer(zlib.compress(b'{"a": 1}'), "Content-Encoding: deflate"),
    "packed in chunks": chunked(
        gzip.compress(b'{"a": 1}')[:9], gzip.compress(b'{"a": 1}')[9:], headers="Content-Encoding: gzip\r\n"
    ),
}


@pytest.mark.parametrize("sent", ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_is_read_in_whatever_form_it_comes(open_: Open, sent: Any) -> None:
    async with raw_server(sent) as server:
        sender = open_(server)
        for _ in range(2):
            reply = await sender.send("GET", "/x")
            assert (reply.status, reply.body) == (200, {"a": 1})


async def test_an_answer_in_small_pieces_is_one_answer(open_: Open) -> None:
    async def drop_by_drop(peer: Peer) -> None:
        for byte in answer('{"a": 1}', "X-Request-Id: r1"):
            await peer.say(bytes([byte]))
            await asyncio.sleep(0)

    async with raw_server(drop_by_drop) as server:
        reply = await open_(server).send("GET", "/x")
        assert (reply.body, reply.headers["x-request-id"]) == ({"a": 1}, "r1")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_an_answer_that_has_no_body_is_complete_without_one(open_: Open, status: str) -> None:
    async with raw_server(f"HTTP/1.1 {status}\r\n\r\n".encode(), answer()) as server:
        sender = open_(server)
        assert (await sender.send("GET", "/x")).body is None
        assert (await sender.send("GET", "/x")).body == {}
        assert [seen.connection for seen in server.seen] == [1, 1]


async def test_the_answer_to_head_has_a_length_and_no_body(open_: Open) -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", answer()) as server:
        sender = open_(server)
        assert (await sender.send("HEAD", "/x")).body is None
        assert (await sender.send("GET", "/x")).body == {}


LOST = {
    "nothing": hang_up,
    "no HTTP": b"220 mail.example.com ESMTP\r\n\r\n",
    "half a head": then_hang_up(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "half a body": then_hang_up(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"a"'),
    "half a chunk": then_hang_up(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"a"'),
    "a missing last chunk": then_hang_up(chunked(b"{}").removesuffix(b"0\r\n\r\n")),
    "a promise and nothing": then_hang_up(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "a chunk without end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    "a body packed badly": answer(b"not packed", "Content-Encoding: gzip"),
    "a line end in a header": b"HTTP/1.1 200 OK\r\nX-A\nB: 1\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("sent", LOST.values(), ids=LOST)
async def test_an_answer_that_is_none_is_lost_and_its_connection_not_used_again(open_: Open, sent: Any) -> None:
    async with raw_server(sent, answer()) as server:
        sender = open_(server)
        with pytest.raises(LostError):
            await sender.send("POST", "/x", b"{}")
        assert (await sender.send("GET", "/x")).body == {}
        assert [seen.connection for seen in server.seen] == [1, 2]


async def test_a_server_that_says_nothing_is_given_up(open_: Open) -> None:
    async with raw_server(stall, answer()) as server:
        sender = open_(server, read_timeout_s=0.3)
        with pytest.raises(LostError, match="no answer in time"):
            await sender.send("POST", "/x", b"{}")
        await server.peers[0].gone.wait()
        assert (await sender.send("GET", "/x")).body == {}


async def test_a_server_that_stops_in_the_middle_is_given_up(open_: Open) -> None:
    async def half(peer: Peer) -> None:
        await peer.say(answer("{}")[:-1])
        await stall(peer)

    async with raw_server(half) as server:
        with pytest.raises(LostError, match="no answer in time"):
            await open_(server, read_timeout_s=0.05).send("GET", "/x")


async def test_a_slow_server_is_waited_for_as_long_as_it_moves(open_: Open) -> None:
    async def slowly(peer: Peer) -> None:
        for start in range(0, 40, 10):
            await peer.say(answer("{}")[start : start + 10])
            await asyncio.sleep(0.15)  # the whole takes longer than one silence may

    async with raw_server(slowly) as server:
        assert (await open_(server, read_timeout_s=0.5).send("GET", "/x")).body == {}


async def test_a_port_where_nobody_listens_gets_nothing(open_: Open) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = RawServer([], unused.getsockname()[1])
        with pytest.raises(NotSentError, match=r"\w"):
            await open_(nobody).send("POST", "/x", b"{}")


async def test_a_connection_that_does_not_come_about_in_time_has_sent_nothing(open_: Open) -> None:
    """A full queue of connections that nobody accepts: the next one waits for ever."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        try:
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(full.getsockname())
            with pytest.raises(NotSentError, match="no answer in time"):
                await open_(RawServer([], full.getsockname()[1]), connect_timeout_s=0.05).send("POST", "/x", b"{}")
        finally:
            for each in waiting:
                each.close()


async def test_a_connection_is_kept_for_the_next_request(open_: Open) -> None:
    async with raw_server(answer()) as server:
        sender = open_(server)
        for _ in range(3):
            await sender.send("POST", "/x", b"{}")
        assert [seen.connection for seen in server.seen] == [1, 1, 1]


@pytest.mark.parametrize("last", [answer("{}", "Connection: close"), answer().replace(b"1.1", b"1.0")])
async def test_a_connection_that_the_server_ends_is_not_used_again(open_: Open, last: bytes) -> None:
    async with raw_server(last, answer()) as server:
        sender = open_(server)
        await sender.send("GET", "/x")
        await sender.send("GET", "/x")
        assert [seen.connection for seen in server.seen] == [1, 2]


async def test_a_connection_closed_while_idle_loses_no_write(open_: Open) -> None:
    async with raw_server(answer()) as server:
        sender = open_(server)
        await sender.send("GET", "/x")
        await server.peers[0].hang_up()
        await server.peers[0].gone.wait()
        assert (await sender.send("POST", "/x", b"{}")).body == {}
        assert [seen.connection for seen in server.seen] == [1, 2]


async def test_a_connection_closed_behind_the_event_loops_back_loses_no_write(open_: Open) -> None:
    """The end has arrived, and the loop has had no time to say so."""
    async with raw_server(answer()) as server:
        sender = open_(server)
        await sender.send("GET", "/x")
        server.peers[0].writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        assert (await sender.send("POST", "/x", b"{}")).body == {}
        assert [seen.connection for seen in server.seen] == [1, 2]


async def test_an_answer_may_come_before_the_whole_request_has_gone(open_: Open) -> None:
    async def refuse(peer: Peer) -> None:
        await peer.say(answer('{"errors": []}', status="413 Content Too Large"))

    async with raw_server(answer()) as server:
        server.steps = [refuse]
        sender = open_(server)
        assert (await sender.send("PUT", "/x", b"x" * 4_000_000)).status == 413
        assert (await sender.send("GET", "/x")).status == 413


async def test_a_cancelled_request_leaves_its_answer_to_nobody(open_: Open) -> None:
    asked, late = asyncio.Event(), asyncio.Event()

    async def answer_late(peer: Peer) -> None:
        asked.set()
        await late.wait()
        await peer.say(answer('"late"'))

    async with raw_server(answer_late, answer('"prompt"')) as server:
        sender = open_(server)
        task = asyncio.ensure_future(sender.send("POST", "/x", b"{}"))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        late.set()
        assert (await sender.send("GET", "/x")).body == "prompt"
        assert [seen.connection for seen in server.seen] == [1, 2]


async def test_requests_at_the_same_time_get_their_own_answers(open_: Open) -> None:
    async def echo(peer: Peer) -> None:
        target = next(seen for seen in reversed(server.seen) if seen.connection == peer.number).line.split(" ")[1]
        await asyncio.sleep(0)
        await peer.say(answer(f'"{target}"'))

    async with raw_server(echo) as server:
        sender = open_(server)
        for _ in range(3):
            replies = await asyncio.gather(*(sender.send("GET", f"/{number}") for number in range(40)))
            assert [reply.body for reply in replies] == [f"/{number}" for number in range(40)]
        assert len(server.peers) <= 40


async def test_what_is_sent(open_: Open) -> None:
    async with raw_server(answer()) as server:
        sender = open_(server)
        await sender.send("GET", "/a?b=1")
        await sender.send("POST", "/a", b'{"caf\xc3\xa9": 1}')
        await sender.send("POST", "/a")
    get, post, empty = server.seen
    assert get.line == "GET /a?b=1 HTTP/1.1"
    assert get.headers["host"] == f"127.0.0.1:{server.port}"
    assert get.headers["accept"] == "application/json"
    assert "gzip" in get.headers["accept-encoding"]
    assert "content-length" not in get.headers
    assert (post.body, post.headers["content-type"]) == (b'{"caf\xc3\xa9": 1}', "application/json")
    assert (empty.headers["content-length"], empty.body) == ("0", b"")


async def test_headers_that_come_twice_are_one_and_their_names_are_small(open_: Open) -> None:
    async with raw_server(answer("{}", "X-None:", "X-Two: 1", "x-two: 2", "Retry-After: 7")) as server:
        headers = (await open_(server).send("GET", "/x")).headers
        assert (headers["x-none"], headers["x-two"], headers["retry-after"]) == ("", "1, 2", "7")


async def test_closing_ends_what_is_under_way(open_: Open) -> None:
    asked = asyncio.Event()

    async def take(peer: Peer) -> None:
        asked.set()
        await stall(peer)

    async with raw_server(take) as server:
        sender = open_(server)
        task = asyncio.ensure_future(sender.send("GET", "/x"))
        await asked.wait()
        await sender.inner.close()
        with pytest.raises((LostError, RuntimeError)):
            await task


# -- what comes unasked, and too much of it


async def test_a_server_that_speaks_unasked_is_not_listened_to(open_: Open) -> None:
    """What it says would be taken for the answer to the next request."""
    async with raw_server(answer('"asked"')) as server:
        sender = open_(server)
        await sender.send("GET", "/x")
        await server.peers[0].say(answer('"unasked"'))
        await asyncio.sleep(0)
        assert (await sender.send("GET", "/x")).body == "asked"
        assert [seen.connection for seen in server.seen] == [1, 2]


UNASKED = {
    "a whole answer": answer('"nobody\'s"'),
    "half an answer": answer('"nobody\'s"')[:-3],
    "a head": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "something": b"\x00junk",
}


@pytest.mark.parametrize("surplus", UNASKED.values(), ids=UNASKED)
async def test_what_follows_an_answer_is_never_taken_for_the_next(open_: Open, surplus: bytes) -> None:
    async with raw_server(answer('"mine"') + surplus, answer('"next"')) as server:
        sender = open_(server, read_timeout_s=2.0)
        assert (await sender.send("GET", "/x")).body == "mine"
        with pytest.raises(LostError):
            await sender.send("GET", "/x")
        assert (await sender.send("GET", "/x")).body == "next"
        assert server.seen[-1].connection == 2


MEGABYTE = 1024 * 1024
ENDLESS_HEADS = {
    "a long value": b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * MEGABYTE,
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * (MEGABYTE // 11),
    "a long reason": b"HTTP/1.1 200 " + b"O" * MEGABYTE,
}


@pytest.mark.parametrize("head", ENDLESS_HEADS.values(), ids=ENDLESS_HEADS)
async def test_a_head_without_end_is_refused(open_: Open, head: bytes) -> None:
    async with raw_server(head) as server:
        with pytest.raises(LostError):
            await open_(server).send("GET", "/x")


async def test_promises_without_end_have_a_deadline(open_: Open) -> None:
    async def promise(peer: Peer) -> None:
        while True:
            await peer.say(b"HTTP/1.1 100 Continue\r\n\r\n")
            await asyncio.sleep(0.01)

    async with raw_server(promise) as server:
        with pytest.raises(LostError, match="no answer in time"):
            await open_(server, within_s=0.2).send("GET", "/x")


async def test_a_drop_now_and_then_does_not_hold_the_client(open_: Open) -> None:
    """Every byte is in time; the whole is not."""

    async def drip(peer: Peer) -> None:
        for byte in answer("x" * 4000):
            await peer.say(bytes([byte]))
            await asyncio.sleep(0.01)

    async with raw_server(drip) as server:
        with pytest.raises(LostError, match="no answer in time"):
            await open_(server, within_s=0.3).send("POST", "/x", b"{}")
        await server.peers[0].gone.wait()


async def test_a_body_without_end_is_refused(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 3 * MEGABYTE)

    async def pour(peer: Peer) -> None:
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await peer.say(b"x" * MEGABYTE)

    async with raw_server(pour) as server:
        with pytest.raises(LostError, match="too large"):
            await open_(server).send("GET", "/x")
        await server.peers[0].gone.wait()


@pytest.mark.parametrize("times", [1, 2])
async def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(open_: Open, times: int) -> None:
    packed = b"\0" * (transport.MAX_BODY + 1)
    for _ in range(times):
        packed = gzip.compress(packed, compresslevel=1)
    encoding = ", ".join(["gzip"] * times)
    async with raw_server(answer(packed, f"Content-Encoding: {encoding}")) as server:
        with pytest.raises(LostError, match="too large"):
            await open_(server).send("GET", "/x")


@pytest.mark.parametrize("value", ["{}", "[]", "1"])
async def test_a_body_of_more_values_than_anybody_reads_is_refused(open_: Open, value: str) -> None:
    """Packed it is a few KB and unpacked a few MB; what it stands for takes much more."""
    values = f"[{','.join([value] * (transport.MAX_SEPARATORS + 1))}]".encode()
    async with raw_server(answer(gzip.compress(values, compresslevel=1), "Content-Encoding: gzip")) as server:
        with pytest.raises(LostError, match="too large"):
            await open_(server).send("GET", "/x")


async def test_long_prompts_full_of_commas_are_taken(open_: Open) -> None:
    prompts = ["Greet them, ask for the name, the date and [if given] the {{place}}, then say goodbye. " * 200] * 1000
    async with raw_server(answer(json.dumps(prompts))) as server:  # 17 MB
        assert (await open_(server).send("GET", "/x")).body == prompts


async def test_a_redirect_is_an_answer_and_is_not_followed(open_: Open) -> None:
    async with raw_server(answer(status="302 Found"), answer()) as elsewhere:
        there = answer("{}", f"Location: {elsewhere.origin}/x", status="307 Temporary Redirect")
        async with raw_server(there) as server:
            assert (await open_(server).send("POST", "/x", b"{}")).status == 307
        assert not elsewhere.seen


async def test_cookies_are_not_kept(open_: Open) -> None:
    async with raw_server(answer("{}", "Set-Cookie: a=1; Path=/")) as server:
        sender = open_(server)
        await sender.send("GET", "/x")
        await sender.send("GET", "/x")
        assert "cookie" not in server.seen[1].headers


async def test_a_long_request_is_sent_whole(open_: Open) -> None:
    async def sip(peer: Peer) -> None:
        for _ in range(8):
            await peer.reader.readexactly(1_000_000)
            await asyncio.sleep(0.01)
        await peer.say(answer())

    async with raw_server(sip, takes_bodies=False) as server:
        assert (await open_(server).send("PUT", "/x", b"x" * 8_000_000)).status == 200


async def test_a_connection_that_lay_idle_too_long_is_replaced(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "IDLE_S", -1.0)
    async with raw_server(answer()) as server:
        sender = open_(server)
        await sender.send("GET", "/x")
        await sender.send("GET", "/x")
        assert [seen.connection for seen in server.seen] == [1, 2]
        await server.peers[0].gone.wait()
