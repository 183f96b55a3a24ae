"""Plays the fault table. A row that changed says in its failure what it ends in now."""

from __future__ import annotations

import pytest
from fault_cases import FAULTS, ROUTES, Case, play, read_cases

from agentops.document import Generation

# A table of hundreds: quick one by one, and half a minute together.
pytestmark = pytest.mark.slow

CASES = list(read_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_fault_ends_as_the_table_says(case: Case, anyio_backend: str) -> None:
    played = await play(case.generation, case.stage, case.fault)
    assert played.summary == case.expected
    assert played.agents <= 1


@pytest.mark.parametrize("generation", Generation)
def test_every_stage_meets_every_fault(generation: Generation) -> None:
    rows = [(case.stage, case.fault) for case in CASES if case.generation is generation]
    assert sorted(rows) == sorted((stage, fault) for stage in ROUTES[generation] for fault in FAULTS)
