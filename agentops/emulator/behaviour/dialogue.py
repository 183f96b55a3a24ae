"""What an emulated agent answers: its behaviour file, its live configuration and the call so far, put together.

Pure: text in, a reaction out. Nothing here speaks, waits, or calls a tool.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from agentops import speech
from agentops.emulator.behaviour.behaviours import Behaviour, CallerTurn, Faults, Reply, Scalar, When
from agentops.emulator.behaviour.playbooks import Hop, PlaybookRouter

KNOWN = "_knownFiles"  # where a call's configuration names what the agent's knowledge bases hold
NOT_UNDERSTOOD = "Sorry, I did not catch that. Could you say it again?"
UNABLE = "I'm sorry, I can't help with that."
STILL_THERE = "Are you still there?"
UNVERIFIED = "I'm sorry, I could not verify who you are."
DEFAULT_LANGUAGE = "en"

_VARIABLE = re.compile(r"\{\{\s*([\w.-]+)\s*(?:\|([^{}]*))?\}\}")


@dataclass(frozen=True, slots=True)
class Reaction:
    """An answer. `turn` is the name of the caller's turn it belongs to; `reply.say` still holds its variables.

    `is_open`: its words are still to be found, by the language model.
    """

    reply: Reply
    faults: Faults
    language: str
    turn: str = ""
    is_open: bool = False
    hop: Hop | None = None  # to the playbook that gives it


def render_text(template: str, variables: Mapping[str, Scalar]) -> str:
    """`template` with `{{name}}` and `{{name|fallback}}` filled in; a variable without a value is left as it is."""

    def value_of(match: re.Match[str]) -> str:
        name, fallback = match.groups()
        value = variables.get(name)
        if value is None or value == "":
            return fallback.strip() if fallback is not None else str(match.group() if value is None else "")
        return str(value).lower() if isinstance(value, bool) else str(value)

    return _VARIABLE.sub(value_of, template)


def enabled_tools(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The tools of a live configuration that may be used."""
    return [tool for tool in config.get("singlePromptConfig", {}).get("tools", []) if tool.get("enabled", True)]


