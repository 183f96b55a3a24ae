"""Tools and webhooks that others make while ours are being made: ours is told apart, also where an answer was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from shelf_world import AGENT, KNOWLEDGE, TOOL, ShelfWorld, open_shelf_world

from agentops.apply.model import Warned
from agentops.errors import OutcomeUnknownError, UnavailableError
from agentops.resources import ResourceMark

LOST = OutcomeUnknownError("no answer")


@pytest.fixture
async def shelf(tmp_path: Path, anyio_backend: str) -> AsyncIterator[ShelfWorld]:
    async with open_shelf_world(tmp_path) as opened:
        yield opened


def lose_first(port: Any, *theirs: dict[str, Any]) -> None:
    """The first create is not carried out and its answer is lost, while somebody else makes `theirs`."""
    create, left = port.create, list(theirs)

    async def lost_once(body: dict[str, Any]) -> str:
        if not left:
            return str(await create(body))
        while left:
            await create(left.pop())
        raise LOST

    port.create = lost_once


async def test_a_tool_of_the_name_that_somebody_makes_meanwhile_is_not_taken_for_ours(shelf: ShelfWorld) -> None:
    other = {"type": "client_tool", "name": "look_up", "description": "Theirs."}
    lose_first(shelf.world.writer.tools, other)
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.shelf())["tools"] == ["Theirs.", "Look up the order."]
    assert await shelf.live_tools() == ["Look up the order."]


async def test_a_webhook_that_somebody_makes_meanwhile_is_not_taken_for_ours(shelf: ShelfWorld) -> None:
    of_another = ResourceMark("another-owner", "0" * 12)
    lose_first(
        shelf.world.writer.webhooks,
        {"endpoint": "https://plain.example.com", "description": "by hand"},
        {"endpoint": "https://other.example.com", "description": f"CRM {of_another}"},
    )
    assert (await shelf.deploy()).exit_code == 0
    found = {each.content["endpoint"]: each for each in await shelf.world.writer.webhooks.list()}
    assert list(found["https://crm.example.com/hooks"].content["events"].values()) == [["post-conversation"]]
    assert [each.content["events"] for address, each in found.items() if "crm" not in address] == [{}, {}]
    assert (await shelf.plan()).is_empty


async def test_a_tool_that_can_not_be_taken_away_again_is_named(shelf: ShelfWorld) -> None:
    """Nothing goes live, since the knowledge can't be made: the tool that was made before goes, if it can."""
    shelf.write({"agents/support.yaml": AGENT, "tools/look_up.yaml": TOOL, "knowledge/returns.yaml": KNOWLEDGE})
    writer = shelf.world.writer

    async def down(*_: object) -> str:
        raise UnavailableError("try later")

    writer.knowledge.create = writer.tools.delete = down  # type: ignore[method-assign, assignment]
    result = await shelf.deploy()
    assert result.exit_code != 0
    [tool] = await writer.tools.list()
    warned = [each.text for each in shelf.world.events if isinstance(each, Warned)]
    assert warned == [f"{tool.resource_id}, which this run made, is still there: try later"]


async def test_a_file_that_leaves_headers_out_leaves_them_to_the_platform(shelf: ShelfWorld) -> None:
    bodies: list[dict[str, Any]] = []
    hooks = shelf.world.writer.webhooks
    update = hooks.update

    async def noted(resource_id: str, body: dict[str, Any]) -> None:
        bodies.append(body)
        await update(resource_id, body)

    hooks.update = noted  # type: ignore[method-assign]
    await shelf.deploy()
    plain = "endpoint: https://crm.example.com/hooks\ndescription: CRM\nevents: {support: [post-conversation]}\n"
    shelf.write({"webhooks/crm.yaml": plain})
    assert (await shelf.deploy()).exit_code == 0
    assert [sorted(body) for body in bodies] == [["description", "endpoint", "headers"], ["description", "endpoint"]]
