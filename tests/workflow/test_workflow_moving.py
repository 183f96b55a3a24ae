"""Agents that come in: imports from an account and from ElevenLabs, console edits pulled into files, and forgetting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from workflow_world import WorkflowWorld

from agentops.document import Generation
from agentops.errors import UsageError
from agentops.importers.files import Placement, place_files, write_files
from agentops.plan.build import PlanOptions
from agentops.settings import Settings
from agentops.workflow.import_atoms import AtomsRequest, import_as_project, import_into_project
from agentops.workflow.import_elevenlabs import CHOICES, ElevenlabsRequest, convert, read, read_answers
from agentops.workflow.import_elevenlabs import place as place_converted
from agentops.workflow.pulling import forget, plan_forgetting, pull, write_pulled

pytestmark = pytest.mark.slow

NAME = "Acme desk (test)"
EXPORT = {
    "agent_id": "agent_1",
    "name": "Desk",
    "conversation_config": {
        "agent": {"first_message": "Hello", "language": "en", "prompt": {"prompt": "Help.", "llm": "gpt-4o"}},
        "tts": {"voice_id": "21m00Tcm4TlvDq8ikWAM"},
    },
}


async def test_an_account_becomes_a_project_of_its_own(world: WorkflowWorld, tmp_path: Path) -> None:
    await world.apply()
    settings = Settings({"SMALLEST_API_KEY": "sk_emulator", "SMALLEST_BASE_URL": world.url})
    output = tmp_path / "Our Line"
    made = await import_as_project(AtomsRequest(("Acme*",), output), settings, None, Generation.V2)
    assert made.known == ()
    assert "project: our-line" in made.files["agentops.yaml"]
    assert world.url in made.files["agentops.yaml"]
    placed = place_files(output, made.files)
    write_files(output, placed, manifest=False)
    fresh = WorkflowWorld(output, world.url, settings)
    assert (await fresh.plan("prod")).is_empty
    with pytest.raises(UsageError, match="SMALLEST_API_KEY is not set"):
        await import_as_project(AtomsRequest((), output), Settings({}), None, None)


async def test_a_project_takes_in_only_what_it_does_not_have(world: WorkflowWorld) -> None:
    await world.apply()
    await world.api("POST", "/agent", {"name": "A stranger"})
    async with world.opened() as deployment:
        everything = await import_into_project(AtomsRequest((), world.root), deployment)
        with pytest.raises(UsageError) as unknown:
            await import_into_project(AtomsRequest(("Nobody",), world.root), deployment)
    assert everything.known == (NAME,)
    assert [agent.key for agent in everything.agents] == ["a-stranger"]
    assert "agentops.yaml" not in everything.files
    assert f"{NAME}" in (unknown.value.hint or "")
    write_files(world.root, place_files(world.root, everything.files), manifest=False)
    world.write("agents/a-stranger.yaml", "name: Mine\n")
    kept = place_files(world.root, everything.files)
    assert Placement.KEEP in {file.placement for file in kept}


async def test_exports_are_converted_and_answers_are_kept(tmp_path: Path) -> None:
    export = tmp_path / "desk.json"
    export.write_text(json.dumps(EXPORT))
    output = tmp_path / "out"
    request = ElevenlabsRequest((str(export),), output=output, voice="nyah", with_widget=True)
    reading = await read(request, Settings({}))
    assert (reading.voices_problem, reading.options.has_project, reading.options.with_widget) == ("", False, True)
    made = convert(request, reading)
    assert [agent.key for agent in made.report.agents] == ["desk"]
    write_files(output, place_converted(made.files, output, overwrite=False))
    answered = (output / CHOICES).read_text() + "# settled with the team\n"
    (output / CHOICES).write_text(answered)
    again = await read(request, Settings({}))
    assert again.options.has_project
    placed = {file.path: file for file in place_converted(convert(request, again).files, output, overwrite=False)}
    assert placed[CHOICES].placement is Placement.UNCHANGED, "comments of people stay where the answers are the same"


async def test_sources_that_cannot_be_read(tmp_path: Path) -> None:
    export = tmp_path / "desk.json"
    export.write_text(json.dumps(EXPORT))

    async def failure(sources: tuple[str, ...], **files: Path) -> UsageError:
        with pytest.raises(UsageError) as refused:
            await read(ElevenlabsRequest(sources, output=tmp_path, **files), Settings({}))
        return refused.value

    source = (str(export),)
    assert "ELEVENLABS_API_KEY" in (await failure(("agent_3701k3ttaq12ewp8b7qv5rfyszkz",))).summary
    assert "the choices file" in (await failure(source, choices=tmp_path / "missing.yaml")).summary
    (tmp_path / "broken.yaml").write_text("a: [\n")
    assert "broken.yaml" in (await failure(source, choices=tmp_path / "broken.yaml")).summary
    (tmp_path / "voices.json").write_text("{}")
    assert "holds no voices" in (await failure(source, catalog=tmp_path / "voices.json")).summary
    (tmp_path / "voices.json").write_text("nothing")
    assert "can't be read" in (await failure(source, catalog=tmp_path / "voices.json")).summary
    (tmp_path / "list.yaml").write_text("- a\n")
    assert read_answers(tmp_path / "list.yaml") == {}


async def test_voices_are_proposed_from_the_account_where_it_answers(world: WorkflowWorld, tmp_path: Path) -> None:
    export = tmp_path / "desk.json"
    export.write_text(json.dumps(EXPORT))
    request = ElevenlabsRequest((str(export),), output=tmp_path)
    documented = (await read(request, Settings({}))).options.catalog
    own = await read(request, Settings({"SMALLEST_API_KEY": "sk_emulator", "SMALLEST_BASE_URL": world.url}))
    assert (bool(own.options.catalog), own.voices_problem) == (True, "")
    silent = await read(request, Settings({"SMALLEST_API_KEY": "sk_x", "SMALLEST_BASE_URL": "http://127.0.0.1:9"}))
    assert silent.options.catalog == documented
    assert "127.0.0.1:9" in silent.voices_problem


async def test_a_console_edit_is_pulled_into_the_spec(world: WorkflowWorld) -> None:
    await world.apply()
    await world.edit_in_console(NAME, {"firstMessage": "By hand"})
    async with world.opened() as deployment:
        pulled = await pull(deployment, PlanOptions(), world.settings, takes_conflicts=False)
    assert list(pulled.files) == ["agents/desk.yaml"]
    assert "By hand" not in (world.root / "agents/desk.yaml").read_text()
    write_pulled(pulled, world.root)
    assert "firstMessage: By hand\n" in (world.root / "agents/desk.yaml").read_text()
    assert not [change for change in (await world.plan()).changes if change.is_drifted and change.fields]


async def test_what_changed_on_both_sides_is_left_to_a_person_or_taken(world: WorkflowWorld) -> None:
    await world.apply()
    await world.edit_in_console(NAME, {"firstMessage": "By hand"})
    world.agent(greeting="In git")
    async with world.opened() as deployment:
        left = await pull(deployment, PlanOptions(), world.settings, takes_conflicts=False)
        taken = await pull(deployment, PlanOptions(), world.settings, takes_conflicts=True)
    assert [each.path for each in left.unwritten] == [("firstMessage",)]
    assert not left.files
    assert "By hand" in taken.files["agents/desk.yaml"][1]


async def test_an_agent_that_was_renamed_is_forgotten_under_its_old_key_too(world: WorkflowWorld) -> None:
    """What serves carries the mark of the key that it was deployed under."""
    world.agent("sales")
    await world.apply()
    old, new = world.root / "agents/sales.yaml", world.root / "agents/shop.yaml"
    new.write_text(old.read_text("utf-8").replace("key: sales", "key: shop") + "\nprevious_keys: [sales]\n", "utf-8")
    old.unlink()
    assert [agent.previous_keys for agent in world.project().agents if agent.key == "shop"] == [("sales",)]
    forget(plan_forgetting(world.project(), "shop"), world.root)
    assert (await world.plan(prune=True)).is_empty
    assert "Acme sales (test)" in await world.names()


async def test_a_forgotten_agent_stays_where_it_is(world: WorkflowWorld) -> None:
    world.agent("sales")
    await world.apply()
    with pytest.raises(UsageError, match="salse"):
        plan_forgetting(world.project(), "salse")  # a slip; another key may be that of an agent whose spec is gone
    forgetting = plan_forgetting(world.project(), "sales")
    assert forgetting.removed == ("agents/sales.yaml",)
    forget(forgetting, world.root)
    assert [agent.key for agent in world.project().agents] == ["desk"]
    assert (await world.plan(prune=True)).is_empty
    assert "Acme sales (test)" in await world.names()
