"""Keeps one check run per environment on a commit: a named verdict to require, and every diagnostic on its line.

Facts: a request takes 50 annotations, further ones are added by updates; workflow commands stop at ten per level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentops.ci.annotations import repository_path
from agentops.ci.github import Github
from agentops.diagnostics import Diagnostic, Severity

_BATCH = 50
_LEVELS = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.NOTE: "notice"}


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is what branch rules can require; `conclusion` is success, failure or neutral; `summary` is Markdown."""

    name: str
    sha: str
    conclusion: str
    title: str
    summary: str
    diagnostics: tuple[Diagnostic, ...] = ()
    folder: str = ""


async def keep_check(github: Github, check: Check) -> None:
    """Makes the check run of that name on that commit say what `check` says."""
    batches = _batches(check)
    found = await github.check_runs(check.sha, check.name)
    first = _fields(check, batches[0])
    check_id = found[0] if found else await github.create_check_run({**first, "head_sha": check.sha})
    if found:
        await github.update_check_run(check_id, first)
    for batch in batches[1:]:
        await github.update_check_run(check_id, _fields(check, batch))


def _batches(check: Check) -> list[Sequence[dict[str, Any]]]:
    rows = [_annotation(d, check.folder) for d in check.diagnostics if d.where]
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)] or [[]]


def _fields(check: Check, annotations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    output = {"title": check.title, "summary": check.summary, "annotations": list(annotations)}
    return {"name": check.name, "status": "completed", "conclusion": check.conclusion, "output": output}


def _annotation(diagnostic: Diagnostic, folder: str) -> dict[str, Any]:
    line = diagnostic.where.line if diagnostic.where else 1
    text = [diagnostic.summary, diagnostic.expected and f"expected: {diagnostic.expected}", diagnostic.hint]
    return {
        "path": repository_path(diagnostic, folder),
        "start_line": line,
        "end_line": line,
        "annotation_level": _LEVELS[diagnostic.severity],
        "title": diagnostic.code,
        "message": "\n".join(part for part in text if part),
    }
