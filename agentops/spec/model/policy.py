"""`policies:` in `agentops.yaml` and in `policy/*.yaml`: what has to hold for an agent before it is deployed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentops.spec.model.base import Format, Model

PolicyId = Annotated[
    str, Format(r"^[A-Z][A-Z0-9_]{2,39}$", expected="capitals, digits and _, since it is typed: --ack ID")
]


class PolicySpec(Model):
    """One policy: an expression that has to be true for every agent that a plan deploys."""

    id: PolicyId = Field(description="What refusals are called and acknowledgements name.")
    require: str = Field(min_length=1, description="An expression, without ${{ }}; it has to be true.")
    message: str = Field(min_length=3, description="What is wrong where it is not true.")
    why: str = Field(default="", description="The reason behind it, for `agentops explain`.")
    hint: str = Field(default="", description="What to do about it.")
    severity: Literal["error", "warning", "note"] = Field(default="error", description="An error refuses the plan.")
    environments: list[str] | None = Field(default=None, min_length=1, description="Only in these; default: in all.")
    agents: list[str] | None = Field(default=None, min_length=1, description="Only these keys or globs; default: all.")


class PolicyFileSpec(Model):
    """A file of `policy/`."""

    policies: list[PolicySpec] = Field(min_length=1, description="The policies.")
