"""What the mark of a deploy says of the agent's files: their hash, where somebody was to try them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from deploy_world import agent, open_world

from agentops.apply.model import SmokeVerdict, Verdict
from agentops.document import DesiredAgent, Generation, read_mark
from agentops.plan.model import AgentChange

WRITTEN = replace(agent(), sources="0123456789ab")


class Calls:
    def __init__(self, *, calls: bool) -> None:
        self.calls = calls

    def is_called(self, change: AgentChange) -> bool:
        return self.calls

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        return SmokeVerdict(Verdict.PASSED, "")


@pytest.mark.parametrize(
    ("desired", "smoke", "sources"),
    [
        (WRITTEN, Calls(calls=True), "0123456789ab"),
        (WRITTEN, Calls(calls=False), ""),
        (WRITTEN, None, ""),
        (replace(WRITTEN, no_calls_reason="tried by hand"), None, "0123456789ab"),
    ],
)
@pytest.mark.parametrize("generation", list(Generation))
async def test_the_hash_of_the_files_stands_where_they_were_to_be_tried(
    generation: Generation, desired: DesiredAgent, smoke: Calls | None, sources: str
) -> None:
    async with open_world(generation) as world:
        await world.apply(await world.plan([desired]), smoke=smoke)
        found = await world.observe(desired.name)
        mark = read_mark(found.live.label if found.live else None)
        assert mark is not None
        assert mark.sources == sources
        again = await world.plan([replace(desired, sources="ffffffffffff")])
        assert again.is_empty  # other files that make the same: nothing to deploy
