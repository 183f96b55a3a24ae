"""The promise of the plan, kept on an account: after an apply it is empty, after an edit it says who and what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import pytest
from plan_world import PlanWorld, open_plan_world

from agentops.document import DesiredAgent, Generation, Mark, Path, Secret, SecretRef, build_label
from agentops.emulator.options import Choices
from agentops.fields import FIELDS
from agentops.plan.model import Action, Drift
from agentops.remote.port import Publication
from agentops.spec import load_project

ROOT = FilePath(__file__).parents[2]
CHOICES = [
    pytest.param(Choices(), id="documented"),
    *(pytest.param(Choices.shuffled(n), id=f"shuffled-{n}") for n in (1, 2, 3, 5, 6)),
]

EVERY_FIELD: dict[str, Any] = {
    "singlePromptConfig": {
        "prompt": "Be kind.\nBe brief.\n",
        "tools": [
            {"type": "end_call", "name": "bye", "description": "Hang up."},
            {
                "type": "transfer_call",
                "name": "human",
                "description": "Hand over.",
                "transferNumber": "+14155550199",
                "transferOption": {"type": "cold_transfer"},
            },
            {
                "type": "api_call",
                "name": "crm",
                "description": "Look up.",
                "url": "https://crm.example.com/x",
                "method": "POST",
                "timeout": 4000,
                "headers": {"Authorization": Secret(("Bearer ", SecretRef("TOKEN", "s3cret")))},
                "headersArray": [{"key": "X-Line", "value": "support"}],
                "queryParams": [{"key": "n", "value": "{{n}}"}],
                "requestBody": '{"n": "{{n}}"}',
                "llmParameters": [{"name": "n", "description": "A number.", "type": "text"}],
                "responseVariables": [{"variableName": "plan", "jsonPath": "$.plan"}],
            },
            {
                "type": "extract_dynamic_variables",
                "name": "notes",
                "description": "Note it.",
                "variablesExtractionSchema": [{"name": "city", "description": "Where.", "type": "text"}],
            },
            {
                "type": "knowledge_base_search",
                "name": "search",
                "description": "Look it up.",
                "knowledgeBaseId": "64aa00000000000000000001",
            },
            {
                "type": "client_tool",
                "name": "screen",
                "description": "Show it.",
                "parameters": [{"name": "page", "description": "Which.", "type": "number"}],
            },
        ],
        "toolRefs": ["tool_1"],
    },
    "globalPrompt": "Speak plainly.",
    "firstMessage": "Hi {{name}}",
    "slmModel": "gpt-4o",
    "customLLMWebSocketUrl": "wss://llm.example.com/socket",
    "transcriberType": "pulse",
    "language": {
        "default": "en",
        "supported": ["en", "es"],
        "switching": {"isEnabled": True, "minWordsForDetection": 3},
    },
    "synthesizer": {
        "voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "daniel", "gender": "male", "modelId": "m1"},
        "speed": 1.0,
        "consistency": 0.4,
        "similarity": 0.1,
        "enhancement": 2,
        "sampleRate": 24000,
    },
    "backgroundSound": "office",
    "speechFormatting": False,
    "enableStyleGuide": False,
    "defaultVariables": {"name": "there", "vip": True},
    "preCallAPI": {
        "isEnabled": True,
        "url": "https://crm.example.com/pre",
        "method": "POST",
        "timeout": 3,
        "headers": {"X-Line": "support"},
        "body": {"caller": "{{name}}", "tags": ["new"]},
        "queryParams": {"brief": "true"},
        "responseVariables": [{"variableName": "plan", "jsonPath": "$.plan"}],
    },
    "globalKnowledgeBaseId": "64aa00000000000000000001",
    "muteUserUntilFirstBotResponse": True,
    "allowInterruptions": False,
    "waitForUserToSpeakFirst": True,
    "waitForUserToSpeakTimeoutSecs": 7,
    "interruptionBackoffTimer": 2,
    "smartTurnConfig": {"isEnabled": True, "waitTimeInSecs": 1.5},
    "voiceDetectionConfig": {"confidence": 0.6, "minVolume": 0.5, "triggerTimeInSecs": 0.3, "releaseTimeInSecs": 0.5},
    "voiceMailDetectionConfig": {"enabled": True, "endText": "We will call again."},
    "sttMissDetectorConfig": {"isEnabled": True, "repeatPromptMessages": ["Pardon?"]},
    "denoisingConfig": {"isEnabled": True},
    "redactionConfig": {"isEnabled": False},
    "pronunciationDicts": [{"word": "Acme", "pronunciation": "ak-mee"}],
    "llmIdleTimeoutConfig": {"chatTimeoutTimeInSecs": 10, "maxRetries": 2},
    "sessionTimeoutConfig": {"timeoutTimeInSecs": 900},
    "timezone": {"label": "Asia/Kolkata", "offset": 330},
    "callDispositionConfig": "Did it end well?",
    "postCallAnalyticsConfig": {
        "dispositionMetrics": [
            {"identifier": "ok", "dispositionMetricPrompt": "Resolved?", "dispositionMetricType": "BOOLEAN"}
        ],
        "successMetrics": [
            {"identifier": "good", "successMetricPrompt": "Was it good?", "successMetricType": "PASS_FAIL"}
        ],
        "summaryPrompt": "In one sentence.",
        "useReasoningModel": True,
    },
    "widgetConfig": {"position": "bottom-left", "widgetName": "Acme"},
}


def agent(**config: Any) -> DesiredAgent:
    return DesiredAgent(key="support", name="Support", config=config or {"firstMessage": "Hi"})


@pytest.fixture(params=list(Generation), ids=lambda generation: generation.value)
def generation(request: pytest.FixtureRequest) -> Generation:
    return Generation(request.param)


@pytest.fixture
async def world(generation: Generation) -> AsyncIterator[PlanWorld]:
    async with open_plan_world(generation) as opened:
        yield opened


async def test_after_an_apply_the_examples_plan_is_empty(world: PlanWorld) -> None:
    project = load_project(ROOT, environ={}, environment="local", needs_secrets=True)
    assert project.agents
    first = await world.plan(project.agents, project.environment)
    assert {change.action for change in first.changes} == {Action.CREATE}
    await world.apply(first)
    again = await world.plan(project.agents, project.environment)
    assert again.is_empty, again.changes
    assert not (await world.drift(project.agents, project.environment)).changes[0].is_drifted


def paths_in(value: Any, base: Path = ()) -> Iterator[Path]:
    """The paths of all fields, those of a list's items behind the list's."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*base, name)
            yield from paths_in(item, (*base, name))
    elif isinstance(value, list):
        for item in value:
            yield from paths_in(item, base)


