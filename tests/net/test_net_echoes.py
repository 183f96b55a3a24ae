"""A server that quotes what it was sent gives no secret away, however it spells it; a hostile one gets nowhere."""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote, quote_plus

import httpx2
import pytest
from fake_clock import FakeClock
from hypothesis import given
from hypothesis import strategies as st

from agentops.document import Secret, SecretRef
from agentops.errors import OutcomeUnknownError, PlatformError, UnavailableError
from agentops.net import Exchange, Http, NetOptions, RetryPolicy
from agentops.net.answers import Answer, error_of, read_answer, retry_after_s, texts_of
from agentops.scrub import Scrubber

SECRETS = ('pa"ss\\wé-1', "sk_very-secret+1", "<b>tag</b>&x=1", "two words/9")
SHAPES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "as JSON": lambda text: json.dumps(text)[1:-1],
    "as JSON with its own letters": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "as JSON in JSON": lambda text: json.dumps(json.dumps(text))[1:-1],
    "in an address": quote,
    "in an address, all of it": lambda text: quote(text, safe=""),
    "in a form": quote_plus,
    "twice in an address": lambda text: quote(quote(text, safe=""), safe=""),
    "in HTML": html.escape,
    "in upper case": str.upper,
    "in base64": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "after a scheme": lambda text: f"Bearer {text}",
}
PLACES: dict[str, Callable[[str], httpx2.Response]] = {
    "message": lambda said: httpx2.Response(400, json={"message": f"bad: {said} there"}),
    "errors": lambda said: httpx2.Response(422, json={"errors": [f"a {said}", {"value": said}]}),
    "error": lambda said: httpx2.Response(409, json={"error": {"message": said}}),
    "text": lambda said: httpx2.Response(403, text=f"no: {said}"),
    "page": lambda said: httpx2.Response(502, text=f"<html><head><title>{said}</title></head><p>{said}</p></html>"),
    "request id": lambda said: httpx2.Response(400, headers={"x-request-id": quote(said)}, json={}),
    "cut where we cut": lambda said: httpx2.Response(400, json={"message": "x" * 595 + said}),
    "a page cut where we cut": lambda said: httpx2.Response(400, text="<p>" + "x" * 195 + said),
}


def http(answer: httpx2.Response, told: list[Exchange], **options: object) -> Http:
    retry = RetryPolicy(attempts=1)
    chosen = NetOptions(requests_per_second=None, retry=retry, on_exchange=told.append, **options)  # type: ignore[arg-type]
    transport = httpx2.MockTransport(lambda request: answer)
    key = Secret((SecretRef("KEY", SECRETS[1]),))
    return Http("https://api.test", api_key=key, options=chosen, transport=transport, clock=FakeClock())


async def said_of(answer: httpx2.Response, *, body: object = None, secrets: frozenset[str] = frozenset()) -> str:
    told: list[Exchange] = []
    async with http(answer, told, secrets=secrets) as client:
        with pytest.raises(PlatformError) as raised:
            await client.request("POST", "/x", body=body)
    error = raised.value
    return "\n".join([error.summary, repr(error), str(error), error.hint or "", error.request_id or "", repr(told)])


def gives_away(text: str, secret: str) -> bool:
    """Whether six letters in a row of what the secret is made of can be read, in whatever case."""
    pieces = [piece for piece in secret.replace("\\", " ").replace('"', " ").split() if len(piece) >= 5]
    return any(piece.lower() in text.lower() for piece in [*pieces, secret])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("secret", SECRETS)
async def test_no_error_quotes_a_secret(secret: str, shape: str, place: str) -> None:
    answer = PLACES[place](SHAPES[shape](secret))
    assert not gives_away(await said_of(answer, secrets=frozenset(SECRETS)), secret)


async def test_a_refused_publish_does_not_quote_what_an_earlier_write_sent() -> None:
    told: list[Exchange] = []
    answers = [httpx2.Response(200, json={}), httpx2.Response(400, json={"message": f"header {SECRETS[0]} is wrong"})]
    transport = httpx2.MockTransport(lambda request: answers.pop(0))
    options = NetOptions(requests_per_second=None, on_exchange=told.append)
    async with Http("https://api.test", options=options, transport=transport, clock=FakeClock()) as client:
        await client.request("PUT", "/draft", body={"x": Secret((SecretRef("A", SECRETS[0]),))})
        with pytest.raises(PlatformError) as raised:
            await client.request("POST", "/publish")
    assert "header *** is wrong" in raised.value.summary


@pytest.mark.slow
@given(secret=st.text(min_size=6, max_size=30).filter(lambda text: text.strip() == text), before=st.integers(0, 620))
def test_wherever_an_error_is_cut_no_half_of_a_secret_is_left(secret: str, before: int) -> None:
    body = {"message": "." * before + secret}
    answer = Scrubber([secret]).deep(read_answer(400, json.dumps(body), {}))
    assert secret[:5] not in error_of(answer, "GET /x").summary.replace("the platform rejected the request: ", "", 1)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 500 + "]" * 500])
async def test_an_absurdly_deep_answer_is_an_answer_that_says_nothing(text: str) -> None:
    for method, expected in (("GET", UnavailableError), ("POST", OutcomeUnknownError)):
        async with http(httpx2.Response(200, text=text), []) as client:
            with pytest.raises(expected):
                await client.request(method, "/x")


def test_deep_enough_is_taken() -> None:
    assert read_answer(200, "[" * 50 + "]" * 50, {}).is_json
    assert read_answer(200, '{"a": [' * 50 + "]}" * 50, {}).is_json
    assert not read_answer(200, "[1, " * 101 + "]" * 101, {}).is_json


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("nan", None),
        ("-5", 0.0),
        ("inf", float("inf")),
        ("1e400", float("inf")),
        ("9" * 5000, 1e200),
        ("soon", None),
        ("", None),
        ([], None),
        ({"a": 1}, None),
        (format_datetime(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=30)), 30.0),
        (format_datetime(datetime(2020, 1, 1, tzinfo=UTC)), 0.0),
        ("Wed, 99 Xxx 99999 99:99:99 GMT", None),
    ],
)
def test_what_a_server_asks_to_wait(value: object, seconds: float | None) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after_s(Answer(429, {"retry_after": value}), now) == seconds
    if isinstance(value, str):
        assert retry_after_s(Answer(429, None, {"retry-after": value}), now) == seconds


@pytest.mark.parametrize(
    "text", ["<head " * 40_000, "<" * 200_000, "<" + "a" * 200_000, "<head>" * 40_000, "</p" * 60_000, "&#" * 100_000]
)
def test_a_hostile_page_takes_no_long_time(text: str) -> None:
    began = time.perf_counter()
    texts_of(Answer(502, text, is_json=False))
    assert time.perf_counter() - began < 2.0


def test_a_page_is_read_without_what_nobody_sees() -> None:
    page = "<html><head><title>x</title></head><body><h1>502 Bad Gateway</h1><script>y</script>&amp; more</body></html>"
    assert texts_of(Answer(502, page, is_json=False)) == ["502 Bad Gateway & more"]
