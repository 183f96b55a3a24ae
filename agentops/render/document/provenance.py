"""Where one value came from, as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from agentops.diagnostics import Where
from agentops.render.document.data import shown


class StepLike(Protocol):
    """One thing that a value depends on."""

    @property
    def what(self) -> str: ...
    @property
    def where(self) -> Where | None: ...
    @property
    def written(self) -> str | None: ...


def provenance_json(owner: str, key: str, path: str, value: Any, steps: Sequence[StepLike]) -> str:
    """The same as one JSON object. `owner`: what `key` is of, `agent` or `shared`."""
    written = [{"what": s.what, "written": s.written, "where": str(s.where) if s.where else None} for s in steps]
    return json.dumps({owner: key, "path": path, "value": shown(value), "steps": written}, ensure_ascii=False)


def provenance_text(key: str, path: str, value: Any, steps: Sequence[StepLike]) -> str:
    """A value and what it depends on, one line each."""
    is_long = isinstance(value, dict | list) or (isinstance(value, str) and ("\n" in value or len(value) > 80))
    first = f"{key}: {path}" if is_long else f"{key}: {path} = {json.dumps(shown(value), ensure_ascii=False)}"
    lines = [first]
    for step in steps:
        place = f"  ({step.where})" if step.where else ""
        lines.append(f"  {step.what}" + (f": {step.written}" if step.written is not None else "") + place)
    return "\n".join(lines)
