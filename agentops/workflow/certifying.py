"""Certifies an imported agent: calls it by its scripts, beside the report of its import and calls of the old agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentops.calls.report import RunReport
from agentops.calls.schedule import RunOptions
from agentops.errors import UsageError
from agentops.importers.elevenlabs.old_call import OldCall, read_old_call
from agentops.importers.fidelity import AgentFidelity, FidelityReport
from agentops.importers.fidelity_file import read_report
from agentops.workflow.calls import smoke
from agentops.workflow.deployment import Deployment
from agentops.workflow.scripts import Choice, load_scripts

REPORT = "report/report.json"


@dataclass(frozen=True, slots=True)
class Certified:
    """What a certificate is made of."""

    report: FidelityReport
    agent: AgentFidelity
    run: RunReport
    old: tuple[OldCall, ...]


async def certify(deployment: Deployment, key: str, old: Sequence[Path], options: RunOptions) -> Certified:
    """Calls the agent `key` by its scripts. Raises UsageError before any call if something is missing."""
    before = tuple(read_old_call(path) for path in old)
    source = deployment.root / REPORT
    if not source.is_file():
        hint = "`agentops import elevenlabs SOURCE` writes it"
        raise UsageError(f"{source} is not there", hint=hint, code="no-report")
    report = read_report(source.read_text("utf-8"), str(source))
    agent = next((each for each in report.agents if each.key == key), None)
    if agent is None:
        known = ", ".join(each.key for each in report.agents)
        raise UsageError(f"{source} knows no agent {key!r}", hint=f"it has {known}", code="no-agent")
    mine = [each for each in deployment.agents if each.key == key]
    scripts = load_scripts(deployment.project, mine, Choice())
    if not scripts:
        hint = "name one under `calls:` in its spec"
        raise UsageError(f"{key} has no call script to be called by", hint=hint, code="no-script")
    return Certified(report, agent, await smoke(deployment, scripts, options), before)
