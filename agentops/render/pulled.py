"""What a pull made of the files, as JSON."""

from __future__ import annotations

import json

from agentops.document import path_text
from agentops.importers.atoms.pulling import Pulled
from agentops.importers.files import unified


def pulled_json(pulled: Pulled, environment: str, *, is_dry_run: bool) -> str:
    """Each changed file with its difference, each field that was brought in, and each that is left to a person."""
    data = {
        "environment": environment,
        "is_dry_run": is_dry_run,
        "files": [{"file": path, "diff": unified(was, now, path)} for path, (was, now) in pulled.files.items()],
        "written": [
            {"agent": w.agent, "path": path_text(w.path), "file": w.file, "elsewhere": list(w.elsewhere)}
            for w in pulled.written
        ],
        "left": [
            {"agent": u.agent, "path": path_text(u.path), "where": str(u.where or ""), "why": u.why, "patch": u.patch}
            for u in pulled.unwritten
        ],
        "secrets": list(pulled.secrets),
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
