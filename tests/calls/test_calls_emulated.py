"""Spoken calls against the emulator, in real time, over real sockets: each fault is caught and called what it is."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from staged_agent import tone

from agentops import calls, speech
from agentops.document import Secret, SecretRef
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.remote.connect import connect

CASES = {path.stem: path for path in sorted((Path(__file__).parents[1] / "cases" / "calls").glob("*.yaml"))}
KEY = Secret((SecretRef("key", "sk_test"),))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.speech,
    pytest.mark.real_time,
    pytest.mark.skipif(not speech.is_available(), reason="the speech extra is not installed"),
]


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


@pytest.fixture(scope="module")
def line_of_agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulator with one agent per case, named after it."""
    folder = tmp_path_factory.mktemp("emulator")
    behaviours = []
    agents = []
    for name, path in CASES.items():
        behaviour = folder / f"{name}.yaml"
        YAML().dump({**read(path)["behaviour"], "agents": [name]}, behaviour)
        behaviours.append(behaviour)
        agents.append({"name": name, "config": {"firstMessage": "Hello, how can I help?"}})
    seed = folder / "seed.yaml"
    YAML().dump({"agents": agents}, seed)
    running = start(EmulatorOptions(behaviours=tuple(behaviours), seed_file=seed))
    try:
        yield running.base_url
    finally:
        running.stop()


@pytest.fixture(scope="module")
def reports(line_of_agents: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, calls.CallReport]:
    """All cases are called at the same time: this takes as long as the longest."""
    sounds = tmp_path_factory.mktemp("sounds")
    with wave.open(str(sounds / "tones.wav"), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(tone(600) + tone(500, hz=660) + tone(700, hz=440))

    async def call_all() -> calls.RunReport:
        async with await connect(line_of_agents, KEY) as account:
            ids = {listing.name: listing.agent_id for listing in await account.list_agents()}
            appointments = []
            for name, path in CASES.items():
                script = calls.Script.model_validate({"agent": name, **read(path)["script"]})
                target = calls.Target(account.base_url, ids[name], "sk_test", "test")
                prepared = calls.prepare(script, f"{name}.yaml", folder=sounds)
                appointments.append(calls.Appointment(prepared, target))
            return await calls.run_calls(appointments, calls.Wiring(account), calls.Plan(concurrency=20))

    return {report.agent: report for report in asyncio.run(call_all()).calls}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_caught_and_called_what_it_is(name: str, reports: dict[str, calls.CallReport]) -> None:
    expected, report = read(CASES[name])["expect"], reports[name]
    told = [f"{check.kind} {check.name}: expected {check.expected}, heard {check.heard}" for check in report.failures]
    assert report.verdict == expected["verdict"], told
    assert sorted({str(check.kind) for check in report.failures}) == expected["kinds"], told


def test_what_was_said_is_what_was_heard(reports: dict[str, calls.CallReport]) -> None:
    turns = reports["fault-none"].turns
    assert [turn.text for turn in turns if turn.role == "agent"] == [
        "Hello, how can I help?",
        "We are open from nine to five.",
        "Goodbye and thank you.",
    ]
    assert [turn.heard_as for turn in turns if turn.role == "caller"] == ["what are your opening hours", "goodbye"]
