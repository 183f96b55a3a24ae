"""Reading one answer from bytes: however they are cut, and never more than is good for us."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_server import answer, chunked

from agentops.net.response import MAX_BODY, MAX_HEAD, GarbledError, ResponseReader
from agentops.net.sending import Reply

MEGABYTE = 1024 * 1024
TYPICAL = (
    answer('{"a": 1}', "X-Id: 7", "Connection: keep-alive"),
    answer("", status="204 No Content").replace(b"Content-Length: 0\r\n", b""),
    b"HTTP/1.1 100 Continue\r\n\r\n" + answer(gzip.compress(b"x" * 500, mtime=0), "Content-Encoding: gzip"),
    chunked(b"one", b"two" * 40, trailer="X-Sum: 3\r\n"),
    answer("<html>busy</html>", "Connection: close", status="503 Service Unavailable"),
)


def read(*pieces: bytes, method: str = "GET") -> tuple[Reply, bool]:
    reader = ResponseReader(method)
    done = [reader.feed(piece) for piece in pieces]
    assert done == [False] * (len(pieces) - 1) + [True]
    return reader.reply(), reader.keeps_alive


@given(st.sampled_from(TYPICAL), st.data())
def test_an_answer_is_the_same_however_it_is_cut(sent: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=8)))
    pieces = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    assert read(*pieces) == read(sent)


@given(st.binary(max_size=300), st.sampled_from(TYPICAL), st.integers(0, 200))
def test_nothing_that_arrives_ends_in_anything_but_an_answer_or_an_error(junk: bytes, sent: bytes, at: int) -> None:
    reader = ResponseReader("GET")
    with suppress(GarbledError):
        if reader.feed(sent[:at] + junk + sent[at:]) or reader.end():
            assert 200 <= reader.reply().status <= 999


def test_what_follows_an_answer_is_no_part_of_it_and_ends_the_connection() -> None:
    for surplus in (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother", b"junk", b"\x00"):
        reply, keeps_alive = read(answer("mine") + surplus)
        assert (reply.body, keeps_alive) == (b"mine", False)


@pytest.mark.parametrize("ending", ["Connection: close", "Connection: Close, TE"])
def test_an_answer_says_whether_the_connection_stays(ending: str) -> None:
    assert read(answer())[1]
    assert not read(answer("{}", ending))[1]


def test_only_an_answer_of_unsaid_length_may_end_with_its_connection() -> None:
    for sent, is_whole in (
        (b"HTTP/1.1 200 OK\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", False),
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"", False),
    ):
        reader = ResponseReader("GET")
        assert not (sent and reader.feed(sent))
        assert reader.end() is is_whole


def test_a_change_of_protocol_is_refused() -> None:
    with pytest.raises(GarbledError, match="another protocol"):
        ResponseReader("GET").feed(b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")


def test_an_encoding_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(GarbledError, match="encoding"):
        read(answer("{}", "Content-Encoding: br"))


@pytest.mark.parametrize("sent", [zlib.compress(b"x" * 99)[:-6], gzip.compress(b"x" * 99)[:-9]], ids=["zlib", "gzip"])
def test_a_packed_body_that_is_cut_off_is_refused(sent: bytes) -> None:
    with pytest.raises(GarbledError, match="cut off"):
        read(answer(sent, "Content-Encoding: gzip"))


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * (MAX_HEAD + 1),
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * (MAX_HEAD // 8),
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_HEAD // 8),
        b"HTTP/1.1 200 " + b"O" * (MAX_HEAD + 1),
    ],
)
def test_a_head_without_end_is_refused(sent: bytes) -> None:
    with pytest.raises(GarbledError, match="too large"):
        ResponseReader("GET").feed(sent)


def test_a_body_without_end_is_refused() -> None:
    reader = ResponseReader("GET")
    reader.feed(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(MAX_BODY // MEGABYTE):
        assert not reader.feed(b"x" * MEGABYTE)
    with pytest.raises(GarbledError, match="too large"):
        reader.feed(b"x" * MEGABYTE)


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused() -> None:
    packed = gzip.compress(b"\0" * (MAX_BODY + 1))
    assert len(packed) < MEGABYTE
    with pytest.raises(GarbledError, match="too large"):
        read(answer(packed, "Content-Encoding: gzip"))
