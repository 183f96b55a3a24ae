"""The findings of a client scan as JSON."""

from __future__ import annotations

import json

from agentops.importers.scan_client import Scan


def scan_json(scan: Scan) -> str:
    """The findings for tools. Versioned."""
    data = {
        "format_version": 2,
        "files": list(scan.files),
        "clients": list(scan.clients),
        "unread": list(scan.unread),
        "findings": [
            {"file": f.file, "line": f.line, "found": f.found, "fate": f.fate.value, "advice": f.advice}
            for f in scan.findings
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
