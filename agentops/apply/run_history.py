"""What this machine's journals say about earlier runs: results by run, verdicts by revision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agentops.state import STATE_FOLDER


@dataclass(frozen=True, slots=True)
class DeployRecord:
    """What this machine knows of how a revision was deployed. `verdict`: of the calls after it went live, if any."""

    run_id: str
    digest: str
    verdict: str | None = None


def read_deploys(root: Path, environment: str) -> dict[str, DeployRecord]:
    """By revision id, for those this machine deployed."""
    found: dict[str, DeployRecord] = {}
    for result in read_runs(root, environment):
        for agent in result.get("agents", ()):
            if revision_id := agent.get("revision_id"):
                first = found.get(revision_id, DeployRecord(result["run_id"], result["digest"]))
                verdict = (agent.get("verdict") or {}).get("verdict")
                found[revision_id] = replace(first, verdict=verdict or first.verdict)  # it may be called again later
    return found


def read_verdicts(root: Path, environment: str) -> dict[str, str]:
    """The verdict of the calls after a revision went live, by revision id, for those this machine deployed."""
    return {
        revision_id: deploy.verdict for revision_id, deploy in read_deploys(root, environment).items() if deploy.verdict
    }


def read_run(root: Path, environment: str, run_id: str) -> Mapping[str, Any] | None:
    """The result of the one run whose id is or starts with `run_id`; None when there is none or more than one."""
    found = [result for result in read_runs(root, environment) if str(result.get("run_id", "")).startswith(run_id)]
    return found[0] if len(found) == 1 else None


def read_runs(root: Path, environment: str) -> Iterator[Mapping[str, Any]]:
    """The results of the environment's runs that came to an end, oldest first, as the journals have them."""
    for path in sorted((root / STATE_FOLDER / "runs").glob("*.jsonl")):
        for line in _lines(path.read_text(encoding="utf-8", errors="replace").splitlines()):
            if line.get("event") == "run_finished" and line["result"].get("environment") == environment:
                yield line["result"]


def _lines(texts: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The readable lines: the last one of a killed run may be cut off."""
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line
