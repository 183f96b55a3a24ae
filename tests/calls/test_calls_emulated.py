"""Spoken calls against the emulator, in real time, over real sockets: each fault is caught and called what it is."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from staged_agent import tone

from agentops import speech
from agentops.calls.prepare import prepare
from agentops.calls.report import CallReport
from agentops.calls.run import Wiring
from agentops.calls.schedule import RunOptions, ScheduledCall, run_calls
from agentops.calls.script import Script
from agentops.calls.session import Target
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


@pytest.fixture
def line_of_agents(tmp_path: Path) -> Iterator[str]:
    """An emulator with one agent per case, named after it."""
    behaviours = []
    agents = []
    for name, path in CASES.items():
        behaviour = tmp_path / f"{name}.yaml"
        YAML().dump({**read(path)["behaviour"], "agents": [name]}, behaviour)
        behaviours.append(behaviour)
        agents.append({"name": name, "config": {"firstMessage": "Hello, how can I help?"}})
    YAML().dump({"agents": agents}, tmp_path / "seed.yaml")
    running = start(EmulatorOptions(behaviours=tuple(behaviours), seed_file=tmp_path / "seed.yaml"))
    try:
        yield running.base_url
    finally:
        running.stop()


async def call_all(base_url: str, sounds: Path) -> dict[str, CallReport]:
    async with await connect(base_url, KEY) as account:
        ids = {listing.name: listing.agent_id for listing in await account.list_agents()}
        scheduled = []
        for name, path in CASES.items():
            script = Script.model_validate({"agent": name, **read(path)["script"]})
            target = Target(account.base_url, ids[name], "sk_test", "test")
            scheduled.append(ScheduledCall(prepare(script, f"{name}.yaml", folder=sounds), target))
        run = await run_calls(scheduled, Wiring(account), RunOptions(concurrency=6))
    return {report.agent: report for report in run.calls}


def mistakes(name: str, report: CallReport) -> list[str]:
    """How the verdict on one case differs from what its file expects."""
    expected = read(CASES[name])["expect"]
    kinds = sorted({str(check.kind) for check in report.failures})
    if report.verdict == expected["verdict"] and kinds == expected["kinds"]:
        return []
    # A machine that is too busy to tell says so, and blames nobody.
    if report.verdict == "inconclusive" and kinds == expected["kinds"] and all(c.doubt for c in report.failures):
        return []
    told = [f"{check.kind} {check.name}: expected {check.expected}, heard {check.heard}" for check in report.failures]
    return [f"{name}: {report.verdict} {kinds}, expected {expected}", *told]


@pytest.mark.timeout(300)
async def test_each_fault_is_caught_and_called_what_it_is(line_of_agents: str, tmp_path: Path) -> None:
    """One test for all cases, so that they are called side by side and once only."""
    with wave.open(str(tmp_path / "tones.wav"), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(tone(600) + tone(500, hz=660) + tone(700, hz=440))
    reports = await call_all(line_of_agents, tmp_path)
    wrong = [line for name, report in reports.items() for line in mistakes(name, report)]
    assert not wrong, "\n".join(wrong)
    turns = reports["fault-none"].turns
    assert [turn.text for turn in turns if turn.role == "agent"] == [
        "Hello, how can I help?",
        "We are open from nine to five.",
        "Goodbye and thank you.",
    ]
    assert [turn.heard_as for turn in turns if turn.role == "caller"] == ["what are your opening hours", "goodbye"]
