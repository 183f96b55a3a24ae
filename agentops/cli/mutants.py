"""The gate's self-test: agents broken on purpose on a temporary emulator, which every script must see fail.

A script that passes a broken agent protects nothing; one that fails the sound agent proves nothing. Nothing here ever
reaches the environment's own target.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agentops.calls.protocol import Mode
from agentops.calls.report import CallReport, Verdict
from agentops.calls.run import Wiring
from agentops.calls.schedule import RunOptions, ScheduledCall, run_calls
from agentops.calls.session import Target
from agentops.document import CLEARED, DesiredAgent, Secret, SecretRef
from agentops.emulator.behaviour.behaviours import Behaviour, Faults, Reply, read_behaviours
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.files import write_file
from agentops.remote.connect import connect
from agentops.workflow.calls import prepare_script
from agentops.workflow.scripts import LoadedScript

SOUND = "sound"
_KEY = "sk_selftest"
_LOST = Reply(say="I'm sorry, I can't help with that.")

# What is broken, and the modes in which a caller could notice it.
MUTANTS: dict[str, tuple[str, frozenset[Mode]]] = {
    SOUND: ("nothing is broken", frozenset(Mode)),
    "ignorant": ("it understands nothing", frozenset(Mode)),
    "mute": ("its audio is silent", frozenset({Mode.WEBCALL})),
    "hangs-up": ("it hangs up while it speaks", frozenset({Mode.WEBCALL})),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One script against one version of its agent."""

    report: CallReport
    mutant: str

    @property
    def is_as_it_should_be(self) -> bool:
        wanted = Verdict.PASSED if self.mutant == SOUND else Verdict.FAILED
        return self.report.verdict is wanted

    @property
    def data(self) -> dict[str, object]:
        return {
            "script": self.report.script,
            "agent": self.report.agent,
            "mutant": self.mutant,
            "verdict": self.report.verdict.value,
            "is_as_it_should_be": self.is_as_it_should_be,
        }

    @property
    def text(self) -> str:
        what = MUTANTS[self.mutant][0]
        sign = "ok    " if self.is_as_it_should_be else "NOT OK"
        seen = next((f": {c.kind}, expected {c.expected}, heard {c.heard}" for c in self.report.failures), "")
        return f"{sign} {self.report.title}, {what}: {self.report.verdict}{seen}"


def broken(behaviour: Behaviour, mutant: str) -> Behaviour:
    """`behaviour` as the mutant has it."""
    match mutant:
        case "ignorant":
            return behaviour.model_copy(update={"turns": (), "not_understood": (_LOST,), "otherwise": (_LOST,)})
        case "mute":
            return behaviour.model_copy(update={"faults": Faults(audio="silent")})
        case "hangs-up":
            return behaviour.model_copy(update={"faults": Faults(ends_after_ms=200)})
    return behaviour


async def try_mutants(root: Path, agents: Sequence[DesiredAgent], scripts: Sequence[LoadedScript]) -> list[Trial]:
    """Every script against the sound agent and each mutant that it could notice, all on one temporary emulator."""
    mine = [agent for agent in agents if any(item.script.agent == agent.key for item in scripts)]
    with _emulator(root, mine) as base_url:
        async with await connect(base_url, Secret((SecretRef("the emulator's key", _KEY),))) as account:
            ids = {listing.name: listing.agent_id for listing in await account.list_agents()}
            pairs = [(item, m) for item in scripts for m, (_, modes) in MUTANTS.items() if item.script.mode in modes]
            scheduled = [
                ScheduledCall(
                    prepare_script(_once(item), root),
                    Target(account.base_url, ids[f"{item.script.agent} {mutant}"], _KEY, "self-test"),
                )
                for item, mutant in pairs
            ]
            run = await run_calls(scheduled, Wiring(account), RunOptions(concurrency=6))
    return [Trial(report, mutant) for report, (_, mutant) in zip(run.calls, pairs, strict=True)]


def _once(item: LoadedScript) -> LoadedScript:
    script = item.script.model_copy(update={"repeat": item.script.repeat.model_copy(update={"times": 1})})
    return LoadedScript(script, item.file, item.places)


@contextmanager
def _emulator(root: Path, agents: Sequence[DesiredAgent]) -> Iterator[str]:
    known = read_behaviours(sorted((root / "agents" / "behaviours").glob("*.yaml")))
    with TemporaryDirectory(prefix="agentops-selftest-") as name:
        folder, seeds, files = Path(name), [], []
        for agent in agents:
            for mutant in MUTANTS:
                title = f"{agent.key} {mutant}"
                behaviour = broken(known.of(agent.name), mutant).model_copy(update={"agents": (title,)})
                files.append(folder / f"{agent.key}-{mutant}.yaml")
                write_file(files[-1], behaviour.model_dump_json(exclude_defaults=True))  # JSON is YAML
                seeds.append({"name": title, "config": _plain(agent.config)})
        write_file(folder / "seed.yaml", json.dumps({"agents": seeds}))
        running = start(EmulatorOptions(behaviours=tuple(files), seed_file=folder / "seed.yaml", keys=(_KEY,)))
        try:
            yield running.base_url
        finally:
            running.stop()


def _plain(value: Any) -> Any:
    """A document without secrets (their references stand in) and without cleared fields."""
    if isinstance(value, Secret):
        return value.reference
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not CLEARED}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
