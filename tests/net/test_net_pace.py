"""How fast requests go: never beyond what the platform documents, down when refused, and slowly back. Virtual time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import httpx2
import pytest
from virtual_time import VirtualClock

from agentops.errors import RateLimitedError
from agentops.net import Http, NetOptions, RetryPolicy, Tiers
from agentops.net.pace import Pace

pytestmark = pytest.mark.slow

LATENCY_S = 0.05


@dataclass
class LimitedPlatform(httpx2.AsyncBaseTransport):
    """Lets through `per_second` requests as a token bucket of one second does, and refuses all others.

    retry_after_s: what a refusal asks for; None: it doesn't say. `blocks`: nobody is let through before that is over.
    """

    clock: VirtualClock
    per_second: float
    retry_after_s: float | None = None
    blocks: bool = False
    tokens: float = field(init=False)
    filled_at: float = 0.0
    blocked_until: float = 0.0
    arrivals: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = self.per_second

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await self.clock.sleep(LATENCY_S / 2)
        refused = not self._takes()
        await self.clock.sleep(LATENCY_S / 2)
        if not refused:
            self.paths.append(request.url.path)
            return httpx2.Response(200, json={})
        headers = {} if self.retry_after_s is None else {"Retry-After": f"{self.retry_after_s:g}"}
        return httpx2.Response(429, json={"message": "Rate limit exceeded"}, headers=headers)

    def _takes(self) -> bool:
        now = self.clock.monotonic()
        self.arrivals.append(now)
        self.tokens = min(self.per_second, self.tokens + (now - self.filled_at) * self.per_second)
        self.filled_at = now
        if self.tokens >= 1 and now >= self.blocked_until:
            self.tokens -= 1
            return True
        self.refusals.append(now)
        if self.blocks:
            self.blocked_until = now + (self.retry_after_s or 0)
        return False

    @property
    def most_in_a_second(self) -> int:
        return max(sum(start <= other < start + 1 for other in self.arrivals) for start in self.arrivals)


def http(clock: VirtualClock, platform: LimitedPlatform, **options: object) -> Http:
    chosen = NetOptions(**options)  # type: ignore[arg-type]
    return Http("https://api.test", options=chosen, transport=platform, clock=clock, jitter=lambda: 0.5)


@pytest.fixture
async def clock(anyio_backend: str) -> VirtualClock:
    return VirtualClock()


def reads(opened: Http, count: int) -> list[object]:
    return [opened.request("GET", f"/{number}") for number in range(count)]


async def test_a_run_starts_at_the_lowest_tier(clock: VirtualClock) -> None:
    platform = LimitedPlatform(clock, 10)
    await clock.run(*reads(http(clock, platform), 100))
    assert not platform.refusals
    assert platform.most_in_a_second <= 10
    assert clock.elapsed_s <= 1.3 * 100 / 10


async def test_it_goes_up_to_the_highest_in_steps_and_never_beyond(clock: VirtualClock) -> None:
    platform = LimitedPlatform(clock, 100)
    opened = http(clock, platform)
    opened.pace.rise()
    await clock.run(*reads(opened, 1000))
    assert not platform.refusals
    assert platform.most_in_a_second <= 100
    in_tenths = [sum(start <= at - LATENCY_S / 2 < start + 0.1 for at in platform.arrivals) for start in (0, 0.1, 0.2)]
    assert in_tenths[0] < in_tenths[1] < in_tenths[2] <= 15
    assert clock.elapsed_s <= 1.3 * 1000 / 100


async def test_a_rise_in_the_middle_does_not_wait_for_those_that_are_under_way(clock: VirtualClock) -> None:
    platform = LimitedPlatform(clock, 100)
    opened = http(clock, platform)

    async def learn() -> None:
        await clock.sleep(1.0)
        opened.pace.rise()

    await clock.run(learn(), *reads(opened, 200))
    assert not platform.refusals
    assert clock.elapsed_s <= 1.0 + 200 / 100 * 1.3


async def test_an_account_that_turns_out_to_have_the_lowest_tier_gets_no_more(clock: VirtualClock) -> None:
    platform = LimitedPlatform(clock, 10)
    opened = http(clock, platform)

    async def learn() -> None:
        opened.pace.rise()
        await clock.sleep(LATENCY_S)
        opened.pace.fall()

    await clock.run(learn(), *reads(opened, 100))
    assert not platform.refusals


@pytest.mark.parametrize("per_second", [2.0, 30.0, 150.0])
async def test_a_number_of_ones_own_is_kept_whatever_the_account_has(clock: VirtualClock, per_second: float) -> None:
    platform = LimitedPlatform(clock, per_second)
    opened = http(clock, platform, requests_per_second=per_second, max_in_flight=256)
    opened.pace.rise()
    count = int(per_second * 4)
    await clock.run(*reads(opened, count))
    assert not platform.refusals
    assert platform.most_in_a_second <= per_second
    assert clock.elapsed_s <= 1.3 * 4


async def test_no_more_are_in_flight_than_allowed(clock: VirtualClock) -> None:
    platform = LimitedPlatform(clock, 1000)
    await clock.run(*reads(http(clock, platform, requests_per_second=None, max_in_flight=5), 50))
    assert clock.elapsed_s == pytest.approx(50 / 5 * LATENCY_S)


async def test_what_is_refused_waits_for_everyone_and_takes_time_and_no_attempts(clock: VirtualClock) -> None:
    platform = LimitedPlatform(clock, 10, retry_after_s=7)
    once = RetryPolicy(attempts=1)
    opened = http(clock, platform, requests_per_second=None, max_in_flight=32, retry=once)
    await clock.run(*reads(opened, 40))
    assert len(platform.paths) == 40
    first = platform.refusals[0]
    assert not [at for at in platform.arrivals if first + LATENCY_S < at < first + 7]


async def test_a_limit_below_the_documented_one_costs_few_refusals(clock: VirtualClock) -> None:
    """The account's tier says 100 a second, and it may do 10."""
    platform = LimitedPlatform(clock, 10, retry_after_s=1)
    opened = http(clock, platform)
    opened.pace.rise()
    await clock.run(*reads(opened, 600))
    assert len(platform.paths) == 600
    assert clock.elapsed_s <= 70
    assert len(platform.refusals) <= 15


