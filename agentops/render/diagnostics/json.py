"""Diagnostics as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from agentops.diagnostics import Diagnostic, Severity

FORMAT_VERSION = 1


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> str:
    """`{format_version, errors, warnings, diagnostics: [...]}`; absent facts are null."""
    listed = list(diagnostics)
    body = {
        "format_version": FORMAT_VERSION,
        "errors": sum(d.severity is Severity.ERROR for d in listed),
        "warnings": sum(d.severity is Severity.WARNING for d in listed),
        "diagnostics": [diagnostic_fields(each) for each in listed],
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def diagnostic_fields(diagnostic: Diagnostic) -> dict[str, Any]:
    where = diagnostic.where
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "summary": diagnostic.summary,
        "expected": diagnostic.expected,
        "hint": diagnostic.hint,
        "file": where.file if where else None,
        "line": where.line if where else None,
        "column": where.column if where else None,
        "agent": diagnostic.agent,
        "path": diagnostic.path,
    }
