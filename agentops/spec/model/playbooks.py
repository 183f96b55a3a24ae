"""The playbooks of a multi-agent line: a router, the playbooks it chooses from, and verifications of the caller."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentops.spec.model.base import AnyKnowledgeBaseId, ForModel, Model, ToolId
from agentops.spec.model.tools import Tool


class Router(Model):
    """Chooses the playbook for what the caller wants."""

    fallbackPlaybookId: str | None = Field(default=None, description="The playbook for everything else.")
    classifierModel: str | None = Field(default=None, description="The model that chooses.")
    allowMidCallReroute: bool | None = Field(default=None, description="Whether it may choose again during the call.")


class Playbook(Model):
    """One job of the line."""

    id: str = Field(min_length=1, description="How other parts refer to it.")
    name: str = Field(min_length=1)
    intentName: str | None = Field(default=None, max_length=64)
    intentDescription: Annotated[str, ForModel()] | None = Field(
        default=None, description="When the router chooses it."
    )
    enabled: bool | None = None
    type: Literal["free_form", "structured"] | None = None
    authLevel: Literal["none", "weak", "strong"] | None = Field(
        default=None, description="How sure of the caller it is."
    )
    prompt: Annotated[str, ForModel()] | None = Field(default=None, max_length=30000)
    tools: list[Tool] | None = None
    toolRefs: list[ToolId] | None = None
    verificationIds: list[str] | None = None
    domain: str | None = None
    knowledgeBaseId: AnyKnowledgeBaseId | None = None


class Verification(Model):
    """How the caller proves who they are."""

    id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    instructions: Annotated[str, ForModel()] | None = None
    toolRefs: list[ToolId] | None = None
    triggerToolRefs: list[ToolId] | None = None
    bindsPrincipal: bool | None = None
    maxRetries: int | None = Field(default=None, ge=1, le=10)
    onFail: Literal["downgrade", "handoff", "end"] | None = None


class PlaybookAuth(Model):
    """The tools by which a caller is recognised or proves who they are, for the playbooks' `authLevel`."""

    weakTools: list[Tool] | None = Field(default=None, description="Recognise the caller, e.g. by the number.")
    strongTools: list[Tool] | None = Field(default=None, description="Prove who the caller is, e.g. by a birthday.")


class Playbooks(Model):
    """Everything a multi-agent line has beside its voice."""

    router: Router | None = None
    playbooks: list[Playbook] | None = Field(default=None, max_length=128)
    verifications: list[Verification] | None = None
    globalToolRefs: list[ToolId] | None = None
    auth: PlaybookAuth | None = None
    conversationGuide: Annotated[str, ForModel()] | None = None
    entityListTool: str | None = None
    entityDetailTool: str | None = None
    entityIdArg: str | None = None
    principalIdArg: str | None = None
