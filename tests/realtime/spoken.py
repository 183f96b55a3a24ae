"""A realtime session as tests drive it: no socket, no sound, and a clock that jumps."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from agentops.emulator.behaviour.behaviours import Behaviour
from agentops.emulator.behaviour.dialogue import Dialogue, enabled_tools
from agentops.emulator.behaviour.language_model import Composed
from agentops.emulator.behaviour.playbooks import PlaybookRouter
from agentops.emulator.realtime.call_record import Setup
from agentops.emulator.realtime.client_tools import ClientTools
from agentops.emulator.realtime.detection import Detected, SpeechEnded, SpeechStarted
from agentops.emulator.realtime.session import Session
from agentops.emulator.realtime.voice import SpokenReply, SynthesizerVoice
from agentops.emulator.realtime.work import CallTool, Compose, Hear, Synthesize, ToolOutcome

WORD_MS = 200.0
QUIET = bytes(320)


class ScriptedDetector:
    """Stands for the voice detector: speech starts and ends when the test says so."""

    def __init__(self) -> None:
        self.is_speech = False
        self.next: list[Detected] = []

    def feed(self, _pcm: bytes) -> list[Detected]:
        found, self.next = self.next, []
        for event in found:
            self.is_speech = isinstance(event, SpeechStarted)
        return found


class Call:
    """One session and its caller. `heard` is the frames so far; `said` what the recogniser answers, in order.

    `composed` is what the language model answers, in order. While `held` is a list, such work waits there.
    """

    def __init__(
        self,
        behaviour: dict[str, Any] | None = None,
        *,
        mode: str = "webcall",
        client_tools: bool = False,
        has_model: bool = False,
        playbooks: PlaybookRouter | None = None,
        **config: Any,
    ) -> None:
        self.now = 0.0
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self.said: list[str | None] = []
        self.works: list[Any] = []
        self.composed: list[Composed] = []
        self.held: list[Compose | Hear] | None = None
        self.outcome = ToolOutcome({"status": "shipped"}, latency_ms=5.0, variables={"status": "shipped"})
        self.detector = ScriptedDetector()
        config = {"firstMessage": "Hello there caller", "voiceDetectionConfig": {"releaseTimeInSecs": 0.4}, **config}
        setup = Setup(
            agent_id="a", agent_name="Desk", call_id="CALL-1", session_id="s-1", mode=mode, sample_rate_hz=8000,
            config=config, variables={}, opened_at=datetime(2026, 10, 1, 10, 0, tzinfo=UTC),
        )  # fmt: skip
        read = Behaviour.model_validate(behaviour or {})
        dialogue = Dialogue(read, config, {}, has_model=has_model, playbooks=playbooks)
        is_voice = mode == "webcall"
        self.session = Session(
            setup,
            dialogue,
            detector=self.detector if is_voice else None,  # type: ignore[arg-type]
            voice=SynthesizerVoice("f3", 50, 1.0) if is_voice else None,
            client_tools=ClientTools(enabled_tools(config)) if client_tools else None,
        )
        self.session.start(0.0)
        self._settle()

    # -- what the caller does

    def send(self, **message: Any) -> None:
        self.session.receive(json.dumps(message), self.now)
        self._settle()

    def audio(self, *events: Detected) -> None:
        self.detector.next = list(events)
        self.send(type="input_audio_buffer.append", audio=base64.b64encode(QUIET).decode())

    def start_speaking(self) -> None:
        self.audio(SpeechStarted())

    def stop_speaking(self, text: str | None) -> None:
        self.said.append(text)
        self.audio(SpeechEnded(QUIET))

    def say(self, text: str | None, lasting_ms: float = 500.0) -> None:
        self.start_speaking()
        self.run(lasting_ms)
        self.stop_speaking(text)

    # -- time

    def run(self, milliseconds: float) -> None:
        """Lets time pass, step by step as the session asks to be woken."""
        until = self.now + milliseconds
        while self.session.ending is None and self.session.next_ms() <= until:
            self.now = max(self.now + 0.001, self.session.next_ms())
            self.session.advance(self.now)
            self._settle()
        self.now = until

    def _settle(self) -> None:
        while self.session.work or self.session.frames:
            while self.session.frames:
                self.heard.append((self.now, json.loads(self.session.frames.popleft())))
            for work in list(self.session.work):
                self.session.work.remove(work)
                self.works.append(work)
                if isinstance(work, Compose | Hear) and self.held is not None:
                    self.held.append(work)
                    continue
                self.session.finish(work, self._result(work), self.now)

    def let_go(self) -> None:
        """Finishes the work that was held."""
        works, self.held = self.held or [], None
        for work in works:
            self.session.finish(work, self._result(work), self.now)
        self._settle()

    def _result(self, work: Any) -> Any:
        if isinstance(work, Hear):
            return self.said.pop(0)
        if isinstance(work, CallTool):
            return self.outcome
        if isinstance(work, Compose):
            return self.composed.pop(0)
        assert isinstance(work, Synthesize)
        return speak(work.request.text)

    # -- what came back

    def types(self, *, deltas: bool = False) -> list[str]:
        shown = [message["type"] for _, message in self.heard]
        return shown if deltas else [each for each in shown if not each.endswith(".delta")]

    def transcripts(self, role: str) -> list[str]:
        return [m["text"] for _, m in self.heard if m["type"] == "transcript" and m["role"] == role]

    def at(self, kind: str) -> list[float]:
        return [at for at, message in self.heard if message["type"] == kind]

    def events(self) -> list[str]:
        return [event["event_type"] for event in self.session.record.events]


def speak(text: str) -> SpokenReply:
    """A reply of 200 ms per word."""
    ends = [len(" ".join(text.split()[: count + 1])) for count in range(len(text.split()))]
    words = tuple((index * WORD_MS, end) for index, end in enumerate(ends))
    count = round(len(ends) * WORD_MS / 20)
    frames = tuple(f'{{"type":"output_audio.delta","audio":"{index}"}}' for index in range(count))
    return SpokenReply(text, frames, bytes(count * 320), words, count * 20.0)