def test_every_field_that_is_known_is_among_them() -> None:
    """But playbooks, which an agent has in the place of a prompt."""
    rows = {row.path for row in FIELDS if row.spec is None and not row.server_owned and row.path[0] != "playbooks"}
    assert rows - set(paths_in(EVERY_FIELD)) == set()


@pytest.mark.parametrize("choices", CHOICES)
async def test_every_field_is_equal_to_itself_once_deployed(generation: Generation, choices: Choices) -> None:
    """Whatever the platform calls what it stores: the plan is empty, or says that it can't read a field back."""
    async with open_plan_world(generation, choices) as world:
        wanted = agent(**EVERY_FIELD)
        plan = await world.plan([wanted], acknowledged=frozenset({"KNOWLEDGE_BASE_UNKNOWN"}))
        result = await world.apply(plan)
        assert result.exit_code == 0, result.agents
        again = await world.plan([wanted])
        assert again.is_empty, again.changes
        unreadable = again.changes[0].unverifiable
        assert set(unreadable) <= {"customLLMWebSocketUrl", "globalKnowledgeBaseId", "singlePromptConfig.toolRefs"}


@pytest.mark.parametrize("choices", CHOICES)
async def test_a_change_of_every_field_is_planned_and_arrives(generation: Generation, choices: Choices) -> None:
    async with open_plan_world(generation, choices) as world:
        small = agent(firstMessage="Hi", singlePromptConfig={"prompt": "Be kind."})
        await world.deploy([small])
        wanted = agent(**EVERY_FIELD)
        plan = await world.plan([wanted], acknowledged=frozenset({"KNOWLEDGE_BASE_UNKNOWN"}))
        assert plan.changes[0].action is Action.UPDATE
        result = await world.apply(plan)
        assert result.exit_code == 0, result.agents
        assert (await world.plan([wanted])).is_empty


