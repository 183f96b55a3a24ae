"""Makes a knowledge base: its mark first, then every file and page, and once all are processed the mark that says so.

Each step is one request that may be cut off. What a killed run left is recognised by its mark and finished.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from agentops.apply.model import EventSink, ResourceWaiting
from agentops.apply.stale import resource_moved
from agentops.apply.writes import write_once
from agentops.clock import Clock
from agentops.errors import OutcomeUnknownError
from agentops.plan.model import ResourceAction, ResourceChange
from agentops.remote.port import KnowledgeBases
from agentops.resources import DesiredResource, PartState, ResourceMark, SourceFile, listing_of

_INTERVAL_S = 2.0
_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class KnowledgeMaker:
    """`read_file` gives the bytes of a file as they are uploaded."""

    port: KnowledgeBases
    clock: Clock
    emit: EventSink
    read_file: Callable[[SourceFile], bytes]

    async def make(self, change: ResourceChange, resource: DesiredResource, mark: ResourceMark) -> str:
        """The id of the base that holds exactly what is wanted; a new one, unless an earlier run began it or it is
        edited in place."""
        base_id = None if change.action is ResourceAction.REPLACE else change.resource_id
        if base_id is None:
            base_id = await self._create(resource, mark)
        elif change.action is ResourceAction.UPDATE:
            parts = await self.port.read_parts(base_id)
            planned = change.observed.parts if change.observed else None
            if listing_of(parts) != listing_of(planned or ()):
                raise resource_moved(change)
            # The mark says unfinished from here on, so that what a killed run leaves is not taken for what is wanted.
            await self.port.update(base_id, {"name": resource.name, "description": str(mark)})
            for part in parts:
                await self.port.remove_part(base_id, part)
        await self._fill(base_id, resource)
        await self._wait(change, base_id)
        sealed = replace(mark, listing=listing_of(await self.port.read_parts(base_id)))
        await self.port.update(base_id, {"name": resource.name, "description": str(sealed)})
        return base_id

    async def _create(self, resource: DesiredResource, mark: ResourceMark) -> str:
        before = {each.resource_id for each in await self.port.list()}

        async def write() -> str:
            return await self.port.create({"name": resource.name, "description": str(mark)})

        async def read_back() -> str | None:
            new = [each for each in await self.port.list() if each.resource_id not in before and each.mark == mark]
            return new[0].resource_id if new else None

        return await write_once(write, read_back, self.clock)

    async def _fill(self, base_id: str, resource: DesiredResource) -> None:
        """Adds what is missing, and removes what failed, is there twice or is not wanted."""
        wanted = {file.name for file in resource.files} | set(resource.content["urls"])
        has: Counter[str] = Counter()
        for part in await self.port.read_parts(base_id):
            has[part.name] += 1
            if part.state is PartState.FAILED or part.name not in wanted or has[part.name] > 1:
                await self.port.remove_part(base_id, part)
                has[part.name] -= 1
        for file in resource.files:
            if not has[file.name]:
                data = self.read_file(file)
                await self._add_once(base_id, [file.name], partial(self.port.add_file, base_id, file.name, data))
        if pages := [url for url in resource.content["urls"] if not has[url]]:
            await self._add_once(base_id, pages, partial(self.port.add_pages, base_id, pages))

    async def _add_once(self, base_id: str, names: list[str], add: Callable[[], Awaitable[None]]) -> None:
        """Adds parts with these names; an upload that is repeated blindly would be there twice."""

        async def write() -> bool:
            await add()
            return True

        async def read_back() -> bool | None:
            has = {part.name for part in await self.port.read_parts(base_id)}
            return True if has.issuperset(names) else None

        await write_once(write, read_back, self.clock)

    async def _wait(self, change: ResourceChange, base_id: str) -> None:
        """Until everything is processed. Raises ProcessingFailedError, which names what could not be."""
        started = self.clock.monotonic()
        while not await self.port.is_ready(base_id):
            waited_s = self.clock.monotonic() - started
            if waited_s > _TIMEOUT_S:
                raise OutcomeUnknownError(
                    f"{change.address}: the platform was still processing after {_TIMEOUT_S / 60:.0f} minutes",
                    hint="run the same command again: it goes on from there",
                    code="processing_unfinished",
                )
            self.emit(ResourceWaiting(change.address, waited_s))
            await self.clock.sleep(_INTERVAL_S)
