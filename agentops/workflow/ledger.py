"""The ledger of an environment: every revision that was deployed from here, as lines for other tools to read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agentops.apply.rollback import commit_in
from agentops.apply.run_history import DeployRecord, read_deploys
from agentops.files import write_file
from agentops.plan.history import HistoryEntry
from agentops.workflow.deployment import Deployment
from agentops.workflow.history import AgentHistory

FORMAT_VERSION = 1


def write_ledger(deployment: Deployment, histories: Iterable[AgentHistory], path: Path) -> int:
    """Writes the ledger to `path`, and returns the number of revisions in it. Raises LocalError if that fails."""
    name = deployment.environment.name
    lines = list(ledger_lines(name, histories, read_deploys(deployment.root, name)))
    write_file(path, "".join(f"{line}\n" for line in lines))
    return len(lines)


def ledger_lines(
    environment: str, histories: Iterable[AgentHistory], deploys: Mapping[str, DeployRecord]
) -> Iterator[str]:
    """One JSON object per published revision with our mark, oldest first within an agent.

    `run_id`, `digest` and `verdict` are null if another machine deployed the revision.
    """
    for history in histories:
        for entry in reversed(history.entries):
            if entry.is_ours and entry.revision.is_published:
                deploy = deploys.get(entry.revision.revision_id)
                yield json.dumps(_row(environment, history, entry, deploy), ensure_ascii=False)


def _row(environment: str, history: AgentHistory, entry: HistoryEntry, deploy: DeployRecord | None) -> dict[str, Any]:
    revision = entry.revision
    return {
        "format_version": FORMAT_VERSION,
        "environment": environment,
        "key": history.agent.key,
        "agent_id": history.agent_id,
        "revision_id": revision.revision_id,
        "number": revision.number,
        "is_live": entry.is_live,
        "who": revision.published_by,
        "at": revision.published_at,
        "label": entry.text,
        "commit": commit_in(revision.label),
        "fingerprint": entry.mark.fingerprint if entry.mark else None,
        "restored_from": entry.restored_from,
        "run_id": deploy.run_id if deploy else None,
        "digest": deploy.digest if deploy else None,
        "verdict": deploy.verdict if deploy else None,
    }