async def test_a_console_edit_is_shown_with_the_revision_that_brought_it(world: PlanWorld) -> None:
    wanted = agent(firstMessage="Hi", synthesizer={"speed": 1.0}, slmModel="gpt-4o")
    await world.deploy([wanted])
    await world.edit_in_console("Support", {"synthesizer": {"speed": 1.3}}, label="slower please")
    await world.edit_in_console("Support", {"firstMessage": "Ahoy"}, label="nautical week")
    found = await world.drift([wanted])
    (change,) = found.changes
    assert change.drift is Drift.EDITED
    said = {field.path[0]: field.reason for field in change.drift_fields}
    numbers = {field: reason.split()[1] for field, reason in said.items()}
    assert set(said) == {"firstMessage", "synthesizer"}
    assert int(numbers["firstMessage"]) == int(numbers["synthesizer"]) + 1
    plan = await world.plan([wanted])
    assert [refusal.code for refusal in plan.refusals] == ["DRIFT"]


async def test_a_version_that_was_published_and_never_activated_is_no_base() -> None:
    """An apply that was killed in between, and then somebody's edit of what still serves."""
    async with open_plan_world(Generation.V1) as world:
        await world.deploy([agent(firstMessage="Hi")])
        killed = (await world.plan([agent(firstMessage="Hello")])).changes[0]
        (listing,) = await world.writer.list_agents()
        observed = await world.writer.read_agent(listing)
        draft = await world.writer.open_draft(observed, "ours")
        draft = await world.writer.write_draft(observed, draft, {"firstMessage": "Hello"})
        label = build_label("abc1235 Another change", Mark("acme", "prod", killed.key, killed.fingerprint))
        started = Publication(listing.agent_id, label, newest_before=None, draft_id=draft.draft_id)
        published = await world.writer.publish_draft(started)
        while await world.writer.read_publication(published) is None:
            await world.clock.sleep(2)
        await world.edit_in_console("Support", {"slmModel": "gpt-4.1"})
        assert not (await world.drift([agent(firstMessage="Hi")])).changes[0].drift_fields
        (change,) = (await world.drift([agent(firstMessage="Hi", slmModel="gpt-4o")])).changes
        assert [field.path for field in change.drift_fields] == [("slmModel",)]
        observed = await world.writer.read_agent(listing, mine=("acme", "prod"))
        assert observed.base is not None
        assert (observed.base.document or {})["firstMessage"] == "Hi"


