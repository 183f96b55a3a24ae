"""A call of the old agent, from its record, a transcript or a recording, to be put beside one of the new agent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentops.errors import UsageError
from agentops.files import read_text
from agentops.json_text import read_json

_SOUNDS = frozenset({".wav", ".mp3", ".m4a", ".ogg", ".opus", ".flac", ".webm"})
_LINE = re.compile(r"(?i)^\s*(?:\[[\d:.]+\]\s*)?(agent|assistant|ai|bot|user|caller|customer|client)\s*:\s*(.+)$")
_AGENT_WORDS = frozenset({"agent", "assistant", "ai", "bot"})
_FORMS = "give a conversation's JSON record, a transcript with lines such as `Agent: ...`, or a recording"


@dataclass(frozen=True, slots=True)
class OldTurn:
    is_agent: bool
    text: str
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class OldCall:
    """What is known of an old call: its turns, or the recording to listen to."""

    origin: str
    turns: tuple[OldTurn, ...] = ()
    recording: Path | None = None


def read_old_call(path: Path) -> OldCall:
    """The call in `path`. Raises UsageError if there is none in it."""
    if path.suffix.lower() in _SOUNDS and path.is_file():
        return OldCall(path.name, recording=path)
    text = read_text(path, f"the old call {path}", hint=_FORMS, code="no-call")
    turns = _from_record(text) if text.lstrip().startswith(("{", "[")) else _from_lines(text)
    if not turns:
        raise UsageError(f"{path} holds no transcript", hint=_FORMS, code="no-call")
    return OldCall(path.name, tuple(turns))


def _from_record(text: str) -> list[OldTurn]:
    try:
        data = read_json(text)
    except (ValueError, RecursionError):
        return []
    entries = data.get("transcript", data.get("messages")) if isinstance(data, dict) else data
    return [turn for entry in (entries if isinstance(entries, list) else ()) if (turn := _turn(entry)) is not None]


def _turn(entry: Any) -> OldTurn | None:
    if not isinstance(entry, dict):
        return None
    text = next((entry[key] for key in ("message", "text", "content") if isinstance(entry.get(key), str)), "").strip()
    if not text:
        return None  # a turn without words, such as a tool's
    at_s = entry.get("time_in_call_secs")
    is_agent = str(entry.get("role")).lower() in _AGENT_WORDS
    return OldTurn(is_agent, text, float(at_s) if isinstance(at_s, int | float) else None)


def _from_lines(text: str) -> list[OldTurn]:
    turns: list[OldTurn] = []
    for line in text.splitlines():
        if match := _LINE.match(line):
            turns.append(OldTurn(match[1].lower() in _AGENT_WORDS, match[2].strip()))
        elif turns and line.strip():
            turns[-1] = OldTurn(turns[-1].is_agent, f"{turns[-1].text} {line.strip()}", turns[-1].at_s)
    return turns
