"""One realtime call as a state machine: the caller's frames and the clock go in, the agent's frames come out.

No socket, no thread and no clock here. What takes time (recognising, synthesizing, tool calls) is handed out as work
and handed back when it is done; `connection` does both. Times are milliseconds since the session was opened. The order
of events is the one that the platform documents for its socket.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agentops.emulator.behaviour.behaviours import Faults, Reply
from agentops.emulator.behaviour.dialogue import Dialogue, Reaction
from agentops.emulator.behaviour.language_model import APOLOGY, conversation
from agentops.emulator.realtime.call_record import CallRecord, Setup
from agentops.emulator.realtime.client_tools import MESSAGES as CLIENT_TOOL_MESSAGES
from agentops.emulator.realtime.client_tools import ClientToolError, ClientTools
from agentops.emulator.realtime.frames import BadFrameError, Outbox, read_audio, read_message
from agentops.emulator.realtime.limits import CallLimits
from agentops.emulator.realtime.listener import Listener
from agentops.emulator.realtime.playback import Playback
from agentops.emulator.realtime.voice import SpeechRequest, SynthesizerVoice
from agentops.emulator.realtime.work import CallTool, Compose, Hear, Synthesize, ToolOutcome, Work

if TYPE_CHECKING:
    from agentops.emulator.realtime.detection import VoiceDetector

UNRECOGNIZED = "[unrecognized speech]"


@dataclass(frozen=True, slots=True)
class Ending:
    """How the call ended. The socket is closed with `close_code`; None: without a closing handshake, or it is gone.

    `disconnection` is the platform's `disconnectionReason` of the call record.
    """

    close_code: int | None
    disconnection: str


class Session:
    """The call. `frames` and `work` are emptied by the driver after each step; `ending` is set when it is over."""

    def __init__(
        self,
        setup: Setup,
        dialogue: Dialogue,
        *,
        detector: VoiceDetector | None = None,
        voice: SynthesizerVoice | None = None,
        client_tools: ClientTools | None = None,
        talking_events: str = "underscore",
    ) -> None:
        """`detector` and `voice` are those of a voice call; a chat has neither. None for `client_tools`: they are off.

        `talking_events` is the spelling of start and stop: "underscore", or the "dotted" one of newer documentation,
        which has no timestamp.
        """
        self.setup = setup
        self.record = CallRecord(setup)
        self.work: list[Work] = []
        self.ending: Ending | None = None
        self.ended_ms = 0.0
        # Whether to announce when recognition or synthesis on a busy machine keeps an answer waiting: the caller then
        # doesn't count this time as the agent's, which takes no longer to think.
        self.announces_holds = False
        self._is_held = False
        self._limits = CallLimits.of(setup)
        self._out = Outbox(setup.opened_at, has_dotted_events=talking_events == "dotted")
        self._caller = Listener(detector, setup.sample_rate_hz, self._limits.release_ms)
        self._dialogue = dialogue
        self._voice = voice
        self._client_tools = client_tools
        self._reply = 0  # number of the reply being given; work for an earlier one is void
        self._running: Reaction | None = None
        self._resume_ms: float | None = None  # when the running reply goes on; None while it waits for work
        self._tool_done = False
        self._playback: Playback | None = None  # the reply that is being spoken
        self._not_before_ms = 0.0  # no answer before: the agent waits a little after it was interrupted
        self._has_greeted = False  # whether its first reply is over, or there is none
        self._quiet_since_ms = 0.0
        self._nudges = 0

    # -- what the driver calls

    @property
    def frames(self) -> deque[str]:
        """What is to be sent to the caller."""
        return self._out.frames

    def start(self, now_ms: float) -> None:
        setup = self.setup
        self._out.send(
            type="session.created",
            session_id=setup.session_id,
            call_id=setup.call_id,
            sample_rate=setup.sample_rate_hz,
            channels=1,
        )
        self.record.add_event("call_start", now_ms)
        self._quiet_since_ms = now_ms
        opening = self._dialogue.opening()
        if opening is None:
            self._has_greeted = True
        else:
            self._begin(opening, now_ms)
        self.advance(now_ms)

    def receive(self, frame: str | bytes, now_ms: float) -> None:
        """Takes one frame of the caller."""
        if self.ending is not None:
            return
        try:
            self._take(read_message(frame), now_ms)
        except BadFrameError as bad:
            self._out.refuse(str(bad))
        self.advance(now_ms)

    def advance(self, now_ms: float) -> None:
        """Does everything that is due."""
        if self.ending is not None:
            return
        if now_ms >= self._limits.session_ms:
            self._end("ended", "timeout", now_ms)
            return
        if self._caller.is_hearing and now_ms >= self._heard_by_ms:
            self._hold()
        # In this order: audio that is due goes out first, and silence counts only when nothing else was to be done.
        for do in (self._speak_on, self._give_up_tools, self._answer, self._proceed, self._watch_silence):
            do(now_ms)
            if self.ending is not None:  # nothing follows `session.closed`, even if it is due
                return

    def finish(self, work: Work, result: Any, now_ms: float) -> None:
        """Takes the result of some work; work that was overtaken by events is ignored."""
        if self.ending is not None:
            return
        if isinstance(work, Hear):
            if self._caller.hear(work, result, now_ms, self._dialogue.latency_ms):
                self._release()
                if result is not None:
                    self._out.send(type="transcript.delta", role="user", text=result)
        elif isinstance(work, CallTool):
            # Also for a reply that was interrupted: the tool has run, and its record and variables remain.
            self._finish_tool(work, result, now_ms)
        elif work.reply == self._reply and self._running is not None:
            if isinstance(work, Synthesize):
                self._release()
                self._note_latency(now_ms)
                self._playback = Playback(result, self._running.faults, now_ms)
                self._out.send_talking("start", now_ms)
            else:  # the language model's words, or an apology for its failure, are said like any other
                if result.error is not None:
                    self._out.send(type="error", code="internal_error", message=result.error)
                reply = Reply(say=result.text or APOLOGY)
                self._running = replace(self._running, reply=reply, is_open=False)
                self._resume_ms = now_ms
        self.advance(now_ms)

    def hang_up(self, now_ms: float) -> None:
        """The caller's socket is gone."""
        if self.ending is None:
            self._close(Ending(None, "user_hangup"), now_ms)

    def fail(self, message: str, now_ms: float) -> None:
        """Some work could not be done: the platform's own fault, which ends the call."""
        if self.ending is None:
            self._out.send(type="error", code="internal_error", message=message)
            self._close(Ending(1011, "system_error"), now_ms)  # the WebSocket's code for an internal error

    def next_ms(self) -> float:
        """When `advance` has something to do, if nothing else happens before."""
        due = [self._limits.session_ms]
        if self._playback is not None:
            due.append(self._playback.next_ms())
        if self._client_tools is not None:
            due.append(self._client_tools.next_ms())
        if self._running is not None and self._playback is None and self._resume_ms is not None:
            due.append(self._resume_ms)
        if self._caller.answer_ms is not None and self._may_answer:
            due.append(max(self._caller.answer_ms, self._not_before_ms))
        if self._caller.is_hearing and not self._is_held:
            due.append(self._heard_by_ms)
        if self._is_quiet:
            due.append(self._quiet_since_ms + self._limits.idle_ms)
        return min(due)

    # -- the caller

    def _take(self, message: dict[str, Any], now_ms: float) -> None:
        kind = message.get("type")
        if kind == "input_audio_buffer.append":
            self._take_audio(message.get("audio"), now_ms)
        elif kind == "input_text.send":
            text = message.get("text")
            if not isinstance(text, str) or not text:
                raise BadFrameError("text is required")
            self._interrupt(now_ms)
            self._caller.read(text, now_ms, self._dialogue.latency_ms)
        elif kind == "session.close":
            self._end("client_requested", "user_hangup", now_ms)
        elif self._client_tools is not None and kind in CLIENT_TOOL_MESSAGES:
            self._take_tools(self._client_tools, message, now_ms)
        # The platform takes both and does nothing: turns are cut by its own voice detection, and without client tools
        # nothing of a session can be updated.
        elif kind not in ("input_audio_buffer.commit", "session.update"):
            raise BadFrameError(f"unknown message type {kind!r}")

    def _take_audio(self, audio: Any, now_ms: float) -> None:
        if self._caller.detector is None:
            raise BadFrameError("a chat takes no audio")
        pcm = read_audio(audio)
        self.record.add_caller_audio(pcm, now_ms)
        if self.setup.config.get("muteUserUntilFirstBotResponse") and not self._has_greeted:
            return  # still in the recording, but neither heard nor an interruption
        for work in self._caller.feed(pcm, self._dialogue.phrases, now_ms):
            if work is None:
                self._release()  # the caller goes on talking: what was being recognised is void
                self._interrupt(now_ms)
            else:
                self._quiet_since_ms = now_ms
                self.work.append(work)

    @property
    def _heard_by_ms(self) -> float:
        """When the answer to what is being recognised is due; from then on, recognition keeps the caller waiting."""
        return self._caller.ended_ms + self._dialogue.latency_ms

    def _hold(self) -> None:
        """From here on the machine keeps the caller waiting, not the agent; `_release` ends it."""
        if self.announces_holds and not self._is_held:
            self._out.send(type="emulator.hold")
        self._is_held = True

    def _release(self) -> None:
        if self.announces_holds and self._is_held:
            self._out.send(type="emulator.release")
        self._is_held = False

    def _interrupt(self, now_ms: float) -> None:
        """The caller speaks: the agent stops, if it may be interrupted."""
        playback = self._playback
        if self._running is None or not self.setup.config.get("allowInterruptions", True):
            return  # what the caller says is answered after the reply
        if self._running.faults.ignores_interruptions:
            return
        if playback is not None:
            self._out.send(type="interruption")
            self._stop_speaking(now_ms, now_ms - playback.started_ms)
            self._not_before_ms = now_ms + self._limits.backoff_ms
        self._end_reply(now_ms)

    # -- the agent's answer

    @property
    def _may_answer(self) -> bool:
        return self._running is None and not self._caller.is_speaking

    def _answer(self, now_ms: float) -> None:
        due = self._caller.answer_ms
        if due is None or not self._may_answer or now_ms < max(due, self._not_before_ms):
            return
        said = self._caller.take()
        text = UNRECOGNIZED if said is None else said
        self._nudges = 0
        # The platform sends the final words of the caller when the agent begins to answer, all segments in one.
        self._out.send(type="transcript", role="user", text=text)
        self.record.add_line("user", text, self._caller.ended_ms)
        self.record.add_event("user_transcription", now_ms, user_transcription_text=text)
        reaction = self._dialogue.not_understood() if said is None else self._dialogue.answer(said)
        self._record_hop(reaction, now_ms)
        self._begin(reaction, now_ms)

    def _record_hop(self, reaction: Reaction, now_ms: float) -> None:
        if (hop := reaction.hop) is not None:
            self.record.add_event("hopping", now_ms, from_node_id=hop.source, to_node_id=hop.target)

    def _begin(self, reaction: Reaction, now_ms: float) -> None:
        self._reply += 1
        self._running = reaction
        self._tool_done = reaction.reply.call is None
        self._resume_ms = now_ms + reaction.faults.delay_ms

    def _proceed(self, now_ms: float) -> None:
        """The next step of the running reply: its tool, its words, then its transfer or the end of the call."""
        if self._running is None or self._playback is not None or self._resume_ms is None or now_ms < self._resume_ms:
            return
        if not self._tool_done:
            self._use_tool(self._running, now_ms)
        elif self._running.is_open:
            self._resume_ms = None
            self.work.append(Compose(self._reply, conversation(self._dialogue.prompt, self.record.transcript)))
        elif self._running.reply.say:
            self._say(self._running, now_ms)
        else:
            self._conclude(now_ms)

    def _use_tool(self, reaction: Reaction, now_ms: float) -> None:
        use = reaction.reply.call
        tool = self._dialogue.tool(use.tool) if use is not None else None
        assert use is not None
        assert tool is not None
        arguments = self._dialogue.filled_in(use.arguments)
        call_id = f"{self.setup.call_id}-tool-{self._reply}"
        variables = {**self._dialogue.variables, **arguments}
        self._resume_ms = None
        work = CallTool(self._reply, call_id, use, tool, variables)
        self.record.add_tool_start(self._caller.turn, call_id, use.tool, now_ms, arguments)
        if self._client_tools is None or not self._client_tools.serves(work):
            self.work.append(work)
            return
        self._out.send(type="function_call", call_id=call_id, name=use.tool, arguments=arguments)
        if (outcome := self._client_tools.ask(work, now_ms)) is not None:
            self._finish_tool(work, outcome, now_ms)

    def _take_tools(self, tools: ClientTools, message: dict[str, Any], now_ms: float) -> None:
        """What the caller declares, or the result of what it performed. An update without `tools` has no effect."""
        try:
            if message["type"] == "function_call.result":
                self._finish_tool(*tools.take_result(message, now_ms), now_ms)
            elif "tools" in message:
                self._out.send(type="session.updated", tools=tools.declare(message["tools"]))
                self._dialogue.declared = tools.declared
        except ClientToolError as error:
            self._out.send(type="error", code=error.code, message=str(error))

    def _give_up_tools(self, now_ms: float) -> None:
        for work, outcome in self._client_tools.take_expired(now_ms) if self._client_tools is not None else ():
            self._out.send(type="error", code="tool_timeout", message=outcome.error)
            self._finish_tool(work, outcome, now_ms)

    def _finish_tool(self, work: CallTool, outcome: ToolOutcome, now_ms: float) -> None:
        result = {"response": outcome.response, "error": outcome.error, "latency_ms": outcome.latency_ms}
        self.record.add_tool_end(self._caller.turn, work.tool_call_id, work.use.tool, now_ms, **result)
        self._dialogue.variables |= outcome.variables
        instead = self._dialogue.after_tool(work.use.tool, has_succeeded=outcome.error is None)
        if work.reply == self._reply and self._running is not None:
            if instead is not None:
                self._record_hop(instead, now_ms)
                self._running = instead
            self._tool_done = True
            self._resume_ms = now_ms

    def _say(self, reaction: Reaction, now_ms: float) -> None:
        text = self._dialogue.text(reaction.reply.say)
        if self._voice is None:
            # A chat has no audio, and the platform promises no start and stop events for it.
            self._note_latency(now_ms)
            if self._apply_faults(reaction.faults, 0.0 if reaction.faults.never_stops else float("inf"), now_ms):
                return
            self._out.send(type="transcript.delta", role="assistant", text=text)
            self._out.send(type="transcript", role="assistant", text=text)
            self.record.add_line("agent", text, now_ms)
            self._conclude(now_ms)
            return
        spoken = self._dialogue.text(reaction.faults.speaks) if reaction.faults.speaks is not None else text
        request = SpeechRequest(
            text, spoken, reaction.language, self._voice, self.setup.sample_rate_hz, reaction.faults.audio
        )
        self._resume_ms = None
        self._hold()
        self.work.append(Synthesize(self._reply, request))

    def _speak_on(self, now_ms: float) -> None:
        playback = self._playback
        if playback is None:
            return
        reply, elapsed = playback.reply, now_ms - playback.started_ms
        frames = playback.take_frames(elapsed)
        self._out.send_audio(frames)
        for text in playback.take_words(elapsed):
            self._out.send(type="transcript.delta", role="assistant", text=text)
        playback.checked_ms = elapsed
        if self._apply_faults(playback.faults, elapsed, now_ms) or elapsed < reply.duration_ms:
            return
        if playback.faults.never_stops:
            self._playback = Playback(reply, playback.faults, now_ms)  # from its beginning
            self.record.add_agent_audio(reply.pcm, playback.started_ms, reply.duration_ms)
            return
        self._stop_speaking(now_ms, reply.duration_ms)
        self._conclude(now_ms)

    def _apply_faults(self, faults: Faults, elapsed_ms: float, now_ms: float) -> bool:
        """Lets a fault of the reply happen once its time has come; returns whether the call is over."""
        if faults.stalls_after_ms is not None and elapsed_ms >= faults.stalls_after_ms:
            self._out.is_stalled = True
        if faults.drops_after_ms is not None and elapsed_ms >= faults.drops_after_ms:
            self._close(Ending(None, "connection_error"), now_ms)
        elif faults.ends_after_ms is not None and elapsed_ms >= faults.ends_after_ms:
            self._end("ended", "agent_hangup", now_ms)
        return self.ending is not None

    def _stop_speaking(self, now_ms: float, heard_ms: float) -> None:
        """Ends the playback. As on the platform, the transcript holds what the caller heard of it and no more."""
        playback = self._playback
        assert playback is not None
        self._playback = None
        reply = playback.reply
        text = playback.heard_text(heard_ms)
        self._out.send_talking("stop", now_ms)
        if text:
            self._out.send(type="transcript", role="assistant", text=text)
            self.record.add_line("agent", text, playback.started_ms)
            self.record.add_event("tts_completed", now_ms, tts_text=text)
        self.record.add_agent_audio(reply.pcm, playback.started_ms, heard_ms)

    def _conclude(self, now_ms: float) -> None:
        """After the words of a reply: hand over, hang up, or listen."""
        reaction = self._running
        assert reaction is not None
        self._end_reply(now_ms)
        if reaction.reply.transfer:
            self._note_tool(reaction.reply.transfer, now_ms)
            self._end("ended", "transfer_complete", now_ms)
        elif reaction.reply.end_call:
            self._note_tool(self._dialogue.ending_tool, now_ms)
            self._end("ended", "agent_hangup", now_ms)

    def _note_tool(self, name: str, now_ms: float) -> None:
        """Records a tool that only changes the call itself: it starts and ends at once."""
        place = (self._caller.turn, f"{self.setup.call_id}-tool-{name}", name, now_ms)
        self.record.add_tool_start(*place, {})
        self.record.add_tool_end(*place)

    def _end_reply(self, now_ms: float) -> None:
        self._release()
        self._reply += 1  # what is still being synthesized or composed for it comes too late
        self._running = self._playback = None
        self._has_greeted = True
        self._quiet_since_ms = now_ms

    def _note_latency(self, now_ms: float) -> None:
        if self._running is not None and self._caller.ended_ms:
            self.record.add_latency(self._caller.ended_ms, now_ms)
            self._caller.ended_ms = 0.0

    # -- silence and endings

    @property
    def _is_quiet(self) -> bool:
        return self._may_answer and not self._caller.has_spoken

    def _watch_silence(self, now_ms: float) -> None:
        if not self._is_quiet or now_ms < self._quiet_since_ms + self._limits.idle_ms:
            return
        self._quiet_since_ms = now_ms
        if self._nudges >= self._limits.nudges:
            self._end("ended", "timeout", now_ms)
            return
        self._nudges += 1
        self._begin(self._dialogue.nudge(), now_ms)
        self._proceed(now_ms)  # `advance` had its turn already

    def _end(self, reason: str, disconnection: str, now_ms: float) -> None:
        if self._playback is not None:
            self._stop_speaking(now_ms, now_ms - self._playback.started_ms)
        self._out.send(type="session.closed", reason=reason)
        self._close(Ending(1000, disconnection), now_ms)

    def _close(self, ending: Ending, now_ms: float) -> None:
        if self._playback is not None:
            playback, self._playback = self._playback, None
            self.record.add_agent_audio(playback.reply.pcm, playback.started_ms, now_ms - playback.started_ms)
        self.ending = ending
        self.ended_ms = now_ms
        self.record.add_event("call_end", now_ms, metadata={"disconnectionReason": ending.disconnection})
