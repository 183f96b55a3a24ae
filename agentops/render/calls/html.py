"""A run of calls as one page that needs nothing else: no network, no other file, no build step.

The page (`page.html`) draws itself from the data that is put into it here. The data can't leave its script
element, and the page inserts it as text only, so nothing that an agent says becomes markup.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter

from agentops.calls.report import CallReport, RunReport

_CALL = TypeAdapter(CallReport)
_PAGE = "page.html"
_SLOT = "/*DATA*/"


def run_html(
    run: RunReport, sounds: Mapping[str, bytes] | None = None, previous: Mapping[str, CallReport] | None = None
) -> str:
    """The page. `sounds` are WAV files by the folder of their call; `previous` the last calls by script and agent."""
    data = {
        "verdict": run.verdict,
        "environment": run.environment,
        "started_at": run.started_at,
        "plan": run.plan,
        "calls": [_call(call, sounds or {}, previous or {}) for call in run.calls],
    }
    page = files("agentops.render.calls").joinpath(_PAGE).read_text("utf-8")
    return page.replace(_SLOT, _embedded(data), 1)


def previous_key(call: CallReport) -> str:
    """What makes two calls comparable: the same script called the same agent."""
    return f"{call.agent}:{call.script}"


def _call(call: CallReport, sounds: Mapping[str, bytes], previous: Mapping[str, CallReport]) -> dict[str, Any]:
    data: dict[str, Any] = _CALL.dump_python(call, mode="json")
    sound = sounds.get(call.folder or "")
    if sound is not None:
        data["sound"] = f"data:audio/wav;base64,{base64.b64encode(sound).decode()}"
    if (before := previous.get(previous_key(call))) is not None:
        measures = _CALL.dump_python(before, mode="json")["measures"]
        data["previous"] = {"verdict": before.verdict, "started_at": before.started_at, "measures": measures}
    return data


def _embedded(data: Any) -> str:
    """JSON that can stand in a script element: no `<` can end it or open another."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
