"""What a session hands out because it takes time, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from agentops.emulator.behaviour.behaviours import ToolUse
from agentops.emulator.realtime.voice import SpeechRequest


@dataclass(frozen=True, slots=True)
class Hear:
    """Which of `phrases` does `pcm` say? Answered with the phrase, or None."""

    turn: int
    pcm: bytes = field(repr=False)
    phrases: tuple[str, ...]
    sample_rate_hz: int


@dataclass(frozen=True, slots=True)
class Synthesize:
    """Speak `request`. Answered with a `voice.SpokenReply`."""

    reply: int
    request: SpeechRequest


@dataclass(frozen=True, slots=True)
class CallTool:
    """Use a tool of the agent. Answered with a `ToolOutcome`."""

    reply: int
    tool_call_id: str
    use: ToolUse
    tool: Mapping[str, Any]
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Compose:
    """Let the language model go on with the conversation. Answered with `Composed`."""

    reply: int
    messages: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a tool answered: `error` is None when it succeeded; `variables` are the values read from its answer."""

    response: Any = None
    error: str | None = None
    latency_ms: float = 0.0
    variables: Mapping[str, Any] = field(default_factory=dict)


Work: TypeAlias = Hear | Synthesize | CallTool | Compose
