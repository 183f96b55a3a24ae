"""Behaviour files: what an emulated agent understands and how it answers. The shapes, and reading them.

One YAML file describes one agent. The file that is used for an agent is, in this order: the one whose `agents` list
holds a pattern that the agent's display name matches (`*` and `?`, any case); the one whose file name, as words, is in
the display name as words (`support.yaml` for "Acme Support (local)"), the longest such name first. Without any, the
agent opens with its first message and understands nothing. How replies are chosen is decided in `dialogue`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from agentops.emulator.behaviour.phrases import PhraseError, Sentence, expand
from agentops.emulator.store.database import EmulatorError
from agentops.emulator.yaml_files import read_yaml

Scalar: TypeAlias = str | int | float | bool


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _listed(value: Any) -> Any:
    """A single value as a list, so that files needn't write brackets around one entry."""
    return [value] if isinstance(value, (str, dict)) else value


class When(_Part):
    """Conditions on the agent's live configuration and on the call so far; all that are given must hold."""

    prompt_contains: tuple[str, ...] = Field(
        default=(), description="Texts that the live prompt must contain, any case."
    )
    prompt_lacks: tuple[str, ...] = Field(
        default=(), description="Texts that the live prompt must not contain, any case."
    )
    first_message_contains: tuple[str, ...] = ()
    first_message_lacks: tuple[str, ...] = ()
    voice: tuple[str, ...] = Field(default=(), description="The live voiceId is one of these.")
    model: tuple[str, ...] = Field(default=(), description="The live slmModel is one of these.")
    language: tuple[str, ...] = Field(default=(), description="The live language.supported contains all of these.")
    tool: tuple[str, ...] = Field(
        default=(), description="Tools that the live agent has, by name, and that are enabled."
    )
    no_tool: tuple[str, ...] = Field(default=(), description="Tools that the live agent lacks or has disabled.")
    playbook: tuple[str, ...] = Field(default=(), description="The active playbook is one of these, by id.")
    verified: bool | None = Field(
        default=None, description="Whether the caller has passed all that the active playbook asks for."
    )
    variables: dict[str, Scalar] = Field(default={}, description="Call-time variables and the values they must have.")
    after: tuple[str, ...] = Field(
        default=(), description="The caller's turn before this one was one of these, by name."
    )

    _as_lists = field_validator(
        "prompt_contains", "prompt_lacks", "first_message_contains", "first_message_lacks", "voice", "model",
        "language", "tool", "no_tool", "playbook", "after", mode="before", json_schema_input_type=str | list[str],
    )(_listed)  # fmt: skip


class ToolUse(_Part):
    """One use of a tool of the live agent. A reply that uses a tool the agent lacks is not chosen."""

    tool: str
    arguments: dict[str, Scalar] = Field(default={}, description="Templates with call-time variables are allowed.")
    result: Any = Field(
        default=None, description="What the tool answers. Without it an api_call really sends its request."
    )
    error: str | None = Field(default=None, description="The tool fails with this text.")
    takes_ms: float = Field(default=50.0, ge=0)


class Faults(_Part):
    """Deliberate misbehaviour, for testing what notices it."""

    delay_ms: float = Field(default=0.0, ge=0, description="Waits before it speaks.")
    audio: Literal["silent", "clipped", "tones"] | None = Field(default=None, description="What the audio is instead.")
    speaks: str | None = Field(default=None, description="The audio says this; the transcript says the reply.")
    language: str | None = Field(default=None, description="Spoken with the voice of another language, e.g. `es`.")
    ignores_interruptions: bool = False
    never_stops: bool = Field(default=False, description="Says the reply again and again.")
    ends_after_ms: float | None = Field(default=None, ge=0, description="Hangs up while it speaks.")
    stalls_after_ms: float | None = Field(
        default=None, ge=0, description="Sends nothing more, but keeps the socket open."
    )
    drops_after_ms: float | None = Field(
        default=None, ge=0, description="Cuts the connection without a closing handshake."
    )


