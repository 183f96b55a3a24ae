"""A reply while the caller hears it: which audio is due, which words have begun, what was heard of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agentops.emulator.behaviour.behaviours import Faults
from agentops.emulator.realtime.voice import SpokenReply

LEAD_MS = 400.0  # how far the audio that was sent is ahead of what was played: the platform sends faster than real time
_BURST_MS = 20.0  # sent earlier still, so that two deltas share one wake-up
_HEARD_AFTER_MS = 120.0  # a word counts as heard once this much of it was played


@dataclass(slots=True)
class Playback:
    """A reply being heard by the caller. `started_ms` is on the session's clock, everything else counts from it."""

    reply: SpokenReply
    faults: Faults
    started_ms: float
    frames_sent: int = 0
    words_sent: int = 0  # as transcript deltas
    checked_ms: float = -1.0  # how far into it the faults have had their chance

    def next_ms(self) -> float:
        """When something of it is due, on the session's clock."""
        due = [self.started_ms + self.reply.duration_ms]
        if self.frames_sent < len(self.reply.frames):
            due.append(self.started_ms + self.frames_sent * 20.0 - LEAD_MS)
        if self.words_sent < len(self.reply.words):
            due.append(self.started_ms + self.reply.words[self.words_sent][0])
        faults = self.faults
        ends = (faults.ends_after_ms, faults.stalls_after_ms, faults.drops_after_ms)
        due += [self.started_ms + after for after in ends if after is not None and after > self.checked_ms]
        return min(due)

    def take_frames(self, elapsed_ms: float) -> tuple[str, ...]:
        """The audio that is due and was not taken before."""
        due = int((elapsed_ms + LEAD_MS + _BURST_MS) / 20.0) + 1
        taken = self.reply.frames[self.frames_sent : due]
        self.frames_sent += len(taken)
        return taken

    def take_words(self, elapsed_ms: float) -> Iterator[str]:
        """The text so far, once for every word that has begun."""
        words = self.reply.words
        while self.words_sent < len(words) and words[self.words_sent][0] <= elapsed_ms:
            yield self.reply.text[: words[self.words_sent][1]]
            self.words_sent += 1

    def heard_text(self, heard_ms: float) -> str:
        """The words of which enough was played to be understood."""
        reply = self.reply
        if heard_ms >= reply.duration_ms:
            return reply.text
        ends = [end for start, end in reply.words if start + _HEARD_AFTER_MS <= heard_ms]
        return reply.text[: max(ends, default=0)]
