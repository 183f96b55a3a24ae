"""One world for each test: a project of one agent, and an account of nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from workflow_world import PROJECT, WorkflowWorld

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorkflowWorld]:
    root = tmp_path / "acme"
    with start(EmulatorOptions(seed=1)) as emulator:
        made = WorkflowWorld(root, emulator.base_url)
        made.write("agentops.yaml", PROJECT)
        made.agent()
        yield made