async def test_waiting_for_ones_turn_is_no_reason_to_give_up(clock: VirtualClock) -> None:
    """Each refusal costs a minute for everyone, and those behind in the queue were never refused themselves."""
    platform = LimitedPlatform(clock, 10, retry_after_s=60, blocks=True)
    opened = http(clock, platform)
    opened.pace.rise()
    await clock.run(*reads(opened, 600))
    assert len(platform.paths) == 600
    assert clock.elapsed_s < 5 * 60  # three of them pauses


async def test_after_a_refusal_the_way_back_is_slow_and_ends_at_the_limit(clock: VirtualClock) -> None:
    pace = Pace(Tiers(10, 100), 4, clock, lambda: 0.0)
    pace.rise()
    starts: list[float] = []

    async def work(count: int) -> None:
        for _ in range(count):
            async with pace:
                starts.append(clock.elapsed_s)

    await clock.run(work(200))
    pace.refused(clock.elapsed_s, 1.0)
    cut_at = clock.elapsed_s
    await clock.run(work(1500))

    def rate(second: float) -> int:
        return sum(cut_at + second + 0.001 < at < cut_at + second + 0.999 for at in starts)

    assert rate(0) == 0
    assert 60 <= rate(1) <= 70
    assert rate(11) - rate(1) == pytest.approx(5, abs=2)
    pace.refused(clock.elapsed_s, None)
    pace.refused(clock.elapsed_s, None)  # of the same second
    cut_again_at = clock.elapsed_s
    await clock.run(work(800))
    assert 40 <= sum(cut_again_at + 1 < at < cut_again_at + 2 for at in starts) <= 60
    assert max(sum(at <= other < at + 1 for other in starts) for at in starts) <= 100


async def test_a_burst_is_cut_once_however_late_its_refusals_arrive(clock: VirtualClock) -> None:
    pace = Pace(20.0, 32, clock, lambda: 0.0)
    starts: list[float] = []

    async def work(count: int) -> None:
        for _ in range(count):
            async with pace:
                starts.append(clock.elapsed_s)

    await clock.run(work(40))
    in_the_burst = clock.elapsed_s
    pace.refused(in_the_burst, 3.0)
    await clock.run(clock.sleep(1.5))
    pace.refused(in_the_burst, 3.0)
    resumed_at = clock.elapsed_s + 3.0
    await clock.run(work(40))
    assert sum(resumed_at <= at < resumed_at + 1 for at in starts) >= 12
    pace.refused(starts[-1], 3.0)  # this one was sent at the slower pace, and that was too fast as well
    resumed_at = clock.elapsed_s + 3.0
    await clock.run(work(40))
    assert sum(resumed_at <= at < resumed_at + 1 for at in starts) < 12


async def test_refusals_that_name_no_time_are_answered_with_growing_pauses(clock: VirtualClock) -> None:
    platform = LimitedPlatform(clock, 0)
    opened = http(clock, platform, retry=RetryPolicy(limited_for_s=120.0))
    with pytest.raises(RateLimitedError):
        await clock.run(opened.request("POST", "/x", body={}))
    gaps = [later - sooner for sooner, later in zip(platform.refusals, platform.refusals[1:], strict=False)]
    pauses = [round(gap - LATENCY_S - 0.1, 1) for gap in gaps]
    assert pauses[2:] == [2, 4, 8, 16, 30, 30, 30]
    assert 0.5 <= pauses[0] <= pauses[1] < 2  # there the slower pace has a say, too


async def test_even_a_platform_that_lets_hardly_anything_through_is_asked_now_and_then(clock: VirtualClock) -> None:
    pace = Pace(10.0, 1, clock, lambda: 0.0)
    for _ in range(30):
        pace.refused(clock.elapsed_s, 0.0)
        await clock.run(clock.sleep(1.0))
    await clock.run(*[_through(pace) for _ in range(4)])
    assert math.isfinite(clock.elapsed_s)
    assert clock.elapsed_s <= 30 + 4 / 0.5


async def _through(pace: Pace) -> None:
    async with pace:
        pass


async def test_long_pauses_are_said(clock: VirtualClock) -> None:
    told: list[str] = []
    platform = LimitedPlatform(clock, 10, retry_after_s=60, blocks=True)
    opened = http(clock, platform, requests_per_second=None, max_in_flight=12, on_wait=told.append)
    await clock.run(*reads(opened, 12))
    assert told[0] == "the platform limits requests: waiting 60 s, then more slowly"
    assert 60 < clock.elapsed_s < 70
