"""The fifth renderer of the edits table: what an apply prints, journals and returns, whatever was taken out of git."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from deploy_world import World, agent

from agentops.apply.journal import event_data
from agentops.apply.model import ApplyResult, Outcome
from agentops.document import DesiredAgent
from agentops.render.apply.json import result_json
from agentops.render.apply.text import apply_text, event_text
from agentops.render.style import PLAIN

sys.path.insert(0, str(Path(__file__).parents[1] / "plan"))
from plan_cases import case_of
from test_plan_concealment import EDITS, SERVED, secrets, spec_of, with_secrets


def desired(document: Any) -> DesiredAgent:
    """The document with what an account insists on beside it."""
    document = json.loads(json.dumps(document))
    if "preCallAPI" in document:
        document["preCallAPI"] = {"method": "POST", **document["preCallAPI"]}
    for tool in document.get("singlePromptConfig", {}).get("tools", []):
        tool |= {"description": "What it does.", **({"method": "POST"} if tool["type"] == "api_call" else {})}
    config = case_of("x", {"spec": document, "expect": {}}).agents[0].config  # which makes secrets of what says so
    return agent("support", **config)


def said(world: World, result: ApplyResult) -> str:
    shown = [apply_text(result, PLAIN), result_json(result), repr(result)]
    for event in world.events:
        shown += [event_text(event, PLAIN) or "", json.dumps(event_data(event)), repr(event)]
    return "\n".join(shown)


@pytest.mark.parametrize("edit", EDITS)
async def test_what_an_apply_says_shows_no_secret_of_the_platform(edit: str, world: World) -> None:
    texts = secrets()
    served = with_secrets(SERVED, texts)
    first = await world.deploy([desired(served)])
    assert first.agents[0].outcome is Outcome.APPLIED, first.agents[0].problem
    assert texts[0] in json.dumps((await world.observe("Acme support")).live.document)  # type: ignore[union-attr]
    second = await world.deploy([desired(spec_of(edit))])
    assert second.agents[0].outcome is Outcome.APPLIED, second.agents[0].problem.summary
    shown = said(world, second)
    assert "support" in shown
    assert not [number for number, secret in enumerate(texts, 1) if secret in shown]
    assert "904417" not in shown
