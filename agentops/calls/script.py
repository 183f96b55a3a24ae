"""The call script: what an author may write in a file under `calls/`, and what is wrong with what was written.

pydantic stands here because a script comes from outside. Reading the file is `spec.source_events`'s work, doing what it
says is `steps`'. Times that people feel are in seconds (`within_s`), times that machines measure in milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from agentops.calls.protocol import Mode, Role
from agentops.diagnostics import Diagnostic, Severity, Where

Milliseconds: TypeAlias = Annotated[float, Field(gt=0)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=600)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
HEARD_SCORE = 0.8  # from which a text counts as said; see speech.TextMatch
Words: TypeAlias = Annotated[str, Field(min_length=1)]
PlaceOf: TypeAlias = Callable[[tuple[str | int, ...]], Where | None]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Phrases: TypeAlias = Annotated[tuple[Words, ...], BeforeValidator(_as_list, json_schema_input_type=Words | list[Words])]


class Voice(_Part):
    """How the caller sounds. `voice` is a synthesizer voice or variant, `language` its language code."""

    voice: str = ""
    language: str = "en"
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    pitch: int = Field(default=50, ge=0, le=99)
    gain_db: float = Field(default=0.0, ge=-40, le=20)


class Speech(_Part):
    """Words for the synthesizer, or a WAV file beside the script; then `text` says what is in it."""

    text: str = ""
    file: str | None = None
    voice: str | None = None
    language: str | None = None
    speed: float | None = Field(default=None, ge=0.5, le=2.0)
    pitch: int | None = Field(default=None, ge=0, le=99)
    gain_db: float | None = Field(default=None, ge=-40, le=20)

    @model_validator(mode="after")
    def _says_something(self) -> Speech:
        if not self.text and self.file is None:
            raise ValueError("say needs text or a file")
        return self


def _short(field: str, whole: type[BaseModel]) -> BeforeValidator:
    """Lets a text stand for the mapping that has it as `field`, for readers and in the schema."""
    return BeforeValidator(lambda v: {field: v} if isinstance(v, str) else v, json_schema_input_type=str | whole)


def _as_speech(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


_AnyRole: TypeAlias = Literal["agent", "caller", "assistant", "user"]


def _as_role(value: Any) -> Any:
    """The platform's own words for both sides are understood too."""
    return {"user": "caller", "assistant": "agent"}.get(value, value) if isinstance(value, str) else value


Spoken: TypeAlias = Annotated[Speech, BeforeValidator(_as_speech, json_schema_input_type=str | Speech)]
EventName: TypeAlias = Literal["agent_starts", "agent_stops", "agent_quiet", "interruption", "transcript", "tool_call"]


class Similar(_Part):
    """Near enough to `to`: the share of matching words in order (0..1), case, punctuation and numbers aside."""

    to: Words
    at_least: Share = 0.8


class Expect(_Part):
    """What must be heard since the last thing the caller said. Matching ignores case, punctuation and how numbers are
    written; `matches` is a regular expression over the text as it came.
    """

    role: Annotated[Role, BeforeValidator(_as_role, json_schema_input_type=_AnyRole)] = Role.AGENT
    contains: Phrases = ()
    all_of: Phrases = ()
    any_of: Phrases = ()
    not_contains: Phrases = ()
    matches: str | None = None
    similar: Annotated[Similar, _short("to", Similar)] | None = None
    min_words: int | None = Field(default=None, ge=1)
    max_words: int | None = Field(default=None, ge=1)
    within_s: Seconds = 10.0

    @field_validator("matches")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _expects_something(self) -> Expect:
        named = (self.contains, self.all_of, self.any_of, self.not_contains, self.matches, self.similar)
        if not any(named) and self.min_words is None and self.max_words is None:
            raise ValueError("expect needs at least one condition, e.g. contains")
        return self


class Anchor(_Part):
    """A moment: `delay_ms` after the next `event`."""

    event: EventName = "agent_starts"
    delay_ms: float = Field(default=800, ge=0)
    within_s: Seconds = 10.0


class WaitFor(_Part):
    event: EventName
    within_s: Seconds = 10.0


class Interrupt(_Part):
    """Breaks in while the agent talks and asserts that it stops within `stops_within_ms`."""

    say: Spoken
    after: Anchor = Anchor()
    stops_within_ms: Milliseconds = 1500.0


class Backchannel(_Part):
    """A short "uh-huh" while the agent talks; asserts that it keeps talking for `keeps_talking_ms` after."""

    say: Spoken = Speech(text="uh-huh")
    after: Anchor = Anchor()
    keeps_talking_ms: Milliseconds = 800.0


class ExpectEnd(_Part):
    """The call ends here. `by` says who must end it, `reason` the platform's word for why (e.g. `ended`)."""

    by: Role = Role.AGENT
    reason: str | None = None
    within_s: Seconds = 15.0


