"""A spec file: who an agent is, what it is made from, and its configuration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from agentops.spec.model.base import Format, Model, Name
from agentops.spec.model.config import AgentConfig

Key = Annotated[
    str,
    Format(
        r"^[a-z0-9][a-z0-9_-]{0,63}$",
        expected="lower-case letters, digits, _ and -, starting with a letter or digit, at most 64",
    ),
    Field(description="Lower-case letters, digits, _ and -."),
]
AgentId = Annotated[str, Format(r"^[0-9a-f]{24}$", expected="24 hexadecimal characters")]
NumberOrProductId = Annotated[
    str, Format(r"^(\+[1-9]\d{6,14}|[0-9a-f]{24})$", expected="a number as +14155550123, or the id of a product")
]
Label = Annotated[str, Field(min_length=1, max_length=100)]


class Suppression(Model):
    """A lint rule that is switched off, and why."""

    rule: str = Field(min_length=1, description="The rule's id.", examples=["greeting-too-long"])
    reason: str = Field(min_length=3, description="Why it does not apply here.")
    path: str | None = Field(default=None, description="Only at this field or below it, e.g. config.firstMessage.")


class NoCalls(Model):
    """In place of call scripts: nobody calls this agent, and why that is right."""

    none: str = Field(min_length=3, description="Why no call tests this agent.", examples=["only used by the kiosk"])


class AgentSpec(Model):
    """One agent after everything it extends and its environment block have been merged in."""

    name: Name = Field(description="The display name on the platform.", examples=["Acme Support (${{ environment }})"])
    key: Key | None = Field(default=None, description="The stable name; default: from the file's name.")
    description: str | None = Field(default=None, max_length=1000, description="What the agent is for; unversioned.")
    extends: str | None = Field(default=None, description="A fragment this spec is laid over.")
    for_each: Any = Field(default=None, description="A list, or a .yaml or .csv file: one agent per item.")
    agent_id: AgentId | None = Field(default=None, description="The platform's id, where a name is not enough.")
    previous_names: list[Name] | None = Field(default=None, description="Display names it had before a rename.")
    previous_keys: list[Key] | None = Field(default=None, description="Keys it had before its file was renamed.")
    tags: dict[Label, Label] | None = Field(default=None, description="Grouping words for --select, not sent anywhere.")
    inbound: bool | None = Field(default=None, description="Whether it takes incoming calls; takes effect at once.")
    phone_numbers: list[NumberOrProductId] | None = Field(
        default=None,
        description="The phone numbers it answers, as +14155550123, or ids of the platform's products; at once.",
        examples=[["+14155550123"]],
    )
    visible_to_everyone: bool | None = Field(default=None, description="Whether the whole organisation sees it.")
    avatar_url: str | None = Field(default=None, description="A picture; unversioned.")
    workflow_type: Literal["single_prompt", "workflow_graph", "multi_agents"] | None = Field(
        default=None, description="The kind of agent; fixed when it is created. Default: single_prompt."
    )
    config: AgentConfig = Field(description="The versioned configuration, in the platform's field names.")
    environments: dict[str, Any] | None = Field(default=None, description="What differs in one environment.")
    calls: list[str] | NoCalls | None = Field(
        default=None, description="Call scripts, relative to agents/; or {none: reason} for an agent that has none."
    )
    lint: list[Suppression] | None = Field(default=None, description="Lint rules that are switched off, with reasons.")
