"""Making a knowledge base: what is added, what is taken away, how long it is waited for, and when it is left alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from patient_clock import PatientClock

from agentops.apply.knowledge import KnowledgeMaker
from agentops.apply.model import ResourceWaiting
from agentops.errors import OutcomeUnknownError, StaleError
from agentops.plan.model import ResourceAction, ResourceChange
from agentops.remote.port import KnowledgeBases
from agentops.resources import (
    Address,
    DesiredResource,
    Kind,
    ObservedResource,
    Part,
    PartState,
    ResourceMark,
    SourceFile,
    listing_of,
)

ADDRESS = Address(Kind.KNOWLEDGE, "returns")
FILES = (SourceFile("knowledge/a.md", "a.pdf", "d1"), SourceFile("knowledge/b.pdf", "b.pdf", "d2", 2))
PAGES = ["https://a.example", "https://b.example"]
WANTED = DesiredResource(ADDRESS, "Returns", {"name": "Returns", "urls": PAGES}, files=FILES)
MARK = ResourceMark("a" * 12, "5" * 12)
Urls = list[str]
CHANGE = ResourceChange(ADDRESS, "Returns", ResourceAction.CREATE, "")


def part(name: str, number: int = 0, state: PartState = PartState.READY) -> Part:
    return Part(f"{name} {number}", name, state, 1, is_page=name.startswith("https://"))


@dataclass(slots=True)
class Shelf:
    """One base of an account, which is ready after so many looks."""

    parts: list[Part] = field(default_factory=list)
    looks: float = 0
    there: list[ObservedResource] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # writes that are carried out without an answer
    log: list[tuple[str, Any]] = field(default_factory=list)
    clock: PatientClock = field(default_factory=PatientClock)
    told: list[float] = field(default_factory=list)

    def _done(self, what: str, value: Any) -> None:
        self.log.append((what, value))
        if what in self.lost:
            self.lost.remove(what)
            raise OutcomeUnknownError("no answer")

    async def list(self) -> list[ObservedResource]:
        return self.there

    async def create(self, body: dict[str, str]) -> str:
        self.there.append(ObservedResource(Kind.KNOWLEDGE, "k9", body["name"], description=body["description"]))
        self._done("create", body["description"])
        return "k9"

    async def update(self, base_id: str, body: dict[str, str]) -> None:
        self._done("update", body["description"])

    async def read_parts(self, base_id: str) -> tuple[Part, ...]:
        return tuple(self.parts)

    async def remove_part(self, base_id: str, part: Part) -> None:
        self.parts.remove(part)
        self._done("remove", part.part_id)

    async def add_file(self, base_id: str, name: str, data: bytes) -> None:
        self.parts.append(part(name, 9))
        self._done("file", name)

    async def add_pages(self, base_id: str, pages: Urls) -> None:
        self.parts += [part(each, 9) for each in pages]
        self._done("pages", pages)

    async def is_ready(self, base_id: str) -> bool:
        self.looks -= 1
        return self.looks < 0

    async def make(self, change: ResourceChange = CHANGE) -> str:
        def tell(event: Any) -> None:
            assert isinstance(event, ResourceWaiting)
            self.told.append(event.waited_s)

        maker = KnowledgeMaker(cast(KnowledgeBases, self), self.clock, tell, lambda file: file.digest.encode())
        return await maker.make(change, WANTED, MARK)

    def of(self, what: str) -> Any:
        return [value for name, value in self.log if name == what]


async def test_a_new_base_is_marked_filled_and_sealed(anyio_backend: str) -> None:
    shelf = Shelf(looks=2)
    assert await shelf.make() == "k9"
    sealed = str(replace(MARK, listing=listing_of(shelf.parts)))
    assert shelf.log == [
        ("create", str(MARK)),
        ("file", "a.pdf"),
        ("file", "b.pdf"),
        ("pages", PAGES),
        ("update", sealed),
    ]
    assert shelf.told == [0, 2]


@pytest.mark.parametrize("lost", ["create", "file", "pages"])
async def test_what_was_carried_out_without_an_answer_is_not_done_twice(anyio_backend: str, lost: str) -> None:
    shelf = Shelf(lost=[lost])
    assert await shelf.make() == "k9"
    assert [name for name, _ in shelf.log] == ["create", "file", "file", "pages", "update"]


async def test_a_base_of_another_mark_is_not_taken_for_the_one_that_was_lost(anyio_backend: str) -> None:
    old = ObservedResource(Kind.KNOWLEDGE, "k1", "Returns", description=str(MARK))
    shelf = Shelf(there=[old], lost=["create"])
    assert await shelf.make() == "k9"
    assert len(shelf.of("create")) == 1


async def test_what_an_earlier_run_began_is_gone_on_with(anyio_backend: str) -> None:
    shelf = Shelf([part("a.pdf"), part(PAGES[0])])
    assert await shelf.make(replace(CHANGE, resource_id="k1")) == "k1"
    assert [name for name, _ in shelf.log] == ["file", "pages", "update"]
    assert (shelf.of("file"), shelf.of("pages")) == (["b.pdf"], [PAGES[1:]])
    whole = Shelf([part(name) for name in ("a.pdf", "b.pdf", *PAGES)])
    await whole.make(replace(CHANGE, resource_id="k1"))
    assert [name for name, _ in whole.log] == ["update"]


async def test_what_failed_came_twice_or_belongs_to_nobody_is_taken_away(anyio_backend: str) -> None:
    shelf = Shelf(
        [
            part("a.pdf", 1),
            part("a.pdf", 2),
            part("a.pdf", 3),
            part("b.pdf", 1, PartState.FAILED),
            part("c.pdf", 1),
            *(part(each) for each in PAGES),
        ]
    )
    await shelf.make(replace(CHANGE, resource_id="k1"))
    assert shelf.of("remove") == ["a.pdf 2", "a.pdf 3", "b.pdf 1", "c.pdf 1"]
    assert shelf.of("file") == ["b.pdf"]
    assert shelf.of("pages") == []
    failed_first = Shelf([part("a.pdf", 1, PartState.FAILED), part("a.pdf", 2)])
    await failed_first.make(replace(CHANGE, resource_id="k1"))
    assert failed_first.of("remove") == ["a.pdf 1"]
    assert failed_first.of("file") == ["b.pdf"]


async def test_a_base_that_is_replaced_stays_and_a_new_one_is_made(anyio_backend: str) -> None:
    shelf = Shelf()
    assert await shelf.make(replace(CHANGE, action=ResourceAction.REPLACE, resource_id="k1")) == "k9"
    assert len(shelf.of("create")) == 1


async def test_a_base_that_is_edited_in_place_is_emptied_first(anyio_backend: str) -> None:
    held = [part("a.pdf", 1), part("old.pdf", 1)]
    seen = ObservedResource(Kind.KNOWLEDGE, "k1", "Returns", parts=tuple(held))
    change = replace(CHANGE, action=ResourceAction.UPDATE, resource_id="k1", observed=seen)
    shelf = Shelf(list(held))
    assert await shelf.make(change) == "k1"
    assert shelf.log[:3] == [("update", str(MARK)), ("remove", "a.pdf 1"), ("remove", "old.pdf 1")]
    assert shelf.of("file") == ["a.pdf", "b.pdf"]
    moved = Shelf([*held, part("new.pdf")])
    with pytest.raises(StaleError, match="changed since the plan was made"):
        await moved.make(change)
    assert moved.log == []
    unread = replace(change, observed=replace(seen, parts=None))
    with pytest.raises(StaleError):
        await Shelf(list(held)).make(unread)
    assert await Shelf().make(replace(change, observed=None)) == "k1"


async def test_processing_is_waited_for_ten_minutes(anyio_backend: str) -> None:
    shelf = Shelf(looks=float("inf"))
    with pytest.raises(OutcomeUnknownError, match="still processing after 10 minutes") as unknown:
        await shelf.make()
    assert unknown.value.code == "processing_unfinished"
    assert shelf.told == [2.0 * look for look in range(301)]
    assert shelf.of("update") == [], "it is not sealed"