class SayStep(_Part):
    say: Spoken


class SendTextStep(_Part):
    send_text: Words


class SilenceStep(_Part):
    silence: Seconds


class WaitForStep(_Part):
    wait_for: Annotated[WaitFor, _short("event", WaitFor)]


class ExpectStep(_Part):
    expect: Annotated[Expect, _short("contains", Expect)]


class InterruptStep(_Part):
    interrupt: Annotated[Interrupt, _short("say", Interrupt)]


class BackchannelStep(_Part):
    backchannel: Annotated[Backchannel, _short("say", Backchannel)]


class ExpectEndStep(_Part):
    expect_end: Annotated[ExpectEnd, _short("by", ExpectEnd)]


class HangUpStep(_Part):
    hang_up: Literal[True]


_STEPS = {
    "say": SayStep,
    "send_text": SendTextStep,
    "silence": SilenceStep,
    "wait_for": WaitForStep,
    "expect": ExpectStep,
    "interrupt": InterruptStep,
    "backchannel": BackchannelStep,
    "expect_end": ExpectEndStep,
    "hang_up": HangUpStep,
}


def _step_name(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return next((key for key in value if key in _STEPS), None)
    return next((name for name, kind in _STEPS.items() if isinstance(value, kind)), None)


Step: TypeAlias = Annotated[
    Annotated[SayStep, Tag("say")]
    | Annotated[SendTextStep, Tag("send_text")]
    | Annotated[SilenceStep, Tag("silence")]
    | Annotated[WaitForStep, Tag("wait_for")]
    | Annotated[ExpectStep, Tag("expect")]
    | Annotated[InterruptStep, Tag("interrupt")]
    | Annotated[BackchannelStep, Tag("backchannel")]
    | Annotated[ExpectEndStep, Tag("expect_end")]
    | Annotated[HangUpStep, Tag("hang_up")],
    Discriminator(_step_name, custom_error_type="unknown_step", custom_error_message="not a step"),
]


class Range(_Part):
    min: float | None = None
    max: float | None = None


class TurnLatency(_Part):
    """From the caller's last sound to the agent's first, over all turns. Upper bounds."""

    p50: Milliseconds | None = None
    p95: Milliseconds | None = None
    max: Milliseconds | None = None


class ToolExpectation(_Part):
    """A tool call the platform must report; `arguments` is a subset of the real ones."""

    name: Words
    arguments: dict[str, Any] = {}


class MetricExpectation(_Part):
    """A post-call metric, read from the call record once the platform has it."""

    identifier: Words
    equals: str | float | bool | None = None
    one_of: tuple[str | float | bool, ...] = ()
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _expects_something(self) -> MetricExpectation:
        if self.equals is None and not self.one_of and self.min is None and self.max is None:
            raise ValueError("needs equals, one_of, min or max")
        return self


def _as_score(value: Any) -> Any:
    return HEARD_SCORE if value is True else None if value is False else value


class Checks(_Part):
    """What must hold for the whole call. Only what is written is checked, besides `audible` and `clipping_share`.

    says_transcript: the agent's audio is listened to and must say its transcript, with at least this score (`true`:
    0.8); English only.
    """

    connect_ms: Milliseconds | None = None
    first_audio_ms: Milliseconds | None = None
    turn_latency_ms: TurnLatency | None = None
    agent_talk_ratio: Range | None = None
    longest_silence_ms: Milliseconds | None = None
    talk_over_ms: float | None = Field(default=None, ge=0)
    duration_s: Range | None = None
    loudness_dbfs: Range | None = None
    clipping_share: Share = 0.01
    audible: bool = True
    says_transcript: Annotated[Share, BeforeValidator(_as_score, json_schema_input_type=bool | Share)] | None = None
    ended_by: Role | None = None
    end_reason: str | None = None
    forbidden: Phrases = ()
    language: str | None = None
    tool_calls: tuple[ToolExpectation, ...] = ()
    tool_calls_in_order: bool = False
    no_tool_calls: Phrases = ()
    metrics: tuple[MetricExpectation, ...] = ()
    metrics_within_s: Seconds = 60.0


class Repeat(_Part):
    """The script is called `times` times and passes when at least `pass_rate` of the conclusive calls do."""

    times: int = Field(default=1, ge=1, le=100)
    pass_rate: Share = 1.0


class Noise(_Part):
    """Background noise under the caller's side, `snr_db` below the caller's speech."""

    snr_db: float = Field(default=20.0, ge=-10, le=60)
    kind: Literal["white", "pink", "babble"] = "pink"


class Script(_Part):
    """One scripted call. `agent` is the key of the agent it calls."""

    agent: Words
    name: str = ""
    description: str = ""
    mode: Mode = Mode.WEBCALL
    tags: tuple[Words, ...] = ()
    variables: dict[str, str | bool | int | float] = {}
    sample_rate_hz: Literal[8000, 16000, 24000, 48000] = 24000
    caller: Voice = Voice()
    noise: Noise | None = None
    band: Literal["wide", "telephone"] = "wide"
    timeout_s: Seconds = 90.0
    repeat: Repeat = Repeat()
    steps: tuple[Step, ...] = Field(min_length=1)
    checks: Checks = Checks()

    @model_validator(mode="after")
    def _fits_together(self) -> Script:
        if not self.asserts_something:
            raise ValueError("the script checks nothing: add an expect step or a whole-call check")
        if self.mode is Mode.CHAT and (misfit := self._audio_only()):
            raise ValueError(f"{misfit} needs mode: webcall")
        return self

    @property
    def asserts_something(self) -> bool:
        asserting = (ExpectStep, InterruptStep, BackchannelStep, ExpectEndStep)
        return any(isinstance(step, asserting) for step in self.steps) or bool(self.checks.model_fields_set)

    @property
    def speeches(self) -> tuple[Speech, ...]:
        """Everything the caller says aloud, in order."""
        spoken = [speech_of(step) for step in self.steps]
        return tuple(speech for speech in spoken if speech is not None)

    def _audio_only(self) -> str | None:
        steps = [n for n in map(_step_name, self.steps) if n in {"interrupt", "backchannel"}]
        files = ["say with a file" for speech in self.speeches if speech.file and not speech.text]
        fields = [
            n
            for n in ("first_audio_ms", "talk_over_ms", "loudness_dbfs", "says_transcript")
            if getattr(self.checks, n) is not None
        ]
        return next(iter([*steps, *files, *fields, *(["noise"] if self.noise else [])]), None)


def speech_of(step: Any) -> Speech | None:
    match step:
        case SayStep(say=speech):
            return speech
        case InterruptStep(interrupt=interrupt):
            return interrupt.say
        case BackchannelStep(backchannel=backchannel):
            return backchannel.say
    return None


def read_script(data: Any, *, file: str, place_of: PlaceOf) -> Script | list[Diagnostic]:
    """The script in `data` (parsed YAML), or everything that is wrong with it, each with its place in `file`."""
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        return [_diagnose(problem, file, place_of) for problem in error.errors(include_url=False)]


def _diagnose(problem: Any, file: str, place_of: PlaceOf) -> Diagnostic:
    path = _without_tag(problem["loc"])
    where = next((w for n in range(len(path), -1, -1) if (w := place_of(path[:n])) is not None), Where(file))
    dotted = ".".join(map(str, path))
    summary, hint = _explain(problem, dotted)
    return Diagnostic("call-script", Severity.ERROR, summary, hint=hint, where=where, path=dotted or None)


def _without_tag(loc: Sequence[Any]) -> tuple[str | int, ...]:
    """pydantic puts a step's kind into the location right after its index: `steps.2.say.say.text`."""
    tagged = len(loc) > 2 and loc[0] == "steps" and loc[2] in _STEPS
    return tuple((*loc[:2], *loc[3:]) if tagged else loc)


def _explain(problem: Any, dotted: str) -> tuple[str, str | None]:
    name = dotted.rpartition(".")[2]
    match problem["type"]:
        case "extra_forbidden":
            near = get_close_matches(name, _FIELD_NAMES, n=1)
            return f"unknown field {dotted}", f"did you mean {near[0]}?" if near else None
        case "unknown_step":
            if isinstance(problem["input"], Mapping) and "dtmf" in problem["input"]:
                return f"{dotted}: the platform's socket takes no key presses", "say it in words, or test it by phone"
            return f"{dotted} is not a step", f"a step has one of these keys: {', '.join(_STEPS)}"
        case "missing":
            return f"{dotted} is missing", None
        case "too_short":
            return f"{dotted} is empty or not valid", None
        case "value_error":
            text = str(problem["ctx"]["error"])
            return (f"{dotted}: {text}" if dotted else text), None
    return f"{dotted}: {problem['msg'][0].lower()}{problem['msg'][1:]}, got {problem['input']!r}", None


_FIELD_NAMES = sorted(
    {
        field
        for model in (
            Script,
            Checks,
            Voice,
            Speech,
            Expect,
            Interrupt,
            Backchannel,
            ExpectEnd,
            Anchor,
            WaitFor,
            Repeat,
            Noise,
            TurnLatency,
            ToolExpectation,
            MetricExpectation,
            Similar,
            Range,
        )
        for field in model.model_fields
    }
    | set(_STEPS)
)


def script_schema() -> dict[str, Any]:
    """The JSON Schema of a call script, for editors."""
    schema = Script.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "agentops call script"}
