"""An ended call as facts and sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentops.calls.evidence import Evidence
from agentops.calls.facts import Facts, facts_of
from agentops.calls.line import Line
from agentops.calls.protocol import Mode

if TYPE_CHECKING:
    from agentops.calls.recording import Recording


def look_back(line: Line, evidence: Evidence) -> tuple[Facts, Recording | None]:
    """The facts of an ended call, and its sound. Slow for long calls: not for the event loop."""
    if line.session.protocol.mode is Mode.CHAT:
        return facts_of(line, None, evidence), None
    from agentops.calls.recording import add_sound, record

    recording = record(line.caller_track, line.conversation.agent_track, line.duration_ms)
    return add_sound(facts_of(line, recording, evidence), recording), recording
