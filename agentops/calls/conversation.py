"""What both sides have said in a call so far, and when: the record that steps wait on.

Pure state without sockets or clocks. The agent's audio arrives faster than it is heard, so it is laid on a track as
a telephone would play it: each piece starts when the one before has ended, and an interruption voids what has not
been played. Times are milliseconds since `session.created`. `checks` judges the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agentops.calls.protocol import (
    AgentAudio,
    AgentStarted,
    AgentStopped,
    Event,
    Held,
    Interruption,
    Mode,
    Released,
    Role,
    SessionClosed,
    ToolCall,
    Transcript,
)

# Audio that arrives at most this long after the track's end is joined to it, as a player's buffer would do.
_JOIN_MS = 100.0
# The platform may leave a stop out: a start without audio or a stop for this long counts as stopped.
_STALE_START_MS = 3_000.0


@dataclass(slots=True)
class Track:
    """One side of the recording: pieces of PCM16 mono, each at its first sample, in order and without overlap."""

    sample_rate_hz: int
    pieces: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def end_sample(self) -> int:
        return self.pieces[-1][0] + len(self.pieces[-1][1]) // 2 if self.pieces else 0

    @property
    def end_ms(self) -> float:
        return self.end_sample * 1000 / self.sample_rate_hz

    def lay(self, at_ms: float, pcm: bytes) -> float:
        """Puts `pcm` at `at_ms`, or right after what is already there; returns where it starts, in ms."""
        wanted, end = round(at_ms * self.sample_rate_hz / 1000), self.end_sample
        gap_ms = (wanted - end) * 1000 / self.sample_rate_hz
        start = end if self.pieces and gap_ms < _JOIN_MS else max(wanted, 0)
        self.pieces.append((start, pcm))
        return start * 1000 / self.sample_rate_hz

    def cut(self, at_ms: float) -> None:
        """Drops everything after `at_ms`."""
        limit = round(at_ms * self.sample_rate_hz / 1000)
        while self.pieces and self.pieces[-1][0] >= limit:
            self.pieces.pop()
        if self.pieces:
            start, pcm = self.pieces[-1]
            self.pieces[-1] = (start, pcm[: (limit - start) * 2])


@dataclass(slots=True)
class Utterance:
    """One thing said by one side.

    text:         the caller's: what the script says; the agent's: its transcript, "" while none has come
    heard_as:     the caller's only: what the platform's recogniser made of it
    audio_ms:     where its audio starts on the track; None without audio (chat, or a silent agent)
    text_ms:      the agent's only: when the first text of it came
    is_final:     the transcript is the platform's final one
    is_stopped:   the platform has announced the end of it
    is_aside:     a backchannel or an interruption: no latency is measured from it
    step:         the caller's: index of the script's step that says it
    """

    role: Role
    start_ms: float
    end_ms: float
    text: str = ""
    heard_as: str = ""
    audio_ms: float | None = None
    text_ms: float | None = None
    is_final: bool = False
    is_stopped: bool = False
    is_interrupted: bool = False
    is_aside: bool = False
    step: int | None = None


@dataclass(slots=True)
class Conversation:
    """Both sides of a call: feed it the platform's events with `hear`, and what the caller says with `said`."""

    mode: Mode
    agent_track: Track
    utterances: list[Utterance] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    interruptions: list[float] = field(default_factory=list)
    closed: SessionClosed | None = None
    holds: list[tuple[float, float | None]] = field(default_factory=list)
    _open: Utterance | None = None
    _last_sign_ms: float = 0.0

    def hear(self, event: Event) -> None:
        match event:
            case AgentStarted(at_ms):
                self._start(at_ms)
            case AgentStopped(at_ms):
                self._stop(at_ms)
            case AgentAudio(at_ms, pcm):
                self._audio(at_ms, pcm)
            case Transcript(at_ms, Role.AGENT, text, is_final):
                self._agent_text(at_ms, text, is_final)
            case Transcript(_, Role.CALLER, text, _):
                last = next((u for u in reversed(self.utterances) if u.role is Role.CALLER), None)
                if last is not None:
                    last.heard_as = text
            case Interruption(at_ms):
                self._interrupt(at_ms)
            case ToolCall():
                self.tool_calls.append(event)
            case Held(at_ms):
                self.holds.append((at_ms, None))
            case Released(at_ms):
                self._release(at_ms)
            case SessionClosed():
                self._release(event.at_ms)
                self.closed = event
                self._open = None
            case _:
                return

    def said(self, text: str, start_ms: float, end_ms: float, *, step: int | None, is_aside: bool = False) -> Utterance:
        """Adds something that the caller has said."""
        utterance = Utterance(Role.CALLER, start_ms, end_ms, text=text, step=step, is_aside=is_aside)
        self.utterances.append(utterance)
        return utterance

    def is_agent_talking(self, now_ms: float) -> bool:
        """Whether a caller would hear the agent talk now, or the platform has announced that it does."""
        if now_ms < self.agent_track.end_ms:
            return True
        return self._open is not None and now_ms - self._last_sign_ms < _STALE_START_MS

    def quiet_since_ms(self, now_ms: float) -> float:
        """How long the agent has been quiet, in ms; 0 while it talks."""
        if self.is_agent_talking(now_ms):
            return 0.0
        return now_ms - max(self.agent_track.end_ms, self._last_sign_ms)

    def held_ms(self, from_ms: float, to_ms: float) -> float:
        """How long the emulator's recogniser held the call up between the two times. No latency counts that."""
        spans = ((max(began, from_ms), min(to_ms if ended is None else ended, to_ms)) for began, ended in self.holds)
        return sum(max(ended - began, 0.0) for began, ended in spans)

    def _release(self, at_ms: float) -> None:
        if self.holds and self.holds[-1][1] is None:
            self.holds[-1] = (self.holds[-1][0], at_ms)

    @property
    def agent_utterances(self) -> list[Utterance]:
        return [u for u in self.utterances if u.role is Role.AGENT]

    def agent_text(self, first: int = 0) -> str:
        """What the agent says in the utterances from index `first` on."""
        return " ".join(u.text for u in self.utterances[first:] if u.role is Role.AGENT and u.text)

    def caller_text(self, first: int = 0) -> str:
        """What the platform heard of the caller from index `first` on."""
        return " ".join(u.heard_as for u in self.utterances[first:] if u.role is Role.CALLER and u.heard_as)

    def _begin(self, at_ms: float) -> Utterance:
        self._open = Utterance(Role.AGENT, at_ms, at_ms)
        self.utterances.append(self._open)
        return self._open

    def _start(self, at_ms: float) -> None:
        self._last_sign_ms = at_ms
        if self._open is None or self._open.text or self._open.audio_ms is not None:
            self._begin(at_ms)

    def _stop(self, at_ms: float) -> None:
        self._last_sign_ms = at_ms
        if self._open is not None:
            self._open.end_ms = max(at_ms, self._open.end_ms)
            self._open.is_stopped = True
            self._open = None

    def _audio(self, at_ms: float, pcm: bytes) -> None:
        self._last_sign_ms = at_ms
        # Starts are not always announced, so audio may begin an utterance, too.
        utterance = self._open or self._resumable(at_ms) or self._begin(at_ms)
        start_ms = self.agent_track.lay(at_ms, pcm)
        if utterance.audio_ms is None:
            utterance.audio_ms = start_ms
        utterance.end_ms = max(utterance.end_ms, self.agent_track.end_ms)

    def _resumable(self, at_ms: float) -> Utterance | None:
        """The utterance that late audio belongs to: the last one, when its stop came before the end of its audio."""
        last = self.utterances[-1] if self.utterances else None
        fits = last is not None and last.role is Role.AGENT and last.is_stopped and not last.is_interrupted
        return last if fits and at_ms <= self.agent_track.end_ms + _JOIN_MS else None

    def _agent_text(self, at_ms: float, text: str, is_final: bool) -> None:
        target = self._open if self._open is not None and not self._open.is_final else self._unfinished()
        if target is None:
            target = Utterance(Role.AGENT, at_ms, at_ms)
            self.utterances.append(target)
            if not is_final:
                self._open = target
        target.text = text
        target.text_ms = at_ms if target.text_ms is None else target.text_ms
        target.is_final = is_final
        if self.mode is Mode.CHAT:  # where text is all there is; in a call with sound it may lag behind what is heard
            self._last_sign_ms = max(self._last_sign_ms, at_ms)
            if is_final:
                target.end_ms = at_ms
                self._open = None

    def _unfinished(self) -> Utterance | None:
        """The last agent utterance that has no final transcript yet: finals may come after the stop."""
        # In a chat, text that comes after the caller's words is an answer to them: there is no sound to lag behind.
        last = self.utterances[-1:] if self.mode is Mode.CHAT else self.agent_utterances[-1:]
        return last[0] if last and last[0].role is Role.AGENT and not last[0].is_final else None

    def _interrupt(self, at_ms: float) -> None:
        self.interruptions.append(at_ms)
        self.agent_track.cut(at_ms)
        last = self.agent_utterances[-1] if self.agent_utterances else None
        if last is not None and (last is self._open or last.end_ms > at_ms):
            last.is_interrupted = True
            last.end_ms = max(last.start_ms, min(last.end_ms, at_ms) if self._open is not last else at_ms)
        self._open = None
