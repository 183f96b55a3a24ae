"""The files of what agents share: a tool, a knowledge base, a webhook."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from agentops.spec.model.agent import Key, Suppression
from agentops.spec.model.base import Format, HttpUrl, Model, SecretText
from agentops.spec.model.tools import ApiCall, ClientTool

RegisteredTool = Annotated[ApiCall | ClientTool, Field(discriminator="type")]
Event = Literal["pre-conversation", "post-conversation", "analytics-completed"]
HeaderName = Annotated[
    str, Format(r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$", expected="a header's name: letters, digits and - without blanks")
]
KnowledgeName = Annotated[str, Format(r"^\S(.*\S)?$", expected="a name without blanks around it")]
MOST_HEADERS = 10
MOST_HEADER_VALUE = 1024
_IN_PLACE = "Edit it where live agents use it, at once and without a way back, instead of making a new one."


class _Resource(Model):
    extends: str | None = Field(default=None, description="A fragment this file is laid over.")
    environments: dict[str, Any] | None = Field(default=None, description="What differs in one environment.")
    lint: list[Suppression] | None = Field(default=None, description="Lint rules that are switched off, with reasons.")


class ToolSpec(_Resource):
    """A tool in the account's library; agents refer to it with `${{ ref.tool.KEY }}`."""

    definition: RegisteredTool = Field(description="The tool, as it stands in an agent's own list.")
    in_place: bool | None = Field(default=None, description=_IN_PLACE)


class KnowledgeSpec(_Resource):
    """A knowledge base; agents refer to it with `${{ ref.knowledge.KEY }}`."""

    name: KnowledgeName = Field(
        min_length=1, max_length=40, description="The name on the platform.", examples=["Returns policy"]
    )
    files: list[str] | None = Field(
        default=None,
        description="PDF and Markdown files, relative to knowledge/; Markdown is rendered to PDF.",
        examples=[["returns/policy.pdf", "returns/faq.md"]],
    )
    urls: list[str] | None = Field(
        default=None, description="Pages that the platform reads.", examples=[["https://acme.example/returns"]]
    )
    in_place: bool | None = Field(default=None, description=_IN_PLACE)


class WebhookSpec(_Resource):
    """An endpoint that is sent the events of calls."""

    endpoint: HttpUrl = Field(
        description="Where events are sent; https, but on this machine.", examples=["https://crm.example.com/hooks"]
    )
    description: str | None = Field(default=None, max_length=100, description="What it is for.")
    headers: dict[HeaderName, SecretText] | None = Field(
        default=None, max_length=MOST_HEADERS, description="Headers sent with every event."
    )
    events: dict[Key, Annotated[list[Event], Field(min_length=1)]] = Field(
        min_length=1,
        description="Agent key to the events that are sent of its calls.",
        examples=[{"support": ["post-conversation", "analytics-completed"]}],
    )