class Reply(_Part):
    """One answer. The first reply of a turn whose conditions hold is given."""

    when: When = When()
    from_prompt: dict[str, str] = Field(
        default={},
        description="Variables read from the live prompt: a regular expression with one group each, any case.",
    )
    from_knowledge: str | None = Field(
        default=None,
        description="A file (`faq.pdf`) or page that one of the live agent's knowledge bases must have processed; "
        "without it the reply is not given.",
    )
    call: ToolUse | None = None
    say: str = Field("", description="What the agent says, with call-time variables; silence when empty.")
    language: str | None = Field(
        default=None, description="The language it is spoken in; the agent's default without it."
    )
    transfer: str | None = Field(
        default=None, description="The transfer tool that hands the caller over after the words."
    )
    end_call: bool = Field(default=False, description="Hangs up after the words.")
    faults: Faults = Faults()

    @field_validator("from_prompt")
    @classmethod
    def _check_patterns(cls, value: dict[str, str]) -> dict[str, str]:
        for name, pattern in value.items():
            if _compiled(pattern).groups != 1:
                raise ValueError(f"the pattern of {name} needs exactly one group: {pattern}")
        return value


class CallerTurn(_Part):
    """What the caller may say, and the answers to it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    hears: tuple[str, ...] = Field(
        default=(), description="Phrases, for audio and text: `[x]` optional, `(a|b)` choice, `{slot}` a slot's value."
    )
    matches: tuple[str, ...] = Field(
        default=(), description="Regular expressions on what was understood or typed; named groups become variables."
    )
    intent: str | None = Field(
        default=None, description="The playbook it is for, by id or intent; without it the words of the intents decide."
    )
    replies: tuple[Reply, ...] = Field(min_length=1)

    _as_lists = field_validator("hears", "matches", mode="before", json_schema_input_type=str | list[str])(_listed)
    _as_replies = field_validator("replies", mode="before", json_schema_input_type=Reply | list[Reply])(_listed)

    @field_validator("matches")
    @classmethod
    def _check_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            _compiled(pattern)
        return value


class CalleeCall(_Part):
    """What a person does with one call of a campaign."""

    does: Literal["answers", "hangs_up", "voicemail", "busy", "no_answer"] = "answers"
    lasts_s: float = Field(default=30.0, ge=0, le=3600, description="How long they talk, where there is talk.")
    says: tuple[str, ...] = Field(default=(), description="What the person says; it goes into the transcript.")
    refuses_calls: bool = Field(default=False, description="Asks never to be called again: the do-not-call list.")

    _as_lists = field_validator("says", mode="before", json_schema_input_type=str | list[str])(_listed)


class Callee(_Part):
    """People whom a campaign of this agent calls."""

    numbers: tuple[str, ...] = Field(default=("*",), description="Numbers, with `*` and `?`; the first that fits.")
    calls: tuple[CalleeCall, ...] = Field(
        min_length=1, description="What the first call comes to, the second, ...; the last holds for all after it."
    )

    _as_lists = field_validator("numbers", mode="before", json_schema_input_type=str | list[str])(_listed)
    _as_calls = field_validator("calls", mode="before", json_schema_input_type=CalleeCall | list[CalleeCall])(_listed)


class CallerGroup(_Part):
    """People of a kind, who phone in of their own accord."""

    weight: float = Field(default=1.0, gt=0, description="How many they are beside the other kinds.")
    says: tuple[str, ...] = Field(min_length=1, description="What they say, one after the other.")
    patience: int = Field(
        default=2, ge=1, description="They hang up at this many answers in a row that are of no help."
    )
    waits_s: float = Field(default=8.0, gt=0, description="They hang up when an answer takes longer.")
    leaves_at: tuple[str, ...] = Field(
        default=(),
        description="They hang up at what one of these regular expressions finds, any case.",
    )

    _as_lists = field_validator("says", "leaves_at", mode="before", json_schema_input_type=str | list[str])(_listed)

    @field_validator("leaves_at")
    @classmethod
    def _check_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            _compiled(pattern)
        return value


class Traffic(_Part):
    """Calls from people who phone in of their own accord, as the emulator's clock goes on."""

    calls_per_hour: float = Field(default=12.0, gt=0, le=3600)
    breaking_off: float = Field(default=0.0, ge=0, le=1, description="The share of calls that a system error ends.")
    callers: tuple[CallerGroup, ...] = Field(min_length=1)

    _as_callers = field_validator(
        "callers", mode="before", json_schema_input_type=CallerGroup | list[CallerGroup]
    )(_listed)  # fmt: skip


