"""The tools of a single-prompt agent, one model per type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentops.spec.model.base import (
    Format,
    ForModel,
    HttpUrl,
    KnowledgeBaseId,
    Model,
    SecretText,
    Spoken,
    TransferNumber,
)

ToolName = Annotated[
    str,
    Field(min_length=1, max_length=64, description="Unique in the agent, without spaces."),
    Format(r"^[^\s]+$", expected="no spaces"),
]
HttpMethod = Literal["GET", "POST", "PUT", "DELETE", "PATCH"]
ValueType = Literal["text", "number", "boolean", "enum"]


class KeyValue(Model):
    """One header or query parameter."""

    key: str = Field(min_length=1, description="The name of the header or parameter.")
    value: SecretText = Field(description="Its value; a secret or a call-time variable may be part of it.")


class ResponseVariable(Model):
    """A call-time variable that is taken out of a JSON answer."""

    variableName: str = Field(min_length=1, description="The variable's name, used as {{name}} from then on.")
    jsonPath: str = Field(min_length=1, description="Where the value is in the answer.", examples=["$.order.status"])


class Parameter(Model):
    """A value that the language model fills in when it uses the tool."""

    name: str = Field(min_length=1, description="The parameter's name, used as {{name}} in the request.")
    description: Annotated[str, ForModel()] = Field(min_length=1, description="What the model should put here.")
    type: ValueType = Field(description="The kind of value.")
    values: list[str] | None = Field(default=None, description="The choices of an enum.")
    required: bool | None = Field(default=None, description="Whether the tool can't be used without it.")


class ExtractedVariable(Model):
    """A variable that the model notes from the conversation."""

    name: str = Field(min_length=1, description="The variable's name, used as {{name}} from then on.")
    description: Annotated[str, ForModel()] = Field(min_length=1, description="What to note.")
    type: ValueType = Field(description="The kind of value.")
    values: list[str] | None = Field(default=None, description="The choices of an enum.")


class Handoff(Model):
    """What is said around a warm transfer: written out, or left to the model."""

    type: Literal["prompt", "static"] = Field(description="`static` is said as written, `prompt` instructs the model.")
    prompt: str | None = Field(default=None, description="The sentence, or the instruction.")


class TransferOption(Model):
    """How a call is handed over."""

    type: Literal["cold_transfer", "warm_transfer"] = Field(
        description="Cold hands over at once; warm speaks to the human first."
    )
    privateHandoffOption: Handoff | None = Field(default=None, description="What the human hears; warm transfers only.")
    publicHandoffOption: Handoff | None = Field(default=None, description="What the caller hears; warm transfers only.")


class _Tool(Model):
    type: str
    name: ToolName
    description: Annotated[str, ForModel()] = Field(
        min_length=1, description="When and how the model should use the tool."
    )
    enabled: bool | None = Field(default=None, description="Switched off, the tool stays but the model can't use it.")


class EndCall(_Tool):
    """Lets the agent hang up."""

    type: Literal["end_call"] = Field(description="The kind of tool.")


class TransferCall(_Tool):
    """Lets the agent hand the caller over to a phone number."""

    type: Literal["transfer_call"] = Field(description="The kind of tool.")
    transferNumber: TransferNumber = Field(description="The number in E.164 form, with + and country code.")
    transferOption: TransferOption = Field(description="How the call is handed over.")
    onHoldMusic: Literal["ringtone", "relaxing_sound", "uplifting_beats", "none"] | None = Field(
        default=None, description="What the caller hears while waiting."
    )
    transferOnlyIfHuman: bool | None = Field(default=None, description="Only connect when a person picks up.")
    detectionTimeout: float | None = Field(
        default=None, ge=5, le=60, description="Seconds to find out whether a person picked up (5 to 60)."
    )


class ApiCall(_Tool):
    """Lets the agent call an HTTP API in the middle of the conversation."""

    type: Literal["api_call"] = Field(description="The kind of tool.")
    url: HttpUrl = Field(description="Where the request goes.", examples=["https://crm.example.com/v1/orders"])
    method: HttpMethod = Field(description="The HTTP method.")
    timeout: int | None = Field(default=None, ge=1000, le=30000, description="Milliseconds to wait (1000 to 30000).")
    headers: dict[str, SecretText] | None = Field(default=None, description="Request headers.")
    headersArray: list[KeyValue] | None = Field(default=None, description="Request headers as a list.")
    queryParams: list[KeyValue] | None = Field(default=None, description="Query parameters.")
    requestBody: SecretText | None = Field(default=None, description="The body as JSON text with {{variables}}.")
    llmParameters: list[Parameter] | None = Field(default=None, description="Values the model fills in.")
    responseVariables: list[ResponseVariable] | None = Field(default=None, description="Values taken from the answer.")


class ExtractVariables(_Tool):
    """Lets the agent note facts from the conversation as variables."""

    type: Literal["extract_dynamic_variables"] = Field(description="The kind of tool.")
    variablesExtractionSchema: list[ExtractedVariable] = Field(min_length=1, description="What to note.")


class KnowledgeBaseSearch(_Tool):
    """Lets the agent search a knowledge base."""

    type: Literal["knowledge_base_search"] = Field(description="The kind of tool.")
    knowledgeBaseId: KnowledgeBaseId = Field(
        description="The knowledge base: ${{ ref.knowledge.KEY }}, or the platform's id of one."
    )
    fillerPhrases: list[Annotated[str, Spoken()]] | None = Field(
        default=None, description="What the agent says while it searches."
    )


class ClientTool(_Tool):
    """A tool that the program on the other end of the WebSocket runs. The platform does not document its fields yet."""

    type: Literal["client_tool"] = Field(description="The kind of tool.")
    parameters: list[Parameter] | None = Field(default=None, description="Values the model fills in.")
    expectsResponse: bool | None = Field(default=None, description="Whether the agent waits for the answer.")
    timeout_ms: int | None = Field(default=None, ge=1000, le=60000, description="Milliseconds to wait for the answer.")
    fillerPhrases: list[Annotated[str, Spoken()]] | None = Field(
        default=None, description="What the agent says while it waits."
    )


Tool = Annotated[
    EndCall | TransferCall | ApiCall | ExtractVariables | KnowledgeBaseSearch | ClientTool,
    Field(discriminator="type"),
]
