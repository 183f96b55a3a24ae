"""The JSON Schemas of what people write in a project and what they read, put together from the parts that know."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from agentops.calls.call_files import run_schema
from agentops.calls.script import script_schema
from agentops.campaigns.model import CampaignSpec
from agentops.emulator.behaviour.behaviours import Behaviour
from agentops.plan.serial import plan_schema
from agentops.resources import Kind
from agentops.spec.model.policy import PolicyFileSpec
from agentops.spec.schema import agent_schema, fragment_schema, plain_schema, project_schema, resource_schema

_MADE_BY: Mapping[str, Callable[[], dict[str, Any]]] = {
    "agent": agent_schema,
    "fragment": fragment_schema,
    "project": project_schema,
    **{kind.value: functools.partial(resource_schema, kind) for kind in Kind},
    "call": lambda: plain_schema(
        "call",
        "agentops call",
        "A scripted call: what the caller says and what must be heard.",
        script_schema(),
        takes_expressions=True,
    ),
    "campaign": lambda: plain_schema(
        "campaign",
        "agentops campaign",
        "An outbound campaign: which agent calls whom, how often, and when.",
        CampaignSpec.model_json_schema(),
        takes_expressions=True,
    ),
    "policy": lambda: plain_schema(
        "policy", "agentops policies", "What has to hold before a deploy.", PolicyFileSpec.model_json_schema()
    ),
    "behaviour": lambda: plain_schema(
        "behaviour",
        "agentops behaviour",
        "How an agent behaves on the emulator: what it understands and what it answers.",
        Behaviour.model_json_schema(),
    ),
    "plan": lambda: plain_schema(
        "plan", "agentops plan", "What apply would change, with the digest that approves exactly that.", plan_schema()
    ),
    "report": lambda: plain_schema(
        "report",
        "agentops call report",
        "The result of a run of scripted calls, as it is saved beside its recordings.",
        run_schema(),
    ),
}
KINDS = tuple(_MADE_BY)


@functools.cache
def all_schemas() -> dict[str, dict[str, Any]]:
    """Kind of file -> its schema."""
    return {kind: make() for kind, make in _MADE_BY.items()}


def schema_text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_files() -> dict[str, str]:
    """File name -> text, as they lie in `schemas/`."""
    return {f"{kind}.schema.json": schema_text(schema) for kind, schema in all_schemas().items()}
