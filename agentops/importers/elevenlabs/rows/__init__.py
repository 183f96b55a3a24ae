"""The mapping table as typed rows, by area; `row.Row` documents their fields. For people to read and correct."""

from __future__ import annotations

from agentops.importers.elevenlabs.rows import agent, built_in, platform, speech, tools, widget, workflow
from agentops.importers.elevenlabs.rows.row import Row

ROWS: tuple[Row, ...] = (
    *agent.ROWS,
    *tools.ROWS,
    *built_in.ROWS,
    *speech.ROWS,
    *platform.ROWS,
    *widget.ROWS,
    *workflow.ROWS,
)
