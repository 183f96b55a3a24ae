"""The call script: what an author may write in a file under `calls/`.

It is checked by pydantic because it comes from outside. What a step or the whole call expects is in `criteria`,
saying what is wrong with a script is `script_reader`'s work, doing what it says is `steps`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from agentops.calls.criteria import Checks, Expect, Milliseconds, Phrases, Score, ScriptPart, Seconds, Words, short
from agentops.calls.protocol import Mode, Role


class CallerVoice(ScriptPart):
    """How the caller sounds. `voice` is a synthesizer voice or variant, `language` its language code."""

    voice: str = ""
    language: str = "en"
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    pitch: int = Field(default=50, ge=0, le=99)
    gain_db: float = Field(default=0.0, ge=-40, le=20)


class Caller(CallerVoice):
    """Who calls. With a `goal` the caller is simulated: a language model (the project's `judge`) speaks for it after
    the script's own steps, until it has what it wants, the agent ends the call, or `max_turns` have been said.

    persona: how it behaves: a name that comes with agentops, or of a file `personas/NAME.md` beside the script
    facts:   what it knows and may tell; it makes nothing up
    """

    persona: str = "plain"
    goal: Words | None = None
    facts: dict[str, str | bool | int | float] = Field(default_factory=dict)
    max_turns: int = Field(default=12, ge=1, le=50)

    @model_validator(mode="after")
    def _wants_something(self) -> Caller:
        extra = self.model_fields_set & {"persona", "facts", "max_turns"}
        if self.goal is None and extra:
            raise ValueError(f"{min(extra)} needs a goal: what does the caller want?")
        return self


class Speech(ScriptPart):
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


Spoken: TypeAlias = Annotated[Speech, short("text", Speech)]
EventName: TypeAlias = Literal["agent_starts", "agent_stops", "agent_quiet", "interruption", "transcript", "tool_call"]


class Anchor(ScriptPart):
    """A moment: `delay_ms` after the next `event`."""

    event: EventName = "agent_starts"
    delay_ms: float = Field(default=800, ge=0)
    within_s: Seconds = 10.0


class WaitFor(ScriptPart):
    event: EventName
    within_s: Seconds = 10.0


class Interrupt(ScriptPart):
    """Breaks in while the agent talks and asserts that it stops within `stops_within_ms`."""

    say: Spoken
    after: Anchor = Anchor()
    stops_within_ms: Milliseconds = 1500.0


class Backchannel(ScriptPart):
    """A short "uh-huh" while the agent talks; asserts that it keeps talking for `keeps_talking_ms` after."""

    say: Spoken = Speech(text="uh-huh")
    after: Anchor = Anchor()
    keeps_talking_ms: Milliseconds = 800.0


class ExpectEnd(ScriptPart):
    """The call ends here. `by` says who must end it, `reason` the platform's word for why (e.g. `ended`)."""

    by: Role = Role.AGENT
    reason: str | None = None
    within_s: Seconds = 15.0


class SayStep(ScriptPart):
    say: Spoken


class SendTextStep(ScriptPart):
    send_text: Words


class SilenceStep(ScriptPart):
    silence: Seconds


class WaitForStep(ScriptPart):
    wait_for: Annotated[WaitFor, short("event", WaitFor)]


class ExpectStep(ScriptPart):
    expect: Annotated[Expect, short("contains", Expect)]


class InterruptStep(ScriptPart):
    interrupt: Annotated[Interrupt, short("say", Interrupt)]


class BackchannelStep(ScriptPart):
    backchannel: Annotated[Backchannel, short("say", Backchannel)]


class ExpectEndStep(ScriptPart):
    expect_end: Annotated[ExpectEnd, short("by", ExpectEnd)]


class HangUpStep(ScriptPart):
    hang_up: Literal[True]


STEPS = {
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
        return next((key for key in value if key in STEPS), None)
    return next((name for name, kind in STEPS.items() if isinstance(value, kind)), None)


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


class Repeat(ScriptPart):
    """The script is called `times` times and passes when at least `pass_rate` of the conclusive calls do."""

    times: int = Field(default=1, ge=1, le=100)
    pass_rate: Score = 1.0


class Noise(ScriptPart):
    """Background noise under the caller's side, `snr_db` below the caller's speech."""

    snr_db: float = Field(default=20.0, ge=-10, le=60)
    kind: Literal["white", "pink", "babble"] = "pink"


class Script(ScriptPart):
    """One scripted call. `agent` is the key of the agent it calls.

    goals: sentences about the whole call that the project's `judge` decides when it is over
    """

    agent: Words
    name: str = ""
    description: str = ""
    mode: Mode = Mode.WEBCALL
    tags: tuple[Words, ...] = ()
    variables: dict[str, str | bool | int | float] = Field(default_factory=dict)
    sample_rate_hz: Literal[8000, 16000, 24000, 48000] = 24000
    caller: Caller = Caller()
    noise: Noise | None = None
    band: Literal["wide", "telephone"] = "wide"
    timeout_s: Seconds = 90.0
    repeat: Repeat = Repeat()
    steps: tuple[Step, ...] = ()
    goals: Phrases = ()
    checks: Checks = Checks()

    @model_validator(mode="after")
    def _fits_together(self) -> Script:
        if not self.steps and self.caller.goal is None:
            raise ValueError("steps are missing: what does the caller say? (or give the caller a goal)")
        if not self.can_fail:
            raise ValueError(
                "the script can't fail, whatever the agent says: add an expect step with words, a goal or a check"
            )
        if self.mode is Mode.CHAT and (misfit := self._audio_only()):
            raise ValueError(f"{misfit} needs mode: webcall")
        return self

    @property
    def can_fail(self) -> bool:
        """Whether anything is asserted that depends on the agent, besides the guards that are always on."""
        asserting = (InterruptStep, BackchannelStep, ExpectEndStep)
        steps = any(
            step.expect.can_fail if isinstance(step, ExpectStep) else isinstance(step, asserting) for step in self.steps
        )
        return steps or bool(self.goals) or self.checks.can_fail

    @property
    def needs_model(self) -> bool:
        """Whether a language model has to judge the call or to speak for its caller."""
        return bool(self.judged_sentences) or self.caller.goal is not None

    @property
    def judged_sentences(self) -> tuple[str, ...]:
        """Everything that needs a judge: of the steps, in order, then of the whole call."""
        expects = [step.expect for step in self.steps if isinstance(step, ExpectStep)]
        return (*(sentence for e in expects for sentence in (*e.meets, *e.not_meets)), *self.goals)

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


def script_schema() -> dict[str, Any]:
    """The JSON Schema of a call script, for editors."""
    schema = Script.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "agentops call script"}
