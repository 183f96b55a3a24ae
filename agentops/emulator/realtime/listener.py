"""The caller's turn, from its first sound to the words that are answered. Times are the session's; no clock here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agentops.emulator.realtime.work import Hear

if TYPE_CHECKING:
    from agentops.emulator.realtime.detection import VoiceDetector


@dataclass(slots=True)
class Listener:
    """Listens to one caller. Without a `detector` the caller only writes.

    release_ms: the silence that ends a turn, so that it began this long before its end is noticed
    turn:       number of the turn being listened to; what is recognised of an earlier one is void
    ended_ms:   when the caller stopped; 0 when that was answered
    answer_ms:  when the turn is to be answered; None while there is nothing to answer
    """

    detector: VoiceDetector | None
    sample_rate_hz: int
    release_ms: float
    turn: int = 0
    ended_ms: float = 0.0
    answer_ms: float | None = None
    _audio: bytearray = field(default_factory=bytearray)
    _texts: list[str | None] = field(default_factory=list)
    _is_hearing: bool = False

    @property
    def is_speaking(self) -> bool:
        return self.detector is not None and self.detector.is_speech

    @property
    def is_hearing(self) -> bool:
        """Whether what the caller said is still being recognised."""
        return self._is_hearing

    @property
    def has_spoken(self) -> bool:
        """Whether something was said that is still to be recognised or answered."""
        return self._is_hearing or self.answer_ms is not None

    def feed(self, pcm: bytes, phrases: tuple[str, ...], now_ms: float) -> Iterator[Hear | None]:
        """For each thing that happens in the audio: None when the caller begins, what to recognise after the end."""
        for detected in self.detector.feed(pcm) if self.detector is not None else ():
            spoken: bytes | None = getattr(detected, "pcm", None)
            # Also at an end: what was being recognised before is only a part of this turn, so its result is void.
            self.turn += 1
            self._is_hearing = spoken is not None
            if spoken is None:
                self.answer_ms = None
                yield None
                continue
            self._audio += spoken  # with the earlier parts: a pause inside a sentence doesn't cut it in two
            self.ended_ms = now_ms - self.release_ms
            yield Hear(self.turn, bytes(self._audio), phrases, self.sample_rate_hz)

    def hear(self, work: Hear, text: str | None, now_ms: float, latency_ms: float) -> bool:
        """Takes what was recognised; returns whether it counts."""
        if work.turn != self.turn:
            return False
        self._is_hearing = False
        self._texts = [text]
        self.answer_ms = max(now_ms, self.ended_ms + latency_ms)
        return True

    def read(self, text: str, now_ms: float, latency_ms: float) -> None:
        """Takes what the caller wrote."""
        self._texts.append(text)
        self.ended_ms = now_ms
        self.answer_ms = now_ms + latency_ms

    def take(self) -> str | None:
        """The words of the turn, which is over with this; None when none were understood."""
        texts = [text for text in self._texts if text is not None]
        self.answer_ms, self._texts = None, []
        self._audio.clear()
        return " ".join(texts) if texts else None