async def test_the_account_is_asked_for_what_the_spec_names(world: PlanWorld) -> None:
    wanted = agent(synthesizer={"voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "nyha"}})
    plan = await world.plan([wanted])
    (refusal,) = plan.refusals
    assert refusal.code == "VOICE_UNKNOWN"
    assert "nyah" in refusal.hint


async def test_an_account_that_does_not_answer_is_a_warning(world: PlanWorld) -> None:
    wanted = agent(synthesizer={"voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "nyha"}})
    world.transport.silent = ("/waves/", "/atoms/v1/user/")
    plan = await world.plan([wanted])
    assert plan.is_applyable
    assert [diagnostic.code for diagnostic in plan.diagnostics] == ["account-silent", "account-silent"]


async def test_an_unchanged_plan_asks_the_account_nothing_more(world: PlanWorld) -> None:
    wanted = agent(synthesizer={"voiceConfig": {"voiceId": "nyah"}})
    await world.deploy([wanted])
    world.transport.requests.clear()
    await world.plan([wanted])
    assert not [request for request in world.transport.requests if "/waves/" in request or "/user/" in request]


async def test_somebody_elses_draft_is_seen_and_ours_is_not(world: PlanWorld) -> None:
    await world.deploy([agent(firstMessage="Hi")])
    listing = (await world.writer.list_agents())[0]
    observed = await world.writer.read_agent(listing)
    draft = await world.writer.open_draft(observed, "by hand")
    await world.writer.write_draft(observed, draft, {"firstMessage": "Ahoy"})
    (change,) = (await world.plan([agent(firstMessage="Hello")])).changes
    assert change.foreign_draft
    (change,) = (await world.plan([agent(firstMessage="Ahoy")])).changes
    assert change.foreign_draft is None
    plan = await world.plan([agent(firstMessage="Hello")], discards_draft=True)
    assert plan.is_applyable


async def test_overwriting_drift_brings_the_spec_back(world: PlanWorld) -> None:
    wanted = agent(firstMessage="Hi")
    await world.deploy([wanted])
    await world.edit_in_console("Support", {"firstMessage": "Ahoy"})
    plan = await world.plan([wanted], overwrites_drift=True)
    assert plan.is_applyable
    assert (await world.apply(plan)).exit_code == 0
    assert (await world.plan([wanted])).is_empty
    assert not (await world.drift([wanted])).changes[0].is_drifted


async def test_a_console_rename_is_recognised_by_the_mark(world: PlanWorld) -> None:
    wanted = agent(firstMessage="Hi")
    await world.deploy([wanted])
    (listing,) = await world.writer.list_agents()
    await world.writer.write_metadata(listing.agent_id, {"name": "Helpline"})
    (change,) = (await world.plan([wanted])).changes
    assert change.drift is Drift.RENAMED
    assert change.agent_id == listing.agent_id


async def test_an_archived_agent_is_not_created_again(world: PlanWorld) -> None:
    wanted = agent(firstMessage="Hi")
    await world.deploy([wanted])
    (listing,) = await world.writer.list_agents()
    await world.writer.archive_agent(listing.agent_id)
    plan = await world.plan([wanted])
    assert [refusal.code for refusal in plan.refusals] == ["ARCHIVED"]


async def test_an_agent_without_a_spec_is_archived_only_when_asked(world: PlanWorld) -> None:
    other = replace(agent(firstMessage="Yo"), key="desk", name="Desk")
    await world.deploy([agent(firstMessage="Hi"), other])
    assert (await world.plan([agent(firstMessage="Hi")])).is_empty
    plan = await world.plan([agent(firstMessage="Hi")], prune=True)
    assert {change.key: change.action for change in plan.changes} == {
        "support": Action.UNCHANGED,
        "desk": Action.ARCHIVE,
    }


async def test_the_digest_is_the_same_on_another_machine_and_moves_with_the_world(world: PlanWorld) -> None:
    wanted = agent(firstMessage="Hi")
    one = await world.plan([wanted])
    assert (await world.plan([wanted])).digest == one.digest
    assert (await world.plan([agent(firstMessage="Hello")])).digest != one.digest
    await world.apply(one)
    deployed = (await world.plan([wanted])).digest
    await world.edit_in_console("Support", {"slmModel": "gpt-4.1"})
    assert len({one.digest, deployed, (await world.plan([wanted])).digest}) == 3


async def test_an_unchanged_agent_costs_as_few_reads_as_the_generation_allows(world: PlanWorld) -> None:
    """v2: branches and the head revision; v1: the agent, its version and the list that shows newer ones."""
    agents = [replace(agent(firstMessage="Hi"), key=f"a{n}", name=f"Agent {n}") for n in range(5)]
    await world.deploy(agents)
    world.transport.requests.clear()
    await world.plan(agents)
    of_account = [request for request in world.transport.requests if "/agent/" not in request]
    per_agent = (len(world.transport.requests) - len(of_account)) / len(agents)
    assert of_account == ["GET /atoms/v1/agent"]
    assert per_agent <= (2 if world.writer.generation is Generation.V2 else 4)
