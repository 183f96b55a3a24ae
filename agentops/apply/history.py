"""What was published on an agent, by whom, and how its calls went: the platform's revisions, our marks, our journals.

Reads only. The verdicts of calls are known on the machine that ran them, from its journals; elsewhere they are None.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentops.document import Revision, label_text, read_mark
from agentops.remote.port import Reader


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One published revision. `text` is the user's part of the label; `is_ours`: it carries this environment's mark.

    verdict: of the calls after it went live, where this machine knows it ("passed", "failed", "inconclusive")
    """

    revision_id: str
    number: int | None
    text: str
    label: str | None
    author: str | None
    at: str | None
    is_live: bool
    is_ours: bool
    fingerprint: str | None = None
    restored_from: str | None = None
    verdict: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class AgentHistory:
    """An agent's revisions, newest first."""

    key: str
    name: str
    agent_id: str
    entries: tuple[HistoryEntry, ...]


async def read_history(
    reader: Reader,
    key: str,
    name: str,
    agent_id: str,
    *,
    mine: tuple[str, str],
    verdicts: Mapping[str, Any] | None = None,
) -> AgentHistory:
    """The revisions of one agent. `verdicts` is what `read_verdicts` found, by revision id."""
    revisions = await reader.list_revisions(agent_id, limit=100)
    head = await reader.read_head(agent_id)
    known = verdicts or {}
    entries = [
        _entry(revision, revisions, head.revision_id, mine, known.get(revision.revision_id)) for revision in revisions
    ]
    return AgentHistory(key, name, agent_id, tuple(entries))


def _entry(
    revision: Revision,
    all_of_them: Sequence[Revision],
    live_id: str | None,
    mine: tuple[str, str],
    told: Mapping[str, Any] | None,
) -> HistoryEntry:
    source = next((r for r in all_of_them if r.revision_id == revision.restored_from), None)
    label = revision.label or (source.label if source else None)
    mark = read_mark(label)
    return HistoryEntry(
        revision_id=revision.revision_id,
        number=revision.number,
        text=label_text(label),
        label=revision.label,
        author=revision.published_by,
        at=revision.published_at,
        is_live=revision.revision_id == live_id,
        is_ours=mark is not None and (mark.project, mark.environment) == mine,
        fingerprint=mark.fingerprint if mark else None,
        restored_from=revision.restored_from,
        verdict=told.get("verdict") if told else None,
        run_id=told.get("run_id") if told else None,
    )


def read_verdicts(root: Path, environment: str) -> dict[str, dict[str, Any]]:
    """What this machine's journals say about revisions: `{revision_id: {run_id, verdict, digest, key}}`."""
    found: dict[str, dict[str, Any]] = {}
    for result in _results(root):
        if result.get("environment") != environment:
            continue
        for agent in result.get("agents", ()):
            if agent.get("revision_id"):
                verdict = (agent.get("verdict") or {}).get("verdict")
                found[agent["revision_id"]] = {
                    "run_id": result.get("run_id"),
                    "digest": result.get("digest"),
                    "key": agent.get("key"),
                    "outcome": agent.get("outcome"),
                    "verdict": verdict,
                }
    return found


def read_run(root: Path, run_id: str) -> Mapping[str, Any] | None:
    """The result of the run whose id is or starts with `run_id`, as its journal has it; None when there is none."""
    for result in _results(root):
        if str(result.get("run_id", "")).startswith(run_id):
            return result
    return None


def _results(root: Path) -> Iterator[Mapping[str, Any]]:
    for path in sorted((root / ".agentops" / "runs").glob("*.jsonl")):
        for line in _lines(path.read_text(encoding="utf-8", errors="replace").splitlines()):
            if line.get("event") == "run_finished":
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
