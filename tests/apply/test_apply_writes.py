"""A write whose answer is lost: how long its effect is looked for, when it is sent again, and when nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from patient_clock import PatientClock

from agentops.apply.writes import write_once
from agentops.errors import InvalidRequestError, OutcomeUnknownError, UnavailableError

SILENCE, BROKEN = OutcomeUnknownError("no answer"), OutcomeUnknownError("answered 502", status=502)
DOWN = UnavailableError("try later")
Answer = str | Exception | None


@dataclass(slots=True)
class Platform:
    """Answers writes and looks with the next thing in each list, and with the last one for ever."""

    writes: list[Answer]
    looks: list[Answer]
    clock: PatientClock = field(default_factory=PatientClock)
    seen: list[tuple[str, float]] = field(default_factory=list)

    def _next(self, what: str, answers: list[Answer]) -> str | None:
        self.seen.append((what, self.clock.elapsed_s))
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def write(self) -> str:
        return self._next("write", self.writes) or ""

    async def look(self) -> str | None:
        return self._next("look", self.looks)

    async def outcome(self) -> str:
        return await write_once(self.write, self.look, self.clock)


async def test_a_write_that_was_answered_is_not_looked_at(anyio_backend: str) -> None:
    world = Platform(["done"], [None])
    assert await world.outcome() == "done"
    assert world.seen == [("write", 0)]
    refused = Platform([InvalidRequestError("no")], [None])
    with pytest.raises(InvalidRequestError):
        await refused.outcome()
    assert refused.seen == [("write", 0)]


async def test_what_took_effect_is_not_sent_again(anyio_backend: str) -> None:
    world = Platform([SILENCE], [None, DOWN, "it is there"])
    assert await world.outcome() == "it is there"
    assert world.seen == [("write", 0), ("look", 0), ("look", 1), ("look", 4)]


async def test_an_answer_that_says_it_failed_is_looked_at_for_a_shorter_time(anyio_backend: str) -> None:
    world = Platform([BROKEN, "done"], [None])
    assert await world.outcome() == "done"
    assert world.seen == [("write", 0), ("look", 0), ("look", 0.5), ("write", 0.5)]


async def test_what_never_took_effect_is_given_up_after_three_attempts(anyio_backend: str) -> None:
    world = Platform([SILENCE], [None])
    with pytest.raises(UnavailableError, match="did not carry it out, in 3 attempts"):
        await world.outcome()
    assert [what for what, _ in world.seen].count("write") == 3
    assert len(world.seen) == 3 + 3 * 3


@pytest.mark.parametrize("looks", [[DOWN], [None, DOWN], [None, None, DOWN]])
async def test_what_could_not_be_read_at_the_end_is_not_known_and_not_sent_again(
    anyio_backend: str, looks: list[Answer]
) -> None:
    world = Platform([SILENCE], looks)
    with pytest.raises(OutcomeUnknownError) as unknown:
        await world.outcome()
    assert unknown.value is SILENCE
    assert [what for what, _ in world.seen] == ["write", "look", "look", "look"]


async def test_what_can_be_read_at_the_end_is_sent_again(anyio_backend: str) -> None:
    world = Platform([SILENCE, "done"], [DOWN, DOWN, None])
    assert await world.outcome() == "done"
