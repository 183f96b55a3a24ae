"""The small configuration objects of an agent: language, voice, timing, detection, analytics, widget."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentops.spec.model.base import (
    LANGUAGES,
    VOICE_MODELS,
    Format,
    ForModel,
    HttpUrl,
    Identifier,
    Known,
    Model,
    SecretText,
    Spoken,
)
from agentops.spec.model.tools import HttpMethod, ResponseVariable

Language = Annotated[str, Known("language", LANGUAGES)]
Seconds10 = Annotated[float, Field(ge=0, le=10)]
Share = Annotated[float, Field(ge=0, le=1)]


class Switching(Model):
    """Following the caller into another language."""

    isEnabled: bool | None = Field(default=None, description="Whether the agent follows the caller's language.")
    minWordsForDetection: int | None = Field(default=None, ge=1, le=10, description="Words heard before judging.")
    strongSignalThreshold: float | None = Field(default=None, ge=0.1, le=0.9, description="Sure at once from here on.")
    weakSignalThreshold: float | None = Field(default=None, ge=0.1, le=0.9, description="Sure after some repetition.")
    minConsecutiveForWeakThresholdSwitch: int | None = Field(
        default=None, ge=1, le=5, description="How many weak signals in a row make a switch."
    )


class LanguageConfig(Model):
    """Which languages the agent hears and speaks."""

    default: Language | None = Field(default=None, description="The language it starts in.")
    supported: list[Language] | None = Field(default=None, min_length=1, description="All languages; Tamil only alone.")
    switching: Switching | None = Field(default=None, description="Following the caller into another language.")


class VoiceConfig(Model):
    """Which voice speaks."""

    model: Annotated[str, Known("voice model", VOICE_MODELS)] | None = Field(default=None, description="The engine.")
    voiceId: str | None = Field(default=None, min_length=1, description="The voice's id.", examples=["nyah"])
    modelId: str | None = Field(
        default=None, description="The pool of the voice, for Pro voices.", examples=["lightning-v3.1-pro"]
    )
    gender: Literal["male", "female"] | None = Field(default=None, description="The voice's gender.")


class Synthesizer(Model):
    """How the agent speaks."""

    voiceConfig: VoiceConfig | None = Field(default=None, description="Which voice speaks.")
    speed: float | None = Field(default=None, ge=0, le=2, description="Speaking speed, 1 is normal (0 to 2).")
    consistency: Share | None = Field(default=None, description="How even the delivery is (0 to 1).")
    similarity: Share | None = Field(default=None, description="How close to the original voice (0 to 1).")
    enhancement: Literal[0, 1, 2] | None = Field(default=None, description="Audio enhancement level.")
    sampleRate: Literal[8000, 16000, 24000, 44100] | None = Field(default=None, description="Samples per second.")


class PreCallApi(Model):
    """A request made before the agent says its first word."""

    isEnabled: bool | None = Field(default=None, description="Whether the request is made.")
    url: HttpUrl = Field(description="Where the request goes.")
    method: HttpMethod = Field(description="The HTTP method.")
    headers: dict[str, SecretText] | None = Field(default=None, description="Request headers.")
    body: dict[str, object] | None = Field(default=None, description="The JSON body.")
    timeout: float | None = Field(default=None, ge=1, le=30, description="Seconds to wait (1 to 30).")
    queryParams: dict[str, SecretText] | None = Field(default=None, description="Query parameters.")
    responseVariables: list[ResponseVariable] | None = Field(default=None, description="Values taken from the answer.")


class SmartTurn(Model):
    """Waiting for the end of the caller's thought, not only for a pause."""

    isEnabled: bool | None = Field(default=None, description="Whether it is on.")
    waitTimeInSecs: Seconds10 | None = Field(default=None, description="Longest wait in seconds (0 to 10).")


class VoiceDetection(Model):
    """When a sound counts as the caller speaking."""

    confidence: Share | None = Field(default=None, description="How sure it must be (0 to 1).")
    minVolume: Share | None = Field(default=None, description="How loud it must be (0 to 1).")
    triggerTimeInSecs: Seconds10 | None = Field(default=None, description="How long before it counts as speech.")
    releaseTimeInSecs: Seconds10 | None = Field(default=None, description="How much silence ends the speech.")


class VoiceMailDetection(Model):
    """What happens when a machine picks up. Its switch is `enabled`, unlike everywhere else."""

    enabled: bool | None = Field(default=None, description="Whether the agent looks out for answering machines.")
    endText: Annotated[str, Spoken()] | None = Field(
        default=None, max_length=200, description="Said before hanging up."
    )


class Toggle(Model):
    """Something that is on or off."""

    isEnabled: bool | None = Field(default=None, description="Whether it is on.")


