"""Diagnostics as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from agentops.diagnostics import Diagnostic, Severity
from agentops.render.diagnostics.text import message

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


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
                "results": [_result(each, codes.index(each.code)) for each in listed],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": _LEVEL[diagnostic.severity],
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
