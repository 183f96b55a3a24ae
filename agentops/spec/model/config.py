"""The versioned configuration of an agent, in the platform's write names, with the limits the platform documents."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agentops.spec.model.base import (
    BACKGROUND_SOUNDS,
    MODELS,
    TRANSCRIBERS,
    ForModel,
    KnowledgeBaseId,
    Known,
    Model,
    Scalar,
    Spoken,
    ToolId,
)
from agentops.spec.model.parts import (
    IdleTimeout,
    LanguageConfig,
    MissDetector,
    PostCallAnalytics,
    PreCallApi,
    Pronunciation,
    SessionTimeout,
    SmartTurn,
    Synthesizer,
    Timezone,
    Toggle,
    VoiceDetection,
    VoiceMailDetection,
    Widget,
)
from agentops.spec.model.playbooks import Playbooks
from agentops.spec.model.tools import Tool


class SinglePrompt(Model):
    """The prompt and the tools of a single-prompt agent."""

    prompt: Annotated[str, ForModel()] | None = Field(
        default=None, description="The system prompt.", examples=["${{ file('prompts/support.md') }}"]
    )
    tools: list[Tool] | None = Field(default=None, description="What the agent can do.")
    toolRefs: list[ToolId] | None = Field(
        default=None, description="Tools from the account's library: ${{ ref.tool.KEY }}, or ids."
    )


class AgentConfig(Model):
    """Everything that is versioned on the platform. A field that is left out is not managed."""

    slmModel: Annotated[str, Known("language model", MODELS)] | None = Field(
        default=None, description="The language model.", examples=["gpt-4o"]
    )
    customLLMWebSocketUrl: str | None = Field(default=None, description="Your own model; overrides slmModel.")
    firstMessage: Annotated[str, Spoken()] | None = Field(
        default=None, max_length=500, description="What the agent says first (at most 500 characters)."
    )
    defaultVariables: dict[str, Scalar] | None = Field(
        default=None,
        description="Values of {{variables}} when a call brings none.",
        examples=[{"customer_name": "there"}],
    )
    language: LanguageConfig | None = Field(default=None, description="Languages heard and spoken.")
    transcriberType: Annotated[str, Known("transcriber", TRANSCRIBERS)] | None = Field(
        default=None, description="The speech recognition engine."
    )
    synthesizer: Synthesizer | None = Field(default=None, description="How the agent speaks.")
    backgroundSound: Annotated[str, Known("background sound", BACKGROUND_SOUNDS)] | None = Field(
        default=None, description="A sound behind the voice; empty for none."
    )
    pronunciationDicts: list[Pronunciation] | None = Field(default=None, description="How words are spoken.")
    speechFormatting: bool | None = Field(default=None, description="Write numbers and dates for speech.")
    enableStyleGuide: bool | None = Field(default=None, description="Add the platform's own style rules.")
    preCallAPI: PreCallApi | None = Field(default=None, description="A request before the first word.")
    singlePromptConfig: SinglePrompt | None = Field(default=None, description="The prompt and the tools.")
    globalPrompt: Annotated[str, ForModel()] | None = Field(
        default=None, max_length=4000, description="The prompt of a workflow-graph agent (at most 4000 characters)."
    )
    playbooks: Playbooks | None = Field(default=None, description="The playbooks of a multi-agent line.")
    globalKnowledgeBaseId: KnowledgeBaseId | None = Field(
        default=None, description="The knowledge base it answers from: ${{ ref.knowledge.KEY }}, or an id."
    )
    waitForUserToSpeakFirst: bool | None = Field(default=None, description="Let the caller speak first.")
    waitForUserToSpeakTimeoutSecs: float | None = Field(default=None, ge=0, description="Seconds to wait for that.")
    muteUserUntilFirstBotResponse: bool | None = Field(
        default=None, description="Ignore the caller until the agent has spoken."
    )
    allowInterruptions: bool | None = Field(default=None, description="Whether the caller may interrupt.")
    interruptionBackoffTimer: float | None = Field(
        default=None, ge=0, le=10, description="Seconds before the agent goes on after an interruption (0 to 10)."
    )
    smartTurnConfig: SmartTurn | None = Field(default=None, description="Waiting for the end of a thought.")
    voiceDetectionConfig: VoiceDetection | None = Field(default=None, description="When a sound counts as speech.")
    voiceMailDetectionConfig: VoiceMailDetection | None = Field(default=None, description="Answering machines.")
    sttMissDetectorConfig: MissDetector | None = Field(default=None, description="Asking again when nothing was heard.")
    denoisingConfig: Toggle | None = Field(default=None, description="Noise reduction on the caller's side.")
    redactionConfig: Toggle | None = Field(default=None, description="Removing personal data from records.")
    llmIdleTimeoutConfig: IdleTimeout | None = Field(default=None, description="Silence before the agent speaks up.")
    sessionTimeoutConfig: SessionTimeout | None = Field(default=None, description="The longest a call may take.")
    timezone: Timezone | None = Field(default=None, description="The time zone of date and time variables.")
    callDispositionConfig: str | None = Field(default=None, description="A prompt that sums up a call's outcome.")
    postCallAnalyticsConfig: PostCallAnalytics | None = Field(default=None, description="Questions about each call.")
    widgetConfig: Widget | None = Field(default=None, description="The web widget.")