class Behaviour(_Part):
    """One agent's behaviour."""

    agents: tuple[str, ...] = Field(default=(), description="Display names it is for, with `*` and `?`.")
    latency_ms: float = Field(
        default=300.0, ge=0, le=60_000, description="From the end of the caller's turn to the answer."
    )
    slots: dict[str, tuple[str, ...]] = Field(default={}, description="The values a slot in a phrase may have.")
    pre_call: Any = Field(default=None, description="What the agent's pre-call API answers, instead of a real request.")
    opening: Reply | None = Field(default=None, description="Said instead of the live first message.")
    turns: tuple[CallerTurn, ...] = ()
    not_understood: tuple[Reply, ...] = Field(default=(), description="Answers to speech that is none of the phrases.")
    otherwise: tuple[Reply, ...] = Field(
        default=(), description="Answers where no reply of the turn fits the live agent."
    )
    idle: tuple[Reply, ...] = Field(default=(), description="Said when the caller is silent for too long.")
    callees: tuple[Callee, ...] = Field(default=(), description="What people do when a campaign of the agent calls.")
    traffic: Traffic | None = Field(default=None, description="Who phones in; nobody without it.")
    faults: Faults = Field(default=Faults(), description="Faults of every reply that names none.")

    _as_lists = field_validator("agents", mode="before", json_schema_input_type=str | list[str])(_listed)
    _as_replies = field_validator(
        "not_understood", "otherwise", "idle", mode="before", json_schema_input_type=Reply | list[Reply]
    )(_listed)

    @model_validator(mode="after")
    def _check_phrases(self) -> Behaviour:
        names = [turn.name for turn in self.turns]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"turns with the same name: {', '.join(sorted(twice))}")
        for turn in self.turns:
            self.sentences(turn)
        return self

    def sentences(self, turn: CallerTurn) -> tuple[Sentence, ...]:
        try:
            return tuple(sentence for template in turn.hears for sentence in expand(template, self.slots))
        except PhraseError as problem:
            raise ValueError(f"turn {turn.name}: {problem}") from None


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as problem:
        raise ValueError(f"not a regular expression ({problem}): {pattern}") from None


class Behaviours:
    """The behaviour files of one emulator."""

    def __init__(self, files: Sequence[tuple[str, Behaviour]]) -> None:
        """`files` are pairs of a file's stem and its content."""
        # The longest name first: for "Acme Support Night", `support-night.yaml` goes before `support.yaml`.
        self._files = sorted(files, key=lambda file: (-len(_words(file[0])), file[0]))

    def callee(self, agent_name: str, number: str) -> list[dict[str, Any]]:
        """How each call to `number` goes, as plain data; people whom no file describes answer."""
        for callee in self.of(agent_name).callees:
            if any(fnmatchcase(number, pattern) for pattern in callee.numbers):
                return [call.model_dump() for call in callee.calls]
        return [CalleeCall().model_dump()]

    def of(self, agent_name: str) -> Behaviour:
        """The behaviour of the agent with this display name; see the module's text for which file that is."""
        for _, behaviour in self._files:
            if any(fnmatchcase(agent_name.lower(), pattern.lower()) for pattern in behaviour.agents):
                return behaviour
        words = f" {' '.join(_words(agent_name))} "  # spaces at both ends, so that only whole words are found
        for stem, behaviour in self._files:
            if not behaviour.agents and f" {' '.join(_words(stem))} " in words:
                return behaviour
        return Behaviour()


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


class BehaviourError(EmulatorError):
    """A behaviour file of another shape. `problems`: where in the file's data, and what is wrong there."""

    def __init__(self, path: Path, problems: Sequence[tuple[tuple[str | int, ...], str]], hint: str) -> None:
        listed = "; ".join(f"{'.'.join(map(str, at)) or 'the file'}: {why}" for at, why in problems)
        super().__init__(f"behaviour file {path}: {listed}", hint)
        self.problems = tuple(problems)


def read_behaviours(paths: Iterable[Path]) -> Behaviours:
    """Reads behaviour files. Raises EmulatorError that names the file and everything that is wrong in it."""
    return Behaviours([(path.stem, read_behaviour(path)) for path in paths])


def read_behaviour(path: Path) -> Behaviour:
    """Reads one behaviour file. Raises EmulatorError, and BehaviourError where its shape is wrong."""
    hint = "`agentops schema behaviour` describes such a file, and docs/emulator.md has some"
    content = read_yaml(path, hint)
    try:
        return Behaviour.model_validate(content or {})
    except ValidationError as problem:
        raise BehaviourError(path, [(each["loc"], each["msg"]) for each in problem.errors()], hint) from None
