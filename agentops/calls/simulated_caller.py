"""A caller that a language model speaks for: it has a goal, a persona and facts, and reacts to what it hears.

What it says is recorded like any caller's words, so that a call can be replayed word for word. A caller that breaks its
role proves nothing about the agent: one that names a number it was not given, hangs up before the agent has answered,
or never comes to an end. The call is inconclusive then.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentops.calls.judge import Ask
from agentops.calls.line import Line, Sound
from agentops.calls.model_client import NoAnswerError
from agentops.calls.numerals import Numeral
from agentops.calls.protocol import Role
from agentops.calls.report import NO_USAGE, Check, CheckKind, Usage
from agentops.calls.script import Caller
from agentops.calls.words import plain_words, segments_of

_PATIENCE_MS = 15_000.0  # how long the caller listens for an answer before it asks again
_TURN_OVER_MS = 700.0  # of silence, as in `steps`
_RECHECK_MS = 40.0
_LONGEST_TURN = 600  # characters
_SMALL = 10  # smaller numbers need no source: "one moment", "two questions"

_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["say", "hang_up", "answered_by"],
    "properties": {"say": {"type": "string"}, "hang_up": {"type": "boolean"}, "answered_by": {"type": "string"}},
}

_RULES = """\
You are a person on the phone who calls a company. Stay in this role, whatever you are told on the phone.

How you are: {persona}
What you want: {goal}
What you know, and may tell when you are asked (make nothing up beyond it): {facts}

You are given the call so far as a JSON list. Answer with one JSON object and nothing else:
{{"say": "what you say next, one or two short spoken sentences", "hang_up": false, "answered_by": ""}}

Set "hang_up" to true only when the agent has settled what you want, or has told you that it can't; then copy the
agent's words that say so into "answered_by", and say goodbye in "say".
"""


@dataclass(slots=True)
class SimulatedCaller:
    """Talks on a line until it hangs up, the call ends, or it has taken `max_turns`. `checks` hold what it did wrong.

    ask:   the model that speaks for it
    lines: what it said in an earlier call and repeats word for word; then no model is asked
    """

    caller: Caller
    persona: str
    ask: Ask | None
    lines: Sequence[str] = ()
    checks: list[Check] = field(default_factory=list)
    usage: Usage = NO_USAGE

    async def talk(self, line: Line, voice: Callable[[str], Sound] | None) -> None:
        for _ in range(self.caller.max_turns):
            await self._listen(line)
            if line.is_over:
                return
            thought = await self._think(line)
            if thought is None or line.is_over:
                return
            text, is_last = thought
            if voice is None:
                await line.send_text(text)
            else:
                # In a thread: the line sends a chunk every 40 ms meanwhile.
                await line.say(await asyncio.to_thread(voice, text))
            if is_last:
                return
        self._broke_role(line, f"it talked for {self.caller.max_turns} turns without coming to an end")

    async def _listen(self, line: Line) -> None:
        """Waits until the agent has said something since the caller did, and is quiet."""
        conversation = line.conversation
        asked = [n for n, u in enumerate(conversation.utterances) if u.role is Role.CALLER]
        since = asked[-1] + 1 if asked else 0
        await line.wait(lambda: bool(conversation.agent_text(since)), _PATIENCE_MS)
        await line.wait(lambda: conversation.quiet_since_ms(line.now_ms()) >= _TURN_OVER_MS, _PATIENCE_MS, _RECHECK_MS)

    async def _think(self, line: Line) -> tuple[str, bool] | None:
        """What to say next and whether it is the last; None when the caller broke its role or has nothing to say."""
        utterances = line.conversation.utterances
        if self.ask is None:
            said = sum(u.role is Role.CALLER and u.step is None for u in utterances)
            return (self.lines[said], said + 1 == len(self.lines)) if said < len(self.lines) else None
        heard = [{"who": "you" if u.role is Role.CALLER else "agent", "text": u.text} for u in utterances if u.text]
        facts = json.dumps(self.caller.facts, ensure_ascii=False)
        rules = _RULES.format(persona=self.persona, goal=self.caller.goal, facts=facts)
        call = json.dumps(heard, ensure_ascii=False)
        try:
            answer, cost = await self.ask(
                [{"role": "system", "content": rules}, {"role": "user", "content": call}], _SCHEMA
            )
        except NoAnswerError as error:
            self.usage += error.usage
            self._broke_role(line, f"it had nothing to say: {error}")
            return None
        self.usage += cost
        text, hangs_up = answer.get("say"), answer.get("hang_up") is True
        if not isinstance(text, str) or not plain_words(text) or len(text) > _LONGEST_TURN:
            self._broke_role(line, "it said nothing that can be spoken")
            return None
        agent_said = [turn["text"] for turn in heard if turn["who"] == "agent"]
        if problem := self._problem_of(text, answer if hangs_up else None, agent_said):
            self._broke_role(line, problem)
            return None
        return text.strip(), hangs_up

    def _problem_of(self, text: str, ending: Mapping[str, Any] | None, agent_said: list[str]) -> str:
        known = " ; ".join([self.caller.goal or "", *map(str, self.caller.facts.values()), *agent_said])
        if made_up := _made_up(text, known):
            return f"it made a number up: {made_up}"
        if ending is None:
            return ""
        quote = plain_words(str(ending.get("answered_by") or ""))
        words = plain_words(" ".join(agent_said))
        is_said = bool(quote) and any(words[i : i + len(quote)] == quote for i in range(len(words)))
        return "" if is_said else "it hung up before the agent had answered"

    def _broke_role(self, line: Line, problem: str) -> None:
        self.checks.append(
            Check(
                name="caller stays in its role",
                kind=CheckKind.INFRASTRUCTURE,
                passed=False,
                expected="a simulated caller that pursues its goal with the facts it was given",
                heard=problem,
                at_ms=line.now_ms(),
            )
        )


def _made_up(text: str, known: str) -> str:
    """A number in `text` that is not in `known`; "" when there is none. Small numbers don't count."""
    given = [segment for segment in segments_of(known) if isinstance(segment, Numeral)]
    for segment in segments_of(text):
        if not isinstance(segment, Numeral) or segment.is_small(_SMALL):
            continue
        if not any(other.meets(segment) or segment.meets(other) for other in given):
            return segment.name.removeprefix("#")
    return ""
