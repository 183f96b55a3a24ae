"""What a script expects: of what the agent says next (`Expect`) and of the whole call (`Checks`).

Times that people choose are in seconds (`within_s`), times that machines measure in milliseconds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from agentops.calls.patterns import require_fast
from agentops.calls.protocol import Role

Milliseconds: TypeAlias = Annotated[float, Field(gt=0)]
# A limit relative to the baseline run, e.g. "+20%".
Rise: TypeAlias = Annotated[str, Field(pattern=r"^\+\d{1,4}(\.\d+)?%$")]
Latency: TypeAlias = Milliseconds | Rise
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=600)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Score: TypeAlias = Annotated[float, Field(gt=0, le=1)]
HEARD_SCORE = 0.8  # a text counts as said from this score on: see docs/speech.md and speech.TextMatch
Words: TypeAlias = Annotated[str, Field(min_length=1)]


class ScriptPart(BaseModel):
    """A mapping in a script: unknown fields are errors."""

    # A plan imports scripts and mostly reads none.
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Phrases: TypeAlias = Annotated[tuple[Words, ...], BeforeValidator(_as_list, json_schema_input_type=Words | list[Words])]


def short(field: str, whole: type[BaseModel]) -> BeforeValidator:
    """Lets a text stand for the mapping that has it as `field`, in files and in the schema."""
    return BeforeValidator(lambda v: {field: v} if isinstance(v, str) else v, json_schema_input_type=str | whole)


_AnyRole: TypeAlias = Literal["agent", "caller", "assistant", "user"]


def _as_role(value: Any) -> Any:
    """Understands the platform's own words for the two sides, too."""
    return {"user": "caller", "assistant": "agent"}.get(value, value) if isinstance(value, str) else value


class Similar(ScriptPart):
    """Near enough to `to`: the share of matching words in order (0..1), case, punctuation and numbers aside."""

    to: Words
    at_least: Score = 0.8


class Expect(ScriptPart):
    """What must be heard since the last thing the caller said. Matching ignores case, punctuation and how numbers are
    written; `matches` is a regular expression over the text as it came. `meets` and `not_meets` are sentences about
    the agent that the project's `judge` decides.
    """

    role: Annotated[Role, BeforeValidator(_as_role, json_schema_input_type=_AnyRole)] = Role.AGENT
    contains: Phrases = ()
    all_of: Phrases = ()
    any_of: Phrases = ()
    not_contains: Phrases = ()
    matches: str | None = None
    similar: Annotated[Similar, short("to", Similar)] | None = None
    min_words: int | None = Field(default=None, ge=1)
    max_words: int | None = Field(default=None, ge=1)
    meets: Phrases = ()
    not_meets: Phrases = ()
    within_s: Seconds = 10.0

    @field_validator("matches")
    @classmethod
    def _is_fast(cls, value: str | None) -> str | None:
        if value is not None:
            require_fast(value)
        return value

    @model_validator(mode="after")
    def _expects_something(self) -> Expect:
        if not self.is_about_words and not self.meets and not self.not_meets:
            raise ValueError("expect needs at least one condition, e.g. contains")
        if (self.meets or self.not_meets) and self.role is Role.CALLER:
            raise ValueError("meets and not_meets are about the agent: leave role out")
        return self

    @property
    def can_fail(self) -> bool:
        """Whether it matters what the agent says: any word at all satisfies `min_words: 1` alone."""
        return self.model_copy(update={"min_words": None}).is_about_words or (self.min_words or 0) > 1 or self.is_judged

    @property
    def is_judged(self) -> bool:
        return bool(self.meets or self.not_meets)

    @property
    def is_about_words(self) -> bool:
        """Whether there is a condition that needs no judge."""
        written = (self.contains, self.all_of, self.any_of, self.not_contains)
        measured = (self.matches, self.similar, self.min_words, self.max_words)
        return any(written) or any(value is not None for value in measured)


class Range(ScriptPart):
    min: float | None = None
    max: float | None = None


class TurnLatency(ScriptPart):
    """From the caller's last sound to the agent's first, over all turns: at most so many ms, or "+20%" of before."""

    p50: Latency | None = None
    p95: Latency | None = None
    max: Latency | None = None


class ToolExpectation(ScriptPart):
    """A tool call the platform must report; `arguments` is a subset of the real ones."""

    name: Words
    arguments: dict[str, Any] = {}


class MetricExpectation(ScriptPart):
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


class Checks(ScriptPart):
    """What must hold for the whole call. Only what is written is checked, besides `audible` and `clipping_share`.

    says_transcript: the agent's audio is listened to and must say its transcript, with at least this score (`true`:
    0.8); in English, or in any language where the project names an endpoint to `listen` with.
    """

    connect_ms: Latency | None = None
    first_audio_ms: Latency | None = None
    turn_latency_ms: TurnLatency | None = None
    agent_talk_ratio: Range | None = None
    longest_silence_ms: Milliseconds | None = None
    talk_over_ms: float | None = Field(default=None, ge=0)
    duration_s: Range | None = None
    loudness_dbfs: Range | None = None
    clipping_share: Share = 0.01
    audible: bool = True
    says_transcript: Annotated[Score | None, BeforeValidator(_as_score, json_schema_input_type=bool | Score)] = None
    ended_by: Role | None = None
    end_reason: str | None = None
    forbidden: Phrases = ()
    language: str | None = None
    tool_calls: tuple[ToolExpectation, ...] = ()
    tool_calls_in_order: bool = False
    no_tool_calls: Phrases = ()
    metrics: tuple[MetricExpectation, ...] = ()
    metrics_within_s: Seconds = 60.0

    @property
    def can_fail(self) -> bool:
        """Whether anything is asked for that a call could miss, besides the guards that are always on."""
        how = {"audible", "clipping_share", "tool_calls_in_order", "metrics_within_s"}
        written = [getattr(self, name) for name in self.model_fields_set - how]
        return any(
            any(bound is not None for _, bound in value) if isinstance(value, ScriptPart) else value not in (None, ())
            for value in written
        )
