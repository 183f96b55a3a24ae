"""Diagnostics for machines: JSON, SARIF 2.1.0 and GitHub's workflow commands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from agentops.diagnostics import Diagnostic, Severity

FORMAT_VERSION = 1
_SARIF_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_GITHUB_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


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


def diagnostics_sarif(diagnostics: Iterable[Diagnostic], version: str, titles: Mapping[str, str]) -> str:
    """A SARIF log with one run. `titles` says what a code means in one line; only codes that occur are listed."""
    listed = list(diagnostics)
    codes = sorted({each.code for each in listed})
    rules = [{"id": code, "shortDescription": {"text": titles.get(code, code)}} for code in codes]
    driver = {"name": "agentops", "version": version, "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(each, codes.index(each.code)) for each in listed],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _sarif_result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": _SARIF_LEVEL[diagnostic.severity],
        "message": {"text": message(diagnostic)},
    }
    if where := diagnostic.where:
        result["locations"] = [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": where.file},
                    "region": {"startLine": where.line, "startColumn": where.column},
                }
            }
        ]
    return result


def diagnostics_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command per diagnostic, which GitHub shows at the line in the pull request."""
    return "\n".join(_github_line(each) for each in diagnostics)


def _github_line(diagnostic: Diagnostic) -> str:
    properties = {"title": f"{diagnostic.code}"}
    if where := diagnostic.where:
        properties = {"file": where.file, "line": str(where.line), "col": str(where.column), **properties}
    written = ",".join(f"{name}={escape_command(value, ':,')}" for name, value in properties.items())
    return f"::{_GITHUB_COMMAND[diagnostic.severity]} {written}::{escape_command(message(diagnostic), '')}"


def escape_command(text: str, also: str) -> str:
    """Percent-encoding as the runner undoes it: `%` and line ends everywhere, `:` and `,` in properties."""
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def message(diagnostic: Diagnostic) -> str:
    """Everything a diagnostic says but its place, in one text."""
    parts = [diagnostic.summary]
    if diagnostic.expected:
        parts.append(f"expected: {diagnostic.expected}")
    if diagnostic.hint:
        parts.append(f"next: {diagnostic.hint}")
    return "; ".join(parts)
