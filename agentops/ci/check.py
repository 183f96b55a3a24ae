"""Keeps one check run per environment on a commit: a named verdict to require, and every diagnostic on its line.

Facts: a request takes 50 annotations, further ones are added by updates; workflow commands stop at ten per level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentops.ci.annotations import in_repository
from agentops.ci.github import Github
from agentops.diagnostics import Diagnostic, Severity
from agentops.render.diagnostics.text import message

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
    rows = [_annotation(in_repository(d, check.folder)) for d in check.diagnostics if d.where]
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)] or [[]]


def _fields(check: Check, annotations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    output = {"title": check.title, "summary": check.summary, "annotations": list(annotations)}
    return {"name": check.name, "status": "completed", "conclusion": check.conclusion, "output": output}


def _annotation(diagnostic: Diagnostic) -> dict[str, Any]:
    where = diagnostic.where
    assert where is not None
    return {
        "path": where.file,
        "start_line": where.line,
        "end_line": where.line,
        "annotation_level": _LEVELS[diagnostic.severity],
        "title": diagnostic.code,
        "message": message(diagnostic),
    }
