"""The JSON Schemas of what people write in a project and what they read, put together from the parts that know."""

from __future__ import annotations

import functools
import json
from typing import Any

from agentops.calls.call_files import run_schema
from agentops.calls.script import script_schema
from agentops.campaigns.model import CampaignSpec
from agentops.emulator.behaviour.behaviours import Behaviour
from agentops.plan.serial import plan_schema
from agentops.resources import Kind
from agentops.spec.model.policy import PolicyFileSpec
from agentops.spec.schema import agent_schema, fragment_schema, plain_schema, project_schema, resource_schema


@functools.cache
def all_schemas() -> dict[str, dict[str, Any]]:
    """Kind of file -> its schema."""
    call = "A scripted call: what the caller says and what must be heard."
    campaign = "An outbound campaign: which agent calls whom, how often, and when."
    behaviour = "How an agent behaves on the emulator: what it understands and what it answers."
    plan = "What apply would change, with the digest that approves exactly that."
    report = "The result of a run of scripted calls, as it is saved beside its recordings."
    return {
        "agent": agent_schema(),
        "fragment": fragment_schema(),
        "project": project_schema(),
        **{kind.value: resource_schema(kind) for kind in Kind},
        "call": plain_schema("call", "agentops call", call, script_schema(), takes_expressions=True),
        "campaign": plain_schema(
            "campaign", "agentops campaign", campaign, CampaignSpec.model_json_schema(), takes_expressions=True
        ),
        "policy": plain_schema(
            "policy", "agentops policies", "What has to hold before a deploy.", PolicyFileSpec.model_json_schema()
        ),
        "behaviour": plain_schema("behaviour", "agentops behaviour", behaviour, Behaviour.model_json_schema()),
        "plan": plain_schema("plan", "agentops plan", plan, plan_schema()),
        "report": plain_schema("report", "agentops call report", report, run_schema()),
    }


def schema_text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_files() -> dict[str, str]:
    """File name -> text, as they lie in `schemas/`."""
    return {f"{kind}.schema.json": schema_text(schema) for kind, schema in all_schemas().items()}