class MissDetector(Model):
    """What is said when speech could not be recognised."""

    isEnabled: bool | None = Field(default=None, description="Whether the agent asks again.")
    repeatPromptMessages: list[Annotated[str, Spoken()]] | None = Field(default=None, description="How it asks again.")


class Pronunciation(Model):
    """How one word is spoken."""

    word: str = Field(min_length=1, description="The word as it is written.")
    pronunciation: str = Field(min_length=1, description="How to say it.")


class IdleTimeout(Model):
    """How long the agent waits for a silent caller before it speaks up."""

    chatTimeoutTimeInSecs: float | None = Field(default=None, ge=1, le=300, description="In chats (1 to 300 s).")
    webcallTimeoutTimeInSecs: float | None = Field(default=None, ge=1, le=300, description="In web calls (1 to 300 s).")
    telephonyTimeoutTimeInSecs: float | None = Field(
        default=None, ge=1, le=300, description="On the telephone (1 to 300 s)."
    )
    maxRetries: int | None = Field(default=None, ge=0, description="How often it speaks up before it gives up.")


class SessionTimeout(Model):
    """The longest a call may take."""

    timeoutTimeInSecs: float | None = Field(default=None, gt=0, le=3600, description="Seconds (at most 3600).")


class Timezone(Model):
    """The time zone of {{current_time}} and its kin."""

    label: str = Field(min_length=1, description="How the zone is called.", examples=["Asia/Kolkata"])
    offset: float = Field(ge=-840, le=840, description="Minutes east of UTC.", examples=[330])


class DispositionMetric(Model):
    """One question that is answered about every call after it has ended."""

    identifier: Identifier = Field(description="Lower-case letters, digits and underscores.")
    dispositionMetricPrompt: Annotated[str, ForModel()] = Field(min_length=1, description="The question.")
    dispositionMetricType: Literal["STRING", "BOOLEAN", "INTEGER", "ENUM", "DATETIME"] = Field(
        description="The kind of answer."
    )
    choices: list[str] | None = Field(default=None, description="The possible answers of an ENUM.")


class SuccessMetric(Model):
    """The older kind of metric; the platform marks it as deprecated."""

    identifier: Identifier = Field(description="Lower-case letters, digits and underscores.")
    successMetricPrompt: Annotated[str, ForModel()] = Field(min_length=1, description="The question.")
    successMetricType: Literal["NUMERIC_SCALE", "PERCENTAGE_SCALE", "PASS_FAIL", "DESCRIPTIVE_SCALE"] = Field(
        description="The kind of answer."
    )


class PostCallAnalytics(Model):
    """What is found out about a call after it has ended."""

    dispositionMetrics: list[DispositionMetric] | None = Field(default=None, description="Questions about the call.")
    successMetrics: list[SuccessMetric] | None = Field(default=None, description="Deprecated by the platform.")
    summaryPrompt: str | None = Field(default=None, description="Deprecated by the platform.")
    useInternalAnalyticsModel: bool | None = Field(default=None, description="Use the platform's own model.")
    useReasoningModel: bool | None = Field(default=None, description="Use a slower model that reasons.")


Color = Annotated[
    str,
    Format(r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", expected="a colour such as #2d9d9f"),
    Field(examples=["#2d9d9f"]),
]
Caption = Annotated[str, Field(min_length=1)]


class Widget(Model):
    """The web widget's look and behaviour."""

    position: Literal["bottom-right", "bottom-left", "top-right", "top-left"] | None = None
    size: Literal["tiny", "compact", "full"] | None = None
    mode: Literal["chat", "voice"] | None = None
    theme: Literal["light", "dark"] | None = None
    borderRadius: float | None = Field(default=None, ge=0, le=50, description="Pixels (0 to 50).")
    baseColor: Color | None = None
    accentColor: Color | None = None
    agentBubbleColor: Color | None = None
    textOnAccentColor: Color | None = None
    secondaryTextColor: Color | None = None
    primaryTextColor: Color | None = None
    title: str | None = None
    startButtonText: Caption | None = None
    endButtonText: Caption | None = None
    ctaName: str | None = None
    ctaTitle: str | None = None
    ctaSubtitle: str | None = None
    widgetName: str | None = None
    avatarUrl: str | None = None
    chatPlaceholder: Caption | None = None
    voiceEmptyMessage: str | None = None
    voiceActiveEmptyMessage: str | None = None
    voiceShowTranscript: bool | None = None
    chatEmptyMessage: str | None = None
    chatFirstMessage: str | None = None
    consentRequired: bool | None = Field(default=None, description="Ask the visitor for consent first.")
    consentTitle: Caption | None = None
    consentContent: Caption | None = None
    consentStorageKey: str | None = None
    assistantId: str | None = None
    allowlist: list[str] | None = Field(default=None, description="Web sites that may embed the widget.")