class Dialogue:
    """The agent's side of one call. `variables` grows with what the caller says and the tools answer.

    `declared` are the client tools that the caller offers, by name; the agent can use them like its own.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        config: Mapping[str, Any],
        variables: Mapping[str, Scalar],
        *,
        has_model: bool = False,
        playbooks: PlaybookRouter | None = None,
    ) -> None:
        """`has_model`: a language model answers the caller instead of the behaviour file's turns.

        `playbooks`: of an agent that has them, for this call
        """
        self._behaviour = behaviour
        self._playbooks = playbooks
        self._has_model = has_model
        self._config = config
        # In reverse, so that of two turns with the same sentence the first one keeps it.
        self._sentences = {
            " ".join(speech.words_of(sentence.text)): (turn, sentence)
            for turn in reversed(behaviour.turns)
            for sentence in reversed(behaviour.sentences(turn))
        }
        self._previous_turn = ""
        self.declared: Mapping[str, Mapping[str, Any]] = {}
        self._first_variables: dict[str, Scalar] = {**config.get("defaultVariables", {}), **variables}
        self.variables = dict(self._first_variables)
        self.phrases = tuple(dict.fromkeys(sentence.text for _, sentence in reversed(self._sentences.values())))

    def again(self) -> Dialogue:
        """The same agent at the start of another call."""
        fresh = copy(self)  # shares the expanded sentences, which are what takes time
        fresh.variables, fresh._previous_turn = dict(self._first_variables), ""
        return fresh

    @property
    def latency_ms(self) -> float:
        return self._behaviour.latency_ms

    @property
    def prompt(self) -> str:
        """The agent's live prompt with its variables filled in."""
        return self.text(self._prompt)

    @property
    def _prompt(self) -> str:
        """That of the active playbook or of a single-prompt agent; some live clients write `globalPrompt` instead."""
        if self._playbooks is not None:
            return self._playbooks.prompt
        return self._config.get("singlePromptConfig", {}).get("prompt") or self._config.get("globalPrompt") or ""

    def text(self, template: str) -> str:
        return render_text(template, self.variables)

    def filled_in(self, arguments: Mapping[str, Scalar]) -> dict[str, Scalar]:
        return {name: self.text(value) if isinstance(value, str) else value for name, value in arguments.items()}

    @property
    def ending_tool(self) -> str:
        """The name of the live agent's tool that hangs up."""
        names = (str(tool.get("name")) for tool in self._tools() if tool.get("type") == "end_call")
        return next(names, "end_call")

    def tool(self, name: str) -> Mapping[str, Any] | None:
        """The live agent's enabled tool of this name, or the one that the caller declared."""
        own = next((tool for tool in self._tools() if tool.get("name") == name), None)
        return self.declared.get(name) if own is None else own

    def _tools(self) -> list[Mapping[str, Any]]:
        """The agent's tools, and those of its active playbook."""
        return [*enabled_tools(self._config), *(self._playbooks.tools() if self._playbooks is not None else ())]

    # -- reactions

    def opening(self) -> Reaction | None:
        """What the agent says first; None when it waits for the caller."""
        if self._behaviour.opening is not None:
            return self._react([self._behaviour.opening], "")
        if self._config.get("waitForUserToSpeakFirst") or not self._config.get("firstMessage"):
            return None
        return self._react([], self._config["firstMessage"])

    def answer(self, text: str) -> Reaction:
        """The reaction to what the caller was understood to say, or typed."""
        turn, values = self._understand(text) if not self._has_model else (None, {})
        self.variables |= values
        hop = self._playbooks.route(text, turn.intent if turn else None) if self._playbooks is not None else None
        if self._has_model:
            return replace(self._reaction(Reply(say=""), ""), is_open=True, hop=hop)
        if turn is None:
            return replace(self.not_understood(), hop=hop)
        reaction = self._react(turn.replies, None, turn.name)
        reaction = reaction or self._react(self._behaviour.otherwise, UNABLE, turn.name)
        self._previous_turn = turn.name
        assert reaction is not None
        return replace(reaction, hop=hop)

    def is_help(self, reaction: Reaction) -> bool:
        """Whether the agent understood the caller and had an answer to this turn."""
        return bool(reaction.turn) and reaction.reply.say != UNABLE and reaction.reply not in self._behaviour.otherwise

    def after_tool(self, name: str, *, has_succeeded: bool) -> Reaction | None:
        """What a tool's outcome leads to instead of the reply that used it: the caller could not prove who they are."""
        verification = self._playbooks.after_tool(name, has_succeeded=has_succeeded) if self._playbooks else None
        if verification is None or self._playbooks is None:
            return None
        if verification["onFail"] == "downgrade":
            return replace(self._reaction(Reply(say=UNVERIFIED), ""), hop=self._playbooks.downgrade())
        transfer = next((str(tool["name"]) for tool in self._tools() if tool.get("type") == "transfer_call"), None)
        if verification["onFail"] == "handoff" and transfer is not None:
            return self._reaction(Reply(say=UNVERIFIED, transfer=transfer), "")
        return self._reaction(Reply(say=UNVERIFIED, end_call=True), "")

    def not_understood(self) -> Reaction:
        """The reaction to speech that is none of the phrases, or to text that fits no turn."""
        messages = self._config.get("sttMissDetectorConfig", {}).get("repeatPromptMessages") or [NOT_UNDERSTOOD]
        reaction = self._react(self._behaviour.not_understood, messages[0])
        assert reaction is not None
        return reaction

    def nudge(self) -> Reaction:
        """Said when the caller has been silent for too long."""
        reaction = self._react(self._behaviour.idle, STILL_THERE)
        assert reaction is not None
        return reaction

    def _react(self, replies: Sequence[Reply], default: str | None, turn: str = "") -> Reaction | None:
        """The first of `replies` that the live agent can give, else the words of `default`, else None."""
        for reply in replies:
            if (values := self._fits(reply)) is not None:
                self.variables |= values
                return self._reaction(reply, turn)
        return None if default is None else self._reaction(Reply(say=default), turn)

    def _reaction(self, reply: Reply, turn: str) -> Reaction:
        faults = reply.faults if reply.faults != Faults() else self._behaviour.faults
        language = faults.language or reply.language or self._config.get("language", {}).get("default")
        return Reaction(reply, faults, language or DEFAULT_LANGUAGE, turn)

    # -- understanding

    def _understand(self, text: str) -> tuple[CallerTurn | None, Mapping[str, Scalar]]:
        if (found := self._sentences.get(" ".join(speech.words_of(text)))) is not None:
            turn, sentence = found
            return turn, sentence.slots
        for turn in self._behaviour.turns:
            for pattern in turn.matches:
                if (match := re.search(pattern, text, re.IGNORECASE)) is not None:
                    return turn, {name: value for name, value in match.groupdict().items() if value is not None}
        return None, {}

    # -- conditions

    def _fits(self, reply: Reply) -> dict[str, Scalar] | None:
        """The variables the reply reads from the live prompt, or None when it can't be given."""
        if not all(self._conditions(reply.when)):
            return None
        used = [reply.call.tool] if reply.call else []
        used += [reply.transfer] if reply.transfer else []
        if any(self.tool(name) is None for name in used):
            return None
        if reply.from_knowledge is not None and reply.from_knowledge not in self._config.get(KNOWN, ()):
            return None
        values: dict[str, Scalar] = {}
        for name, pattern in reply.from_prompt.items():
            match = re.search(pattern, self._prompt, re.IGNORECASE)
            if match is None:
                return None
            values[name] = " ".join((match.group(1) or "").split())
        return values

    def _conditions(self, when: When) -> Iterator[bool]:
        prompt, first = self._prompt.lower(), str(self._config.get("firstMessage", "")).lower()
        yield all(text.lower() in prompt for text in when.prompt_contains)
        yield not any(text.lower() in prompt for text in when.prompt_lacks)
        yield all(text.lower() in first for text in when.first_message_contains)
        yield not any(text.lower() in first for text in when.first_message_lacks)
        yield all(self.tool(name) is not None for name in when.tool)
        yield all(self.tool(name) is None for name in when.no_tool)
        if when.playbook:
            yield self._playbooks is not None and self._playbooks.active["id"] in when.playbook
        if when.verified is not None:
            missing = self._playbooks.missing_verifications() if self._playbooks is not None else []
            yield when.verified == (not missing)
        if when.voice:
            yield self._config.get("synthesizer", {}).get("voiceConfig", {}).get("voiceId") in when.voice
        if when.model:
            yield self._config.get("slmModel") in when.model
        if when.language:
            yield set(when.language) <= set(self._config.get("language", {}).get("supported", []))
        if when.after:
            yield self._previous_turn in when.after
        # As text: a call's variables come as strings where a file's may be numbers.
        yield all(str(self.variables.get(name)) == str(value) for name, value in when.variables.items())
