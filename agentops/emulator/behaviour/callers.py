"""People who phone in: how a call goes, by the agent's behaviour file and its live prompt and tools. Pure.

A call here is its words and how long they take: nothing is spoken, and no tool is really called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from agentops.emulator.behaviour.behaviours import Behaviour, CallerGroup
from agentops.emulator.behaviour.dialogue import Dialogue, Reaction, enabled_tools

_WORD_MS = 400.0  # how long a word takes to say
_THINKS_MS = 700.0  # how long a caller takes to answer
_SPREAD = 0.15  # the standard deviation of the agent's latency, as a share of it


@dataclass(slots=True)
class SimulatedCall:
    """A call that is over. Times are milliseconds since it began.

    lines:     role (`agent` or `user`), text, time
    turns:     when the caller had said something, and when the agent began to answer
    reason:    the platform's `disconnectionReason`
    is_helped: the caller got an answer to everything
    """

    lines: list[tuple[str, str, float]] = field(default_factory=list)
    turns: list[tuple[float, float]] = field(default_factory=list)
    ends_ms: float = 0.0
    reason: str = ""
    is_helped: bool = True

    def say(self, role: str, text: str) -> None:
        if text:
            self.lines.append((role, text, self.ends_ms))
            self.ends_ms += _WORD_MS * len(text.split())


class SimulatedCallers:
    """Everybody who calls one agent; the `Callers` of the store."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._dialogues: dict[str, Dialogue] = {}

    @property
    def calls_per_hour(self) -> float:
        """0 where nobody phones in."""
        return self._behaviour.traffic.calls_per_hour if self._behaviour.traffic else 0.0

    def call(self, revision_id: str, config: Mapping[str, Any], random: Random) -> SimulatedCall:
        """One call that the revision with this configuration takes. `random` decides all that is left to chance."""
        traffic = self._behaviour.traffic
        assert traffic is not None
        if revision_id not in self._dialogues:
            # Only the latest: expanding a dialogue's phrases takes a while, and calls come in the order of revisions.
            self._dialogues = {revision_id: Dialogue(self._behaviour, config, {})}
        dialogue = self._dialogues[revision_id].again()
        (caller,) = random.choices(traffic.callers, [each.weight for each in traffic.callers])
        call = SimulatedCall()
        early = _converse(call, caller, dialogue, random)
        call.is_helped &= early not in ("user_hangup", "connection_error")
        # Once everything is said the agent ends the call, if it has the tool for that.
        has_end_call = any(tool.get("type") == "end_call" for tool in enabled_tools(config))
        call.reason = early or ("agent_hangup" if has_end_call else "user_hangup")
        if random.random() < traffic.breaking_off:
            call.ends_ms *= random.random()
            call.lines = [line for line in call.lines if line[2] < call.ends_ms]
            call.turns = [turn for turn in call.turns if turn[1] < call.ends_ms]
            call.reason, call.is_helped = "system_error", False
        return call


def _converse(call: SimulatedCall, caller: CallerGroup, dialogue: Dialogue, random: Random) -> str | None:
    """Both talk. Returns why the call ended before the caller had said everything; None when it didn't."""
    if (opening := dialogue.opening()) is not None and (reason := _hear(call, caller, dialogue, opening)):
        return reason
    useless = 0
    for text in caller.says:
        call.ends_ms += _THINKS_MS
        call.say("user", text)
        reaction = dialogue.answer(text)
        tool_ms = reaction.reply.call.takes_ms if reaction.reply.call else 0.0
        latency_ms = max(dialogue.latency_ms * random.gauss(1.0, _SPREAD), 1.0)  # the spread has no lower end
        waited_ms = latency_ms + tool_ms + reaction.faults.delay_ms
        if waited_ms > caller.waits_s * 1000:
            call.ends_ms += caller.waits_s * 1000
            return "user_hangup"
        call.turns.append((call.ends_ms, call.ends_ms + waited_ms))
        call.ends_ms += waited_ms
        if reason := _hear(call, caller, dialogue, reaction):
            return reason
        useless = 0 if dialogue.is_help(reaction) else useless + 1
        call.is_helped &= not useless
        if useless == caller.patience:
            return "user_hangup"
    return None


def _hear(call: SimulatedCall, caller: CallerGroup, dialogue: Dialogue, reaction: Reaction) -> str | None:
    """The caller hears what the agent says. Returns why the call ended at that; None when it goes on."""
    text = dialogue.text(reaction.reply.say)
    call.say("agent", text)
    if reaction.faults.drops_after_ms is not None or reaction.faults.stalls_after_ms is not None:
        return "connection_error"
    if any(re.search(pattern, text, re.IGNORECASE) for pattern in caller.leaves_at):
        return "user_hangup"
    if reaction.reply.transfer:
        return "transfer_complete"
    return "agent_hangup" if reaction.reply.end_call or reaction.faults.ends_after_ms is not None else None
