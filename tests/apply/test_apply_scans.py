"""Waiting for security scans: when is looked, what ends the wait and as what, and that one loop serves all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from patient_clock import PatientClock

from agentops.apply.scans import ScanFailedError, Scans
from agentops.document import Revision, ScanState
from agentops.errors import (
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    UnavailableError,
)
from agentops.remote.port import Publication, Writer

PASSED = Revision("r2", 2)
Answer = Revision | Exception | Callable[[], object] | None


@dataclass(slots=True)
class Platform:
    """Answers each look at an agent's publication with the next thing in its list, and with the last one for ever. A
    function is called first: something happens meanwhile."""

    answers: dict[str, list[Answer]]
    clock: PatientClock = field(default_factory=PatientClock)
    looks: list[tuple[str, float]] = field(default_factory=list)
    waits: list[tuple[str, float]] = field(default_factory=list)

    async def read_publication(self, publication: Publication) -> Revision | None:
        self.looks.append((publication.agent_id, round(self.clock.elapsed_s, 3)))
        left = self.answers[publication.agent_id]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if callable(answer):
            answer()
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def scans(self, timeout_s: float = 60, interval_s: float = 1) -> Scans:
        def on_wait(key: str, waited_s: float) -> None:
            self.waits.append((key, round(waited_s, 3)))

        return Scans(cast(Writer, self), self.clock, timeout_s, interval_s, on_wait)

    def times(self, agent_id: str = "a1") -> list[float]:
        return [at for each, at in self.looks if each == agent_id]


def platform(*answers: Answer) -> Platform:
    return Platform({"a1": list(answers)})


async def wait(scans: Scans, agent_id: str = "a1", revision: Revision | None = None) -> Revision:
    return await scans.wait(Publication(agent_id, revision=revision), f"key of {agent_id}")


async def test_it_is_looked_often_at_first_and_then_at_the_interval(anyio_backend: str) -> None:
    world = platform(None, None, None, None, None, None, PASSED)
    assert await wait(world.scans()) is PASSED
    assert world.times() == [0.2, 0.52, 1.032, 1.851, 2.851, 3.851, 4.851]
    assert world.waits == [("key of a1", at) for at in world.times()[:-1]]


async def test_a_scan_that_has_ended_already_is_not_looked_at(anyio_backend: str) -> None:
    world = platform(PASSED)
    ended = Revision("r2", 2, scan=ScanState.PASSED)
    assert await wait(world.scans(), revision=ended) is ended
    with pytest.raises(ScanFailedError):
        await wait(world.scans(), revision=Revision("r2", 2, scan=ScanState.FAILED))
    assert world.looks == []
    assert await wait(world.scans(), revision=Revision("r2", 2, scan=ScanState.PENDING)) is PASSED
    assert world.times() == [0.2]


@pytest.mark.parametrize(
    ("revision", "code", "summary"),
    [
        (
            Revision("r2", 2, scan=ScanState.FAILED, scan_reason="it begs", is_published=False),
            "scan_failed",
            "the platform's security scan refused it: it begs",
        ),
        (Revision("r2", 2, scan=ScanState.ERRORED), "scan_errored", "the platform's security scan broke off"),
        (Revision("r2", 2, is_published=False), "scan_errored", "the platform's security scan broke off"),
    ],
)
async def test_a_scan_that_did_not_pass(anyio_backend: str, revision: Revision, code: str, summary: str) -> None:
    with pytest.raises(ScanFailedError) as failed:
        await wait(platform(None, revision).scans())
    assert (failed.value.code, failed.value.summary) == (code, summary)


async def test_a_scan_that_takes_too_long_is_not_known(anyio_backend: str) -> None:
    world = platform(None)
    with pytest.raises(OutcomeUnknownError, match="has not come to an end: still scanning after 3 s") as unknown:
        await wait(world.scans(timeout_s=2.53, interval_s=0.5))
    assert unknown.value.code == "scan_timeout"
    assert world.times() == [0.2, 0.52, 1.02, 1.52, 2.02, 2.52, 3.02]
    on_the_dot = platform(None)
    with pytest.raises(OutcomeUnknownError):
        await wait(on_the_dot.scans(timeout_s=0.2))
    assert on_the_dot.waits == []


DOWN, BUSY = UnavailableError("try later"), RateLimitedError("too many")


async def test_what_can_not_be_read_five_times_on_end_is_not_known(anyio_backend: str) -> None:
    world = platform(DOWN, BUSY)
    with pytest.raises(OutcomeUnknownError, match="its state can't be read: too many"):
        await wait(world.scans())
    assert len(world.looks) == 5
    assert len(world.waits) == 4


async def test_a_look_that_succeeds_starts_the_count_anew(anyio_backend: str) -> None:
    assert await wait(platform(*[DOWN] * 4, None, *[BUSY] * 4, PASSED).scans()) is PASSED
    world = platform(*[DOWN] * 4, None, BUSY)
    with pytest.raises(OutcomeUnknownError):
        await wait(world.scans())
    assert len(world.looks) == 4 + 1 + 5


async def test_a_refusal_to_read_ends_the_wait_at_once(anyio_backend: str) -> None:
    refused = NotFoundError("no such agent")
    world = platform(refused)
    with pytest.raises(NotFoundError) as ended:
        await wait(world.scans())
    assert ended.value is refused
    assert len(world.looks) == 1


async def test_one_loop_looks_at_all_and_each_ends_for_itself(anyio_backend: str) -> None:
    third = Revision("r3", 3)
    world = Platform({"a1": [None, PASSED], "a2": [None, InvalidRequestError("no")], "a3": [None, None, None, third]})
    scans = world.scans()
    ended = await asyncio.gather(*(wait(scans, each) for each in world.answers), return_exceptions=True)
    assert ended[0] is PASSED
    assert isinstance(ended[1], InvalidRequestError)
    assert ended[2] is third
    assert world.times("a1") == world.times("a2") == [0.2, 0.52]
    assert world.times("a3") == [0.2, 0.52, 1.032, 1.851]


async def test_a_later_publish_is_waited_for_anew(anyio_backend: str) -> None:
    world = Platform({"a1": [PASSED], "a2": [None, PASSED]})
    scans = world.scans()
    await wait(scans)
    await idle()
    assert await wait(scans, "a2") is PASSED
    assert world.times("a2") == [0.4, 0.72]


async def test_who_stops_waiting_is_not_looked_at_any_more(anyio_backend: str) -> None:
    world = Platform({"a1": [None], "a2": [None, lambda: impatient.cancel(), None, PASSED]})
    scans = world.scans()
    impatient = asyncio.create_task(wait(scans))
    assert await wait(scans, "a2") is PASSED
    assert len(world.times("a1")) == 2
    assert impatient.cancelled()


async def test_whatever_ends_the_loop_ends_those_who_wait(anyio_backend: str) -> None:
    broken = LookupError("a mistake of ours")
    scans = Platform({"a1": [None], "a2": [broken]}).scans()
    first, second = await asyncio.gather(wait(scans), wait(scans, "a2"), return_exceptions=True)
    assert first is broken
    assert second is broken


async def test_nothing_is_looked_at_after_the_end_of_a_run(anyio_backend: str) -> None:
    looked = asyncio.Event()
    world = platform(looked.set, None)
    scans = world.scans()
    await scans.close()  # before anything was published
    waiting = asyncio.create_task(wait(scans))
    await looked.wait()
    await scans.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    looks = len(world.looks)
    await idle()
    assert len(world.looks) == looks


async def idle() -> None:
    """Lets everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)
