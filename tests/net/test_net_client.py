"""What is retried and what never is, how fast, and what an error may not show."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx2
import pytest
from fake_clock import FakeClock

from agentops.document import Secret, SecretRef
from agentops.errors import (
    InvalidRequestError,
    OutcomeUnknownError,
    PlatformError,
    RateLimitedError,
    UnavailableError,
    UsageError,
)
from agentops.net import Http, NetOptions, RetryPolicy, platform_origin

KEY = Secret((SecretRef("KEY", "sk_very_secret"),))


class Script:
    """Answers requests one after the other; the last answer stands for all that follow."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.seen: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer.status_code, content=answer.content, headers=answer.headers)


def http(script: Callable[[httpx2.Request], httpx2.Response], clock: FakeClock, **options: object) -> Http:
    chosen = NetOptions(**{"requests_per_second": None, **options})  # type: ignore[arg-type]
    transport = httpx2.MockTransport(script)
    return Http("https://api.test", api_key=KEY, options=chosen, transport=transport, clock=clock, jitter=lambda: 1.0)


OK = httpx2.Response(200, json={"status": True, "data": 1})
BUSY = httpx2.Response(503, text="busy")


async def test_a_read_is_repeated_with_growing_waits() -> None:
    script, clock = Script(BUSY, BUSY, OK), FakeClock()
    answer = await http(script, clock).request("GET", "/x")
    assert answer.body["data"] == 1
    assert clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("lost", [BUSY, httpx2.ReadTimeout("slow"), httpx2.RemoteProtocolError("cut off")])
async def test_a_write_that_may_have_happened_is_not_repeated(lost: httpx2.Response | Exception) -> None:
    script = Script(lost, OK)
    with pytest.raises(OutcomeUnknownError, match="may or may not"):
        await http(script, FakeClock()).request("POST", "/x", body={})
    assert len(script.seen) == 1


async def test_a_truncated_answer_to_a_write_leaves_the_outcome_unknown() -> None:
    script = Script(httpx2.Response(201, text='{"status": true, "da'))
    with pytest.raises(OutcomeUnknownError):
        await http(script, FakeClock()).request("POST", "/x", body={})


async def test_a_truncated_answer_to_a_read_is_asked_for_again() -> None:
    script = Script(httpx2.Response(200, text='{"status": true, "da'), OK)
    assert (await http(script, FakeClock()).request("GET", "/x")).body["data"] == 1


@pytest.mark.parametrize("refused", [httpx2.ConnectError("refused"), httpx2.Response(429)])
async def test_a_write_that_did_not_arrive_is_repeated(refused: httpx2.Response | Exception) -> None:
    script = Script(refused, OK)
    assert (await http(script, FakeClock()).request("POST", "/x", body={})).body["data"] == 1


async def test_a_write_that_changes_nothing_the_second_time_is_repeated() -> None:
    script = Script(BUSY, OK)
    await http(script, FakeClock()).request("PATCH", "/x", body={}, is_repeatable=True)
    assert len(script.seen) == 2


async def test_a_refusal_is_final() -> None:
    script = Script(httpx2.Response(400, json={"status": False, "errors": ["name: Required"]}))
    with pytest.raises(InvalidRequestError, match="name: Required"):
        await http(script, FakeClock()).request("GET", "/x")
    assert len(script.seen) == 1


async def test_retry_after_is_obeyed_by_everyone() -> None:
    script, clock = Script(httpx2.Response(429, headers={"retry-after": "9"}), OK), FakeClock()
    opened = http(script, clock)
    await opened.request("GET", "/x")
    assert clock.elapsed_s >= 9


async def test_a_wait_that_is_too_long_ends_at_once_and_says_so() -> None:
    script = Script(httpx2.Response(429, headers={"retry-after": "3600"}))
    with pytest.raises(RateLimitedError) as caught:
        await http(script, FakeClock()).request("GET", "/x")
    assert "3600 s" in (caught.value.hint or "")
    assert len(script.seen) == 1


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        (
            httpx2.Response(503, headers={"retry-after": "60"}),
            "no usable answer from api.test (status 503): waiting 60 s, then trying again",
        ),
        (httpx2.ConnectError("refused"), "no usable answer from api.test: waiting 3 s, then trying again"),
        (httpx2.Response(503, headers={"retry-after": "1"}), None),
    ],
)
async def test_a_long_wait_for_the_next_attempt_is_said(failed: httpx2.Response | Exception, told: str | None) -> None:
    heard: list[str] = []
    patient = RetryPolicy(base_s=3.0 if isinstance(failed, Exception) else 0.1)
    await http(Script(failed, OK), FakeClock(), retry=patient, on_wait=heard.append).request("GET", "/x")
    assert heard == ([told] if told else [])


async def test_an_unreachable_host_says_which() -> None:
    with pytest.raises(UnavailableError, match=r"https://api\.test can't be reached"):
        await http(Script(httpx2.ConnectError("refused")), FakeClock()).request("GET", "/x")


async def test_the_retry_budget_ends_a_storm() -> None:
    script, clock = Script(BUSY), FakeClock()
    opened = http(script, clock, retry=RetryPolicy(attempts=5, budget_floor=3, budget_share=0.0))
    for _ in range(10):
        with pytest.raises(UnavailableError):
            await opened.request("GET", "/x")
    assert len(script.seen) == 10 + 3


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_no_error_quotes_a_secret(status: int) -> None:
    token = Secret(("Bearer ", SecretRef("TOKEN", "hunter2-hunter2")))
    echo = httpx2.Response(status, json={"errors": ["bad key sk_very_secret with Bearer hunter2-hunter2"]})
    with pytest.raises(PlatformError) as caught:
        await http(Script(echo), FakeClock()).request("POST", "/x", body={"headers": {"Authorization": token}})
    assert "hunter2" not in repr(caught.value) + str(caught.value)
    assert "sk_very_secret" not in repr(caught.value) + str(caught.value)


async def test_secrets_are_revealed_in_the_request_only() -> None:
    script = Script(OK)
    await http(script, FakeClock()).request("POST", "/x", body={"list": [{"key": KEY}]})
    assert json.loads(script.seen[0].content) == {"list": [{"key": "sk_very_secret"}]}
    assert script.seen[0].headers["authorization"] == "Bearer sk_very_secret"


async def test_requests_are_spread_over_time() -> None:
    clock = FakeClock()
    opened = http(Script(OK), clock, requests_per_second=10.0, max_in_flight=2)
    for _ in range(21):
        await opened.request("GET", "/x")
    assert clock.elapsed_s == pytest.approx(20 / 9, abs=0.06)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://api.smallest.ai", "https://api.smallest.ai"),
        ("https://api.smallest.ai/atoms/v1", "https://api.smallest.ai"),
        ("https://api.smallest.ai/atoms/v1/", "https://api.smallest.ai"),
        ("https://proxy.example.com/voice/atoms/v1", "https://proxy.example.com/voice"),
        ("http://127.0.0.1:4000/", "http://127.0.0.1:4000"),
        ("http://emulator:4000", "http://emulator:4000"),
    ],
)
def test_base_urls_are_taken_with_and_without_the_path(given: str, origin: str) -> None:
    assert platform_origin(given) == origin


@pytest.mark.parametrize("bad", ["api.smallest.ai", "ftp://x", "", "http://api.smallest.ai"])
def test_a_base_url_that_cannot_be_right_is_a_usage_error(bad: str) -> None:
    with pytest.raises(UsageError):
        platform_origin(bad)
